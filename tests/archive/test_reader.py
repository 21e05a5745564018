"""Reading any WARC, also in spans, and what it says of damaged ones."""

from __future__ import annotations

import gzip
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import zstandard
from fastwarc.stream_io import ZstdWriter

from crawler.archive import reader
from crawler.archive.reader import FileSpan, WarcError, fit, read_records, record_at, spans_of
from tests.archive.bytes_of import URL
from tests.archive.bytes_of import record as rec
from tests.archive.kinds import sized

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.items import WarcPointer


def test_the_same_records_compressed_whole_or_not_at_all(
    archive: tuple[Path, list[WarcPointer]], tmp_path: Path
) -> None:
    path, pointers = archive
    data = path.read_bytes()
    plain = gzip.decompress(data)
    own = list(read_records(path))
    assert [(r.offset, r.length) for r in own if r.kind == "response"] == [
        (pointer.offset, pointer.length) for pointer in pointers
    ]
    assert [data[r.offset : r.offset + r.length] for r in own]
    assert sum(r.length for r in own) == len(data)
    for name, other in (("a.warc", plain), ("b.warc.gz", gzip.compress(plain))):
        (tmp_path / name).write_bytes(other)
        read = list(read_records(tmp_path / name))
        assert [r.block for r in read] == [r.block for r in own]
    read = list(read_records(tmp_path / "a.warc"))
    for record in read:
        assert plain[record.offset :].startswith(b"WARC/1.1\r\n")


def test_records_in_zstandard_frames(
    archive: tuple[Path, list[WarcPointer]], tmp_path: Path
) -> None:
    path, _ = archive
    own = list(read_records(path))
    data = path.read_bytes()
    packed = tmp_path / "a.warc.zst"
    for record in own:
        frame = BytesIO()
        with ZstdWriter(frame) as writing:
            writing.write(gzip.decompress(data[record.offset : record.offset + record.length]))
            writing.finish()
            writing.flush()
            with packed.open("ab") as file:
                file.write(frame.getvalue())
    read = list(read_records(packed))
    assert [record.block for record in read] == [record.block for record in own]
    for record in read:
        assert record_at(packed, record.offset).block == record.block
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(WarcError, match="damaged Zstandard: incomplete frame"):
        list(read_records(packed))


