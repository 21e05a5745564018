"""Every verdict on a page has its outcome."""

from __future__ import annotations

from typing import get_args

from crawler.pages.errors import Kind
from crawler.spiders.xinhua import _NO_ARTICLE, _NO_SIGN


def test_every_kind_of_no_article_has_one_outcome() -> None:
    assert sorted([*_NO_ARTICLE, *_NO_SIGN]) == sorted(get_args(Kind))
