"""The one transaction: what is durable, what a kill or a failure leaves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from crawler.ledger.errors import LedgerError
from crawler.ledger.ledger import Ledger
from tests.ledger.conftest import DAY, RUN, T0, at_site


def test_what_is_committed_stays_and_what_is_not_goes(path: Path) -> None:
    with closing(Ledger.open(path)) as ledger:
        ledger.addresses.see([at_site(1)], run_id=RUN, at=T0)
        ledger.commit()
        ledger.addresses.see([at_site(2)], run_id=RUN, at=T0)
        ledger.connection.raw.rollback()
        ledger.addresses.see([at_site(3)], run_id=RUN, at=T0)
        assert ledger.visits.count(RUN) == 2
    with closing(Ledger.open(path)) as ledger:
        assert ledger.visits.count(RUN) == 1


def test_readers_see_the_last_commit_while_a_run_writes(path: Path) -> None:
    with closing(Ledger.open(path)) as writer:
        writer.addresses.see([at_site(1)], run_id=RUN, at=T0)
        writer.commit()
        writer.addresses.see([at_site(2)], run_id=RUN, at=T0)
        with closing(Ledger.open(path, read_only=True)) as reader:
            assert reader.visits.count(RUN) == 1
            writer.commit()
            assert reader.visits.count(RUN) == 1  # one view until it lets go of it
            reader.connection.raw.rollback()
            assert reader.visits.count(RUN) == 2
            with pytest.raises(LedgerError, match="can't be written"):
                reader.hosts.hold("host", T0, "reason")


def test_a_killed_writer_leaves_its_last_commit(path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from crawler.ledger.ledger import Ledger
from tests.ledger.conftest import RUN, T0, at_site

ledger = Ledger.open(Path(sys.argv[1]))
for number in range(3):
    ledger.addresses.see([at_site(number)], run_id=RUN, at=T0)
    if number < 2:
        ledger.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code, path], cwd=Path.cwd(), check=False)
    assert killed.returncode == -9
    with closing(Ledger.open(path)) as ledger:
        assert ledger.visits.count(RUN) == 2


@pytest.mark.parametrize("replaced", [False, True])
def test_removed_while_open(filled: Path, replaced: bool) -> None:
    with closing(Ledger.open(filled)) as ledger:
        ledger.hosts.hold("host", T0 + DAY, "reason")
        if replaced:
            shutil.copy(filled, filled.with_name("copy"))
            filled.with_name("copy").rename(filled)
        else:
            filled.unlink()
        with pytest.raises(LedgerError, match="removed or replaced"):
            ledger.commit()


def test_no_room_to_grow(filled: Path) -> None:
    with closing(Ledger.open(filled)) as ledger:
        ledger.connection.row(text("PRAGMA max_page_count=1"))  # what a full disk answers
        with pytest.raises(LedgerError, match="the disk is full"):
            ledger.addresses.see([at_site(n) for n in range(3000, 9000)], run_id=RUN, at=T0)
    with closing(Ledger.open(filled)) as ledger:
        assert ledger.visits.count(RUN) == 2000


def test_after_a_failure_everything_is_refused_with_it(filled: Path) -> None:
    heard: list[LedgerError] = []
    with closing(Ledger.open(filled)) as ledger:
        ledger.connection.on_failure = heard.append
        filled.unlink()
        with pytest.raises(LedgerError) as first:
            ledger.commit()
        for again in (ledger.commit, lambda: ledger.visits.count(RUN)):
            with pytest.raises(LedgerError, match="removed or replaced"):
                again()
    assert heard[0] is first.value


def test_a_mistake_of_ours_is_no_failure_of_the_file(filled: Path) -> None:
    heard: list[LedgerError] = []
    with closing(Ledger.open(filled)) as ledger:
        ledger.connection.on_failure = heard.append
        with pytest.raises(IntegrityError):
            ledger.runs.start(RUN, T0, "twice")
        assert ledger.visits.count(RUN) == 2000
    assert heard == []
