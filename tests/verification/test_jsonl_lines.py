"""Lines of earlier versions hold what those versions wrote; a fault of the code is told from a page
that is no article, and from a line that is wrong; gone records rest on their looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crawler import extraction
from crawler.items import Article, Page, as_record
from crawler.verification.jsonl_lines import (
    REFUSALS,
    _in_older_form,
    extract_again,
    faults_of_gone,
    verify_lines,
)
from tests.ledger.conftest import at_site, gone_line

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


LOOKS = ("2026-01-03T01:00:00Z", "2026-01-03T08:00:00Z")


def gone_record() -> dict[str, Any]:
    """A gone record as the crawl makes it."""
    made = gone_line()
    empty = Article(
        id=made["id"], url=made["url"], canonical_url=made["canonical_url"], region=None,
        layout=None, extractor_version="1.0", fetched_at=made["fetched_at"],
    )  # fmt: skip
    said = ("status", "gone", "region", "title", "first_seen_at", "run_id", "line")
    return as_record(empty) | {key: made[key] for key in said}


def looked_at(*statuses: int, url: str | None = None) -> list[Page]:
    """The pages of its looks."""
    url = url or gone_record()["url"]
    return [
        Page(url, status, (), b"", at, None) for status, at in zip(statuses, LOOKS, strict=False)
    ]


def told_of_gone(pages: list[Page], record: dict[str, Any]) -> list[str]:
    return list(faults_of_gone(record, pages, is_same_code=False))


def test_a_gone_record_rests_on_its_looks() -> None:
    assert told_of_gone(looked_at(404, 404), gone_record()) == []


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        (looked_at(404, 200), "says HTTP 404, its record 200"),
        (looked_at(404, 404, url=at_site(2).url), f"points at a record of {at_site(2).url}"),
        ([*looked_at(404), *looked_at(404)], f"points at a record of {LOOKS[0]}"),
    ],
)
def test_looks_that_say_otherwise(pages: list[Page], why: str) -> None:
    record = gone_record()
    record["gone"]["observations"][1]["at"] = record["gone"]["confirmed_at"] = LOOKS[1]
    if pages[1].fetched_at == LOOKS[0]:  # noted a day after its answer
        record["gone"]["observations"][1]["at"] = "2026-01-05T08:00:00Z"
    assert any(why in fault for fault in told_of_gone(pages, record))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"body": "水"}, "a gone record without reason or with content: body"),
        ({"gone": None}, "a gone record without reason or with content: gone"),
        ({"fetched_at": LOOKS[0]}, "fetched_at is not that of the confirming look"),
    ],
)
def test_a_gone_record_that_is_none(change: dict[str, Any], why: str) -> None:
    assert why in told_of_gone(looked_at(404, 404), gone_record() | change)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"reason": "emptied"}, "its reason is not that of the confirming look"),
        ({"first_observed_at": LOOKS[1]}, "its times are not those of the first and the last look"),
        ({"more": 1}, "gone has not the keys"),
    ],
)
def test_what_it_says_of_its_looks(change: dict[str, Any], why: str) -> None:
    record = gone_record()
    record["gone"] |= change
    assert any(fault.startswith(why) for fault in told_of_gone(looked_at(404, 404), record))


def test_too_few_looks_and_looks_without_records() -> None:
    record = gone_record()
    looks = record["gone"]["observations"]
    looks[0]["warc"] = None
    assert told_of_gone(looked_at(404, 404)[1:], record) == ["1 of its looks have no record"]
    looks.reverse()
    assert "its looks are not in the order of their times" in told_of_gone(looked_at(404), record)
    record["gone"]["observations"] = looks[:1]
    assert told_of_gone([], record) == ["it rests on 1 looks, a withdrawal takes 2"]
