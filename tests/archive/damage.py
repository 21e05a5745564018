"""Archives that are damaged in one way each, named for their defect.

`make_holding` builds a sound data folder; each function of DAMAGE spoils one. Unless the defect is
in the index or the manifest, both are made again afterwards, so that nothing but the defect shows.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.archive import cdxj, records
from crawler.archive.reader import WarcError, read_records
from crawler.archive.records import digest, parse_our_record
from crawler.archive.writer import Revisit
from crawler.storage import publish
from crawler.verification.warc_files import verify_warc
from tests.archive.kinds import GZIPPED, answer, sized
from tests.archive.test_writer import exchange, writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Where those records stand; the last three are one more exchange.
RESPONSE, REQUEST, METADATA, GZIP_RESPONSE, SILENT_REQUEST, REVISIT = 1, 2, 3, 4, 7, 9


# Of a run that met no article.
REPORT = {
    "run_id": "r1", "started_at": "2017-09-28T01:02:03Z", "finished_at": "2017-09-28T01:02:04Z",
    "command": "scrapy crawl xinhua", "exit_code": 0, "reason": "finished", "urls_seen": 0,
    "outcomes": {}, "regions": {}, "alarms": [],
}  # fmt: skip


@dataclass
class Rec:
    """One record, to be changed."""

    fields: list[tuple[str, str]]
    block: bytes

    def get(self, name: str) -> str:
        return next(value for key, value in self.fields if key == name)

    def set(self, name: str, value: str) -> None:
        assert any(key == name for key, _ in self.fields), name
        self.fields = [(key, value if key == name else old) for key, old in self.fields]

    def drop(self, name: str) -> None:
        assert any(key == name for key, _ in self.fields), name
        self.fields = [(key, value) for key, value in self.fields if key != name]

    def replace_block(self, block: bytes) -> None:
        """Another block with lengths and digests that fit it."""
        self.block = block
        self.set("Content-Length", str(len(block)))
        self.set("WARC-Block-Digest", digest(block))
        if any(key == "WARC-Payload-Digest" for key, _ in self.fields):
            self.set("WARC-Payload-Digest", digest(block.partition(b"\r\n\r\n")[2]))

    def plain(self) -> bytes:
        head = "\r\n".join(["WARC/1.1", *(f"{name}: {value}" for name, value in self.fields)])
        return head.encode() + b"\r\n\r\n" + self.block + b"\r\n\r\n"

    def member(self) -> bytes:
        return gzip.compress(self.plain(), mtime=0)


@dataclass
class Holding:
    """A data folder with one WARC; `records` are written back by `save`."""

    data_dir: Path
    warc: Path
    records: list[Rec] = field(default_factory=list)

    def save(self) -> None:
        self.warc.write_bytes(b"".join(record.member() for record in self.records))

    def describe(self) -> None:
        """Make index and manifest again, as far as the WARC can be read."""
        lines: list[str] = []
        try:
            lines = cdxj.index_lines(self.warc)
        except WarcError:
            found = read_records(self.warc, on_damage=lambda _: None)
            lines = sorted(cdxj._line(record) for record in found if record.kind == "response")
        cdxj.index_path(self.warc).write_text("".join(lines))
        self.manifest([self.warc, cdxj.index_path(self.warc)])

    def manifest(self, paths: list[Path]) -> None:
        rows = [
            {
                "path": path.relative_to(self.data_dir).as_posix(),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "bytes": path.stat().st_size,
                "records": verify_warc(path).records
                if path == self.warc
                else path.read_bytes().count(b"\n"),
            }
            for path in paths
        ]
        runs = self.data_dir / "runs"
        runs.mkdir(exist_ok=True)
        (runs / "r1.json").write_text(json.dumps(REPORT | {"files": rows}))


def make_holding(folder: Path) -> Holding:
    archive = writer(folder)
    plain = archive.write(exchange(ip="203.0.113.7"))
    assert plain
    archive.write(exchange(sized("Content-Encoding: gzip", body=GZIPPED), ip="2001:db8::1"))
    archive.write(exchange(b""))
    revisit = Revisit("http://js.news.cn/a", "2017-09-28T01:02:03Z", plain)
    archive.write(exchange(revisit=revisit))
    archive.write(exchange(sized(status="HTTP/1.1 404 Not Found")))
    archive.close()
    warc = publish(archive.files[0])
    holding = Holding(folder, warc)
    data = warc.read_bytes()
    for record in read_records(warc):
        plain_record = gzip.decompress(data[record.offset : record.offset + record.length])
        head, rest = parse_our_record(plain_record)
        holding.records.append(Rec(list(head.fields), rest[: head.length]))
    holding.describe()
    return holding


# Each spoils a sound holding in the way its name says; the name is the code `verify` must give.
DAMAGE: dict[str, Callable[[Holding], None]] = {}

# Codes that the defect cannot but bring with it.
ALSO: dict[str, frozenset[str]] = {}

# Defects of index and manifest, which are therefore not made again.
UNDESCRIBED: set[str] = set()


def damage(
    *also: str, describe: bool = True
) -> Callable[[Callable[[Holding], None]], Callable[[Holding], None]]:
    def add(function: Callable[[Holding], None]) -> Callable[[Holding], None]:
        name = function.__name__
        DAMAGE[name] = function
        ALSO[name] = frozenset(also)
        if not describe:
            UNDESCRIBED.add(name)
        return function

    return add


def edit(index: int, change: Callable[[Rec], None]) -> Callable[[Holding], None]:
    """A damage that changes one record's fields or block."""

    def function(holding: Holding) -> None:
        change(holding.records[index])
        holding.save()

    return function


