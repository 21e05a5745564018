"""`verify` finds every kind of damage, says where, and finds nothing in what is sound, in files of
ours and in those of other crawlers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from crawler.archive import cdxj
from crawler.storage import publish
from crawler.verification.warc_files import verify_warc
from tests.archive.bytes_of import record
from tests.archive.crawled import fetch, run_of
from tests.archive.damage import ALSO, DAMAGE, RESPONSE, UNDESCRIBED, Holding, make_holding
from tests.archive.kinds import sized
from tests.archive.origin import CLOSE, Origin
from tests.processes import defects

if TYPE_CHECKING:
    from tests.archive.crawled import Crawled

NAMED_FOR = {
    "bad_length_split_over_members": "bad_length",
    "damaged_member_checksum": "damaged_member",
    "torn_middle": "damaged_member",
    "not_gzip_tail": "not_gzip",
    "index_mismatch_line_missing": "index_mismatch",
}


@pytest.fixture
def holding(memory: Path) -> Holding:
    return make_holding(memory)


def test_a_sound_archive_has_no_findings(holding: Holding) -> None:
    assert defects(holding.data_dir) == []
    holding.save()
    holding.describe()
    assert defects(holding.data_dir) == []


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found(name: str, holding: Holding) -> None:
    DAMAGE[name](holding)
    if name not in UNDESCRIBED:
        holding.describe()
    findings = defects(holding.data_dir)
    code = NAMED_FOR.get(name, name.partition("-")[0])
    assert {finding.code for finding in findings} == {code} | ALSO[name], findings
    for finding in findings:
        assert finding.file.is_relative_to(holding.data_dir)
        assert finding.message
        assert len(finding.message) < 400


def test_there_are_at_least_28_kinds() -> None:
    assert len({NAMED_FOR.get(name, name.partition("-")[0]) for name in DAMAGE}) >= 28


def test_everything_the_handler_archives_is_sound(crawled: Crawled, tmp_path: Path) -> None:
    warc = tmp_path / crawled.warc.name
    shutil.copy(crawled.warc, warc)
    cdxj.write_index(warc)
    report = verify_warc(warc)
    assert report.findings == []
    assert report.records == len(crawled.records)


# What comes of an answer is up to the server; what was archived of it is sound. By name, the
# answer's bytes, after which the connection is closed.
ODD_ANSWERS: dict[str, bytes] = {
    **{f"cut-{size}": sized()[:size] for size in (1, 4, 8, 9, 12, 15, 16, 17, 25)},
    "line-end": b"\r\n", "line-feeds-first": b"\n\n" + sized(), "blank": b" ", "two": b"\r\n\r\n",
    "tabs": sized(status="HTTP/1.1\t200\tOK"), "blanks": sized(status="HTTP/1.1  200  OK  "),
    "small": sized(status="http/1.1 200 OK"), "two-digits": sized(status="HTTP/1.1 99 X"),
    "four-digits": sized(status="HTTP/1.1 2000 OK"), "negative": sized(status="HTTP/1.1 -200 OK"),
    "no-blank": sized(status="HTTP/1.1 200OK"), "no-number": sized(status="HTTP/1.1 20x OK"),
    "version-1-10": sized(status="HTTP/1.10 200 OK"), "version-2": sized(status="HTTP/2 200"),
    "reason-gbk": sized().replace(b"OK", "正常".encode("gbk"), 1),
    "reason-controls": sized().replace(b"OK", b"O\0\x0b\x1c\x85\rK", 1),
    "other-protocol": sized(status="ICY 200 OK"), "no-head": b"<html>hello</html>",
    "interim-cut": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20",
    "type-empty": sized("Content-Type:"), "type-gbk": sized(b"Content-Type: \xce\xc4/html"),
    "type-parts": sized("Content-Type: ;charset=x"), "no-name": sized(": x"),
    "blank-first": sized(" leading: x"), "line-feed-return": sized().replace(b"\r\n", b"\n\r"),
    "a-warc": sized(body=b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n" * 9),
}  # fmt: skip
ODD_ADDRESSES = (
    "http://js.news.cn:80/plain", "https://localhost:443/plain", "http://js.news.cn:080/plain",
    "http://js.news.cn:81/plain", "http://js.news.cn:/plain", "http://[::1]:80/plain",
    "http://JS.News.CN/plain", "http://u:p@js.news.cn/plain", "http://js.news.cn./plain",
    "http://js.news.cn/plain?", "http://js.news.cn/plain??", "http://js.news.cn/plain?#x",
    "http://js.news.cn//plain", "http://js.news.cn/a/../plain", "http://js.news.cn/a;b/plain",
    "http://js.news.cn/江/plain?q=江 苏", "http://js.news.cn/plain?%zz%|[]{}", "http://江苏.cn/plain",
)  # fmt: skip


def test_what_odd_servers_and_addresses_leave_is_sound(tmp_path: Path) -> None:
    """And the index of it is what cdxj-indexer prints."""
    steps = {name: (answer, CLOSE) for name, answer in ODD_ANSWERS.items()} | {"plain": (sized(),)}
    entry = {"method": "GET", "revisit_of": None, "too_early": False, "pause": 0.02}
    with Origin(steps, tmp_path) as origin:
        proxied = {"proxy": f"http://127.0.0.1:{origin.port}"}
        jobs: list[dict[str, Any]] = [
            {**entry, "name": name, "url": f"http://127.0.0.1:{origin.port}/{name}", "meta": {}}
            for name in ODD_ANSWERS
        ]
        jobs += [{**entry, "name": url, "url": url, "meta": proxied} for url in ODD_ADDRESSES]
        fetch(tmp_path, jobs, certificate=origin.certificate)
        asked = len(origin.log)
    (name,) = run_of(tmp_path)["files"]
    warc = publish(Path(name))
    index = cdxj.write_index(warc).read_text()
    report = verify_warc(warc)
    assert report.findings == []
    assert asked >= len(jobs)
    assert report.records >= 1 + 3 * len(jobs) - 1  # one answer is left out, and that is all of it
    indexer = Path(sys.executable).parent / "cdxj-indexer"
    done = subprocess.run([indexer, "-s", warc.name], cwd=warc.parent, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert index == done.stdout


def test_a_line_of_status_is_the_servers(holding: Holding) -> None:
    """An archive of before, in which one that isn't ours to read stands unmarked, is sound."""
    record = holding.records[RESPONSE]
    for line in (b"http/1.1 200 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.10 200"):
        record.replace_block(line + record.block[record.block.index(b"\r\n") :])
        holding.save()
        holding.describe()
        assert defects(holding.data_dir) == []


