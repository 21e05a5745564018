"""What a killed run left of its lines; `tests/chaos` kills whole runs."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from sqlalchemy import make_url, text

from crawler.archive.cdxj import index_path
from crawler.archive.torn_warcs import recover_warcs
from crawler.archive.writer import WarcWriter
from crawler.data_dir import lines_name, reports_of, warc_name, warcs_of
from crawler.items import as_line
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.run_lock import lock_dead_runs, lock_run, runs_on
from crawler.runner.offline_run import Written, run_offline
from crawler.runner.recovery import cut_lines, recover
from crawler.storage import publish
from tests.archive.test_writer import INFO, exchange
from tests.ledger.conftest import at_site
from tests.ledger.conftest import line as article_line
from tests.new_ledgers import new_server_ledger
from tests.runner.takeovers import Steps, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from crawler.archive.torn_warcs import Recovered
    from tests.postgres import Postgres


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
        patch.setattr("crawler.runner.recovery.publish_sightings", Mock(side_effect=killed))
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


def test_files_of_others_in_the_folder_are_left_alone(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One begins while the recovery is on, another is killed between its two questions; and a third
    recovery deletes what a superseded run has left."""
    begins, dies, gone = (f"20260101T080000Z-000{number}" for number in (1, 2, 3))

    def lines_of(run_id: str) -> Path:
        path = tmp_path / f"{lines_name(run_id)}.open"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half a line")
        return path

    def begin(opened: Iterable[Path], bare: Iterable[Path]) -> list[Recovered]:
        locks.append(lock_run(tmp_path, begins))
        archive = WarcWriter(
            tmp_path, partial(warc_name, begins), info=INFO | {"run-id": begins}, max_bytes=1
        )
        archive.write(exchange())
        archive.close()
        publish(archive.files[0])
        left.append(lines_of(begins))
        lines_of(gone).unlink()
        return recover_warcs(opened, bare)

    monkeypatch.setattr("crawler.runner.recovery.recover_warcs", begin)
    monkeypatch.setattr("crawler.runner.recovery._was_superseded", lambda _, run: run == gone)
    locks, left = [lock_run(tmp_path, dies)], [lines_of(dies)]
    lines_of(gone)
    dead = lock_dead_runs(tmp_path)
    os.close(locks.pop())
    with closing(Ledger.at(make_url(new_database()), fresh=True)) as ledger:
        assert recover(tmp_path, ledger, [], dead) == []
    assert [path.read_bytes() for path in left] == [b"half a line"] * 2
    (warc,) = warcs_of(tmp_path)
    assert not index_path(warc).exists()
    os.close(locks.pop())


# Nobody closes the connections of a run that is killed while it opens.
of_the_killed = pytest.mark.filterwarnings("ignore:<psycopg.Connection:ResourceWarning")


@pytest.fixture
def world(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], World]]:
    """Make a ledger and a site, with runs that publish in parts."""
    steps, made = Steps(monkeypatch), list[World]()

    def make() -> World:
        made.append(World(new_server_ledger(postgres), steps))
        return made[-1]

    yield make
    for one in made:
        postgres.drop(one.url.rpartition("/")[2])


def ends_well(world: World, tmp_path: Path) -> list[str]:
    """What is wrong once each folder had a run of its own."""
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        world.taken_over(folder)
    return list(world.faults(folders, tmp_path / "together"))


@pytest.mark.parametrize("is_killed", [True, False])
def test_what_a_run_saw_on_lists_is_told_once(
    world: Callable[[], World], tmp_path: Path, *, is_killed: bool
) -> None:
    """It is struck when its file of that has its name, and the ledger doesn't know it; another
    folder's run takes the region over, then it comes back, or wakes."""
    whole, one = world(), world()
    here, there = tmp_path / "here", tmp_path / "there"
    whole.struck(tmp_path / "whole", 0)
    at = whole.steps.after("rename sightings")
    if is_killed:
        assert one.struck(here, at)
        one.taken_over(there)
    else:
        assert not one.struck(here, at, meanwhile=lambda: one.taken_over(there))
    assert ends_well(one, tmp_path) == []


def test_a_superseded_run_that_is_killed_while_it_ends(
    world: Callable[[], World], tmp_path: Path
) -> None:
    """Its report has a number, and isn't written: its lines are void all the same."""
    whole, one = world(), world()
    here, there = tmp_path / "here", tmp_path / "there"
    whole.struck(tmp_path / "whole", 0)
    steps = whole.steps
    written = [number for number, said in enumerate(steps.log, start=1) if said == "replace runs"]
    # the first part has its manifest, the lines of the second have their checkpoint
    at = steps.log.index("commit ", written[0]) + 2

    def take_over() -> None:
        one.taken_over(there)
        steps.kill_before("replace runs")

    assert one.struck(here, at, meanwhile=take_over)
    assert list(here.rglob("*.jsonl.open"))
    assert ends_well(one, tmp_path) == []


@pytest.mark.nightly
@of_the_killed
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_run_is_struck_at_every_fifth_step(
    world: Callable[[], World], tmp_path: Path, *, is_killed: bool
) -> None:
    """And its region is taken over in another folder, before it comes back, or wakes."""
    whole = world()
    whole.struck(tmp_path / "whole", 0)
    for at in range(1, 1 + len(whole.steps.log), 5):
        one, folder = world(), tmp_path / f"{at}"
        folder.mkdir()
        if is_killed:
            assert one.struck(folder / "here", at)
            one.taken_over(folder / "there")
        else:
            take_over = partial(one.taken_over, folder / "there")
            assert not one.struck(folder / "here", at, meanwhile=take_over)
        assert ends_well(one, folder) == [], at


@pytest.mark.nightly
@of_the_killed
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_recovery_is_struck_at_every_fifth_step(
    world: Callable[[], World], tmp_path: Path, *, is_killed: bool
) -> None:
    """The same of the run that mends one which was killed when its last files had their names."""
    whole = world()
    whole.struck(tmp_path / "whole", 0)
    killed_at = whole.steps.after("rename warc")
    for at in range(1, 200, 5):
        one, folder = world(), tmp_path / f"{at}"
        folder.mkdir()
        here, there = folder / "here", folder / "there"
        assert one.struck(here, killed_at)
        take_over = partial(one.taken_over, there)
        is_struck = one.struck(here, at, 1, None if is_killed else take_over)
        taken = len(one.steps.log)
        if is_struck:
            take_over()
        assert ends_well(one, folder) == [], at
        if taken < at:
            break
