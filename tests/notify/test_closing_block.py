"""The block at the end of a run, and which runs cron hears of."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.notify.closing_block import ADVICE, block, is_due, unpublished
from crawler.shown_text import columns
from tests.conftest import PROJECT

REPEAT = timedelta(hours=24)
END = datetime(2026, 3, 31, 12, tzinfo=UTC)


def state(name: str, *, is_new: bool = False) -> dict[str, Any]:
    return {"id": name, "region": "js", "layout": None, "since": "2026-03-30T12:00:00Z",
            "is_new": is_new, "text": f"{name} is told"}  # fmt: skip


def report(code: int = 0, *alarms: dict[str, Any], **values: Any) -> dict[str, Any]:
    made = {
        "run_id": "20260331T115500Z-0a0b",
        "started_at": "2026-03-31T11:55:00Z",
        "finished_at": "2026-03-31T12:00:00Z",
        "reason": "finished",
        "exit_code": code,
        "outcomes": {"published": 3, "changed": 1, "known": 40, "gone": 1, "http_error": 2},
        "alarms": [one["text"] for one in alarms],
        "alarm_states": list(alarms),
        "alarms_over": [],
    }
    return made | values


@pytest.mark.parametrize(
    ("told", "hours", "wanted"),
    [
        (report(), None, False),
        (report(3, state("quiet:js", is_new=True)), None, True),
        (report(3, state("quiet:js")), 1, False),
        (report(3, state("quiet:js")), 23.9, False),
        (report(3, state("quiet:js")), 24, True),
        (report(3, state("quiet:js")), None, True),
        (report(3, state("quiet:js"), alarms_over=[state("host:x")]), 1, True),
        (report(0, alarms_over=[state("quiet:js")]), 1, True),
        (report(3, reason="shutdown"), None, True),
        (report(1), None, True),
        (report(4), None, True),
        (report(5), None, True),
    ],
    ids=["well", "new", "held", "almost a day", "a day", "never told", "one over", "all over",
         "stopped", "error", "no list", "disk"],
)  # fmt: skip
def test_who_reads_mail_hears_of_it(told: dict[str, Any], hours: float, wanted: bool) -> None:
    told_at = None if hours is None else END - timedelta(hours=hours)
    assert is_due(told, told_at, REPEAT) is wanted


def test_the_block_says_what_was_found_what_is_wrong_and_what_to_do() -> None:
    alarms = (state("quiet:js", is_new=True), state("extraction_failed:http://x"))
    outcomes = {"published": 3, "changed": 1, "known": 40, "gone": 1, "http_error": 2,
                "robots_denied": 7}  # fmt: skip
    told = report(3, *alarms, alarms_over=[state("host:y")], outcomes=outcomes)
    said = block(told, "/srv/data", is_first=False, unsigned="me@here")
    assert said.splitlines() == [
        "xinhua-archive: run 20260331T115500Z-0a0b ended, exit code 3",
        "  2026-03-31 20:00 Beijing time, after 5 min 0 s",
        "  4 articles published or changed, 1 withdrawn, 40 known, 2 still owed, 7 denied",
        "    by robots.txt",
        "  new alarm: quiet:js is told",
        "  alarm since 2026-03-30 20:00: extraction_failed:http://x is told",
        "  over: host:y is told",
        f"  to do: {ADVICE['quiet']}",
        f"  to do: {ADVICE['extraction_failed']}",
        "  to do: set CONTACT to your address: requests are signed me@here",
        "  report: /srv/data/runs/20260331T115500Z-0a0b.json",
    ]


@pytest.mark.parametrize("code", [1, 4, 5])
def test_what_a_run_met_that_failed(code: int) -> None:
    said = block(report(code), "/srv/data", is_first=False)
    assert said.count("  to do: ") == 1
    assert max(map(columns, said.splitlines())) <= 80


def test_a_run_whose_storage_failed_says_how() -> None:
    problem = "/srv/data has 278528 bytes free, fewer than DISK_MIN_FREE (300000)"
    said = block(report(5), "/srv/data", is_first=False, problem=problem)
    assert f"  {problem}\n" in said
    assert unpublished("20260331T115500Z-0a0b", 5, "The disk is full.").splitlines() == [
        "xinhua-archive: run 20260331T115500Z-0a0b could not be published, exit code 5",
        "  The disk is full.",
        "  to do: make room, or mend the disk or the ledger's server; the next run",
        "    publishes what is written and goes on",
    ]


def test_there_is_advice_on_every_kind_of_alarm() -> None:
    """The beginnings of the ids that the code gives to alarms."""
    code = "\n".join(path.read_text() for path in (PROJECT / "crawler").rglob("*.py"))
    given = re.findall(r'(?:Alarm\(|key = |^HOST = )f?"([a-z_{}]+)[:"]', code, re.MULTILINE)
    kinds = {kind for one in given for kind in (
        [one.replace("{kind}", "new"), one.replace("{kind}", "known")] if "{kind}" in one else [one]
    ) if "{" not in kind}  # fmt: skip
    assert len(kinds) > 10
    assert kinds - ADVICE.keys() == set()


def test_an_archive_that_was_begun_is_said() -> None:
    assert "  began an archive in /srv/data" in block(report(), "/srv/data", is_first=True)
    assert "began" not in block(report(), "/srv/data", is_first=False)


def test_the_parts_of_a_long_run_are_counted() -> None:
    assert "  published in 3 parts\n" in block(report(parts=3), "/srv/data", is_first=False)
    assert "parts" not in block(report(parts=0), "/srv/data", is_first=False)