def _set(index: int, name: str, value: str) -> Callable[[Holding], None]:
    return edit(index, lambda record: record.set(name, value))


def _drop(index: int, name: str) -> Callable[[Holding], None]:
    return edit(index, lambda record: record.drop(name))


SHA = "sha1:" + "A" * 32
TYPE = "WARC-Identified-Payload-Type"
FIELDS: dict[str, dict[str, Callable[[Holding], None]]] = {
    "bad_block_digest": {
        "wrong": _set(REQUEST, "WARC-Block-Digest", SHA),
        "not_hex": _set(REQUEST, "WARC-Block-Digest", "sha1:xyz"),
        "unknown": _set(REQUEST, "WARC-Block-Digest", "crc:00"),
        "block_changed": edit(
            REQUEST, lambda r: setattr(r, "block", r.block.replace(b"1.1", b"1.0"))
        ),
    },
    "missing_block_digest": {"": _drop(METADATA, "WARC-Block-Digest")},
    "bad_payload_digest": {
        "wrong": _set(RESPONSE, "WARC-Payload-Digest", SHA),
        "on_metadata": edit(
            METADATA, lambda r: r.fields.insert(0, ("WARC-Payload-Digest", SHA))
        ),
    },
    "bad_payload_type": {
        "other": _set(RESPONSE, TYPE, "image/png"),
        "unseen": edit(GZIP_RESPONSE, lambda r: r.fields.insert(0, (TYPE, "text/html"))),
    },
    "missing_payload_digest": {"": _drop(GZIP_RESPONSE, "WARC-Payload-Digest")},
    "bad_length": {
        "trailing": edit(REQUEST, lambda r: setattr(r, "block", r.block + b"more")),
        "short": _set(REQUEST, "Content-Length", "3"),
        "long": _set(REQUEST, "Content-Length", "99999"),
        "no_number": _set(REQUEST, "Content-Length", "-1"),
        "missing": _drop(REQUEST, "Content-Length"),
    },
    "bad_record_id": {"": _set(METADATA, "WARC-Record-ID", "urn:uuid:1")},
    "bad_date": {
        "form": _set(METADATA, "WARC-Date", "2017-09-28 01:02:03"),
        "impossible": _set(METADATA, "WARC-Date", "2017-02-30T01:02:03Z"),
        "future": _set(METADATA, "WARC-Date", "2917-09-28T01:02:03Z"),
        "missing": _drop(METADATA, "WARC-Date"),
    },
    "bad_ip": {
        "form": _set(RESPONSE, "WARC-IP-Address", "203.0.113.999"),
        "name": _set(RESPONSE, "WARC-IP-Address", "js.news.cn"),
    },
    "bad_type": {"": _set(METADATA, "WARC-Type", "conversion")},
    "bad_content_type": {"": _set(RESPONSE, "Content-Type", "text/html")},
    "bad_target_uri": {
        "missing": _drop(METADATA, "WARC-Target-URI"),
        "scheme": _set(METADATA, "WARC-Target-URI", "file:///etc/passwd"),
        "space": _set(METADATA, "WARC-Target-URI", "http://js.news.cn/a b"),
    },
    "bad_truncated": {
        "": edit(RESPONSE, lambda r: r.fields.insert(0, ("WARC-Truncated", "maybe")))
    },
    "repeated_field": {
        "": edit(METADATA, lambda r: r.fields.append(("WARC-Date", r.get("WARC-Date"))))
    },
    "bad_http": {
        "head_over_limit": edit(
            RESPONSE, lambda r: r.replace_block(sized("X: " + "x" * 40_000))
        ),
        "response": edit(RESPONSE, lambda r: r.replace_block(b"<html>\r\n\r\n")),
        "request": edit(REQUEST, lambda r: r.replace_block(b"<html>\r\n\r\n")),
    },
    "unmarked_cut": {
        "length": edit(RESPONSE, lambda r: r.replace_block(r.block[:-3])),
        "chunks": edit(
            RESPONSE,
            lambda r: r.replace_block(answer("Transfer-Encoding: chunked", body=b"3\r\nab")),
        ),
    },
    "mismatched_request": {
        "path": edit(REQUEST, lambda r: r.replace_block(r.block.replace(b"/a", b"/b"))),
        "host": edit(REQUEST, lambda r: r.replace_block(r.block.replace(b"js.", b"he."))),
    },
    "mismatched_exchange": {
        "url": _set(METADATA, "WARC-Target-URI", "http://js.news.cn/b"),
        "date": _set(METADATA, "WARC-Date", "2017-09-28T01:02:04Z"),
    },
    "bad_filename": {"": _set(0, "WARC-Filename", "other.warc.gz")},
    "bad_warcinfo": {
        "run": edit(0, lambda r: r.replace_block(r.block.replace(b"run-id: r1", b"run-id: r2"))),
        "software": edit(0, lambda r: r.replace_block(r.block.replace(b"software:", b"hardware:"))),
    },
    "bad_revisit": {
        "profile": _set(REVISIT, "WARC-Profile", "http://netpreserve.org/warc/0.9/revisit/x"),
        "empty_digest": _set(REVISIT, "WARC-Payload-Digest", digest(b"")),
        "no_date": _drop(REVISIT, "WARC-Refers-To-Date"),
    },
    "revisit_of_nothing": {
        "digest": _set(REVISIT, "WARC-Payload-Digest", SHA),
        "date": _set(REVISIT, "WARC-Refers-To-Date", "2017-09-28T01:02:04Z"),
    },
    "dangling_reference": {
        "warcinfo": _set(METADATA, "WARC-Warcinfo-ID", "<urn:uuid:1>"),
        "metadata": _set(METADATA, "WARC-Concurrent-To", "<urn:uuid:1>"),
    },
}  # fmt: skip
for _code, _ways in FIELDS.items():
    for _way, _function in _ways.items():
        _name = f"{_code}-{_way}" if _way else _code
        DAMAGE[_name] = _function
        ALSO[_name] = frozenset()
