"""A fault of the code is told from a page that is no article, and from a line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import extraction
from crawler.items import Page
from crawler.verification.extract_again import REFUSALS, extract_again
from crawler.verification.jsonl_lines import verify_lines

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
