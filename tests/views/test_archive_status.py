"""How the archive stands, from reports and ledgers as runs write them."""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from crawler.clock import iso
from crawler.jobs.database import connect, prepare
from crawler.ledger.connection import LedgerConnection
from crawler.ledger.jobs import BatchState, FailedJob, Jobs, JobsState
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Sighting
from crawler.outcomes import Outcome
from crawler.views.archive_status import (
    Status,
    jobs_as_json,
    jobs_lines,
    screen,
    status_of,
)
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import RunScrapy

AT = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
AGE = timedelta(hours=26)
HELD = {"id": "quiet:js", "region": "js", "layout": None, "since": "2026-03-29T12:00:00Z",
        "is_new": False, "text": "region js is quiet"}  # fmt: skip


def write_report(folder: Path, ended: datetime, **values: Any) -> None:
    began = ended - timedelta(minutes=5)
    report = {
        "run_id": f"{began:%Y%m%dT%H%M%SZ}-0000",
        "started_at": f"{began:%Y-%m-%dT%H:%M:%SZ}",
        "finished_at": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
        "reason": "finished",
        "exit_code": 0,
        "urls_seen": 4,
        "outcomes": {"published": 1, "known": 3},
        "alarms": [],
        "alarm_states": [],
        "alarms_over": [],
        "files": [{"bytes": 1_000_000}, {"bytes": 500_000}],
    }
    (folder / "runs").mkdir(exist_ok=True)
    path = folder / "runs" / f"{report['run_id']}.json"
    path.write_text(json.dumps(report | values), "utf-8")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """One that owes two addresses, is denied one, and has a list that failed twice and one that
    failed once."""
    opened = new_ledger(tmp_path / "state" / "ledger.sqlite")
    opened.runs.start("20260331T120000Z-0001", AT - timedelta(minutes=30), "scrapy crawl xinhua")
    found = [
        Sighting(f"http://js.news.cn/2026-03/{day:02}/c_112000{day:04}.htm", f"112000{day:04}",
                 "js", date(2026, 3, day))
        for day in (3, 9, 12)
    ]  # fmt: skip
    kept_out = Sighting("http://he.news.cn/2010-01/01/c_1120009999.htm", "1120009999", "he",
                        date(2010, 1, 1))  # fmt: skip
    opened.addresses.see([*found, kept_out], run_id="20260331T120000Z-0001", at=AT)
    for sighting, outcome in zip(found, (Outcome.TIMEOUT, Outcome.PUBLISHED), strict=False):
        opened.addresses.finish(
            sighting.url, outcome, run_id="20260331T120000Z-0001", at=AT, detail=None
        )
    opened.addresses.finish(
        kept_out.url, Outcome.ROBOTS_DENIED, run_id="20260331T120000Z-0001", at=AT
    )
    for name, failures in (("a", 2), ("b", 1)):
        for _ in range(failures):
            opened.lists.add_answer(f"http://js.news.cn/{name}.htm", at=AT, status=503, region="js")
    opened.commit()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "other",
    [
        {"corrections": {"written": 3}},
        {"command": "scrapy survey --accept story.toml"},
        {"command": "scrapy coverage 2026-03-01 2026-03-02"},
    ],
)
def test_a_run_that_asks_no_site_is_no_crawl(
    tmp_path: Path, ledger: Ledger, other: dict[str, Any]
) -> None:
    """It looks at no list: what alarms held before it hold after it, and it ends no waiting."""
    write_report(tmp_path, AT - timedelta(hours=30), alarm_states=[HELD], alarms=[HELD["text"]])
    write_report(tmp_path, AT - timedelta(hours=1), **other)

    status = status_of(tmp_path, ledger, AT, AGE)

    assert status.alarms == [HELD]
    assert status.is_late
    assert status.last
    assert status.last.finished_at == "2026-03-30T06:30:00Z"
    assert status.bytes_written == 3_000_000


