"""`verify` proves both ways: nothing is found in sound folders, and whatever was changed is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawler.verification.scope import Scope
from crawler.verification.whole_archive import HELD, LEDGER_MISSING, NO_LEDGER, verify
from tests.verification.history import make_history
from tests.verification.tampering import FIRST, LAST, TAMPERINGS, Folder

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.verification.whole_archive import Verification
    from tests.conftest import RunScrapy


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("history") / "data"
    make_history(data_dir)
    return data_dir


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Folder:
    """A copy to spoil."""
    shutil.copytree(made, tmp_path / "data")
    return Folder(tmp_path / "data")


def verdict_of(data_dir: Path, *names: str, is_busy: bool = False) -> Verification:
    return verify(Scope.of(data_dir, names), 1, quiet=True, is_busy=lambda: is_busy)


def test_a_sound_history(made: Path) -> None:
    verdict = verdict_of(made)
    assert (verdict.findings, verdict.notes, verdict.ledger) == ([], [], HELD)
    assert verdict.counts["lines"] == 14
    run = Folder(made).report(LAST).stem
    assert verdict_of(made, run).findings == []


def test_a_copy_without_its_ledger(folder: Folder, scrapy_cmd: RunScrapy) -> None:
    shutil.rmtree(folder.data_dir / "state")
    assert (verdict_of(folder.data_dir).findings, verdict_of(folder.data_dir).ledger) == (
        [], NO_LEDGER,
    )  # fmt: skip
    done = scrapy_cmd("verify", data_dir=folder.data_dir)
    assert done.returncode == 0
    assert done.stdout.endswith("all sound; not held against a ledger: the folder has no state/\n")
    (folder.data_dir / "state").mkdir()
    for name in ("search.sqlite", "search.sqlite.lock", "clusters.sqlite"):  # made in a copy, too
        (folder.data_dir / "state" / name).touch()
    assert (verdict_of(folder.data_dir).findings, verdict_of(folder.data_dir).ledger) == (
        [], NO_LEDGER,
    )  # fmt: skip
    (folder.data_dir / "state" / "lock").touch()
    assert [one.code for one in verdict_of(folder.data_dir).findings] == ["ledger_missing"]


def test_a_ledger_that_is_missing(folder: Folder, scrapy_cmd: RunScrapy) -> None:
    """Also where all that is left of `state/` is the folder, or an empty file."""
    state = folder.data_dir / "state"
    for path in state.iterdir():
        path.unlink()
    for _ in range(2):
        verdict = verdict_of(folder.data_dir)
        assert [one.code for one in verdict.findings] == ["ledger_missing"]
        assert verdict.ledger == LEDGER_MISSING
        (state / "ledger.sqlite").touch()
    done = scrapy_cmd("verify", data_dir=folder.data_dir)
    assert (done.returncode, done.stdout.count("\n")) == (1, 2)
    assert done.stdout.startswith("state/ledger.sqlite: ledger_missing: ")


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found(name: str, folder: Folder) -> None:
    tampering = TAMPERINGS[name]
    tampering.spoil(folder)
    findings = verdict_of(folder.data_dir).findings
    assert tampering.code in {one.code for one in findings}, findings
    if name.startswith("ledger_"):
        return
    shutil.rmtree(folder.data_dir / "state")
    findings = verdict_of(folder.data_dir).findings
    assert bool(findings) == tampering.in_copy, findings


def _open_last_run(folder: Folder) -> None:
    """As if the last run were still at work, or had been killed before it published anything."""
    for ending in (".jsonl", ".warc.gz"):
        path = folder.file(LAST, ending)
        path.rename(path.with_name(f"{path.name}.open"))
    folder.file(LAST, ".cdxj").unlink()
    run_id = folder.report(LAST).stem
    folder.report(LAST).unlink()
    folder.sql(
        "UPDATE runs SET finished_at = NULL, exit_code = NULL, reason = NULL WHERE run_id = ?",
        run_id,
    )


def test_a_run_that_is_on(folder: Folder) -> None:
    _open_last_run(folder)
    assert verdict_of(folder.data_dir, is_busy=True).findings == []


def test_a_run_that_ends_meanwhile(folder: Folder) -> None:
    """Its files and its report are there; they weren't when the files were listed."""
    scope = Scope.of(folder.data_dir, ())
    scope.manifests.pop()
    scope.warcs.remove(folder.file(LAST, ".warc.gz"))
    scope.lines.remove(folder.file(LAST, ".jsonl"))
    assert verify(scope, 1, quiet=True, is_busy=lambda: False).findings == []


def test_a_run_that_was_killed(folder: Folder, scrapy_cmd: RunScrapy) -> None:
    """What it left is no defect, and is told of; after the repair all is sound."""
    _open_last_run(folder)
    verdict = verdict_of(folder.data_dir)
    assert verdict.findings == []
    assert [note for note in verdict.notes if " files of it wait" in note]
    assert scrapy_cmd("repair", data_dir=folder.data_dir).returncode == 0
    assert verdict_of(folder.data_dir).findings == []


def test_a_ledger_made_again(folder: Folder, scrapy_cmd: RunScrapy) -> None:
    for path in (folder.data_dir / "state").glob("ledger.sqlite*"):
        path.unlink()
    assert scrapy_cmd("repair", "--ledger", data_dir=folder.data_dir).returncode == 0
    verdict = verdict_of(folder.data_dir)
    assert (verdict.findings, verdict.ledger) == ([], HELD)


def test_files_of_others_in_the_folder(folder: Folder, made: Path) -> None:
    """Archives to be replayed, lines made again, a back-up: nothing is known of them."""
    shutil.copytree(made, folder.data_dir / "backup")
    old = folder.data_dir / "old" / "xinhua-20240101T000000Z-0000-00000.warc.gz"
    old.parent.mkdir()
    shutil.copy(folder.file(FIRST, ".warc.gz"), old)
    shutil.copy(folder.file(FIRST, ".jsonl"), folder.data_dir / "again.jsonl")
    assert verdict_of(folder.data_dir).findings == []


def test_months_behind_links(folder: Folder, tmp_path: Path) -> None:
    for name in ("warc/2026", "jsonl/2026"):
        path = folder.data_dir / name
        slow = tmp_path / "slow" / name
        slow.parent.mkdir(parents=True)
        path.rename(slow)
        path.symlink_to(slow)
    assert verdict_of(folder.data_dir).findings == []


@pytest.mark.parametrize("stored", ['[{"file": 1}]', "{\0"])
def test_rows_that_hold_anything(folder: Folder, stored: str) -> None:
    """Values no run writes are findings, not the end of the command."""
    for table, column in (
        ("versions", "warc_pages"), ("versions", "changed"), ("versions", "jsonl"),
        ("articles", "state_at"), ("addresses", "first_seen_at"), ("addresses", "result"),
        ("observations", "warc"), ("visits", "outcome"), ("runs", "counts"), ("lists", "warc"),
    ):  # fmt: skip
        folder.sql(f"UPDATE {table} SET {column} = ?", stored)
        assert verdict_of(folder.data_dir).findings or (table, column) == ("addresses", "result")


def test_a_first_run_that_has_just_begun(tmp_path: Path) -> None:
    """Its ledger is there, and holds nothing yet."""
    (tmp_path / "state").mkdir()
    assert verdict_of(tmp_path, is_busy=True).findings == []
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA user_version=1")
    verdict = verdict_of(tmp_path, is_busy=True)
    assert (verdict.findings, verdict.ledger) == ([], NO_LEDGER)
