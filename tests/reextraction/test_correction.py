"""A published line held against what today's code reads: corrected, as it was, or left alone."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from crawler import extraction
from crawler.extractor_version import extractor_version
from crawler.items import KEYS, KEYS_1, Article, Flag
from crawler.layouts import NotAnArticle
from crawler.pages.assembly import IncompleteError
from crawler.pipelines.content_digest import content_sha256
from crawler.reextraction.correction import CHUNK, DamagedLineError, Left, Reread, newest_of, reread
from tests.reextraction.older import OLDER, SAMPLE, all_lines

LINES = all_lines(SAMPLE)


def published(number: int = 0, **values: Any) -> dict[str, Any]:
    """A line of the sample as an older extractor read it."""
    line = LINES[number] | {"extractor_version": OLDER} | values
    return line | {"content_sha256": content_sha256(line)}


def found(line: dict[str, Any], *fields: str) -> Reread:
    looked = reread(line, SAMPLE, fields)
    assert looked is not None
    return looked


@pytest.mark.parametrize("number", range(len(LINES)))
def test_another_extractor_alone_corrects_nothing(number: int) -> None:
    assert reread(published(number), SAMPLE, ()) is None


def test_a_correction_says_what_is_read_now_and_what_it_stands_for() -> None:
    line = published(
        title="旧题", subtitle="旧副题", summary="旧摘要", also_at=["http://js.news.cn/b"]
    )

    one = found(line)

    assert one.keys == ("title", "subtitle")
    assert one.record is not None
    assert tuple(one.record) == KEYS
    said = {"line", "run_id", "revision", "corrects", "also_at", "extractor_version"}
    expected = {key: LINES[0].get(key) for key in KEYS if key not in said}
    assert {key: one.record[key] for key in expected} == expected
    assert one.record["also_at"] == ["http://js.news.cn/b"]
    assert (one.record["revision"], one.record["extractor_version"]) == (1, extractor_version())
    assert one.record["corrects"] == {
        "line": LINES[0]["line"],
        "keys": ["title", "subtitle"],
        "reason": f"read by extractor {extractor_version()}, before by {OLDER}",
    }


def test_history_stays_that_of_the_line() -> None:
    history = {
        "version": 3, "status": "restored", "previous_sha256": "a" * 64, "changed": ["body"],
        "first_seen_at": "2026-01-01T00:00:00Z", "discovered_from": None,
    }  # fmt: skip

    one = found(published(title="旧题", **history))

    assert one.record is not None
    assert {key: one.record[key] for key in history} == history
    assert one.record["fetched_at"] == LINES[0]["fetched_at"]


def test_the_newest_revision_is_corrected_again() -> None:
    line = published(title="旧题", revision=4, line="20260101T000000Z-0a1b:9")

    one = found(line)

    assert one.record is not None
    assert one.record["revision"] == 5
    assert one.record["corrects"]["line"] == "20260101T000000Z-0a1b:9"


def test_a_line_of_schema_version_1_has_no_key_to_name() -> None:
    line = published(title="旧题")
    former = {key: line[key] for key in KEYS_1} | {"schema_version": 1}

    one = found(former)

    assert one.record is not None
    assert (one.record["schema_version"], one.record["revision"]) == (2, 1)
    assert one.record["corrects"]["line"] is None


def test_only_keys_that_make_a_version_count_unless_they_are_named() -> None:
    line = published(summary="旧摘要", byline_raw="旧署名")

    assert reread(line, SAMPLE, ()) is None
    assert found(line, "summary").keys == ("summary",)
    assert found(line, "summary", "byline_raw", "title").keys == ("byline_raw", "summary")


def test_white_space_counts_only_in_a_named_key() -> None:
    line = published(title=f"{LINES[0]['title'][:2]} {LINES[0]['title'][2:]}")

    assert reread(line, SAMPLE, ()) is None
    assert found(line, "title").keys == ("title",)


def test_addresses_are_kept_where_the_canonical_one_is_read_otherwise() -> None:
    former = "http://www.he.xinhuanet.com/former.htm"
    line = published(title="旧题", canonical_url=former)

    one = found(line)

    assert one.record is not None
    assert one.record["canonical_url"] == LINES[0]["canonical_url"]
    assert one.record["also_at"] == [former]


def _raise(error: Exception) -> Any:
    raise error


def _with(article: Article, **values: Any) -> Article:
    for key, value in values.items():
        setattr(article, key, value)
    return article


UNCLAIMED = Flag("unknown_layout", "no layout recognised it")
NOTHING = {"body": None, "paragraphs": [], "images": [], "videos": [], "attachments": []}


@pytest.mark.parametrize(
    ("reads", "left"),
    [
        (lambda article: _raise(NotAnArticle("challenged", "a captcha")), Left.NOT_ARTICLE),
        (lambda article: _raise(IncompleteError("page 2 of 2 is missing")), Left.NOT_ARTICLE),
        (lambda article: _raise(RuntimeError("broken")), Left.EXTRACTION_FAILED),
        (lambda article: _with(article, id="1120000000"), Left.ANOTHER_ARTICLE),
        (lambda article: _with(article, **NOTHING), Left.EMPTY),
        (lambda article: _with(article, title="新题", flags=[UNCLAIMED]), Left.UNCLAIMED),
    ],
)
def test_what_is_no_better_reading_is_left(
    monkeypatch: pytest.MonkeyPatch, reads: Any, left: Left
) -> None:
    extract = extraction.extract
    monkeypatch.setattr(extraction, "extract", lambda *args, **more: reads(extract(*args, **more)))

    one = found(published(title="旧题"))

    assert (one.left, one.record, one.keys) == (left, None, ())
    assert one.detail
    assert one.left is not None
    assert one.left.is_alarm is (left is Left.EXTRACTION_FAILED)


def test_what_no_layout_claimed_before_may_be_read_by_the_fallback_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extract = extraction.extract
    read = lambda *args, **more: _with(extract(*args, **more), flags=[UNCLAIMED])  # noqa: E731
    monkeypatch.setattr(extraction, "extract", read)
    flags = [{"flag": "unknown_layout", "detail": "no layout recognised it"}]

    assert found(published(title="旧题", flags=flags)).keys == ("title",)


@pytest.mark.parametrize(
    "wrong", [{"file": "warc/2026/11/gone.warc.gz"}, {"offset": 1}, {"entity_sha256": "0" * 64}]
)
def test_records_that_cannot_be_read_are_told(wrong: dict[str, Any]) -> None:
    line = published(2, title="旧题", warc_pages=[])

    one = found(line | {"warc": line["warc"] | wrong})

    assert (one.left, one.record) == (Left.UNREADABLE, None)
    assert one.left.is_alarm
    assert "warc" in one.detail


def test_of_the_lines_only_the_newest_revisions_are_taken(tmp_path: Any) -> None:
    """In chunks, in their order, without gone lines."""
    path = tmp_path / "a.jsonl"
    lines = [{"id": str(number), "status": "live"} for number in range(CHUNK + 3)]
    lines[1]["status"] = "gone"
    raws = [json.dumps(line).encode() + b"\n" for line in lines]
    path.write_bytes(b"".join(raws))
    digests = [hashlib.sha256(raw).hexdigest() for raw in raws]
    newest, corrected = set(digests[3:-1]), {digests[0], digests[1]}
    asked: list[set[str]] = []
    read: list[int] = []

    def ask(ids: Any) -> tuple[set[str], set[str]]:
        asked.append(set(ids))
        return newest, corrected

    chunks = list(newest_of([path], ask, read.append))

    known = [(raw, digest in newest) for raw, digest in zip(raws, digests, strict=True)]
    assert chunks == [known[2:CHUNK], known[CHUNK:]]
    assert [is_known for _, is_known in known[2:4]] == [False, True]
    assert known[-1][1] is False
    assert "1" not in asked[0]
    assert sum(read) == path.stat().st_size


@pytest.mark.parametrize("raw", [b"{\n", b"[]\n", b"{}\n"])
def test_a_line_that_is_none_is_named(tmp_path: Any, raw: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(raw)
    with pytest.raises(DamagedLineError, match=r"a\.jsonl has a line that is no article's"):
        list(newest_of([path], lambda ids: (set(), set()), lambda size: None))
