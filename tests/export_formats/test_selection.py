from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crawler.export_formats.selection import BadLineError, Selection, selected
from tests.export_formats.lines import LINES, encoded, gone, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def chosen(data_dir: Path, selection: Selection) -> list[dict[str, Any]]:
    files = sorted(data_dir.glob("jsonl/*/*/*.jsonl"))
    return [line.keys for line in selected(files, selection, lambda _: None, lambda _: None)]


def was(line: dict[str, Any]) -> dict[str, Any]:
    """The line itself, or of the withdrawal the text that was withdrawn."""
    return LINES[0] if line["status"] == "gone" else line


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), lambda line: True),
        (Selection(statuses=frozenset({"gone"})), lambda line: line["status"] == "gone"),
        (Selection(regions=frozenset({"he"})), lambda line: line["region"]["code"] == "he"),
        (Selection(layouts=frozenset({"Main2017", "Cms2022"})),
         lambda line: line["layout"] in ("Main2017", "Cms2022")),
        (Selection(since=date(2021, 1, 1)), lambda line: was(line)["published_at"] >= "2021"),
        (Selection(until=date(2010, 12, 31)),
         lambda line: was(line)["published_at"] < "2011"),
        (Selection(query=LINES[2]["title"][:6]),
         lambda line: LINES[2]["title"][:6] in f"{line['title']} {line['body']}"),
        (Selection(source=LINES[0]["source"][:2]),
         lambda line: LINES[0]["source"][:2] in (was(line)["source"] or "")),
    ],
)  # fmt: skip
def test_filters(
    tmp_path: Path, selection: Selection, wanted: Callable[[dict[str, Any]], bool]
) -> None:
    expected = [line for line in write_archive(tmp_path) if wanted(line)]
    assert expected
    assert chosen(tmp_path, selection) == expected


@pytest.mark.parametrize("schema_version", [1, 2])
def test_withdrawn_articles_of_a_month(tmp_path: Path, schema_version: int) -> None:
    """By time and source of what was withdrawn, also where the gone line doesn't say them."""
    text = LINES[2] | {"published_at": "2017-09-30T23:59:59+08:00", "source": "宝港日报"}
    line = gone(text)
    if schema_version == 2:
        last = {"published_at": text["published_at"], "source": text["source"]}
        line |= {"gone": line["gone"] | {"last": last | {"version": 1, "line": "1:1"}}}
    # a text from after the withdrawal, and one from before that was edited
    restored = text | {"fetched_at": "2026-12-24T00:00:00Z", "published_at": None, "source": None}
    edited = restored | {"fetched_at": "2017-10-01T00:00:00Z"}
    of_2010 = gone(min(LINES, key=lambda one: one["published_at"]))
    folder = tmp_path / "jsonl" / "2026" / "11"
    folder.mkdir(parents=True)
    (folder / "xinhua-a.jsonl").write_bytes(
        b"".join(map(encoded, (line, restored, edited, text, of_2010)))
    )
    september = Selection(
        since=date(2017, 9, 1), until=date(2017, 9, 30), statuses=frozenset({"gone"})
    )
    assert chosen(tmp_path, september) == [line]
    source = Selection(source="宝港", statuses=frozenset({"gone"}))
    assert chosen(tmp_path, source) == [line]
    october = Selection(since=date(2017, 10, 1), statuses=frozenset({"gone"}))
    assert chosen(tmp_path, october) == []


def test_a_day_is_beijings(tmp_path: Path) -> None:
    lines = write_archive(tmp_path)
    day = date.fromisoformat(lines[0]["published_at"][:10])
    first = Selection(since=day, until=day)
    assert chosen(tmp_path, first) == [line for line in lines if line["id"] == LINES[0]["id"]]


def test_words_are_found_in_any_width_and_case(tmp_path: Path) -> None:
    write_archive(tmp_path)
    extra = tmp_path / "jsonl" / "2026" / "11" / "xinhua-c.jsonl"
    extra.write_bytes(encoded(LINES[0] | {"id": "1", "title": "ＡＢＣ與", "body": "def 一"}))
    assert [one["id"] for one in chosen(tmp_path, Selection(query="DEF abc"))] == ["1"]
    assert chosen(tmp_path, Selection(query="DEF xyz")) == []


def test_latest_is_the_state_of_each_article(tmp_path: Path) -> None:
    """The greatest (fetched_at, revision); a filter is held against that line."""
    lines = write_archive(tmp_path)
    corrected = LINES[2] | {"title": "改正", "revision": 1}
    first = tmp_path / "jsonl" / "2026" / "11" / "xinhua-0.jsonl"
    first.write_bytes(encoded(corrected))
    states = {line["id"]: line for line in chosen(tmp_path, Selection(latest=True))}
    assert len(states) == len(LINES)
    assert states[LINES[0]["id"]] == lines[-2]
    assert states[LINES[1]["id"]]["title"] == "=1+1"
    assert states[LINES[2]["id"]] == corrected
    assert states[LINES[3]["id"]] == LINES[3]
    live = chosen(tmp_path, Selection(latest=True, statuses=frozenset({"live"})))
    assert LINES[0]["id"] not in {line["id"] for line in live}


def test_what_was_read_is_told(tmp_path: Path) -> None:
    """Of progress: all bytes once, and with `latest` once before."""
    write_archive(tmp_path)
    files = sorted(tmp_path.glob("jsonl/*/*/*.jsonl"))
    size = sum(path.stat().st_size for path in files)
    for latest in (False, True):
        ahead: list[int] = []
        told: list[int] = []
        list(selected(files, Selection(latest=latest), told.append, ahead.append))
        assert (sum(told), sum(ahead)) == (size, size if latest else 0)


@pytest.mark.parametrize("latest", [False, True])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-20], "line 8: cut off"),
        (lambda data: data.replace(b'{"schema', b'"schema', 1), "line 1: no JSON"),
        (lambda data: b"[]\n" + data, "line 1: no article line"),
        (lambda data: data + b'{"schema_version": 1, "id": "1"}\n', "line 9: no article line"),
    ],
)
def test_a_damaged_line_is_named(
    tmp_path: Path, spoil: Callable[[bytes], bytes], said: str, latest: bool
) -> None:
    write_archive(tmp_path)
    path = tmp_path / "jsonl" / "2026" / "11" / "xinhua-a.jsonl"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BadLineError, match=f"xinhua-a.jsonl, {said}"):
        chosen(tmp_path, Selection(latest=latest))