ALSO["bad_date-form"] = ALSO["bad_date-impossible"] = frozenset({"mismatched_exchange"})
ALSO["bad_date-future"] = ALSO["bad_date-missing"] = frozenset({"mismatched_exchange"})
ALSO["bad_target_uri-missing"] = ALSO["bad_target_uri-scheme"] = frozenset({"mismatched_exchange"})
ALSO["bad_target_uri-space"] = frozenset({"mismatched_exchange"})
ALSO["bad_type"] = frozenset({"missing_metadata"})
ALSO["bad_revisit-empty_digest"] = ALSO["bad_revisit-no_date"] = frozenset({"revisit_of_nothing"})
for _name in ("trailing", "short", "long", "no_number", "missing"):
    ALSO[f"bad_length-{_name}"] = frozenset({"missing_request"})
ALSO["bad_http-head_over_limit"] = frozenset({"bad_payload_digest"})  # it has no payload then
ALSO["dangling_reference-metadata"] = frozenset({"missing_metadata"})


def _without(*indexes: int) -> Callable[[Holding], None]:
    def function(holding: Holding) -> None:
        kept = [r for n, r in enumerate(holding.records) if n not in indexes]
        holding.records = kept
        holding.save()

    return function


DAMAGE["missing_request"] = _without(REQUEST)
DAMAGE["missing_metadata"] = _without(METADATA)
DAMAGE["missing_response"] = _without(GZIP_RESPONSE)
DAMAGE["missing_warcinfo"] = _without(0)
ALSO |= {name: frozenset() for name in ("missing_request", "missing_metadata", "missing_warcinfo")}
ALSO["missing_response"] = frozenset({"dangling_reference"})


