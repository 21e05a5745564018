"""A data folder as a text: all that a small crawl wrote, in a form that is the same each time.

Times, ids, versions, ports and lengths of compressed bytes are masked. All else is there: files,
records and their headers in order, the blocks of requests and metadata, digests of responses, keys
and values of lines, sightings and reports, tables and columns of the ledger. Nothing is imported
from the crawler: what it writes is read here as by somebody else.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What is never the same twice, and what stands for it.
_MASKS = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"\d{8}T\d{6}Z-[0-9a-f]{4}", "<run>"),
        (r"urn:uuid:[0-9a-f-]{36}", "urn:uuid:<id>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "<time>"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?", "<time>"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
        (r"after \d+ s\b", "after <n> s"),
        (r"(?<=fetchTimeMs: )\d+", "<n>"),
        (r"\b(xinhua-archive|Scrapy)/[\d.]+", r"\1/<version>"),
    )
)
# Keys whose values differ with times, ids and the software.
_MASKED = frozenset({
    "offset", "length", "bytes", "sha256", "extractor_version", "line",
    "median_gap_seconds", "bytes_saved", "record_id",
})  # fmt: skip
# Of records whose blocks bear times too.
_MASKED_HEADERS = frozenset({
    "WARC-Record-ID", "WARC-Date", "WARC-Block-Digest", "WARC-Warcinfo-ID", "Content-Length",
})  # fmt: skip
# Records whose blocks are ours to choose: they are shown, the site's are told by their digests.
_SHOWN = frozenset({"warcinfo", "request", "metadata"})


def listing(data_dir: Path) -> str:
    """Everything in a data folder, file by file."""
    parts = [_files(data_dir)]
    forms: dict[str, int] = {}
    for path in sorted(data_dir.glob("warc/**/*.warc.gz")):
        parts.append(_section(f"WARC {_masked(path.name)}", _warc(path, forms)))
        parts.append(_section("its index", _index(path.with_name(path.name[:-8] + ".cdxj"))))
    for kind in ("jsonl", "sightings"):
        first: dict[str, Any] = {}
        parts += [
            _section(f"{kind} {_masked(path.name)}", _lines(path, first))
            for path in sorted(data_dir.glob(f"{kind}/**/*.jsonl"))
        ]
    first = {}
    for path in sorted(data_dir.glob("runs/*.json")):
        report = _object(json.loads(path.read_bytes()), first)
        parts.append(_section(f"report {_masked(path.name)}", report))
    parts.append(_section("ledger", _ledger(data_dir / "state" / "ledger.sqlite")))
    return "\n".join(parts)


def masked_output(text: str, data_dir: Path) -> str:
    """What a command printed, with nothing that changes from run to run."""
    lines = (_masked(line) for line in text.replace(str(data_dir), "<data>").splitlines())
    return "".join(f"  {line}".rstrip() + "\n" for line in lines)


def _section(title: str, lines: Iterator[str]) -> str:
    return f"== {title}\n" + "".join(f"{line}\n" for line in lines)


def _masked(text: str) -> str:
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def _files(data_dir: Path) -> str:
    names = (str(path.relative_to(data_dir)) for path in data_dir.rglob("*") if path.is_file())
    return _section("files", iter(sorted(_masked(name) for name in names)))


# --- WARC ----------------------------------------------------------------------------------------

_Record = tuple[str, list[tuple[str, str]], bytes]


def _records(path: Path) -> Iterator[_Record]:
    """The version line, headers and block of each record; each is one gzip member, and ends with
    two line ends after its block."""
    rest = path.read_bytes()
    while rest:
        member = zlib.decompressobj(wbits=31)
        content = member.decompress(rest) + member.flush()
        rest = member.unused_data
        head, _, body = content.partition(b"\r\n\r\n")
        version, *fields = head.decode().split("\r\n")
        headers = [(name, value) for name, _, value in (one.partition(": ") for one in fields)]
        size = int(dict(headers)["Content-Length"])
        assert body[size:] == b"\r\n\r\n", path
        yield version, headers, body[:size]


def _warc(path: Path, forms: dict[str, int]) -> Iterator[str]:
    """Each record in one line; the first of each form whole. A record that belongs to another says
    how far before it that one stands."""
    places: dict[str, int] = {}
    for place, (version, headers, block) in enumerate(_records(path)):
        fields = dict(headers)
        kind, url = fields["WARC-Type"], fields.get("WARC-Target-URI", "")
        places[fields["WARC-Record-ID"]] = place
        before = {number: f"<{place - at} before>" for number, at in places.items()}
        form = "\n".join((version, kind, *(name for name, _ in headers)))
        if kind in _SHOWN:
            form += "\n" + "\n".join(_names(block))
        is_new = form not in forms
        number = forms.setdefault(form, len(forms) + 1)
        digest = (
            "" if kind in _SHOWN else f", block sha256:{hashlib.sha256(block).hexdigest()[:16]}"
        )
        yield f"{kind} {url} (form {number}{digest})"
        if is_new:
            yield f"    {version}"
            yield from (f"    {name}: {_header(name, value, before)}" for name, value in headers)
            if kind in _SHOWN:
                yield from (f"    | {_masked(line)}" for line in block.decode().splitlines())


def _header(name: str, value: str, before: dict[str, str]) -> str:
    """A header's value, or what stands for it."""
    if name in _MASKED_HEADERS:
        return "<masked>"
    return before.get(value) or _masked(value)


