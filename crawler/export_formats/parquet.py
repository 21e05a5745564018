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

from crawler.export_formats.selection import BadLineError
from crawler.exporters.article_schema import line_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine

# Bytes of JSON that become one row group: some 3,000 articles, a few dozen MB in memory, and
# enough for DuckDB to skip groups by their statistics.
ROW_GROUP = 24 * 1024 * 1024

_SCALARS = {"string": pa.string(), "integer": pa.int64(), "boolean": pa.bool_()}
_EXTRA = (
    pa.field("published_beijing", pa.timestamp("s")),
    pa.field("published_day", pa.date32()),
    pa.field("fetched_utc", pa.timestamp("s")),
)


def arrow_schema() -> pa.Schema:
    """The columns of a line, in the order of its keys."""
    schema = line_schema()
    definitions = schema["$defs"]
    return pa.schema(
        [(name, _type(told, definitions)) for name, told in schema["properties"].items()]
    )


def write_parquet(lines: Iterable[PublishedLine], file: BinaryIO) -> int:
    """Write the lines; the number written. Raises BadLineError, OSError."""
    schema = arrow_schema()
    columns = pa.schema([*schema, *_EXTRA])
    count = 0
    with pq.ParquetWriter(file, columns, compression="zstd", write_page_index=True) as writer:
        for table in map(partial(_table, schema=schema), _groups(lines)):
            writer.write_table(table.select(columns.names), row_group_size=table.num_rows)
            count += table.num_rows
    return count


def _groups(lines: Iterable[PublishedLine]) -> Iterator[bytearray]:
    group = bytearray()
    for line in lines:
        group += line.data
        if len(group) >= ROW_GROUP:
            yield group
            group = bytearray()
    if group:
        yield group


def _table(group: bytearray, schema: pa.Schema) -> pa.Table:
    parse = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    read = pa.json.ReadOptions(use_threads=False, block_size=len(group) + 1)
    try:
        table = pa.json.read_json(pa.BufferReader(group), read, parse)
    except pa.ArrowInvalid as error:
        why = f"a line does not fit the schema ({error}); run `scrapy verify`"
        raise BadLineError(why) from error
    table = table.select(schema.names)
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
    return pc.strptime(column, form, "s")


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
        return pa.list_(_type(told["items"], definitions))
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