@damage()
def duplicate_id(holding: Holding) -> None:
    holding.records[METADATA].set("WARC-Record-ID", holding.records[REQUEST].get("WARC-Record-ID"))
    holding.save()


@damage()
def repeated_record(holding: Holding) -> None:
    copy = Rec(list(holding.records[REQUEST].fields), holding.records[REQUEST].block)
    copy.set("WARC-Record-ID", records.new_id())
    holding.records.insert(REQUEST, copy)
    holding.save()


@damage()
def second_warcinfo(holding: Holding) -> None:
    copy = Rec(list(holding.records[0].fields), holding.records[0].block)
    copy.set("WARC-Record-ID", records.new_id())
    holding.records.insert(RESPONSE, copy)
    holding.save()


@damage("missing_request", "missing_metadata")
def several_records(holding: Holding) -> None:
    parts = [record.member() for record in holding.records]
    two = holding.records[REQUEST].plain() + holding.records[METADATA].plain()
    parts[REQUEST : METADATA + 1] = [gzip.compress(two, mtime=0)]
    holding.warc.write_bytes(b"".join(parts))


@damage("bad_record", "missing_request")
def bad_length_split_over_members(holding: Holding) -> None:
    """One record in two members: the first ends within it, the second begins nowhere."""
    parts = [record.member() for record in holding.records]
    plain = holding.records[REQUEST].plain()
    parts[REQUEST] = gzip.compress(plain[:-20], mtime=0) + gzip.compress(plain[-20:], mtime=0)
    holding.warc.write_bytes(b"".join(parts))


@damage("missing_request")
def bad_record(holding: Holding) -> None:
    parts = [record.member() for record in holding.records]
    older = holding.records[REQUEST].plain().replace(b"WARC/1.1", b"WARC/0.9", 1)
    parts[REQUEST] = gzip.compress(older, mtime=0)
    holding.warc.write_bytes(b"".join(parts))


@damage("empty_file")
def not_gzip(holding: Holding) -> None:
    holding.warc.write_bytes(b"".join(record.plain() for record in holding.records))


@damage()
def not_gzip_tail(holding: Holding) -> None:
    holding.warc.write_bytes(holding.warc.read_bytes() + b"\0" * 512)


@damage()
def torn_tail(holding: Holding) -> None:
    holding.warc.write_bytes(holding.warc.read_bytes()[:-20])


@damage("missing_request")
def damaged_member(holding: Holding) -> None:
    parts = [record.member() for record in holding.records]
    parts[REQUEST] = parts[REQUEST][:-30] + b"\xff" * 30
    holding.warc.write_bytes(b"".join(parts))