def _names(block: bytes) -> list[str]:
    """The names that stand in a block, line by line."""
    return [line.partition(":")[0].partition(" ")[0] for line in block.decode().splitlines()]


def _index(path: Path) -> Iterator[str]:
    """The lines of a CDXJ index: search key, and what is said of the capture."""
    for line in path.read_text().splitlines():
        key, _, said = line.split(" ", 2)
        yield f"{key} {json.dumps(_value(json.loads(said)), ensure_ascii=False)}"


# --- JSON ----------------------------------------------------------------------------------------


def _lines(path: Path, first: dict[str, Any]) -> Iterator[str]:
    """The lines in their order, as `_object` shows each."""
    for number, raw in enumerate(path.read_bytes().splitlines(), 1):
        yield f"line {number}:"
        yield from (f"    {one}" for one in _object(json.loads(raw), first))


def _object(value: dict[str, Any], first: dict[str, Any]) -> Iterator[str]:
    """A key in one line, in the order in which they stand; but for those that are as in the first
    object, which `first` holds from then on."""
    shown = _value(value)
    if first and list(shown) != list(first):
        yield f"keys: {', '.join(shown)}"
    for key, one in shown.items():
        if key not in first or one != first[key]:
            yield f"{key}: {json.dumps(one, ensure_ascii=False)}"
    if not first:
        first.update(shown)


def _value(value: Any, key: str = "") -> Any:
    if key in _MASKED and not isinstance(value, dict | list) and value is not None:
        return "<masked>"
    if isinstance(value, dict):
        is_software = key == "versions"
        return {
            name: "<masked>" if is_software else _value(one, name) for name, one in value.items()
        }
    if isinstance(value, list):
        return [_value(one, key) for one in value]
    return _masked(value) if isinstance(value, str) else value


# --- ledger --------------------------------------------------------------------------------------


def _ledger(path: Path) -> Iterator[str]:
    """Each table with its columns and how many rows it has, each index with its columns."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
            " ORDER BY type DESC, name"
        ).fetchall()
        for kind, name, table in rows:
            if kind == "table":
                columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
                (count,) = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
                yield f"{name}: {', '.join(f'{c[1]} {c[2]}' for c in columns)}; {count} rows"
            elif kind == "index":
                columns = connection.execute(f"PRAGMA index_info({name})").fetchall()
                yield f"{name} of {table}: {', '.join(str(c[2]) for c in columns)}"
