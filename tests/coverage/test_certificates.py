"""data/coverage/ over days of real crawls: closed after 48 hours, once, and what came later."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from crawler.clock import now
from crawler.coverage.certificates import days_of, give_back_unwritten
from crawler.data_dir import certificate_name, ledger_file
from crawler.ledger.ledger import Ledger
from crawler.outcomes import Outcome
from crawler.spiders.frontier import sighting
from crawler.storage import open_path
from tests.channel import FAST
from tests.column_site import HOST, Column
from tests.conftest import PROJECT
from tests.new_ledgers import new_ledger
from tests.processes import crawl, defects
from tests.scrapy_process import DAYS_CLOCK
from tests.tooling.markdown import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.channel import Archive
    from tests.conftest import RunScrapy
    from tests.processes import Crawl

SCHEMA = json.loads((PROJECT / "crawler" / "coverage" / "certificate.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
YW = f"http://{HOST}/lb/yw.htm"
LISTS = ("-a", f"lists={YW}", "-a", "regions=js")


def certificates(data_dir: Path) -> dict[str, dict[str, Any]]:
    """By their names below the month, each held against the schema."""
    found = {}
    for path in sorted(data_dir.glob("coverage/*/*/*.json")):
        told = json.loads(path.read_bytes())
        VALIDATOR.validate(told)
        found[path.name] = told
    return found


class Month:
    """A column of Jiangsu that shows the articles of September 2026 published by the day."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.column = Column("/lb/yw.htm", per_page=50)
        archive.site.columns = [self.column]

    def crawl(self, day: float) -> Crawl:
        self.archive.site.day = day
        self.column.items = [one["url"] for one in self.published()]
        return self.archive.run(*LISTS)

    def published(self, day: str = "2026-09") -> list[Mapping[str, Any]]:
        """Those that may be fetched, the newest first."""
        found = [
            one for one in self.archive.site.truth()["articles"]
            if str(one["expected"]["published_at"]).startswith(day) and not one["hidden"]
        ]  # fmt: skip
        return sorted(found, key=lambda one: str(one["expected"]["published_at"]), reverse=True)

    def row(self, name: str) -> dict[str, Any]:
        row: dict[str, Any] = certificates(self.archive.data_dir)[name]["regions"]["js"]
        return row


@pytest.fixture(scope="module")
def month(archive_of: Callable[..., Archive]) -> Month:
    """Crawled from the first to the fourth; one article of the second never answers."""
    month = Month(archive_of(articles=4, daily=4))
    month.crawl(0.95)
    month.archive.site.day = 1.9
    (lost, *_) = month.published("2026-09-02")
    path = "/" + str(lost["url"]).split("/", 3)[3]
    month.archive.site.fault("500", path=path)
    for day in (1.9, 2.5, 3.5):
        month.crawl(day)
        assert certificates(month.archive.data_dir) == {}
    return month


def test_a_day_is_closed_two_days_after_its_end(month: Month) -> None:
    """The first whole day is the second, for the archive began in the evening of the first."""
    done = month.crawl(4.1)
    told = certificates(month.archive.data_dir)
    assert list(told) == ["02.json"]
    second = told["02.json"]
    assert (second["day"], second["number"], second["run_id"]) == (
        "2026-09-02", 0, done.report["run_id"],
    )  # fmt: skip
    assert [row["path"] for row in done.report["files"] if "coverage" in row["path"]] == [
        "coverage/2026/09/02.json"
    ]
    row = month.row("02.json")
    (owed,) = row["owed"]
    assert (row["verdict"], owed["why"]) == ("incomplete", "http_error")
    assert [owed["url"] in one for one in row["reasons"]] == [True]
    assert row["seen"] == row["archived"] + 1 == len(month.published("2026-09-02"))
    assert len(row["hours_without_look"]) == 23
    (alarm,) = [one for one in done.report["alarm_states"] if "coverage" in one["id"]]
    assert (alarm["id"], alarm["is_new"], done.exitcode) == ("coverage:2026-09-02", True, 3)
    assert done.report["coverage"]["closed"] == {"2026-09-02": {"js": "incomplete"}}
    assert list(done.report["coverage"]["open"]) == ["2026-09-03", "2026-09-04", "2026-09-05"]
    again = month.crawl(4.2)
    assert certificates(month.archive.data_dir) == told
    assert not [one for one in again.report["alarms"] if "2026-09-02" in one]


def test_what_is_archived_later_stands_in_a_file_of_its_own(month: Month) -> None:
    month.archive.site.faults.replace([])
    done = month.crawl(8.5)
    told = certificates(month.archive.data_dir)
    assert {"02.json", "02.1.json", "03.json", "04.json", "05.json", "06.json"} == set(told)
    (added,) = told["02.1.json"]["regions"]["js"]["added"]
    assert added["url"] == month.row("02.json")["owed"][0]["url"]
    assert told["02.1.json"]["run_id"] == done.report["run_id"]
    assert month.row("03.json")["verdict"] == "complete"
    assert defects(month.archive.data_dir) == []