def test_a_good_night(tmp_path: Path, ledger: Ledger) -> None:
    write_report(tmp_path, AT - timedelta(hours=40))
    write_report(tmp_path, AT - timedelta(hours=1))
    status = status_of(tmp_path, ledger, AT, AGE)
    assert status.is_fine
    assert status.last is not None
    assert status.last.outcomes == {"published": 1, "known": 3}
    assert status.running is None
    assert status.owed == {"js": {"new": 1, "timeout": 1}}
    assert status.denied == {"he": 1}
    assert status.oldest_incomplete_day == "2026-03-03"
    assert status.silent_lists == {"js": ["http://js.news.cn/a.htm"]}
    assert (status.bytes_written, status.bytes_per_month) == (3_000_000, None)
    said = screen(status)
    where, _, told = said.partition("\n\n")
    assert where.replace("\n", " ") == f"{tmp_path} at 2026-03-31 20:30 Beijing time"
    assert told.splitlines() == [
        "verdict   all is well",
        "last run  20260331T112500Z-0000, finished, exit code 0",
        "          ended 2026-03-31 19:30, 60 min ago",
        "          4 addresses: 3 known, 1 published",
        "alarms    none",
        "owed      2 addresses; the oldest day not complete is 2026-03-03",
        "          js    1 new, 1 timeout",
        "denied    by robots.txt, owed to nobody: 1 he",
        "silent    js    1 list http://js.news.cn/a.htm",
        f"disk      {said.rpartition('disk      ')[2]}",
    ]


def test_what_a_month_costs_is_told_after_a_week(tmp_path: Path, ledger: Ledger) -> None:
    for days in (31, 10, 5, 0):
        write_report(tmp_path, AT - timedelta(days=days))
    status = status_of(tmp_path, ledger, AT, AGE)
    assert status.bytes_written == 4_500_000
    assert status.bytes_per_month == 13_500_000
    assert "a month costs 13.5 MB: enough for " in screen(status)


@pytest.mark.parametrize("hours", [25, 27])
def test_a_run_that_did_not_come_is_late(tmp_path: Path, ledger: Ledger, hours: int) -> None:
    write_report(tmp_path, AT - timedelta(hours=hours))
    status = status_of(tmp_path, ledger, AT, AGE)
    assert (status.is_late, status.is_fine) == (hours > 26, hours < 26)
    assert ("STATUS_MAX_AGE" in screen(status)) is (hours > 26)


def test_alarms_hold_until_the_last_report_says_no_more(tmp_path: Path, ledger: Ledger) -> None:
    over = HELD | {"id": "host:x", "text": "x was given up"}
    values = {"exit_code": 3, "alarms": [HELD["text"]], "alarm_states": [HELD],
              "alarms_over": [over]}  # fmt: skip
    write_report(tmp_path, AT - timedelta(hours=2), **values)
    status = status_of(tmp_path, ledger, AT, AGE)
    assert not status.is_fine
    assert "\nalarms    since 2026-03-29 20:00: region js is quiet\n" in screen(status)
    assert "\n          over: x was given up\n" in screen(status)
    assert "\nverdict   1 alarm\n" in screen(status)
    write_report(tmp_path, AT - timedelta(hours=1))
    assert status_of(tmp_path, ledger, AT, AGE).is_fine


def test_an_alarm_holds_until_a_run_has_looked_at_what_it_is_about(
    tmp_path: Path, ledger: Ledger
) -> None:
    """Runs of a cluster are of one region each."""

    def crawl(hours: float, region: str, *states: dict[str, Any]) -> Status:
        told = {"regions": {region: {}}, "watched": [region], "hosts": {}}
        texts = [state["text"] for state in states]
        values = told | {"alarm_states": list(states), "alarms": texts}
        write_report(tmp_path, AT - timedelta(hours=hours), **values)
        return status_of(tmp_path, ledger, AT, AGE)

    other = HELD | {"id": "quiet:he", "region": "he", "text": "region he is quiet", "is_new": True}
    assert crawl(4, "js", HELD | {"is_new": True}).alarms == [HELD | {"is_new": True}]
    assert crawl(3, "he", other).alarms == [HELD, other]
    assert crawl(2, "js").alarms == [other | {"is_new": False}]
    assert crawl(1, "he").is_fine


def test_reports_of_before_there_were_states(tmp_path: Path, ledger: Ledger) -> None:
    write_report(tmp_path, AT - timedelta(hours=2), alarms=["region js is quiet"])
    path = next((tmp_path / "runs").iterdir())
    report = json.loads(path.read_text("utf-8"))
    del report["alarm_states"], report["alarms_over"]
    path.write_text(json.dumps(report), "utf-8")
    status = status_of(tmp_path, ledger, AT, AGE)
    assert [alarm["text"] for alarm in status.alarms] == ["region js is quiet"]