def test_what_recovery_keeps_is_sound(holding: Holding) -> None:
    """The last exchange may lack its end; all others may not."""
    for missing in (1, 2):
        shorter = holding.records[:-missing]
        holding.warc.write_bytes(b"".join(record.member() for record in shorter))
        holding.describe()
        assert defects(holding.data_dir) == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    report = verify_warc(tmp_path / "missing.warc.gz")
    assert [finding.code for finding in report.findings] == ["unreadable"]


BODY = b"<html>a page</html>"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n" + BODY + b"\r\n0\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\n\r\n" + BODY


def sha1(data: bytes) -> str:
    return f"sha1:{base64.b32encode(hashlib.sha1(data).digest()).decode()}"


def rec(
    number: int, block: bytes = PLAIN, payload: bytes | str | None = None, **told: object
) -> bytes:
    """A record with its digests."""
    extra = [f"WARC-Block-Digest: {sha1(block)}"]
    if payload is not None:
        stated = payload if isinstance(payload, str) else sha1(payload)
        extra.append(f"WARC-Payload-Digest: {stated}")
    extra += told.pop("extra", [])  # type: ignore[arg-type]
    return record(block, record_id=f"<urn:x:{number}>", extra=extra, **told)


def packed(*records: bytes) -> bytes:
    return b"".join(gzip.compress(one, mtime=0) for one in records)


INFO = rec(0, b"software: other/1.0\r\n", kind="warcinfo", url=None,
           content_type="application/warc-fields")  # fmt: skip
