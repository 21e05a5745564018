from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import duckdb
import pandas
import pyarrow.parquet as pq
import pytest

from crawler.export_formats import parquet
from crawler.export_formats.parquet import arrow_schema, parquet_columns, write_parquet
from crawler.export_formats.selection import BadLineError
from tests.export_formats.lines import (
    LINES,
    corrected,
    encoded,
    gone,
    of_version_1,
    published,
)

if TYPE_CHECKING:
    from pathlib import Path

ODD = {
    "title": "\U0002000b\t=1+1\u2028\x00\"'",
    "body": "　".join("句。" for _ in range(40_000)),
    "paragraphs": ["", " "],
    "published_at": "1949-10-01T00:00:00+08:00",
    "http": {"status": 200, "etag": "\xff", "last_modified": None},
}


def written(*lines: dict[str, Any]) -> io.BytesIO:
    file = io.BytesIO()
    assert write_parquet(published(*lines), file) == len(lines)
    return io.BytesIO(file.getvalue())


def test_every_field_is_kept() -> None:
    other = corrected(LINES[2], title="改正")
    lines = [*LINES, gone(LINES[0]), LINES[1] | ODD, of_version_1(LINES[3]), other]
    found = pq.read_table(written(*lines)).select(arrow_schema().names).to_pylist()
    # A key that a schema version doesn't have is null.
    assert found == [dict.fromkeys(arrow_schema().names) | line for line in lines]


def test_the_schema_does_not_depend_on_the_data() -> None:
    """A file of withdrawals alone, all of whose fields are null, can be read with any other."""
    schemas = [
        pq.read_schema(written(*lines)) for lines in (LINES, [gone(LINES[0])], [LINES[1] | ODD], [])
    ]
    assert all(schema == schemas[0] for schema in schemas)
    assert parquet_columns() == {field.name: str(field.type) for field in schemas[0]}


def test_others_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB and pandas, in row groups; times are Beijing's, and null where the line says none."""
    monkeypatch.setattr(parquet, "ROW_GROUP", len(encoded(LINES[0])))
    lines = [*LINES, gone(LINES[0])]
    path = tmp_path / "all.parquet"
    path.write_bytes(written(*lines).getvalue())
    assert pq.ParquetFile(path).num_row_groups > 2
    rows = duckdb.sql(
        "SELECT id, published_beijing::VARCHAR, published_day::VARCHAR, region.code, gone.reason,"
        f" fetched_utc::VARCHAR FROM '{path}'"
    ).fetchall()
    expected = []
    for line in lines:
        moment = line["published_at"] and line["published_at"][:19].replace("T", " ")
        reason = line["gone"] and line["gone"]["reason"]
        fetched = line["fetched_at"][:19].replace("T", " ")
        day = moment and moment[:10]
        expected.append((line["id"], moment, day, line["region"]["code"], reason, fetched))
    assert rows == expected
    frame = pandas.read_parquet(path)
    assert list(frame["title"]) == [line["title"] for line in lines]
    assert str(frame["published_beijing"].dtype).startswith("datetime64")


@pytest.mark.parametrize(
    "wrong",
    [{"version": "one"}, {"title": 7}, {"published_at": "yesterday"}, {"news": 1}, {"images": [1]}],
)
def test_a_line_that_does_not_fit_is_named(wrong: dict[str, Any]) -> None:
    lines = published(LINES[0], LINES[1] | wrong, LINES[2])
    with pytest.raises(BadLineError, match=r"^a\.jsonl, line 2: does not fit the schema"):
        write_parquet(lines, io.BytesIO())
