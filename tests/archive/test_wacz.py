"""WARC files in a WACZ, or compressed as a whole, as what stands packed in them."""

from __future__ import annotations

import gzip
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawler.archive.reader import WarcError, read_records
from crawler.archive.wacz import MARK, Unpacked, warcs_in
from tests.archive.bytes_of import record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORDS = [record(body, kind="resource") for body in (b"the ferry", b"the rope")]
PAGES = {"pages/pages.jsonl": b"{}"}
MEMBERS = b"".join(gzip.compress(one, mtime=0) for one in RECORDS)


def wacz(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def count(path: Path) -> int:
    return len(list(read_records(path)))


def test_each_warc_of_a_package(tmp_path: Path) -> None:
    """What is unpacked has names of ours, whatever the package calls it."""
    names = ("archive/a.warc.gz", "archive/../../b.warc", "pages/pages.jsonl")
    package = wacz(tmp_path / "x.wacz", dict(zip(names, (MEMBERS, RECORDS[0], b"{}"), strict=True)))
    found = [
        (path.relative_to(tmp_path).as_posix(), inner, count(path))
        for path, inner in warcs_in(package, tmp_path / "out")
    ]
    assert found == [
        ("out/0.warc", f"{MARK}a.warc.gz", 2), ("out/1.warc", f"{MARK}../../b.warc", 1),
    ]  # fmt: skip


def test_a_warc_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(MEMBERS)
    assert list(warcs_in(path, tmp_path / "out")) == [(path, "")]


def test_a_warc_compressed_as_a_whole_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(gzip.compress(b"".join(RECORDS)))
    ((unpacked, inner),) = warcs_in(path, tmp_path / "out")
    assert (count(unpacked), inner) == (2, f"{MARK}x.warc")


def test_what_is_whole_of_a_damaged_one_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(gzip.compress(b"".join(RECORDS))[:-4])
    found = warcs_in(path, tmp_path / "out")
    assert count(next(found)[0]) == 2
    with pytest.raises(WarcError, match="ends inside a record"):
        next(found)


@pytest.mark.parametrize("is_cut", [False, True])
def test_no_package_of_warcs(tmp_path: Path, is_cut: bool) -> None:
    package = wacz(tmp_path / "x.wacz", PAGES | {"archive/a.warc": RECORDS[0]})
    data = package.read_bytes()
    if is_cut:
        package.write_bytes(data.replace(b"the ferry", b"THE FERRY", 1))
    else:
        wacz(package, PAGES)
    with pytest.raises(WarcError, match="damaged or encrypted" if is_cut else "without a WARC"):
        list(warcs_in(package, tmp_path / "out"))


def test_a_package_is_unpacked_once(tmp_path: Path) -> None:
    package = wacz(tmp_path / "x.wacz", {"archive/a.warc.gz": MEMBERS})
    with closing(Unpacked()) as unpacked:
        found = unpacked.warc(package, f"{MARK}a.warc.gz")
        assert found is not None
        assert count(found) == 2
        package.unlink()
        assert unpacked.warc(package, f"{MARK}a.warc.gz") == found
        assert unpacked.warc(package, f"{MARK}b.warc.gz") is None
    assert not found.exists()
