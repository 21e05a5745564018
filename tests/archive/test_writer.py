"""The writer: one write per exchange, rotation, digests, and a disk that is full."""

from __future__ import annotations

import base64
import hashlib
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from crawler.archive.decode import decode
from crawler.archive.pointers import read_page
from crawler.archive.reader import read_records
from crawler.archive.writer import Exchange, WarcWriter
from crawler.data_dir import warc_name
from crawler.storage import StorageError, publish
from tests.archive.crawled import INFO
from tests.archive.kinds import GZIPPED, LONG, TEXT, sized
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = datetime(2017, 9, 28, 1, 2, 3, 456789, tzinfo=UTC)
REQUEST = b"GET /a HTTP/1.1\r\nHost: js.news.cn\r\n\r\n"


def exchange(response: bytes = sized(), **values: Any) -> Exchange:
    decoded = decode(response) if response and "truncated" not in values else None
    fixed: dict[str, Any] = {
        "url": "http://js.news.cn/a", "started_at": MOMENT, "request": REQUEST,
        "response": response, "duration_ms": 12, "decoded": decoded,
    }  # fmt: skip
    return Exchange(**(fixed | values))


def writer(folder: Path, max_bytes: int = 10**9) -> WarcWriter:
    return WarcWriter(
        folder, partial(warc_name, "r1"), info=INFO | {"run-id": "r1"}, max_bytes=max_bytes
    )


def test_a_writer_that_writes_nothing_leaves_nothing(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    archive.sync()
    archive.close()
    assert archive.files == []
    assert list(tmp_path.iterdir()) == []


def test_records_of_an_exchange(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    pointer = archive.write(
        exchange(
            sized("Content-Encoding: gzip", body=GZIPPED), ip="203.0.113.7", hop="LL",
            via="http://js.news.cn/", discovered_from="http://js.news.cn/list.htm", attempts=2,
        )
    )  # fmt: skip
    archive.close()
    assert pointer is not None
    assert pointer.file == "warc/2017/09/xinhua-r1-00000.warc.gz"
    assert archive.files == [tmp_path / (pointer.file + ".open")]
    warcinfo, response, request, metadata = read_records(publish(archive.files[0]))
    assert [r.kind for r in (warcinfo, response, request, metadata)] == [
        "warcinfo", "response", "request", "metadata",
    ]  # fmt: skip
    assert warcinfo.header("WARC-Filename") == "xinhua-r1-00000.warc.gz"
    assert b"operator: tester@localhost\r\n" in (warcinfo.block or b"")
    assert b"run-id: r1\r\n" in (warcinfo.block or b"")
    for record in (response, request, metadata):
        assert record.date == "2017-09-28T01:02:03Z"
        assert record.url == "http://js.news.cn/a"
        assert record.header("WARC-Warcinfo-ID") == warcinfo.record_id
    for record in (request, metadata):
        assert record.header("WARC-Concurrent-To") == response.record_id
        assert record.header("WARC-Payload-Digest") is None
    assert response.header("WARC-IP-Address") == request.header("WARC-IP-Address") == "203.0.113.7"
    assert response.header("WARC-Identified-Payload-Type") is None  # paragraphs show no type
    digest = "sha1:" + base64.b32encode(hashlib.sha1(GZIPPED).digest()).decode()
    assert response.header("WARC-Payload-Digest") == digest == pointer.payload_digest
    assert request.block == REQUEST
    assert metadata.block == (
        b"via: http://js.news.cn/\r\nhopsFromSeed: LL\r\n"
        b"discovered-from: http://js.news.cn/list.htm\r\nfetchTimeMs: 12\r\nattempts: 2\r\n"
    )
    page = read_page(tmp_path, pointer)
    assert page.body == LONG
    assert (page.url, page.status, page.fetched_at) == (
        "http://js.news.cn/a", 200, "2017-09-28T01:02:03Z",
    )  # fmt: skip
    assert page.warc == pointer


def test_a_page_of_the_open_file_can_be_read(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    pointer = archive.write(exchange())
    assert pointer is not None
    assert read_page(tmp_path, pointer).body == TEXT
    archive.close()


def test_header_values_cannot_break_the_head(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    archive.write(exchange(url="http://js.news.cn/a\r\nX: 1 中", via="x\r\nattempts: 9"))
    archive.close()
    _, response, _, metadata = read_records(archive.files[0])
    assert response.url == "http://js.news.cn/a%0D%0AX:%201%20中"
    assert (metadata.block or b"").startswith(b"via: x attempts: 9\r\n")


def test_files_rotate_by_size(tmp_path: Path) -> None:
    archive = writer(tmp_path, max_bytes=1500)
    pointers = [archive.write(exchange(sized(body=os.urandom(700)))) for _ in range(4)]
    archive.close()
    names = [pointer.file for pointer in pointers if pointer]
    assert names == [f"warc/2017/09/xinhua-r1-{n:05d}.warc.gz" for n in (0, 1, 2, 3)]
    assert [path.name for path in archive.files] == [n.rpartition("/")[2] + ".open" for n in names]
    for path in archive.files:
        assert next(iter(read_records(path))).kind == "warcinfo"


def test_an_exchange_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warcinfo too goes with the first: no kill in between leaves a half."""
    sizes: list[int] = []
    write = os.write

    def counted(fd: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(fd, data)

    monkeypatch.setattr(os, "write", counted)
    archive = writer(tmp_path)
    for count in (1, 2):
        archive.write(exchange())
        assert len(sizes) == count
    assert sum(sizes) == archive.files[0].stat().st_size
    archive.close()
    assert len(sizes) == 2


def test_no_answer_leaves_request_and_metadata(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    assert archive.write(exchange(b"")) is None
    archive.close()
    _, request, metadata = read_records(archive.files[0])
    assert (request.kind, metadata.kind) == ("request", "metadata")
    assert request.header("WARC-Concurrent-To") is None
    assert metadata.header("WARC-Concurrent-To") == request.record_id


def test_a_name_taken_is_an_error(tmp_path: Path) -> None:
    first, second = writer(tmp_path), writer(tmp_path)
    first.write(exchange())
    with pytest.raises(StorageError, match="creating"):
        second.write(exchange())
    first.close()


FULL = f"""
import resource, signal, sys
sys.path.insert(0, {str(PROJECT)!r})
from pathlib import Path
from tests.archive.test_writer import exchange, writer
from crawler.storage import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
archive = writer(Path(sys.argv[1]))
written = 0
try:
    while True:
        archive.write(exchange())
        written += 1
except StorageError as error:
    print(written, archive.files[-1].stat().st_size if archive.files else None, error)
"""


@pytest.mark.parametrize("limit", [100, 700, 5000])
def test_a_full_disk_cuts_back_to_the_last_whole_exchange(tmp_path: Path, limit: int) -> None:
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(limit)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    written, size, error = done.stdout.split(" ", 2)
    files = list(tmp_path.glob("warc/*/*/*.open"))
    assert "writing" in error
    if written == "0":
        assert files == []
        return
    records = list(read_records(files[0]))
    assert len(records) == 1 + 3 * int(written)
    assert files[0].stat().st_size == int(size) <= limit


def test_a_failed_sync_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = writer(tmp_path)
    archive.write(exchange())

    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        archive.sync()
    monkeypatch.undo()
    with pytest.raises(StorageError):
        archive.write(exchange())
    archive.close()