@damage("missing_metadata")
def damaged_member_checksum(holding: Holding) -> None:
    parts = [record.member() for record in holding.records]
    parts[METADATA] = parts[METADATA][:-8] + b"\0\0\0\0" + parts[METADATA][-4:]
    holding.warc.write_bytes(b"".join(parts))


@damage("missing_request")
def torn_middle(holding: Holding) -> None:
    parts = [record.member() for record in holding.records]
    parts[REQUEST] = parts[REQUEST][:-30]
    holding.warc.write_bytes(b"".join(parts))


@damage()
def empty_file(holding: Holding) -> None:
    holding.records = holding.records[:1]
    holding.save()


@damage("revisit_of_nothing", describe=False)
def missing_index(holding: Holding) -> None:
    cdxj.index_path(holding.warc).unlink()
    holding.manifest([holding.warc])


@damage(describe=False)
def index_mismatch(holding: Holding) -> None:
    path = cdxj.index_path(holding.warc)
    path.write_text(path.read_text().replace('"status": "404"', '"status": "200"'))
    holding.manifest([holding.warc, path])


def _index(old: str, new: str) -> Callable[[Holding], None]:
    def function(holding: Holding) -> None:
        path = cdxj.index_path(holding.warc)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        holding.manifest([holding.warc, path])

    return function


for _way, _old, _new in (
    ("offset", '"offset": "', '"offset": "1'),
    ("length", '"length": "', '"length": "1'),
    ("filename", '"filename": "', '"filename": "other-'),
    ("digest", '"digest": "sha1:', '"digest": "sha1:A'),
    ("key", "cn,news,js)/", "cn,news,he)/"),
):
    DAMAGE[f"index_mismatch-{_way}"] = _index(_old, _new)
    ALSO[f"index_mismatch-{_way}"] = frozenset()
    UNDESCRIBED.add(f"index_mismatch-{_way}")


@damage(describe=False)
def index_mismatch_line_missing(holding: Holding) -> None:
    path = cdxj.index_path(holding.warc)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    holding.manifest([holding.warc, path])


@damage(describe=False)
def orphan_index(holding: Holding) -> None:
    path = holding.warc.with_name("other.cdxj")
    path.write_text("")
    holding.manifest([holding.warc, cdxj.index_path(holding.warc), path])


@damage(describe=False)
def orphan_file(holding: Holding) -> None:
    holding.manifest([cdxj.index_path(holding.warc)])


@damage(describe=False)
def open_file(holding: Holding) -> None:
    holding.warc.with_name("other.warc.gz.open").write_bytes(b"")


@damage(describe=False)
def missing_file(holding: Holding) -> None:
    extra = holding.warc.with_name("gone.jsonl")
    extra.write_text("")
    holding.manifest([holding.warc, cdxj.index_path(holding.warc), extra])
    extra.unlink()


def _manifest(old: str, new: str) -> Callable[[Holding], None]:
    def function(holding: Holding) -> None:
        path = holding.data_dir / "runs" / "r1.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return function


for _way, _old, _new in (
    ("sha256", '"sha256": "', '"sha256": "0'),
    ("bytes", '"bytes": ', '"bytes": 1'),
    ("records", '"records": 15', '"records": 14'),
):
    DAMAGE[f"manifest_mismatch-{_way}"] = _manifest(_old, _new)
    ALSO[f"manifest_mismatch-{_way}"] = frozenset()
    UNDESCRIBED.add(f"manifest_mismatch-{_way}")
DAMAGE["bad_manifest-outside"] = _manifest('"path": "', '"path": "../')
DAMAGE["bad_manifest-not_json"] = _manifest("{", "")
for _way in ("outside", "not_json"):
    ALSO[f"bad_manifest-{_way}"] = frozenset({"orphan_file"})
    UNDESCRIBED.add(f"bad_manifest-{_way}")
