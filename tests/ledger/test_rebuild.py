"""A deleted ledger is made again from the published files."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL, make_url

from crawler.items import as_line
from crawler.ledger.errors import LedgerError
from crawler.ledger.ledger import Ledger
from crawler.ledger.rebuild import rebuild
from crawler.ledger.rows import Publication
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site, gone_line, line
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from pathlib import Path

FILE = f"jsonl/2026/01/xinhua-{RUN}.jsonl"
SCHEDULE = (DAY, 7 * DAY, 30 * DAY)
LINES = [
    line(1),
    line(2, also_at=[at_site(2, "js.news.cn").url]),
    line(1, "2026-01-02T08:00:00Z", version=2, content_sha256="b" * 64, changed=["body"]),
    line(3),
    gone_line(version=2),
]
REPORT = {
    "run_id": RUN, "started_at": "2026-01-01T08:00:00Z", "finished_at": "2026-01-01T09:00:00Z",
    "command": "scrapy crawl xinhua", "exit_code": 3, "reason": "finished",
    "outcomes": {"published": 3},
}  # fmt: skip


def index_line(url: str, timestamp: str, status: str) -> str:
    return f"cn,news)/x {timestamp} " + json.dumps({"url": url, "status": status}) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A data folder as runs leave it; returns its ledger, closed."""
    ledger = new_ledger(tmp_path / "state" / "ledger.sqlite")
    ledger.runs.start(RUN, T0, REPORT["command"])  # type: ignore[arg-type]
    ledger.addresses.see([at_site(n) for n in range(1, 5)], run_id=RUN, at=T0)
    for one in LINES:
        ledger.articles.add_line(one, jsonl=FILE, schedule=SCHEDULE)
    for number in (1, 2, 3):
        ledger.addresses.finish(at_site(number).url, Outcome.PUBLISHED, run_id=RUN, at=T0)
    ledger.runs.finish(RUN, T0 + HOUR, 3, "finished", {"published": 3})
    ledger.commit()
    ledger.close()
    for name, content in (
        (FILE, b"".join(as_line(one) for one in LINES)),
        (f"runs/{RUN}.json", json.dumps(REPORT).encode()),
        (f"warc/2026/01/xinhua-{RUN}-00001.cdxj", b""),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture
def before(path: Path) -> dict[str, Any]:
    """What the ledger says that is to be lost."""
    return state(path)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, path: Path) -> Path | URL:
    """The place of the folder's ledger, which is lost: its file, or an empty database."""
    path.unlink()
    if request.param == "sqlite":
        return path
    return make_url(request.getfixturevalue("new_database")())


def opened(where: Path | URL) -> Ledger:
    if isinstance(where, URL):
        return Ledger.at(where, fresh=False)
    return Ledger.open(where)


def state(where: Path | URL) -> dict[str, Any]:
    """All that a rebuild owes: articles, lines, observations, addresses, runs."""
    ids = [at_site(number).article_id for number in range(1, 5)]
    with closing(opened(where)) as ledger:
        return {
            "articles": ledger.articles.every(regions=None, limit=99),
            "versions": [ledger.articles.versions(one) for one in ids],
            "observations": [ledger.observations.of_article(one) for one in ids],
            "addresses": [ledger.addresses.of_article(one) for one in ids[:3]],
            "runs": ledger.runs.newest(99),
        }


def test_the_same_ledger_again(before: dict[str, Any], where: Path | URL, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="repair --ledger"):
        opened(where)
    done = rebuild(tmp_path, where, schedule=SCHEDULE)
    assert (done.lines, done.runs, done.problems) == (5, 1, [])
    assert state(where) == before
    with closing(opened(where)) as ledger:
        seen = ledger.addresses.see([at_site(n) for n in range(1, 5)], run_id="r2", at=T0 + DAY)
    assert [one.value for one in seen] == ["known", "known", "known", "new"]


