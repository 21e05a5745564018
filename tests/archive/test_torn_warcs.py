"""Recovery after a kill at any byte: what is whole stays, nothing torn is published."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from crawler.archive.cdxj import index_path
from crawler.archive.reader import WarcError, read_records
from crawler.archive.torn_warcs import Recovered, recover_warcs, without_index
from crawler.data_dir import open_warcs_of, warc_folders_of
from crawler.storage import StorageError, publish
from crawler.verification.warc_files import verify_warc
from tests.archive.checkers import warcio_check
from tests.archive.test_writer import exchange, writer

if TYPE_CHECKING:
    from pathlib import Path


def recover(folder: Path) -> list[Recovered]:
    return recover_warcs(open_warcs_of(folder), without_index(warc_folders_of(folder)))


@pytest.fixture
def open_file(tmp_path: Path) -> Path:
    return make_open_file(tmp_path)


def make_open_file(folder: Path) -> Path:
    archive = writer(folder)
    for _ in range(2):
        archive.write(exchange())
    archive.close()
    return archive.files[0]


def test_a_kill_at_every_byte(memory: Path) -> None:
    open_file = make_open_file(memory)
    data = open_file.read_bytes()
    ends = [record.offset + record.length for record in read_records(open_file)]
    final = open_file.with_suffix("")
    for size in range(len(data) + 1):
        open_file.write_bytes(data[:size])
        whole = max((end for end in ends if end <= size), default=0)
        (done,) = recover(memory)
        assert done.cut == size - whole
        assert bool(done.why) == bool(done.cut)
        assert not open_file.exists()
        if whole > ends[0]:
            assert final.read_bytes() == data[:whole]
            assert index_path(final).exists()
            final.unlink()
            index_path(final).unlink()
        else:
            assert not final.exists()
        assert recover(memory) == []


@pytest.mark.parametrize(
    "tail", [b"\0" * 5000, b"garbage", b"\x1f\x8b\x08\0" + b"\xff" * 100, b"\x1f"]
)
def test_other_tails(open_file: Path, tmp_path: Path, tail: bytes) -> None:
    data = open_file.read_bytes()
    open_file.write_bytes(data + tail)
    (done,) = recover(tmp_path)
    assert done.cut == len(tail)
    assert done.path.read_bytes() == data
    assert warcio_check([done.path]) == {}


@pytest.mark.parametrize("at", [0, 2])
def test_a_gap_before_whole_records_loses_none_of_them(
    open_file: Path, tmp_path: Path, at: int
) -> None:
    """What a failing disk leaves, no kill: they keep their place, and verify tells of the gap."""
    data = open_file.read_bytes()
    records = list(read_records(open_file))
    gap = records[at]
    holed = data[: gap.offset] + b"\0" * gap.length + data[gap.offset + gap.length :]
    open_file.write_bytes(holed + data[:40])
    (done,) = recover(tmp_path)
    assert done.cut == 40
    assert done.why
    assert str(gap.offset) in done.why
    assert done.path.read_bytes() == holed
    told: list[WarcError] = []
    kept = [record.record_id for record in read_records(done.path, on_damage=told.append)]
    assert kept == [record.record_id for record in records if record is not gap]
    assert [error.offset for error in told] == [gap.offset]
    assert index_path(done.path).read_text().count("\n") == 2
    assert "not_gzip" in {finding.code for finding in verify_warc(done.path).findings}
    assert recover(tmp_path) == []


def test_a_torn_member_hides_what_was_appended_after_it(open_file: Path) -> None:
    """Why recovery cuts and nothing is ever appended."""
    data = open_file.read_bytes()
    *_, last = read_records(open_file)
    open_file.write_bytes(data[:-10] + data[last.offset :])
    with pytest.raises(WarcError):
        list(read_records(open_file))


def test_a_published_file_without_index_gets_one(open_file: Path, tmp_path: Path) -> None:
    final = publish(open_file)
    (done,) = recover(tmp_path)
    assert (done.path, done.cut) == (final, 0)
    assert index_path(final).read_text().count("\n") == 2
    assert recover(tmp_path) == []


def test_an_existing_final_file_is_never_overwritten(open_file: Path, tmp_path: Path) -> None:
    shutil.copy(open_file, open_file.with_suffix(""))
    with pytest.raises(StorageError, match="exists"):
        recover(tmp_path)
    assert open_file.exists()
