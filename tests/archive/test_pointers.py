"""A page by its pointer, and what is said where the pointer holds something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.archive.decode import DecodeError
from crawler.archive.pointers import read_page
from crawler.archive.reader import WarcError, read_records
from tests.archive.kinds import GZIPPED, sized
from tests.archive.test_writer import exchange, writer

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.items import WarcPointer


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"offset": 1}, "Invalid WARC header"),
        ({"offset": 10**9}, "no record begins here"),
        ({"length": 7}, "the record's length is [0-9]+, not 7"),
        ({"record_id": "<urn:uuid:1>"}, "the record's id"),
        ({"payload_digest": "sha256:1"}, "the payload digest"),
        ({"entity_sha256": "1"}, "the entity's SHA-256"),
        ({"file": "../../etc/passwd"}, "out of the data folder"),
        ({"file": "/etc/passwd"}, "no record begins here|Invalid WARC header"),
        ({"file": "/dev/zero"}, "no such file"),
        ({"file": "/etc/../etc/passwd"}, "out of the data folder"),
        ({"file": "warc/2017/09/missing.warc.gz"}, "no such file"),
    ],
)
def test_pointers_that_point_at_something_else(
    archive: tuple[Path, list[WarcPointer]],
    tmp_path: Path,
    changes: dict[str, str | int],
    why: str,
) -> None:
    pointer = replace(archive[1][1], **changes)  # type: ignore[arg-type]
    with pytest.raises(WarcError, match=why):
        read_page(tmp_path, pointer)


def test_pointers_at_a_request_or_a_damaged_page(tmp_path: Path) -> None:
    warc = writer(tmp_path)
    block = sized("Content-Encoding: gzip", body=GZIPPED[:-9])
    pointer = warc.write(exchange(block, decoded=None, truncated=None))
    warc.close()
    assert pointer is not None
    with pytest.raises(DecodeError):
        read_page(tmp_path, pointer)
    request = list(read_records(warc.files[0]))[2]
    at = replace(pointer, offset=request.offset, length=request.length)
    with pytest.raises(WarcError, match="type is request"):
        read_page(tmp_path, at)