def test_a_record_by_its_offset_is_the_same_record(
    archive: tuple[Path, list[WarcPointer]], tmp_path: Path
) -> None:
    path, _ = archive
    (tmp_path / "plain.warc").write_bytes(gzip.decompress(path.read_bytes()))
    for file in (path, tmp_path / "plain.warc"):
        for record in read_records(file):
            assert record_at(file, record.offset) == record


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("not.warc", b"<html>no archive</html>" * 9, "Invalid WARC header"),
        (
            "gzip-in-gzip.warc.gz",
            gzip.compress(gzip.compress(b"WARC/1.1\r\n", mtime=0), mtime=0),
            "Invalid WARC",
        ),
        ("zstd.warc.zst", b"\x28\xb5\x2f\xfd" + b"1234" * 10, "damaged Zstandard"),
    ],
)
def test_what_is_no_warc(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(WarcError, match=why) as caught:
        list(read_records(path))
    assert (caught.value.path, caught.value.offset) == (path, 0)
    with pytest.raises(WarcError, match="No such file"):
        list(read_records(tmp_path / "missing"))


def test_a_cut_at_every_byte_is_noticed(archive: tuple[Path, list[WarcPointer]]) -> None:
    path, _ = archive
    data = path.read_bytes()
    ends = {0} | {record.offset + record.length for record in read_records(path)}
    for size in range(len(data)):
        path.write_bytes(data[:size])
        if size in ends:
            list(read_records(path))
            continue
        with pytest.raises(WarcError) as caught:
            list(read_records(path))
        assert caught.value.offset == max(end for end in ends if end <= size)


def test_records_of_some_kinds_are_the_same_records(
    archive: tuple[Path, list[WarcPointer]],
) -> None:
    """Also what is said of a file cut anywhere is the same, though the cut record isn't wanted."""
    path, _ = archive
    data = path.read_bytes()
    for size in range(0, len(data) + 1, 7):
        for whole, name in ((data, "a.warc.gz"), (gzip.decompress(data), "a.warc")):
            cut = path.with_name(name)
            cut.write_bytes(whole[:size])
            damage: list[WarcError] = []
            every = list(read_records(cut, on_damage=damage.append))
            wanted = [one for one in every if one.kind == "response"]
            same: list[WarcError] = []
            assert list(read_records(cut, kinds={"response"}, on_damage=same.append)) == wanted
            assert list(map(str, same)) == list(map(str, damage))


def test_the_rest_of_a_damaged_file_is_read(archive: tuple[Path, list[WarcPointer]]) -> None:
    path, pointers = archive
    data = bytearray(path.read_bytes())
    middle = pointers[1]
    data[middle.offset + middle.length // 2] ^= 0xFF
    path.write_bytes(data)
    damage: list[WarcError] = []
    read = list(read_records(path, on_damage=damage.append))
    assert [error.offset for error in damage] == [middle.offset]
    for record in read:
        assert gzip.decompress(data[record.offset : record.offset + record.length])
    ids = [record.record_id for record in read if record.kind == "response"]
    assert ids == [pointers[0].record_id, pointers[2].record_id]


def test_a_length_that_lies(archive: tuple[Path, list[WarcPointer]], tmp_path: Path) -> None:
    plain = gzip.decompress(archive[0].read_bytes())
    true = f"Content-Length: {len(sized())}\r\n\r\nHTTP".encode()
    assert plain.count(true) == 3
    for lie in (b"0", b"100", b"99999999999999999999", b"-1", b"x"):
        path = tmp_path / "lie.warc"
        path.write_bytes(plain.replace(true, b"Content-Length: " + lie + b"\r\n\r\nHTTP"))
        with pytest.raises(WarcError):
            list(read_records(path))


def packed(*records: bytes) -> bytes:
    return b"".join(gzip.compress(one, mtime=0) for one in records)


def frames(*records: bytes, dictionary: bytes = b"") -> bytes:
    known = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    made = zstandard.ZstdCompressor(dict_data=known)
    return b"".join(made.compress(one) for one in records)


def _dictionary(kept: bytes) -> bytes:
    return b"\x5d\x2a\x4d\x18" + len(kept).to_bytes(4, "little") + kept


LF = rec(nl=b"\n")
LIES = "Content-Length is not its length"
IN_HEAD = "inside a record (its head)"
TAUGHT = zstandard.train_dictionary(
    1024, [rec(extra=[f"X-{number}: {number**2}"]) for number in range(300)]
).as_bytes()
END = len(packed(rec()))

ODDITIES: dict[str, tuple[bytes, int, list[tuple[int, str]]]] = {
    # what it is: the file, how many records are read, where what is said
    "line feeds": (LF + LF, 2, []),
    "line feeds, compressed": (packed(LF, LF), 2, []),
    "line feeds, compressed as a whole": (packed(LF + LF), 2, []),
    "line feeds in the heads alone": (rec(nl=b"\n", end=b"\r\n\r\n") * 2, 2, []),
    "no line ends after the blocks": (rec(end=b"") * 2, 2, []),
    "one line end after the blocks": (rec(end=b"\n") * 2, 2, []),
    "more line ends": (b"\r\n" + rec(end=b"\r\n" * 7) * 2, 2, []),
    "a mark of UTF-8 at the start": (b"\xef\xbb\xbf" + rec() * 2, 2, []),
    "drafts of the format": (rec(version="WARC/0.17") + rec(version="WARC/0.18"), 2, []),
    "a folded field, one without colon": (rec(extra=["X: a", "\t b", "no colon"]) * 2, 2, []),
    "names in another case": (
        rec().replace(b"WARC-T", b"warc-t").replace(b"Content", b"CONTENT"), 1, [],
    ),
    "a blank before the colon": (rec().replace(b"Length:", b"Length :") * 2, 2, []),
    "zero bytes at the end": (rec() + b"\0" * 512, 1, []),
    "zero bytes between": (rec() + b"\0" * 512 + rec(), 2, [(len(rec()), "512 bytes that fill")]),
    "end of file as DOS wrote it": (rec() + b"\x1a", 1, []),
    "zero bytes after members": (packed(rec()) + bytes(9), 1, []),
    "zero bytes between members": (
        packed(rec()) + bytes(100) + packed(rec()), 2, [(END, "100 zero bytes")],
    ),
    "empty members": (packed(b"", rec(), b"", rec(), b""), 2, []),
    "line ends in a member of their own": (packed(rec(end=b""), b"\r\n\r\n", rec()), 2, []),
    "bytes after the last member": (packed(rec()) + b"more", 1, [(END, "no compressed record")]),
    "cut in the version line": (rec() + rec()[:6], 1, [(len(rec()), IN_HEAD)]),
    "cut in a head": (rec() + rec()[:60], 1, [(len(rec()), IN_HEAD)]),
    "cut after a head's last field": (LF + LF[: LF.index(b"\n\n") + 1], 1, [(len(LF), IN_HEAD)]),
    "cut in the head of a whole member": (packed(rec(), rec()[:60]), 1, [(END, IN_HEAD)]),
    "cut in a head amid members": (packed(rec()[:60], rec()), 1, [(0, "within its gzip member")]),
    "cut in a block": (rec() + rec()[:-8], 1, [(len(rec()), "19 of 23 bytes")]),
    "a length too long": (rec(length=30) + rec(), 1, [(0, LIES)]),
    "a length too short": (rec(length=20) + rec(), 1, [(0, LIES)]),
    "too long in members": (packed(rec(length=30), rec()), 1, [(0, LIES)]),
    "too long over members": (packed(rec(length=200), rec(), rec()), 2, [(0, LIES)]),
    "too short in members": (packed(rec(length=20), rec()), 1, [(0, LIES)]),
    "no length": (rec(length=None) + rec(), 1, [(0, "Content-Length is ''")]),
    "another version": (rec(version="WARC/2.0") + rec(), 1, [(0, "Invalid WARC header: b'WARC/2")]),
    "a head without end": (rec(extra=["X: " + "y" * 70_000]) + rec(), 1, [(0, "no end within")]),
    "an ARC file": (b"filedesc://x.arc 0.0.0.0 20050101000000 text/plain 9\n", 0, [(0, "an ARC")]),
    "an ARC file, compressed": (packed(b"filedesc://x.arc 0.0.0.0 2005"), 0, [(0, "an ARC file")]),
    "a ZIP file": (b"PK\3\4" + bytes(30), 0, [(0, "perhaps a WACZ")]),
    "bzip2": (b"BZh9" + bytes(30), 0, [(0, "a bzip2 file")]),
    "xz": (b"\xfd7zXZ\0" + bytes(30), 0, [(0, "an xz file")]),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c" + bytes(30), 0, [(0, "a 7-Zip file")]),
    "LZ4": (b"\x04\x22\x4d\x18" + bytes(30), 0, [(0, "an LZ4 file")]),
    "a page": (b"<html>", 0, [(0, "Invalid WARC header: b'<html>'")]),
    "Zstandard": (frames(rec(), rec()), 2, []),
    "Zstandard, as a whole": (frames(rec() * 2), 2, []),
    "Zstandard with a dictionary": (
        _dictionary(TAUGHT) + frames(rec(), rec(), dictionary=TAUGHT), 2, [],
    ),
    "Zstandard with a compressed one": (
        _dictionary(frames(TAUGHT)) + frames(rec(), rec(), dictionary=TAUGHT), 2, [],
    ),
    "Zstandard with none of its own": (
        _dictionary(b"\x37\xa4\x30\xec") + frames(rec(), dictionary=TAUGHT), 0,
        [(12, "Dictionary mismatch")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODDITIES)
def test_what_others_write(name: str, tmp_path: Path) -> None:
    """It is read or said, wherever it stands; a record alone in its place is found there again."""
    data, count, expected = ODDITIES[name]
    path = tmp_path / "x.warc"
    path.write_bytes(data)
    damage: list[WarcError] = []
    read = list(read_records(path, on_damage=damage.append))
    assert [(error.offset, text) for error, (_, text) in zip(damage, expected, strict=True)
            if text in error.why] == expected, damage  # fmt: skip
    assert [(one.kind, one.url, one.block) for one in read] == [
        ("response", URL, b"HTTP/1.1 200 OK\r\n\r\nbody")
    ] * count
    for one in read:
        if one.length:
            assert record_at(path, one.offset) == one
        else:
            assert "whole" in name


def test_fields_in_another_encoding(tmp_path: Path) -> None:
    """What is no UTF-8 in an address is what was asked for, byte by byte."""
    path = tmp_path / "gbk.warc"
    path.write_bytes(rec(url=None, extra=["WARC-Target-URI: <http://x/?q=江>".encode("gbk")]))
    (one,) = read_records(path)
    assert one.url == "http://x/?q=%BD%AD"
    path.write_bytes(rec(url="http://x/?q=江"))
    (one,) = read_records(path)
    assert one.url == "http://x/?q=江"


def test_a_block_too_large_is_passed_over(archive: tuple[Path, list[WarcPointer]]) -> None:
    path, _ = archive
    records = list(read_records(path, max_block=len(sized()) - 1))
    assert [r.block is None for r in records if r.kind == "response"] == [True] * 3
    assert all(r.block is not None for r in records if r.kind == "metadata")


RECORD = b"WARC/1.0\r\n\r\nblock\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "count"), [(b"WARC/", 5), (b"\x1f\x8b\x08", 5), (b"(\xb5/\xfd", 1)]
)
def test_spans_cover_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes, count: int
) -> None:
    """A file of Zstandard frames can't be entered in its middle."""
    monkeypatch.setattr(reader, "SPAN_SIZE", 100)
    path = tmp_path / "x"
    path.write_bytes(start.ljust(503, b"."))
    found = spans_of(path)
    assert (len(found), found[0][0], found[-1][1]) == (count, 0, 503)
    assert all(one[1] == other[0] for one, other in pairwise(found))


def test_the_first_record_of_a_span() -> None:
    file, size = BytesIO(RECORD * 3), len(RECORD)
    assert FileSpan(0, 5).find_first(file) == 0
    assert FileSpan(5, 2 * size).find_first(file) == size
    assert FileSpan(size, 2 * size).find_first(file) == size
    assert FileSpan(size + 1, 2 * size).find_first(file) is None


def test_what_fits() -> None:
    """Each begins where the one before says; a record may be as long as several spans."""
    assert fit([FileSpan(0, 10, 0, 12), FileSpan(10, 20, 12, 20)])
    assert fit([FileSpan(0, 10, 0, 25), FileSpan(10, 20), FileSpan(20, 30, 25, 30)])
    assert not fit([FileSpan(0, 10, 0, 12), FileSpan(10, 20, 14, 20)])
    assert not fit([FileSpan(0, 10, 0, 25), FileSpan(10, 20, 15, 20)])
    assert not fit([FileSpan(0, 10, 0, 12), FileSpan(10, 20, 12, 20, is_sure=False)])
    assert not fit([FileSpan(0, 10, 0, None)])


def test_a_record_after_the_span_is_known_by_the_one_after_it() -> None:
    span = FileSpan(0, 10, 0)
    assert not span.end_at(12)
    assert span.end_at(30)
    assert (span.following, span.is_sure) == (12, True)
    assert span.end_at(12)
    assert not span.is_sure
