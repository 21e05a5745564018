"""What sightings, indexes, certificates, lines and reports tell of lists and pages."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from crawler.coverage.restoring import restore
from crawler.coverage.sightings import APPEARED, GONE, KEYS
from crawler.ledger.rows import Hole, HoleKind
from tests.ledger.conftest import line
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.ledger.ledger import Ledger

YW, JJ = "http://www.js.xinhuanet.com/yw.htm", "http://www.js.xinhuanet.com/jj.htm"
FIRST, SECOND, THIRD = (f"202603{day:02}T040000Z-0001" for day in (3, 5, 6))


def at(day: int, hour: int = 4) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def article(day: int, number: int = 1) -> str:
    return f"http://www.js.xinhuanet.com/2026-03/{day:02}/c_11299{day:02}{number:03}.htm"


def sighting(
    run_id: str, url: str, *, day: int, shown_by: str = YW, event: str = APPEARED, page: int = 1,
    last: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    stamp = f"2026-03-{day:02}T04:00:00Z"
    return dict.fromkeys(KEYS) | {
        "schema_version": 1, "run_id": run_id, "event": event, "at": stamp, "list": shown_by,
        "region": "js", "page": page, "article_id": url[-14:-4], "url": url, "also_at": [],
        "headline": "要闻", "position": 1 if event == APPEARED else None,
        "last_shown_at": f"2026-03-{last:02}T04:00:00Z" if last else None,
    }  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(new_ledger(tmp_path / "ledger.sqlite")) as ledger:
        yield ledger


def write(data_dir: Path, name: str, *rows: object) -> None:
    path = data_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")


def index(data_dir: Path, run_id: str, *answers: tuple[str, str]) -> None:
    path = data_dir / f"warc/2026/03/xinhua-{run_id}-00000.cdxj"
    path.parent.mkdir(parents=True, exist_ok=True)
    stamp = run_id[:8] + "040000"
    path.write_text(
        "".join(f"x {stamp} {json.dumps({'url': url, 'status': status})}\n"
                for url, status in answers)
    )  # fmt: skip


def folder(data_dir: Path) -> Path:
    """Two lists: the first turned over between the third and the fifth; the second copies it."""
    write(
        data_dir, f"sightings/2026/03/xinhua-{FIRST}.jsonl",
        sighting(FIRST, article(3, 2), day=3), sighting(FIRST, article(3, 1), day=3),
        sighting(FIRST, article(1), day=3, shown_by=JJ),
    )  # fmt: skip
    write(
        data_dir, f"sightings/2026/03/xinhua-{SECOND}.jsonl",
        sighting(SECOND, article(5), day=5), sighting(SECOND, article(4), day=5),
        *(sighting(SECOND, article(3, n), day=5, event=GONE, last=3) for n in (1, 2)),
        sighting(SECOND, article(5), day=5, shown_by=JJ),
    )  # fmt: skip
    index(data_dir, FIRST, (YW, "200"), (JJ, "200"))
    index(data_dir, SECOND, (YW, "200"), (JJ, "304"))
    index(data_dir, THIRD, (YW, "500"), (YW, "502"), ("http://js.news.cn/none.htm", "200"))
    return data_dir


def test_lists(ledger: Ledger, tmp_path: Path) -> None:
    assert restore(folder(tmp_path), ledger) == []
    known = ledger.sources.known([YW, JJ])
    first, second = known[YW], known[JJ]
    assert (first.first_at, first.capacity, first.newest_url) == (at(3), 2, article(5))
    assert (first.head, first.head_at) == ([article(5)], at(5))
    assert (second.capacity, second.newest_at) == (2, at(5))
    state = ledger.lists.state(YW)
    assert (state.region, state.failures, state.last_status) == ("js", 2, 502)
    assert (state.last_ok_at, state.last_at, state.completed_at) == (at(5), at(6), None)
    learnt = ledger.sources.yields(date(2026, 3, 7))
    assert [(one.looks, one.days, one.new, one.first, one.sole) for one in
            (learnt[YW], learnt[JJ])] == [(2, 2, 2, 2, 1), (2, 2, 1, 0, 0)]  # fmt: skip
    (day,) = [one for one in ledger.certificates.sources(date(2026, 3, 5)) if one.url == YW]
    assert (day.looks, day.hours) == (1, 1 << 12)


def test_gaps(ledger: Ledger, tmp_path: Path) -> None:
    """A list that turned over; what certificates say, and none of what they had said by then."""
    data_dir = folder(tmp_path)
    (turned,) = holes(ledger, data_dir)
    assert turned == Hole(YW, at(5), HoleKind.OVERFLOW, at(3), date(2026, 3, 3), date(2026, 3, 4))


def test_gaps_that_certificates_name(ledger: Ledger, tmp_path: Path) -> None:
    data_dir = folder(tmp_path)
    for day in (3, 4):
        name = f"coverage/2026/03/{day:02}.json"
        told = {"list": JJ, "kind": "total", "since": "2026-03-03T04:00:00Z",
                "until": "2026-03-05T04:00:00Z", "missing": 2, "covered": False}  # fmt: skip
        row = {"implied": [told] if day == 4 else []}
        write(data_dir, name, {"day": f"2026-03-{day:02}", "number": 0, "regions": {"js": row}})
        ledger.certificates.claim(date(2026, 3, day), 0, run_id=THIRD, at=at(6))
    (named,) = holes(ledger, data_dir)
    # the fifth has no certificate yet: it may concern it as well
    assert named == Hole(JJ, at(5), HoleKind.TOTAL, at(3), date(2026, 3, 4), date(2026, 3, 5), 2)


def holes(ledger: Ledger, data_dir: Path) -> list[Hole]:
    assert restore(data_dir, ledger) == []
    found = [hole for day in range(1, 9) for hole in ledger.certificates.holes(date(2026, 3, day))]
    return list(dict.fromkeys(found))


def test_pages_and_shifts(ledger: Ledger, tmp_path: Path) -> None:
    """Pages since a shift that holds are not counted among the usual ones."""
    data_dir = folder(tmp_path)
    runs = [f"2026030{day}T040000Z-0001" for day in range(1, 8)]
    for number, run_id in enumerate(runs, start=1):
        stamp = f"2026-03-{number:02}T04:00:00Z"
        rows = [
            line(number * 10 + n, stamp, run_id=run_id, published_at=stamp, version=version)
            for n, version in ((1, 1), (2, 1), (3, 2))
        ]
        write(data_dir, f"jsonl/2026/03/xinhua-{run_id}.jsonl", *rows)
    alarm = "drift:js:Regional2014:images:up"
    states = [{"id": alarm, "since": "2026-03-06T04:00:00Z"}, {"id": "quiet:js", "since": "x"}]
    for run_id, held in ((runs[4], []), (runs[5], states)):
        write(data_dir, f"runs/{run_id}.json", {"alarm_states": held, "watched": ["js"]})
    assert restore(data_dir, ledger) == []
    assert ledger.measures.shifts("drift:") == {alarm: at(6)}
    assert [page.run_id for page in ledger.measures.pages("js", "Regional2014")] == [
        run_id for run_id in runs[1:] for _ in (1, 2)
    ]
    usual = ledger.measures.baseline("js", "Regional2014")
    assert sum(counts.total() for (_, name), counts in usual.items() if name == "images") == 2


def test_what_cannot_be_read_is_told(ledger: Ledger, tmp_path: Path) -> None:
    data_dir = folder(tmp_path)
    name = f"xinhua-{SECOND}.jsonl"
    (data_dir / "sightings/2026/03" / name).write_text('{"list": 5}\n')
    (problem,) = restore(data_dir, ledger)
    assert name in problem
    assert ledger.sources.known([YW])[YW].first_at == at(3)


def test_a_folder_without_archives(ledger: Ledger, tmp_path: Path) -> None:
    assert restore(tmp_path / "none", ledger) == []
