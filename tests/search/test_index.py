"""How the index is made: run by run, after a kill, of damaged lines, beside other files."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from crawler import line_index
from crawler.line_index import BusyError, ForeignFileError, LineIndexError, Update
from crawler.search import index as module
from crawler.search.index import INDEX
from crawler.search.search import Query, SearchIndex
from tests.search.published import line, publish

if TYPE_CHECKING:
    from pathlib import Path


def make(tmp_path: Path, *, rebuild: bool = False) -> Update:
    return INDEX.update(tmp_path / "search.sqlite", tmp_path, lambda _: None, rebuild=rebuild)


def count(tmp_path: Path, text: str) -> int:
    with closing(SearchIndex.open(tmp_path / "search.sqlite", tmp_path)) as index:
        return index.search(Query(text)).count


def test_run_by_run(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"), line(2, "大桥"))
    assert make(tmp_path) == Update(1, 2, [])
    assert make(tmp_path) == Update(0, 0, [])
    publish(tmp_path, line(3, "大桥"), run=1)
    (tmp_path / "jsonl/2026/01/xinhua-20260103T000000Z-0003.jsonl.open").write_text("{}\n")
    assert make(tmp_path) == Update(1, 1, [])
    assert count(tmp_path, "大桥") == 3
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "search.sqlite",
        "search.sqlite.lock",
    ]


class KilledError(Exception):
    """In the place of a kill."""


@pytest.mark.parametrize("at", [1, 2, 5, 6, 9])
def test_what_was_in_before_a_kill_is_not_read_again(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, *(line(number, "大桥") for number in range(6)))
    publish(tmp_path, *(line(number, "大桥", version=2) for number in range(4)), run=1)
    monkeypatch.setattr(line_index, "_COMMIT_BYTES", 1)
    read: list[int] = []

    def progress(length: int) -> None:
        read.append(length)
        if len([one for one in read if one]) == at:
            raise KilledError

    with pytest.raises(KilledError):
        INDEX.update(tmp_path / "search.sqlite", tmp_path, progress)
    assert not (tmp_path / "search.sqlite").exists()
    assert make(tmp_path).lines == 10 - (at - 1)
    assert count(tmp_path, "大桥") == 6
    assert count(tmp_path, "") == 6


def test_a_kill_while_an_index_is_extended(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"))
    make(tmp_path)
    publish(tmp_path, line(1, "大桥", version=2), line(2, "大桥"), run=1)

    def progress(length: int) -> None:
        if length:
            raise KilledError

    with pytest.raises(KilledError):
        INDEX.update(
            tmp_path / "search.sqlite", tmp_path, lambda n: progress(n) if n > 300 else None
        )
    make(tmp_path)
    assert count(tmp_path, "大桥") == 2


def test_it_is_the_same_made_at_once_and_run_by_run(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    runs = [
        [line(1, "大桥"), line(2, "隧道")],
        [line(1, "长桥", version=2, fetched_at="2026-01-02T00:00:00Z")],
        [line(1, "老桥", revision=1), line(2, "隧道", version=2)],
    ]
    for number, lines in enumerate(runs):
        publish(first, *lines, run=number)
        make(first)
        publish(second, *lines, run=number)
    make(second)
    for text in ("大桥", "老桥", "长桥", "桥", "隧道", ""):
        found = []
        for folder in (first, second):
            with closing(SearchIndex.open(folder / "search.sqlite", folder)) as index:
                found.append(index.search(Query(text)))
        assert found[0] == found[1]
    for folder in (first, second):
        with closing(sqlite3.connect(folder / "search.sqlite")) as database:
            for table in ("words", "letters"):
                database.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")


def test_a_correction_that_is_read_first(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "对字", revision=1), line(1, "错字", revision=0))
    make(tmp_path)
    assert (count(tmp_path, "对字"), count(tmp_path, "错字")) == (1, 0)


@pytest.mark.parametrize(
    "damage",
    [
        b"{\n", b"[]\n", b"\n", b"\xff\n", b"[" * 100_000 + b"\n", b'{"id": 1}\n',
        json.dumps(line(9, "九") | {"published_at": "gestern"}).encode() + b"\n",
        json.dumps(line(9, "九") | {"version": None}).encode() + b"\n",
        json.dumps(line(9, "九") | {"title": ["九"]}).encode() + b"\n",
        json.dumps(line(9, "九") | {"images": [None]}).encode() + b"\n",
    ],
)  # fmt: skip
def test_a_damaged_line_is_told_and_the_rest_is_in(damage: bytes, tmp_path: Path) -> None:
    path = publish(tmp_path, line(1, "大桥"), line(2, "大桥"))
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + damage + second)
    done = make(tmp_path)
    assert done.lines == 2
    (told,) = done.damaged
    assert told.startswith(f"jsonl/2026/01/{path.name}, offset {len(first)}: ")
    assert count(tmp_path, "大桥") == 2


def test_a_line_that_is_cut_off(tmp_path: Path) -> None:
    path = publish(tmp_path, line(1, "大桥"), line(2, "大桥"))
    path.write_bytes(path.read_bytes()[:-1])
    assert [one.partition(": ")[2] for one in make(tmp_path).damaged] == ["cut off"]


def test_many_articles_of_one_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLOTS", 4)
    day = {"published_at": "2017-09-28T00:00:00+08:00"}
    publish(tmp_path, *(line(number, "大桥", **day) for number in range(9)))
    make(tmp_path)
    assert count(tmp_path, "大桥") == 9


def test_a_crowded_evening_stays_on_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SLOTS", 8)
    evening = {"published_at": "2017-09-28T23:59:00+08:00"}
    publish(tmp_path, *(line(number, "大桥", **evening) for number in range(8)))
    make(tmp_path)
    day = date(2017, 9, 28)
    with closing(SearchIndex.open(tmp_path / "search.sqlite", tmp_path)) as index:
        assert index.search(Query("大桥", since=day, until=day)).count == 8


def test_rows_of_one_commit_replace_each_other(tmp_path: Path) -> None:
    """Corrections and second versions of what waits in memory, and of what is written already."""
    publish(tmp_path, line(1, "甲乙"), line(2, "甲丙"))
    make(tmp_path)
    publish(
        tmp_path, line(1, "甲丁", revision=1), line(1, "甲戊", revision=2), line(3, "甲己"),
        line(3, "甲庚", revision=1), line(3, "甲辛", version=2, fetched_at="2026-01-02T00:00:00Z"),
        line(2, "甲壬", version=2, fetched_at="2026-01-02T00:00:00Z"), run=1,
    )  # fmt: skip
    make(tmp_path)
    found = {text: count(tmp_path, f"甲{text}") for text in "乙丙丁戊己庚辛壬"}
    assert found == dict(zip("乙丙丁戊己庚辛壬", (0, 1, 0, 1, 0, 1, 1, 1), strict=True))
    assert count(tmp_path, "甲") == 3
    with closing(sqlite3.connect(tmp_path / "search.sqlite")) as database:
        for table in ("words", "letters"):
            database.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")


def test_an_index_that_is_made_anew_is_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many commits it took; then FTS5 merges what is added as it does by itself."""
    monkeypatch.setattr(line_index, "_COMMIT_BYTES", 1)
    publish(tmp_path, *(line(number, f"大桥{number}") for number in range(20)))
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "search.sqlite")) as database:
        for table in ("words", "letters"):
            segments = f"SELECT count(DISTINCT segid) FROM {table}_idx"
            assert database.execute(segments).fetchone() == (1,)
            options = dict(database.execute(f"SELECT k, v FROM {table}_config"))
            assert (options["automerge"], options["crisismerge"]) == (4, 16)
        assert database.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert count(tmp_path, "大桥") == 20