SHA256 = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
AT = len(packed(INFO))

CASES: dict[str, tuple[bytes, list[tuple[int, str]]]] = {
    "members": (packed(INFO, rec(1, payload=BODY)), []),
    "no compression": (INFO + rec(1, payload=BODY), []),
    "line feeds": (INFO + rec(1, payload=BODY, nl=b"\n"), []),
    "compressed as a whole": (packed(INFO + rec(1, payload=BODY)), []),
    "Zstandard": (zstandard.compress(INFO) + zstandard.compress(rec(1, payload=BODY)), []),
    "WARC/1.1, a part of a second": (
        packed(INFO, rec(1, version="WARC/1.1", date="2021-05-06T07:08:09.123456Z")), [],
    ),
    "a year": (packed(INFO, rec(1, version="WARC/1.1", date="2021")), []),
    "a draft": (packed(rec(1, version="WARC/0.18")), []),
    "no warcinfo, no request": (packed(rec(1), rec(2)), []),
    "digest of the chunks": (packed(INFO, rec(1, CHUNKED, CHUNKED.partition(b"\r\n\r\n")[2])), []),
    "digest of the entity": (packed(INFO, rec(1, CHUNKED, BODY)), []),
    "digest in hexadecimal": (packed(INFO, rec(1, PLAIN, SHA256)), []),
    "digest we don't know": (packed(INFO, rec(1, PLAIN, "blake3:00")), []),
    "digest of a name": (
        packed(rec(1, b"x A 1\n", b"x A 1\n", url="dns:x", content_type="text/dns")), [],
    ),
    "digest of a resource": (packed(rec(1, BODY, BODY, kind="resource")), []),
    "digest of a revisit": (packed(INFO, rec(1, HEAD, BODY, kind="revisit")), []),
    "digest of what is cut short": (
        packed(INFO, rec(1, PLAIN[:-9], BODY, extra=["WARC-Truncated: length"])), [],
    ),
    "another block": (
        packed(INFO, rec(1).replace(b"a page", b"A page")), [(AT, "bad_block_digest")],
    ),
    "another payload": (packed(INFO, rec(1, PLAIN, b"other")), [(AT, "bad_payload_digest")]),
    "no digest at all": (packed(INFO, rec(1, PLAIN, "sha1:x")), [(AT, "bad_payload_digest")]),
    "one id twice": (packed(rec(1), rec(1)), [(len(packed(rec(1))), "duplicate_id")]),
    "no id": (packed(INFO, record(PLAIN, record_id=None)), [(AT, "bad_record_id")]),
    "no date": (packed(INFO, rec(1, date="yesterday")), [(AT, "bad_date")]),
    "no type": (packed(INFO, rec(1, kind=None)), [(AT, "bad_type")]),
    "cut short": (packed(INFO, rec(1))[:-9], [(AT, "torn_tail")]),
    "cut in a head": (INFO + rec(1)[:40], [(len(INFO), "torn_tail")]),
    "a length that lies": (packed(INFO, rec(1, length=5)), [(AT, "bad_record")]),
    "an ARC file": (packed(b"filedesc://x.arc 0.0.0.0 2005"), [(0, "other_format")]),
    "a ZIP file": (b"PK\3\4" + bytes(30), [(0, "other_format")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_others_archives(name: str, tmp_path: Path) -> None:
    data, expected = CASES[name]
    path = tmp_path / "others.warc.gz"
    path.write_bytes(data)
    report = verify_warc(path)
    assert [(one.offset, one.code) for one in report.findings] == expected, report.findings
    is_warc = not any(code == "other_format" for _, code in expected)
    assert len(report.notes) == is_warc
    if name == "a draft":
        assert "(WARC/0.18, a draft): records, ids, dates and digests" in report.notes[0]


def test_what_is_named_like_ours_is_held_to_our_rules(tmp_path: Path) -> None:
    path = tmp_path / "xinhua-r1-00000.warc.gz"
    path.write_bytes(CASES["members"][0])
    report = verify_warc(path)
    assert {one.code for one in report.findings} >= {"bad_record"}
    assert report.notes == []
