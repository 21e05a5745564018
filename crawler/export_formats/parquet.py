"""Published lines as one Parquet file with a fixed schema, every field kept.

The schema is derived from the JSON Schema of a line, never from the data, so that files of two
exports can always be read together. Three columns are added for readers: `published_beijing` and
`fetched_utc` as timestamps, `published_day` as the day in Beijing. They bear no zone:
DuckDB's and pandas' zoned timestamps need further packages.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet as pq

from crawler.export_formats.selection import PublishedLine
from crawler.exporters.jsonl import line_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

# Bytes of JSON that become one row group: some 3,000 articles, a few dozen MB in memory, and
# enough for DuckDB to skip groups by their statistics.
ROW_GROUP = 16 * 1024 * 1024

_SCALARS = {"string": pa.string(), "integer": pa.int64(), "boolean": pa.bool_()}
_EXTRA = (
    pa.field("published_beijing", pa.timestamp("ms")),
    pa.field("published_day", pa.date32()),
    pa.field("fetched_utc", pa.timestamp("ms")),
)


def arrow_schema() -> pa.Schema:
    """The columns of a line, in the order of its keys."""
    schema = line_schema()
    definitions = schema["$defs"]
    return pa.schema(
        [(name, _type(told, definitions)) for name, told in schema["properties"].items()]
    )


def parquet_columns() -> dict[str, str]:
    """Column to its type, as Arrow writes it."""
    return {field.name: str(field.type) for field in (*arrow_schema(), *_EXTRA)}


def write_parquet(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the lines; the number written. Raises BadLineError, OSError."""
    schema = arrow_schema()
    names = [*schema.names, *(field.name for field in _EXTRA)]
    count = 0
    with pq.ParquetWriter(
        file, pa.schema([*schema, *_EXTRA]), compression="zstd", write_page_index=True
    ) as writer:
        for table in map(partial(_table, schema=schema), _groups(lines)):
            writer.write_table(table.select(names), row_group_size=table.num_rows)
            count += table.num_rows
    return count


class _Group:
    """Lines that become a row group: their bytes, and where each stands."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.places: list[tuple[Path, int]] = []

    def add(self, line: PublishedLine) -> None:
        self.data += line.data
        self.places.append((line.file, line.number))

    def check(self, schema: pa.Schema) -> None:
        """Raise BadLineError for the first line that does not fit the schema."""
        rows = bytes(self.data).splitlines(keepends=True)
        for row, (path, number) in zip(rows, self.places, strict=True):
            try:
                _read(row, schema)
            except pa.ArrowInvalid as error:
                why = f"does not fit the schema ({error})"
                raise PublishedLine(row, {}, path, number).damaged(why) from error


def _groups(lines: Iterable[PublishedLine]) -> Iterator[_Group]:
    group = _Group()
    for line in lines:
        group.add(line)
        if len(group.data) >= ROW_GROUP:
            yield group
            group = _Group()
    if group.data:
        yield group


def _table(group: _Group, schema: pa.Schema) -> pa.Table:
    try:
        return _read(group.data, schema)
    except pa.ArrowInvalid:
        group.check(schema)
        raise


def _read(data: bytes | bytearray, schema: pa.Schema) -> pa.Table:
    """The table of lines. Raises pyarrow.ArrowInvalid."""
    parse = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    read = pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    table = pa.json.read_json(pa.BufferReader(data), read, parse).select(schema.names)
    published = _moment(table["published_at"], "%Y-%m-%dT%H:%M:%S+08:00")
    added = (
        published,
        published.cast(pa.date32()),
        _moment(table["fetched_at"], "%Y-%m-%dT%H:%M:%SZ"),
    )
    for field, column in zip(_EXTRA, added, strict=True):
        table = table.append_column(field, column)
    return table


def _moment(column: pa.ChunkedArray, form: str) -> pa.ChunkedArray:
    return pc.strptime(column, form, "ms")


def _type(told: dict[str, Any], definitions: dict[str, Any]) -> pa.DataType:
    """The Arrow type of a JSON Schema. Raises ValueError for one that a line doesn't have."""
    if "$ref" in told:
        return _type(definitions[told["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in told:
        (one,) = (option for option in told["anyOf"] if option.get("type") != "null")
        return _type(one, definitions)
    names = told.get("type", [])
    names = [names] if isinstance(names, str) else names
    (name,) = [name for name in names if name != "null"] or [_type_of_values(told)]
    if name == "array":
        # Named as in the file, so that the schema is the same before and after.
        return pa.list_(pa.field("element", _type(told["items"], definitions)))
    if name == "object":
        return pa.struct([(k, _type(v, definitions)) for k, v in told["properties"].items()])
    return _SCALARS[name]


def _type_of_values(told: dict[str, Any]) -> str:
    values = told.get("enum", [told.get("const")])
    if all(isinstance(value, int) for value in values):
        return "integer"
    if all(isinstance(value, str) for value in values):
        return "string"
    message = f"no type in {told}"
    raise ValueError(message)
