from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from crawler.export_formats.csv_table import CELL, COLUMNS, csv_columns, write_csv
from crawler.export_formats.selection import BadLineError
from tests.export_formats.lines import LINES, gone, published


def written(*lines: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    assert write_csv(published(*lines), file) == len(lines)
    return file.getvalue()


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_rows() -> None:
    data = written(*LINES, gone(LINES[0]))
    assert data.startswith(b"\xef\xbb\xbfid,version,")
    assert data.endswith(b"\r\n")
    rows = read(data)
    assert [row["id"] for row in rows] == [line["id"] for line in [*LINES, LINES[0]]]
    first, last = rows[0], rows[-1]
    assert first["body"] == LINES[0]["body"]
    assert first["reporters"] == "、".join(one["name"] for one in LINES[0]["reporters"])
    assert (first["warc_file"], first["revision"]) == (LINES[0]["warc"]["file"], "0")
    assert (last["status"], last["gone_reason"], last["body"]) == ("gone", "HTTP 404", "")
    assert list(first) == list(COLUMNS) == list(csv_columns())


def test_without_lines_the_columns_are_the_same() -> None:
    assert written().decode("utf-8-sig").strip().split(",") == list(COLUMNS)


@pytest.mark.parametrize(
    ("key", "precision", "moment", "cell"),
    [
        ("published_at", "second", "2017-09-28T00:30:05+08:00", "2017-09-28 00:30:05"),
        ("published_at", "day", "2017-09-28T00:00:00+08:00", "2017-09-28"),
        ("published_at", None, None, ""),
        ("fetched_at", None, "2026-11-27T20:00:00Z", "2026-11-28 04:00:00"),
    ],
)
def test_times_are_beijings(key: str, precision: str | None, moment: str | None, cell: str) -> None:
    line = LINES[0] | {"published_precision": precision, key: moment}
    assert read(written(line))[0][key] == cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_formulas_are_neutralised(start: str) -> None:
    (row,) = read(written(LINES[0] | {"title": f"{start}1+1", "editors": [f"{start}cmd", "b"]}))
    assert row["title"] == f"'{start}1+1"
    assert row["editors"] == f"'{start}cmd、b"


@pytest.mark.parametrize("letter", ["文", "\U0002000b"])
def test_a_text_longer_than_a_cell_is_cut_visibly(letter: str) -> None:
    size = len(letter.encode("utf-16-le")) // 2
    fits, long = letter * (CELL // size), letter * (CELL // size + 1)
    rows = read(written(LINES[0] | {"body": fits}, LINES[0] | {"body": long}))
    assert rows[0]["body"] == fits
    assert rows[1]["body"].endswith(f"{letter}…")
    assert len(rows[1]["body"].encode("utf-16-le")) // 2 <= CELL


def test_a_line_that_does_not_fit_is_named() -> None:
    with pytest.raises(BadLineError, match=r"^a\.jsonl, line 1: does not fit the schema"):
        written(LINES[0] | {"images": [None]})
