"""What is said of a page that holds no article."""

from __future__ import annotations

from typing import get_args

import pytest

from crawler.pages.errors import Kind, NotAnArticle


def test_the_message_names_the_kind() -> None:
    error = NotAnArticle("soft_404", "页面不存在")
    assert (str(error), error.kind, error.detail) == (
        "soft_404: 页面不存在",
        "soft_404",
        "页面不存在",
    )
    assert (error.is_proven, error.leads_to) == (True, None)
    assert str(NotAnArticle("empty")) == "empty"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_kind_is_explained(kind: Kind) -> None:
    assert f"`{kind}`" in (NotAnArticle.__doc__ or "")
