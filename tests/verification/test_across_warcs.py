"""No two records share an id, and an id is found where it stands; originals of revisits are found
without reading every index there is."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.verification import across_warcs
from crawler.verification.across_warcs import RecordIds, check_originals, spool_ids
from crawler.verification.file_places import MovedMonths
from crawler.verification.findings import Original, WarcReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

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


URL = "http://www.js.xinhuanet.com/2026-03/02/c_1121650001.htm"
CAPTURED = "2026-03-02T10:20:30Z"
RUNS = ["20260301T000000Z-0001", "20260302T100000Z-0002", "20260302T110000Z-0003"]


def folder(data_dir: Path, *, holding: int) -> Path:
    """Three runs with an index each; one holds the capture."""
    months = data_dir / "warc" / "2026" / "03"
    months.mkdir(parents=True)
    for number, run_id in enumerate(RUNS):
        fields = {"url": URL, "mime": "text/html", "digest": "sha1:A"}
        stamp = "20260302102030" if number == holding else "20260101000000"
        line = f"cn,xinhua)/ {stamp} {json.dumps(fields)}\n"
        (months / f"xinhua-{run_id}-00000.cdxj").write_text(line)
    return months


def found(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, digest: str = "sha1:A"
) -> tuple[list[str], list[str]]:
    """The codes of what is found, and the indexes that were read."""
    read: list[str] = []
    captures = across_warcs._captures

    def noted(path: Path, wanted: set[across_warcs.Key]) -> set[across_warcs.Key]:
        read.append(path.name[len("xinhua-") : -len("-00000.cdxj")])
        return captures(path, wanted)

    monkeypatch.setattr(across_warcs, "_captures", noted)
    original = Original(0, URL, CAPTURED, digest)
    report = WarcReport(data_dir / "one.warc.gz", originals=[original])
    return [one.code for one in check_originals(data_dir, [report], MovedMonths())], read


def test_only_the_run_of_that_time_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, holding=1)
    assert found(tmp_path, monkeypatch) == ([], [RUNS[1]])


def test_the_others_are_read_before_it_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = folder(tmp_path, holding=2)
    (months / "others.cdxj").write_text("")
    codes, read = found(tmp_path, monkeypatch)
    assert (codes, read) == ([], [RUNS[1], RUNS[0], RUNS[2]])
    monkeypatch.undo()
    codes, read = found(tmp_path, monkeypatch, "sha1:B")
    assert codes == ["revisit_of_nothing"]
    assert len(read) == 4
