"""The contents of a WARC file and the places in it, however it is compressed; gzip members one by
one, their damage, and the records in what is left."""

from __future__ import annotations

import gzip
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import zstandard

from crawler.archive.compression import (
    MemberError,
    WarcError,
    contents,
    find_member,
    find_plain,
    members,
    read_member,
)

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = b"the ferry " * 3000, b"left at dawn"
WHOLE = FIRST + SECOND


def zstd(*members: bytes, dictionary: bytes | None = None) -> bytes:
    known = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    made = zstandard.ZstdCompressor(dict_data=known)
    return b"".join(map(made.compress, members))


def gzips(*members: bytes) -> bytes:
    return b"".join(gzip.compress(member, mtime=0) for member in members)


WORDS = b"ferry dawn river bank rope plank tide oar net fish " * 40
WITH_DICTIONARY = b"\x5d\x2a\x4d\x18" + len(WORDS).to_bytes(4, "little") + WORDS
DAMAGED_DICTIONARY = WITH_DICTIONARY[:4] + b"\x2c\0\0\0\x28\xb5\x2f\xfd" + b"\xff" * 40
FILES = {
    "plain": WHOLE,
    "gzip": gzips(FIRST, SECOND),
    "gzip as a whole": gzips(WHOLE),
    "gzip with empty members and zero bytes behind": gzips(b"", FIRST, b"", SECOND) + bytes(70000),
    "zstd": zstd(FIRST, SECOND),
    "zstd as a whole": zstd(WHOLE),
    "zstd with a dictionary": WITH_DICTIONARY + zstd(FIRST, SECOND, dictionary=WORDS),
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "x.warc"
    path.write_bytes(FILES[request.param])
    return path


def test_the_bytes(file: Path) -> None:
    with file.open("rb") as opened:
        read = contents(file, opened, 0)
        assert read.ahead(9) == WHOLE[:9]
        assert read.take(5) == WHOLE[:5]
        assert read.skip(len(FIRST) - 6) == len(FIRST) - 6
        assert read.take(10) == b" left at d"
        assert read.skip_any(b"awn") == 3
        assert (read.ahead(1), read.take(1), read.skip(1)) == (b"", b"", 0)


def test_what_is_read_at_its_place_is_the_same(file: Path) -> None:
    """Where the second member begins, and where one is in the midst of one."""
    for taken in (0, 5, len(FIRST), len(FIRST) + 4):
        with file.open("rb") as opened:
            read = contents(file, opened, 0)
            read.take(taken)
            rest = read.ahead(len(WHOLE))
            offset, is_exact, end_before = read.place()
            assert rest == WHOLE[taken:]
            assert end_before <= offset or not is_exact
        with file.open("rb") as opened:
            again = contents(file, opened, offset).take(len(WHOLE))
            assert again == rest if is_exact else again.endswith(rest)


@pytest.mark.parametrize("name", ["gzip", "zstd", "zstd with a dictionary"])
def test_each_member_has_its_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(FILES[name])
    second = len(FILES[name]) - len(
        zstd(SECOND, dictionary=WORDS if "dictionary" in name else None)
        if "zstd" in name
        else gzips(SECOND)
    )
    with path.open("rb") as opened:
        read = contents(path, opened, 0)
        read.take(len(FIRST))
        read.ahead(1)
        assert read.place() == (second, True, second)
        read.take(3)
        assert read.last_member() == second
        assert read.place()[:2] == (second, False)
        read.take(len(SECOND))
        assert read.place() == (len(FILES[name]),) * 1 + (True, len(FILES[name]))


def test_a_head_and_no_byte_more(file: Path) -> None:
    file.write_bytes(b"WARC/1.1\r\nA: b\r\n\r\nblock")
    with file.open("rb") as opened:
        read = contents(file, opened, 0)
        assert read.head(100) == (b"WARC/1.1\r\nA: b\r\n\r\n", 18)
        assert read.head(9) == (b"WARC/1.1\r", None)
        read.take(18)
        assert read.head(100) == (b"block", None)


@pytest.mark.parametrize(
    ("data", "offset", "why"),
    [
        (gzips(FIRST)[:-1], 0, "the file ends inside a record (a gzip member)"),
        (gzips(FIRST)[:-8] + b"\xff" * 8, 0, "damaged gzip member"),
        (gzips(FIRST) + b"\x1f", len(gzips(FIRST)), "the file ends inside a record"),
        (gzips(FIRST) + b"more", len(gzips(FIRST)), "what follows is no compressed record"),
        (gzips(FIRST) + bytes(9) + gzips(SECOND), len(gzips(FIRST)), "9 zero bytes, and no record"),
        (zstd(FIRST)[:-1], 0, "damaged Zstandard: incomplete frame"),
        (zstd(FIRST)[:9] + b"\xff" * 40, 0, "damaged Zstandard"),
        (zstd(FIRST) + gzips(SECOND), len(zstd(FIRST)), "what follows is no compressed record"),
        (DAMAGED_DICTIONARY, 0, "damaged Zstandard dictionary"),
        (WITH_DICTIONARY[:-1], 0, "no whole Zstandard dictionary of up to 16 MiB"),
        (WITH_DICTIONARY[:4] + b"\xff" * 4, 0, "no whole Zstandard dictionary of up to 16 MiB"),
    ],
)
def test_damage_is_told_at_its_member(tmp_path: Path, data: bytes, offset: int, why: str) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(data)
    with path.open("rb") as opened, pytest.raises(WarcError) as error:
        contents(path, opened, 0).take(10 * len(WHOLE))
    assert error.value.offset == offset
    assert error.value.why.startswith(why)
    assert not error.value.is_other_format


@pytest.mark.parametrize(
    ("magic", "name"),
    [(b"PK\3\4", "ZIP"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"7z\xbc\xaf", "7-Zip"),
     (b"\x04\x22\x4d\x18", "LZ4"), (b"filedesc://x", "ARC")],
)  # fmt: skip
def test_files_of_other_formats_are_named(tmp_path: Path, magic: bytes, name: str) -> None:
    """Compressed too; only where the file begins."""
    path = tmp_path / "x.warc"
    for data in (magic + bytes(99), gzips(magic + bytes(99))):
        path.write_bytes(data)
        with path.open("rb") as opened, pytest.raises(WarcError) as error:
            contents(path, opened, 0)
        assert error.value.is_other_format
        assert name in error.value.why
    path.write_bytes(b"x" + magic)
    with path.open("rb") as opened:
        assert contents(path, opened, 1).take(99) == magic


RECORDS = [b"WARC/1.1\r\n\r\n" + bytes([65 + n]) * (50_000 * n) + b"\r\n\r\n" for n in range(4)]
MEMBERS = [gzip.compress(one, mtime=0) for one in RECORDS]
OFFSETS = [sum(map(len, MEMBERS[:n])) for n in range(len(MEMBERS))]


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(MEMBERS))
    return path


def test_members_tell_their_places(warc: Path) -> None:
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
            with pytest.raises(MemberError) as error:
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
    with warc.open("rb") as file, pytest.raises(MemberError, match=why):
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