def test_an_archive_that_is_another_than_was_indexed(tmp_path: Path) -> None:
    path = publish(tmp_path, line(1, "大桥"))
    publish(tmp_path, line(2, "大桥"), run=1)
    make(tmp_path)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(LineIndexError, match="--rebuild"):
        make(tmp_path)
    path.unlink()
    with pytest.raises(LineIndexError, match="--rebuild"):
        make(tmp_path)
    assert count(tmp_path, "大桥") == 2
    assert make(tmp_path, rebuild=True) == Update(1, 1, [])
    assert count(tmp_path, "大桥") == 1


@pytest.mark.parametrize("rebuild", [False, True])
def test_what_is_no_index_is_left_alone(rebuild: bool, tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"))
    path = tmp_path / "search.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE ours (value)")
    before = path.read_bytes()
    with pytest.raises(ForeignFileError):
        make(tmp_path, rebuild=rebuild)
    assert path.read_bytes() == before
    path.write_bytes(b"a letter to somebody")
    with pytest.raises(ForeignFileError):
        make(tmp_path, rebuild=rebuild)
    with pytest.raises(LineIndexError):
        SearchIndex.open(path, tmp_path)


def test_an_index_of_another_form_is_made_anew(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"))
    make(tmp_path)
    path = tmp_path / "search.sqlite"
    for sql in ("PRAGMA user_version = 999", "PRAGMA user_version = 0"):
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute(sql)
        with pytest.raises(LineIndexError, match="scrapy index"):
            SearchIndex.open(path, tmp_path)
        assert make(tmp_path) == Update(1, 1, [])
        assert count(tmp_path, "大桥") == 1


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    publish(tmp_path, *(line(number, f"大桥{number}") for number in range(300)))
    make(tmp_path)
    path = tmp_path / "search.sqlite"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xee" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(LineIndexError, match="--rebuild"):
        make(tmp_path)
    with pytest.raises(LineIndexError):
        count(tmp_path, "大桥")
    assert make(tmp_path, rebuild=True).lines == 300
    assert count(tmp_path, "大桥") == 300


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(LineIndexError, match="scrapy index") as told:
        SearchIndex.open(tmp_path / "search.sqlite", tmp_path)
    assert told.value.message == str(told.value)


def test_one_at_a_time(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"))
    with (tmp_path / "search.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            make(tmp_path)
    make(tmp_path)


def test_it_is_read_while_it_is_extended(tmp_path: Path) -> None:
    publish(tmp_path, line(1, "大桥"))
    make(tmp_path)
    publish(tmp_path, line(2, "大桥"), run=1)
    with closing(SearchIndex.open(tmp_path / "search.sqlite", tmp_path)) as index:
        assert index.search(Query("大桥")).count == 1
        make(tmp_path)
        assert index.search(Query("大桥")).count == 2
