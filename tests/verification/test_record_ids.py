"""No two records share an id, and an id is found where it stands."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.verification.record_ids import RecordIds, spool_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE, TWO = (f"<urn:uuid:0000000{number}-0000-4000-8000-000000000000>" for number in (1, 2))
OTHER = "<urn:x:渡口>"


def taken(tmp_path: Path, *files: Mapping[str, int]) -> RecordIds:
    ids = RecordIds()
    for number, file in enumerate(files):
        spool = tmp_path / f"{number}.spool"
        spool_ids(file, spool)
        ids.take(Path(f"{number}.warc.gz"), spool)
        assert not spool.exists()
    return ids


def test_files_that_share_ids(tmp_path: Path) -> None:
    """Told once, at the first place in the second; within a file it is told elsewhere."""
    files = {ONE: 0, OTHER: 90}, {TWO: 0}, {OTHER: 40, ONE: 50}, {TWO.upper(): 7}
    with closing(taken(tmp_path, *files)) as ids:
        found = [(str(one.file), one.offset, one.code, one.message) for one in ids.shared()]
    assert found == [
        ("2.warc.gz", 40, "duplicate_id",
         "2 of its records have the ids of records in 0.warc.gz"),
    ]  # fmt: skip


def test_where_an_id_stands(tmp_path: Path) -> None:
    with closing(taken(tmp_path, {ONE: 0, OTHER: 90}, {ONE: 40})) as ids:
        first, second = Path("0.warc.gz"), Path("1.warc.gz")
        assert ids.is_at(ONE, first, 0)
        assert ids.is_at(ONE, second, 40)
        assert ids.is_at(OTHER, first, 90)
        assert not ids.is_at(ONE, first, 40)
        assert not ids.is_at(OTHER, second, 90)
        assert not ids.is_at(TWO, first, 0)
        assert not ids.is_at("", first, None)


def test_none(tmp_path: Path) -> None:
    with closing(taken(tmp_path)) as ids:
        assert list(ids.shared()) == []
