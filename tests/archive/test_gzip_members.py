"""Gzip members one by one: their places, their damage, and records in what is left."""

from __future__ import annotations

import gzip
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from crawler.archive.gzip_members import DamageError, find_member, find_plain, members, read_member

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = [b"WARC/1.1\r\n\r\n" + bytes([65 + n]) * (50_000 * n) + b"\r\n\r\n" for n in range(4)]
MEMBERS = [gzip.compress(one, mtime=0) for one in RECORDS]
OFFSETS = [sum(map(len, MEMBERS[:n])) for n in range(len(MEMBERS))]


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(MEMBERS))
    return path


def test_each_member_has_its_place(warc: Path) -> None:
    with warc.open("rb") as file:
        found = list(members(file))
        assert [(one.offset, one.length, one.size) for one in found] == [
            (offset, len(member), len(record))
            for offset, member, record in zip(OFFSETS, MEMBERS, RECORDS, strict=True)
        ]
        assert all(one.start.startswith(b"WARC/") and one.end == b"\r\n\r\n" for one in found)
        assert [one.offset for one in members(file, OFFSETS[2])] == OFFSETS[2:]
        for offset, member, record in zip(OFFSETS, MEMBERS, RECORDS, strict=True):
            assert read_member(file, offset, len(member), len(record)) == record


def test_a_torn_tail_is_an_error_at_its_member(warc: Path) -> None:
    for cut in range(1, len(MEMBERS[-1])):
        warc.write_bytes(b"".join(MEMBERS)[:-cut])
        with warc.open("rb") as file:
            with pytest.raises(DamageError) as error:
                list(members(file))
            assert error.value.offset == OFFSETS[-1]


@pytest.mark.parametrize(
    ("length", "limit", "why"),
    [
        (len(MEMBERS[0]) - 1, 99, "is not"),
        (len(MEMBERS[0]) + 1, 99, "is not"),
        (len(MEMBERS[0]), 3, "over 3 bytes"),
        (10**6, 99, "the file ends"),
    ],
)
def test_a_place_that_is_no_member(warc: Path, length: int, limit: int, why: str) -> None:
    with warc.open("rb") as file, pytest.raises(DamageError, match=why):
        read_member(file, 0, length, limit)


def test_the_next_record_after_damage(warc: Path) -> None:
    """A member that holds no record, and bytes that only look like one's beginning, are none."""
    noise = gzip.compress(b"not a record") + b"\x1f\x8b\x08 noise"
    file = BytesIO(MEMBERS[0] + noise + MEMBERS[1])
    start = len(MEMBERS[0] + noise)
    assert find_member(file, 0) == start
    assert find_member(file, 0, start) is None
    assert find_member(file, start) is None


@pytest.mark.parametrize("before", [b"x\n\r\n", b"x\n\n", b"\0"])
def test_the_next_plain_record_stands_after_a_blank_line(before: bytes) -> None:
    data = b"WARC/1.0 in a text, " + before + b"WARC/1.1\r\n"
    assert find_plain(BytesIO(data), 0) == len(data) - len(b"WARC/1.1\r\n")
    assert find_plain(BytesIO(data.replace(before, b"x\n")), 0) is None
