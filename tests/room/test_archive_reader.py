"""What an article's lines come to: its state, its versions, corrections among them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import as_line
from crawler.ledger.rows import VersionRow
from crawler.room.archive_reader import ArchivedArticle, MissingLineError, PublishedLines
from crawler.room.article_pages import history_of
from crawler.storage import look_elsewhere
from tests.reextraction.older import make_older
from tests.room.served import scrapy, serving

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

START = datetime(2026, 9, 1, tzinfo=UTC)
FILE = "jsonl/2026/09/xinhua-20260901T000000Z-0000.jsonl"
BASE: dict[str, Any] = {
    "id": "1234567", "title": "标题", "subtitle": None, "kicker": None, "published_at": None,
    "source": "新华网", "reporters": [], "editors": [], "body": "一。", "paragraphs": ["一。"],
    "images": [], "videos": [], "attachments": [], "gone": None, "warc_pages": [], "warc": None,
}  # fmt: skip


class Story:
    """An article whose lines stand in one file."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.rows: list[VersionRow] = []
        (data_dir / FILE).parent.mkdir(parents=True)

    def add(
        self, version: int, day: int, status: str = "live", *, revision: int = 0,
        corrects: dict[str, Any] | None = None, archive: str | None = None, **values: Any,
    ) -> VersionRow:  # fmt: skip
        number = len(self.rows) + 1
        data = as_line(BASE | {"line": f"run:{number}", "version": version} | values)
        with (self.data_dir / FILE).open("ab") as file:
            file.write(data)
        row = VersionRow(
            article_id="1234567", number=number, version=version, status=status,
            fetched_at=START + timedelta(days=day), title=None, content_sha256=None,
            extractor_version=None, changed=["title"] if version > 1 else [], warc_pages=(),
            jsonl=FILE, line_sha256=hashlib.sha256(data).hexdigest(), run_id="run",
            line=f"run:{number}", revision=revision, corrects=corrects,
            archive=archive,
        )  # fmt: skip
        self.rows.append(row)
        return row

    def article(self) -> ArchivedArticle:
        return ArchivedArticle(list(reversed(self.rows)), PublishedLines(self.data_dir))


def test_the_state_is_the_greatest_time_and_revision(tmp_path: Path) -> None:
    story = Story(tmp_path)
    first = story.add(1, 0)
    second = story.add(2, 3)
    corrects = {"line": "run:1", "keys": ["source"], "reason": "a better extractor"}
    correction = story.add(1, 0, revision=1, corrects=corrects, source="新华日报")
    article = story.article()
    assert article.state is second
    assert article.versions == {1: correction, 2: second}
    assert article.newest == 2
    assert [one.kind for one in article.events] == ["first", "corrected", "edited"]
    shown = history_of(article, correction)
    assert [one["is_shown"] for one in shown] == [False, True, False]
    assert shown[1]["readings"] == [{"field": "source", "before": "新华网", "after": "新华日报"}]
    assert shown[1]["reason"] == "a better extractor"
    assert shown[2]["before"] == 1
    assert article.line(first).number == 1


def test_a_withdrawal_keeps_what_was(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.add(1, 0)
    gone = {"reason": "404", "first_observed_at": "x", "confirmed_at": "y", "observations": []}
    story.add(1, 2, "gone", gone=gone)
    article = story.article()
    assert article.is_gone
    assert article.newest == 1
    assert article.withdrawal() == gone
    assert [one.kind for one in article.events] == ["first", "withdrawn"]
    story.add(1, 4, "restored")
    article = story.article()
    assert not article.is_gone
    assert article.withdrawal() is None
    assert [one.kind for one in article.events] == ["first", "withdrawn", "restored"]


def test_a_line_that_is_not_there(tmp_path: Path) -> None:
    story = Story(tmp_path)
    row = story.add(1, 0)
    article = story.article()
    assert article.line(row).record["title"] == "标题"
    data = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(data.replace("标题".encode(), "题标".encode()))
    with pytest.raises(MissingLineError):
        article.line(row)
    (tmp_path / FILE).unlink()
    with pytest.raises(MissingLineError):
        story.article().line(row)


class Store:
    """A place that holds what isn't in the data folder any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, name: str) -> int | None:
        path = self._folder / name
        return path.stat().st_size if path.is_file() else None

    def open(self, name: str) -> BufferedReader:
        return (self._folder / name).open("rb")


def test_lines_that_are_in_store_alone(tmp_path: Path) -> None:
    story = Story(tmp_path / "data")
    row = story.add(1, 0)
    (tmp_path / "data" / "jsonl").rename(tmp_path / "jsonl")
    look_elsewhere(tmp_path / "data", Store(tmp_path))
    try:
        assert story.article().line(row).record["title"] == "标题"
    finally:
        look_elsewhere(tmp_path / "data", None)
    with pytest.raises(MissingLineError):
        story.article().line(row)


def test_corrections_that_a_run_wrote(tmp_path: Path) -> None:
    """A page that is read anew: its version has a second reading, not a second version."""
    data_dir = tmp_path / "data"
    make_older(data_dir, lambda number, line: {"title": f"旧{line['title']}"} if not number else {})
    done = scrapy("reextract", "--correct", "-j", "1", data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    with serving(data_dir) as room:
        first = next(line for line in room.lines if not line["revision"])
        (corrected,) = (line for line in room.lines if line["revision"])
        assert corrected["corrects"]["line"] == first["line"] or first["line"] is None
        address = f"/articles/{first['id']}"
        article = room.get(address).text
        assert f'<h1 id="title">{corrected["title"]}</h1>' in article
        assert "更正了对网页的读法" in article
        assert f'<del lang="zh-CN">{first["title"]}</del>' in article
        assert f'<ins lang="zh-CN">{corrected["title"]}</ins>' in article
        assert "与上一版比较" not in article
        told = json.loads(room.get(f"{address}/1/line.json").body)
        assert (told["version"], told["revision"]) == (1, 1)
        assert room.get(f"{address}/2").status == 404
        assert "验证通过" in room.get(f"{address}/1/verify").text
        changes = room.get("/changes").text
        assert changes.count(f'<a href="{address}"') == 1
        assert "更正读法" in changes
        entry = f"tag:xinhua-archive,2026:{corrected['id']}/corrected/1.1/"
        assert entry in room.get("/changes.atom").text


def test_captures_stand_in_the_order_of_time(tmp_path: Path) -> None:
    """Whatever their numbers; each is compared with what was there before it."""
    story = Story(tmp_path)
    story.add(1, 10)
    story.add(2, 2, archive="web.archive.org")
    story.add(3, 5, archive="web.archive.org")
    last = story.add(4, 12)
    article = story.article()
    events = history_of(article, last)
    assert [(one["kind"], one["version"], one["before"]) for one in events] == [
        ("captured", 2, None), ("captured", 3, 2), ("first", 1, 3), ("edited", 4, 1),
    ]  # fmt: skip
    assert [one["archive"] for one in events] == ["web.archive.org", "web.archive.org", None, None]
    assert article.newest == 4
