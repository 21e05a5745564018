"""`verify` finds every kind of damage, says where, and finds nothing in what is sound."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from crawler.archive import cdxj
from crawler.archive.verify import verify_warc
from tests.archive.damage import ALSO, DAMAGE, UNDESCRIBED, Holding, make_holding
from tests.processes import defects

if TYPE_CHECKING:
    from pathlib import Path

    from tests.archive.conftest import Crawled

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