def test_an_address_is_found_where_its_newest_line_says(where: Path | URL, tmp_path: Path) -> None:
    """An article that changed at its other address, which another list showed."""
    first, other = at_site(1), at_site(1, "js.news.cn")
    found = {"url": "http://js.news.cn/index.htm", "position": 3, "title": "春灌又开闸"}
    lines = [
        line(1, also_at=[other.url]),
        line(1, "2026-01-02T08:00:00Z", version=2, content_sha256="b" * 64, url=other.url,
             canonical_url=other.url, also_at=[first.url], discovered_from=found),
    ]  # fmt: skip
    (tmp_path / FILE).write_bytes(b"".join(map(as_line, lines)))
    rebuild(tmp_path, where)
    with closing(opened(where)) as ledger:
        rows = {one.url: one for one in ledger.addresses.of_articles([first.article_id])}
    shown = {url: (one.found_on, one.position, one.title, one.result) for url, one in rows.items()}
    assert shown == {
        first.url: ("http://www.js.xinhuanet.com/", 1, "春灌开闸", Outcome.PUBLISHED),
        other.url: (*found.values(), Outcome.CHANGED),
    }


def test_a_recheck_that_is_in_the_archive_is_not_due_again(
    where: Path | URL, tmp_path: Path
) -> None:
    index = tmp_path / f"warc/2026/01/xinhua-{RUN}-00001.cdxj"
    index.write_text(
        index_line(at_site(2).url, "20260105080000", "304")
        + index_line(at_site(2).url + "?page=2", "20260103080000", "200")
        + index_line(at_site(3).url, "20260105080000", "404")
        + index_line("http://www.js.xinhuanet.com/", "20260105080000", "200")
    )
    done = rebuild(tmp_path, where, schedule=SCHEDULE)
    assert (done.captures, done.problems) == (4, [])
    with closing(opened(where)) as ledger:
        second, third = (ledger.articles.get(at_site(n).article_id) for n in (2, 3))
    assert second
    assert third
    assert second.last_checked_at == T0 + 4 * DAY
    assert second.next_check_at
    assert second.next_check_at > T0 + 4 * DAY
    assert third.last_checked_at == T0


def test_publications_come_from_their_manifests(where: Path | URL, tmp_path: Path) -> None:
    """A part is no run; a report without a number was written before there were any."""
    runs = tmp_path / "runs"
    later = REPORT | {"run_id": "r2", "seq": 3, "corrections": {"written": 1}}
    (runs / "r2.json").write_text(json.dumps(later))
    part = {"run_id": "r2", "part": 1, "seq": 2, "published_at": "2026-01-01T08:30:00Z"}
    (runs / "r2-00001.json").write_text(json.dumps(part))

    done = rebuild(tmp_path, where)

    assert (done.runs, done.problems) == (2, [])
    with closing(opened(where)) as ledger:
        assert {run.run_id: run.kind for run in ledger.runs.newest(9)} == {
            RUN: "crawl", "r2": "correction",
        }  # fmt: skip
        assert ledger.publications.after(0) == [
            Publication(2, "runs/r2-00001.json", "r2", 1, T0 + HOUR / 2),
            Publication(3, "runs/r2.json", "r2", None, T0 + HOUR),
        ]
        assert ledger.publications.next_seq() == 4


def test_two_manifests_of_one_number_are_told(where: Path | URL, tmp_path: Path) -> None:
    for name in ("r2", "r3"):
        report = REPORT | {"run_id": name, "seq": 1}
        (tmp_path / "runs" / f"{name}.json").write_text(json.dumps(report))

    (problem,) = rebuild(tmp_path, where).problems

    assert problem.startswith("runs/r3.json is no report: ")
    assert "publication 1 is runs/r2.json already" in problem


def test_what_is_damaged_is_named_and_the_rest_taken(where: Path | URL, tmp_path: Path) -> None:
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"id": "cut sho\n[1]\n' + as_line(line(4)))
    (tmp_path / "runs" / "broken.json").write_text("{}")
    (tmp_path / f"warc/2026/01/xinhua-{RUN}-00001.cdxj").write_text("?\n")
    done = rebuild(tmp_path, where)
    assert done.lines == 6
    assert [problem.split(":")[0] for problem in done.problems] == [
        f"{FILE} line 6 is no record",
        f"{FILE} line 7 is no record",
        "runs/broken.json is no report",
        f"xinhua-{RUN}-00001.cdxj line 1 is no index line",
    ]


def test_nothing_is_overwritten(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="in the way"):
        rebuild(tmp_path, path)
    assert path.read_bytes() == before


def test_a_killed_rebuild_starts_again(path: Path, tmp_path: Path) -> None:
    path.unlink()
    path.with_name("ledger.sqlite.open").write_bytes(b"half a ledger")
    assert rebuild(tmp_path, path).lines == 5
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite"]
