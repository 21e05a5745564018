"""What a killed run left of its lines; `tests/chaos` kills whole runs."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from sqlalchemy import make_url, text

from crawler.data_dir import lines_name, reports_of
from crawler.items import as_line
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.run_lock import lock_run, runs_on
from crawler.runner.offline_run import Written, run_offline
from crawler.runner.recovery import cut_lines, recover
from tests.ledger.conftest import at_site
from tests.ledger.conftest import line as article_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@pytest.mark.parametrize("size", [1, 10, 70_000])
def test_jsonl_is_cut_to_its_last_whole_line(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.jsonl.open"
    line = b"x" * size + b"\n"
    for torn in (b"", b"y", b"y" * 200_000):
        path.write_bytes(line * 3 + torn)
        assert cut_lines(path) == len(torn)
        assert path.read_bytes() == line * 3
    path.write_bytes(b"torn")
    assert cut_lines(path) == 4
    assert path.read_bytes() == b""


def test_each_folder_mends_its_own_runs(new_database: Callable[[], str], tmp_path: Path) -> None:
    """Of those that share a ledger on a server, also a run that left no file."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    run_id, seen = "20260101T080000Z-0001", list[set[str]]()

    def write(_run_id: str, _at: datetime) -> Written:
        seen.append(runs_on(ours))
        return Written([])

    with closing(Ledger.at(make_url(new_database()), fresh=True)) as ledger:
        lock = lock_run(theirs, run_id)
        at = datetime(2026, 1, 1, 8, tzinfo=UTC)
        ledger.runs.start(run_id, at, "scrapy reextract --correct", RunKind.CORRECTION)
        ledger.commit()
        os.close(lock)  # it is killed
        assert recover(ours, ledger, []) == []
        run_offline(ours, ledger, RunKind.CERTIFICATES, "scrapy coverage --certify", write)
        assert [one.run_id for one in ledger.runs.unfinished()] == [run_id]
        assert recover(theirs, ledger, []) == [f"run {run_id} was killed; its report is written"]
        assert ledger.runs.unfinished() == []
        others = {one.run_id for one in ledger.runs.newest(9)} - {run_id}
    assert [path.stem for path in reports_of(theirs)] == [run_id]
    assert {path.stem for path in reports_of(ours)} == others
    assert seen == [others]
    assert runs_on(ours) == runs_on(theirs) == set()


def test_lines_that_a_recovery_published_are_void_no_more(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who published them was killed right after it; another folder's run, which knows
    nothing of it, takes the region over."""
    url = make_url(new_database())
    dead, second, third = (f"20260101T080000Z-000{number}" for number in (1, 2, 3))
    at = datetime(2026, 1, 1, 8, tzinfo=UTC)

    def begin(run_id: str, dead: Sequence[str] = ()) -> Ledger:
        ledger = Ledger.at(url, fresh=True, shared_as=run_id)
        ledger.share(run_id, ["js"], holder=run_id, at=at, dead=dead, seconds=60)
        ledger.runs.start(run_id, at, "scrapy crawl xinhua")
        ledger.commit()
        return ledger

    path = tmp_path / f"{lines_name(dead)}.open"
    path.parent.mkdir(parents=True)
    line = article_line(1, run_id=dead)
    path.write_bytes(as_line(line))
    monkeypatch.setattr("crawler.runner.recovery._record", lambda *_: line)
    with closing(begin(dead)) as ledger:
        ledger.addresses.see([at_site(1)], run_id=dead, at=at)
        ledger.commit()
        lock = lock_run(tmp_path, dead)
    os.close(lock)  # it is killed
    killed = RuntimeError("killed")
    with closing(begin(second, [dead])) as ledger, monkeypatch.context() as patch:
        patch.setattr("crawler.runner.recovery._Killed.close", Mock(side_effect=killed))
        with pytest.raises(RuntimeError):
            recover(tmp_path, ledger, [])
        assert not path.exists()
        assert ledger.lease
        ledger.lease.stop()
        ledger.connection.raw.rollback()
        assert ledger.side
        ledger.side.write(text("UPDATE leases SET until = extract(epoch FROM now()) - 1"))
    with closing(begin(third)) as ledger:
        assert ledger.articles.get(at_site(1).article_id) is not None


def test_killed_runs_are_published_in_their_order(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first saw on lists comes before what the second saw, though it has no lines."""
    at = datetime(2026, 1, 1, 8, tzinfo=UTC)
    first, second = "20260101T080000Z-0001", "20260101T080001Z-0002"
    line = article_line(1, run_id=second)
    path = tmp_path / f"{lines_name(second)}.open"
    path.parent.mkdir(parents=True)
    path.write_bytes(as_line(line))
    monkeypatch.setattr("crawler.runner.recovery._record", lambda *_: line)
    with closing(Ledger.at(make_url(new_database()), fresh=True)) as ledger:
        for seconds, run_id in enumerate((first, second)):
            lock = lock_run(tmp_path, run_id)
            ledger.runs.start(run_id, at + timedelta(seconds=seconds), "scrapy crawl xinhua")
            ledger.commit()
            os.close(lock)  # it is killed
        recover(tmp_path, ledger, [])
        published = [one.run_id for one in ledger.publications.after(0)]
    assert published == [first, second]