def test_a_run_that_is_on_tells_its_pace(tmp_path: Path, ledger: Ledger) -> None:
    write_report(tmp_path, AT - timedelta(days=3))
    with (tmp_path / "state" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = status_of(tmp_path, ledger, AT, AGE)
    assert not running.is_late
    assert running.running is not None
    assert (running.running.done, running.running.waiting) == (3, 1)
    assert running.running.left_seconds == 900
    assert running.running.done_at == "2026-03-31T12:45:00Z"
    assert (
        "\n          3 addresses ended, 1 waiting, 0.1 a minute; about 15 min left, until\n"
        "          2026-03-31 20:45\n"
    ) in screen(running)
    assert running.also_running == []
    killed = status_of(tmp_path, ledger, AT, AGE)
    assert killed.running is None
    assert killed.is_late


def test_all_runs_that_share_a_ledger_are_shown(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """Three are on, on whichever machines; of a fourth the lease has run out."""
    write_report(tmp_path, AT - timedelta(hours=3))
    url, opened = make_url(new_database()), []
    names = [f"20260331T12{minute:02}00Z-0001" for minute in (0, 5, 10, 15)]
    for number, (run_id, region) in enumerate(zip(names, ("js", "he", "tj", "gz"), strict=True)):
        ledger = Ledger.at(url, fresh=True, shared_as=run_id)
        opened.append(ledger)
        ledger.share(run_id, [region], holder=f"m{number}:1", at=AT, dead=(), seconds=60)
        ledger.runs.start(run_id, AT - timedelta(minutes=30 - 5 * number), "scrapy crawl xinhua")
        ledger.commit()
    assert opened[1].lease
    opened[1].lease.stop()
    opened[0].connection.write(text("UPDATE leases SET until = 0 WHERE region = 'he'"))
    opened[0].commit()
    status = status_of(tmp_path, opened[0], AT, AGE)
    assert status.running
    assert status.running.run_id == names[3]
    assert [one.run_id for one in status.also_running] == [names[0], names[2]]
    shown = screen(status)
    assert f"\nrunning   {names[3]}, since 2026-03-31 20:15\n" in shown
    for run_id in (names[0], names[2]):
        assert f"\n          {run_id}, since " in shown
    for ledger in opened:
        ledger.close()


NONE = ("{", "[]", "{}", "", "null", '{"finished_at": 3}', '{"finished_at": "2026-03-31T12:29Z"}')


@pytest.mark.parametrize("text", NONE)
def test_a_report_that_is_none_is_told_and_passed_over(
    tmp_path: Path, ledger: Ledger, text: str
) -> None:
    write_report(tmp_path, AT - timedelta(hours=3))
    (tmp_path / "runs" / "20260331T123000Z-ffff.json").write_text(text, "utf-8")
    status = status_of(tmp_path, ledger, AT, AGE)
    assert status.last is not None
    assert status.last.finished_at == "2026-03-31T09:30:00Z"
    assert status.unreadable_reports == 1
    assert "\ndamaged   1 report can't be read: `scrapy verify` names them\n" in screen(status)


def test_before_the_first_run_is_over(tmp_path: Path, ledger: Ledger) -> None:
    status = status_of(tmp_path, ledger, AT, AGE)
    assert (status.last, status.is_late) == (None, True)
    assert "none is over yet" in screen(status)


def test_the_command(scrapy_cmd: RunScrapy, tmp_path: Path, ledger: Ledger) -> None:
    nowhere = scrapy_cmd("status", data_dir=tmp_path / "none")
    assert nowhere.returncode == 2
    assert f"there is no archive in {tmp_path / 'none'}" in nowhere.stderr
    write_report(tmp_path, datetime.now(UTC) - timedelta(hours=1))
    fine = scrapy_cmd("status", "--json", data_dir=tmp_path)
    assert (fine.returncode, fine.stderr) == (0, "")
    told = json.loads(fine.stdout)
    assert told["is_fine"] is True
    assert set(told) == {*Status.__dataclass_fields__, "is_fine"}
    write_report(tmp_path, datetime.now(UTC), alarm_states=[HELD], alarms=[HELD["text"]])
    held = scrapy_cmd("status", data_dir=tmp_path)
    assert held.returncode == 3
    assert "region js is quiet" in held.stdout
    (tmp_path / "other" / "state").mkdir(parents=True)
    (tmp_path / "other" / "state" / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    damaged = scrapy_cmd("status", data_dir=tmp_path / "other")
    assert damaged.returncode == 5
    assert len(damaged.stderr.splitlines()) == 1


# --- jobs --------------------------------------------------------------------------------


def batch(problems: int | None, *, is_mended: bool = False) -> BatchState:
    ended = None if problems is None else AT + timedelta(hours=1)
    output = None if problems is None else "verified/verify-1.json"
    return BatchState(
        "verify-1", "verify", AT, 4, 2 if problems is None else 4, 0, 1, 6000, 50.0, output,
        problems, is_mended, ended,
    )  # fmt: skip


def failed(what: str) -> FailedJob:
    return FailedJob(what, AT, "exit code 5", "far:1", 3)


@pytest.mark.parametrize(
    ("state", "wrong"),
    [
        (None, []),
        (JobsState(), []),
        (JobsState(batches=[batch(0), batch(None)]), []),
        (JobsState(failed=[failed("crawl js")]), ["1 job given up"]),
        (JobsState(batches=[batch(3)]), ["1 batch with damage"]),
        (JobsState(batches=[batch(3, is_mended=True)]), []),
        (
            JobsState(failed=[failed("index"), failed("crawl js")], batches=[batch(1), batch(9)]),
            ["2 jobs given up", "2 batches with damage"],
        ),
    ],
)
def test_what_asks_for_a_person(state: JobsState | None, wrong: list[str]) -> None:
    status = Status("data", iso(AT), None, is_late=False, running=None, jobs=jobs_as_json(state))
    assert status.wrong_jobs == wrong
    assert status.is_fine == (not wrong)


def test_what_is_shown_of_batches() -> None:
    state = JobsState(batches=[batch(None), batch(3), batch(3, is_mended=True)])
    told = jobs_as_json(state)
    assert told
    shown = " ".join(" ".join(jobs_lines(told)).split())
    assert "verify-1: 2 of 4 files done; about 2 min left, until " in shown
    wrong = (
        "verify-1: 4 of 4 files done; verified/verify-1.json tells of 3 that are damaged or wrong"
    )
    assert f"{wrong}, 2026-03-31 21:30" in shown
    assert shown.endswith(f"{wrong}, all of them mended since, 2026-03-31 21:30")


def test_a_later_batch_of_the_same_files_tells_that_they_are_mended(
    new_database: Callable[[], str],
) -> None:
    url = prepare(make_url(new_database())).url
    batches = [
        # name, kind, problems, hours since, files
        ("damaged", "verify", 2, 9, "ab"),
        ("of one", "verify", 0, 8, "a"),
        ("another kind", "reextract", 0, 7, "abc"),
        ("before", "verify", 0, 10, "abc"),
        ("on", "verify", None, 1, "abc"),
    ]

    def put(name: str, kind: str, problems: int | None, hours: int, files: str) -> None:
        ended = None if problems is None else datetime.now(UTC) - timedelta(hours=hours)
        with connect(url) as connection:
            connection.execute(
                "INSERT INTO batches (id, kind, extractor, max_bytes, problems, ended_at)"
                " VALUES (%s, %s, 'x', 1, %s, %s)",
                [name, kind, problems, ended],
            )
            for number, file in enumerate(files):
                connection.execute(
                    "INSERT INTO files (batch, number, name, sha256, bytes) VALUES"
                    " (%s, %s, %s, 'x', 1)",
                    [name, number, file],
                )

    def mended() -> list[str]:
        with create_engine(url, poolclass=NullPool).connect() as raw:
            state = Jobs(LedgerConnection(raw, None)).state()
        assert state
        assert len(state.batches) >= len(batches)
        return [one.id for one in state.batches if one.is_mended]

    for one in batches:
        put(*one)
    assert mended() == []
    put("of more", "verify", 0, 2, "abc")
    assert mended() == ["damaged"]
