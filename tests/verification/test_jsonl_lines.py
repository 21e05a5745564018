"""Lines of earlier versions hold what those versions wrote."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.items import Page
from crawler.verification.jsonl_lines import _in_older_form

TAG = '"版  \u3000本"'.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("headers", "http", "names"),
    [
        # what was C1 controls to a cleaner of text was dropped
        ((("ETag", TAG),), {"etag": '"ç ãæ¬"', "last_modified": None}, {"http"}),
        ((("etag", '"a\x00b"'),), {"etag": '"ab"', "last_modified": None}, {"http"}),
        ((), {"etag": None, "last_modified": None}, {"http"}),
        ((("ETag", '"a"'),), {"etag": '"b"', "last_modified": None}, set()),
        ((), {"etag": '"b"', "last_modified": None}, set()),
    ],
)
def test_validators_were_cleaned_as_text(
    headers: tuple[tuple[str, str], ...], http: dict[str, Any], names: set[str]
) -> None:
    page = Page("http://js.news.cn/", 200, headers, b"", "", None)
    assert _in_older_form({"http": {"status": 200} | http}, page) == names
    assert _in_older_form({"http": {"status": 404} | http}, page) == set()
