"""Lines of earlier versions hold what those versions wrote; a fault of the code is told from a page
that is no article, and from a line that is wrong; gone records rest on their looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crawler import extraction
from crawler.items import Page
from crawler.verification.jsonl_lines import REFUSALS, _in_older_form, extract_again, verify_lines

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


SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def extract(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(extraction, "extract", extract)


@pytest.mark.parametrize(
    "error", [TypeError("nobody foresaw this"), KeyError("body"), RecursionError()], ids=repr
)
def test_a_fault_of_ours_is_no_wrong_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    (path,) = SAMPLE.glob("jsonl/*/*/*.jsonl")
    fail_with(monkeypatch, error)
    report = verify_lines(path, SAMPLE)
    codes = {finding.code for finding in report.findings}
    assert "extraction_failed" in codes
    assert not codes & {"line_mismatch", "bad_line"}
    assert type(error).__name__ in report.findings[0].message


def test_too_little_memory_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = SAMPLE.glob("jsonl/*/*/*.jsonl")
    fail_with(monkeypatch, MemoryError())
    with pytest.raises(MemoryError):
        verify_lines(path, SAMPLE)


def test_a_page_that_is_no_article_is_refused() -> None:
    page = Page("http://js.news.cn/2026-10/01/c_1100000001.htm", 200, (), b"", "", None)
    with pytest.raises(REFUSALS):
        extract_again([page])