def test_the_days_are_shown(month: Month, scrapy_cmd: RunScrapy) -> None:
    data_dir = month.archive.data_dir
    done = scrapy_cmd("coverage", "2026-09-02", "2026-09-03", "--json", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [(one["day"], one["regions"]["js"]["verdict"]) for one in told] == [
        ("2026-09-02", "incomplete"), ("2026-09-03", "complete"),
    ]  # fmt: skip
    text = scrapy_cmd("coverage", "2026-09-02", "2026-09-02", data_dir=data_dir).stdout
    assert "incomplete" in text
    assert "http_error" in text


def test_days_before_the_archive_began_on_demand_only(month: Month, scrapy_cmd: RunScrapy) -> None:
    data_dir = month.archive.data_dir
    before = set(certificates(data_dir))
    done = scrapy_cmd("coverage", "2026-08-30", "2026-09-01", "--json", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    told = certificates(data_dir)
    assert set(told) - before == {"30.json", "31.json", "01.json"}
    first = json.loads(done.stdout)[-1]["regions"]["js"]
    assert (first["verdict"], first["archived"]) == ("unknown", first["seen"])
    assert first["seen"] == len(month.published("2026-09-01"))
    (run_id,) = {told[name]["run_id"] for name in ("30.json", "31.json", "01.json")}
    report = json.loads((data_dir / "runs" / f"{run_id}.json").read_bytes())
    assert len(report["files"]) == 3
    again = scrapy_cmd("coverage", "2026-08-30", "2026-09-01", data_dir=data_dir)
    assert again.returncode == 0
    assert certificates(data_dir) == told
    assert defects(data_dir) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "two days"),
        (["2026-09-01"], "two days"),
        (["2026-09-02", "2026-09-01"], "after until"),
        (["2026-09-01", "yesterday"], "a day such as"),
        (["0001-01-01", "9999-12-31"], "more than"),
    ],
)
def test_bad_days(scrapy_cmd: RunScrapy, arguments: list[str], said: str, month: Month) -> None:
    done = scrapy_cmd("coverage", *arguments, data_dir=month.archive.data_dir)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_an_archive(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    done = scrapy_cmd("coverage", "2026-09-01", "2026-09-01", data_dir=tmp_path / "none")
    assert done.returncode == 2
    assert "no archive" in done.stderr


def test_status_tells_of_open_days(month: Month, scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("status", "--json", data_dir=month.archive.data_dir)
    assert all(set(row) == {"seen", "archived", "refused", "owed", "regions"}
               for row in json.loads(done.stdout)["open_days"].values())  # fmt: skip


@pytest.mark.parametrize(
    ("doctored", "code"),
    [
        ({"verdict": "incomplete"}, "bad_certificate"),
        ({"verdict": "unknown"}, "bad_certificate"),
        ({"seen": 77}, "bad_certificate"),
        ({"owed": [{"url": YW, "why": "timeout", "first_seen_at": "2026-09-03T00:00:00Z"}]},
         "bad_certificate"),
    ],
)  # fmt: skip
def test_a_doctored_certificate_is_told_of(
    month: Month, tmp_path: Path, doctored: dict[str, Any], code: str
) -> None:
    data_dir = shutil.copytree(month.archive.data_dir, tmp_path / "data")
    path = data_dir / "coverage/2026/09/03.json"
    told = json.loads(path.read_bytes())
    told["regions"]["js"] |= doctored
    path.write_text(json.dumps(told))
    assert {one.code for one in defects(data_dir)} == {code, "manifest_mismatch"}


def test_a_certificate_that_is_gone_or_stands_elsewhere(month: Month, tmp_path: Path) -> None:
    data_dir = shutil.copytree(month.archive.data_dir, tmp_path / "data")
    folder = data_dir / "coverage/2026/09"
    (folder / "03.json").rename(folder / "13.json")
    (folder / "02.json").unlink()
    found = {(one.file.name, one.code) for one in defects(data_dir)}
    assert found == {
        ("13.json", "bad_certificate"), ("13.json", "orphan_file"), ("03.json", "missing_file"),
        ("02.json", "missing_file"), ("02.1.json", "bad_certificate"),
    }  # fmt: skip


def learnt(data_dir: Path) -> dict[str, Any]:
    """What the ledger knows of lists and pages."""
    with closing(Ledger.of(data_dir)) as ledger:
        today, measures = date(2026, 9, 9), ledger.measures
        known = ledger.sources.known([YW])[YW]
        return {
            "since": ledger.certificates.watched_since()["js"].date(),
            "yield": ledger.sources.yields(today),
            "shown by": sorted(map(sorted, ledger.sources.shown_by("js", date(2026, 9, 1)))),
            "known": (known.capacity, known.newest_url, known.head),
            # the ledger that is made again counts those as usual that a run for a list left
            "pages": {
                key: len(measures.pages(*key))
                + sum(
                    counts.total()
                    for (_, name), counts in measures.baseline(*key).items()
                    if name == "images"
                )
                for key in measures.layouts()
            },
            "holes": [ledger.certificates.holes(date(2026, 9, day)) for day in range(1, 10)],
        }


def test_repair_restores_the_claims_and_what_was_learnt(
    month: Month, tmp_path: Path, scrapy_cmd: RunScrapy
) -> None:
    data_dir = shutil.copytree(month.archive.data_dir, tmp_path / "data")
    before = learnt(data_dir)
    assert before["yield"][YW].new
    shutil.rmtree(data_dir / "state")
    assert scrapy_cmd("repair", "--ledger", data_dir=data_dir).returncode == 0
    assert defects(data_dir) == []
    assert learnt(data_dir) == before


def test_the_certificates_in_the_documents() -> None:
    """Shown are some of the rows of real ones."""
    shown = [json.loads(one.text) for one in blocks("json") if one.document == "docs/coverage.md"]
    verdicts = []
    for told in shown:
        VALIDATOR.validate(told)
        verdicts += [row["verdict"] for row in told["regions"].values()]
    assert verdicts == ["complete", "incomplete", "unknown"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_while_a_day_is_closed(archive_of: Callable[..., Archive], moment: str) -> None:
    """The claim is kept with its file or given back without it."""
    month = Month(archive_of(articles=4, daily=2))
    month.crawl(0.95)
    month.crawl(1.5)
    archive = month.archive
    archive.site.day = 4.2
    archive.ahead += timedelta(minutes=1)
    env = archive.env() | {
        "PYTHONPATH": str(DAYS_CLOCK),
        "XINHUA_KILL": f"crawler.coverage.certificates:write_atomically:{moment}:1",
    }
    env["XINHUA_CLOCK_SHIFT"] = env["CLOCK_SHIFT"]
    done = crawl(*LISTS, *FAST, data_dir=archive.data_dir, env=env)
    assert done.exitcode == -9
    assert len(certificates(archive.data_dir)) == (moment == "after")
    month.crawl(5.3)
    told = certificates(archive.data_dir)
    assert "02.json" in told
    assert defects(archive.data_dir) == []


def test_a_certificate_that_another_run_writes_is_left_alone(tmp_path: Path) -> None:
    """Beside the recovery of a killed one, whose own goes."""
    day = date(2026, 1, 1)
    path = open_path(tmp_path / certificate_name(day, 0))
    path.parent.mkdir(parents=True)
    path.touch()
    with closing(new_ledger(ledger_file(tmp_path))) as ledger:
        ledger.certificates.claim(day, 0, run_id="b", at=now())
        give_back_unwritten(tmp_path, ledger, "a")
        assert path.exists()
        assert ledger.certificates.days() == {day}
        give_back_unwritten(tmp_path, ledger, "b")
        assert not path.exists()
        assert ledger.certificates.days() == set()


FORBIDS = b"User-agent: *\nDisallow: /neibu/\n"
NEIBU = "http://www.js.xinhuanet.com/neibu/2026-09/02/c_1129000001.htm"
OPEN_ONE = "http://www.js.xinhuanet.com/2026-09/02/c_1129000002.htm"


@pytest.mark.parametrize(
    ("url", "ended", "robots", "refused"),
    [
        (NEIBU, Outcome.ROBOTS_UNREACHABLE, (200, FORBIDS), True),
        (NEIBU, Outcome.DEFERRED, (200, FORBIDS), True),
        (NEIBU, None, (200, FORBIDS), True),
        (NEIBU, Outcome.TIMEOUT, (200, FORBIDS), False),
        (NEIBU, Outcome.ROBOTS_UNREACHABLE, (404, b""), False),
        (NEIBU, Outcome.ROBOTS_UNREACHABLE, (None, b""), False),
        (NEIBU, Outcome.ROBOTS_UNREACHABLE, None, False),
        (OPEN_ONE, Outcome.ROBOTS_UNREACHABLE, (200, FORBIDS), False),
    ],
)
def test_what_the_last_robots_txt_forbids_is_refused_while_there_is_none(
    url: str, ended: Outcome | None, robots: tuple[int, bytes] | None, refused: bool, tmp_path: Path
) -> None:
    at = datetime(2026, 9, 4, tzinfo=UTC)
    before = at - timedelta(days=5)
    with closing(new_ledger(tmp_path / "ledger.sqlite")) as ledger:
        ledger.lists.add_answer(YW, at=before, status=200, region="js")
        ledger.sources.note_shown(YW, at=before, capacity=1, newest=None)
        if robots:
            ledger.hosts.store_robots("http://www.js.xinhuanet.com", before, *robots)
        run_id = "20260904T000000Z-0001"
        ledger.addresses.see([sighting(url, region="js")], run_id=run_id, at=at)
        if ended:
            ledger.addresses.finish(url, ended, run_id=run_id, at=at)
        row = days_of(ledger, date(2026, 9, 2), at)["js"]
    assert ([one.url for one in row.refused], [one.url for one in row.owed]) == (
        ([url], []) if refused else ([], [url])
    )
