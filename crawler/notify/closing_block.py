"""The block that a crawl prints on stderr when it is over, and when cron gets it.

In: the run's report. Out: its text. On a terminal it is always printed; cron, which mails whatever
is printed, gets it when something changed: a new alarm, one that ended, a run that failed, and once
in ALARM_REPEAT while an alarm holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from crawler.data_dir import report_name
from crawler.exit_codes import DEGRADED, OK
from crawler.outcomes import FETCHED, SETTLED, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

# What to do about an alarm, by the kind its id begins with; docs/operations.md says more.
ADVICE = {
    "quiet": "look at the region's lists: `scrapy regions`; they may have moved",
    "floor": "look at the region's lists: `scrapy regions`; they may have moved",
    "unread": "the region may have a new design: docs/layout-changed.md",
    "unclaimed": "the region may have a new design: docs/layout-changed.md",
    "drift": "a template changed: docs/layout-changed.md",
    "host": "the host answered badly; it is asked again by the next run",
    "no_list": "the region's lists don't answer: `scrapy regions`",
    "list_unreadable": "the list's form is new: its page is in the archive, `scrapy explain`",
    "extraction_failed": "an error of ours: the page is kept; report it with the address",
    "error_of_ours": "an error of ours or of this machine: disk, memory, see the log",
    "clock": "set the machine's clock",
}


def is_due(report: Mapping[str, Any], told_at: datetime | None, repeat: timedelta) -> bool:
    """Whether someone who reads mail must hear of this run; `told_at` is when a block was last
    printed for alarms that still hold, None when none was."""
    if report["exit_code"] not in (OK, DEGRADED):
        return True
    if not report["alarms"]:
        return bool(report["alarms_over"]) or report["exit_code"] != OK
    if report["alarms_over"] or any(state["is_new"] for state in report["alarm_states"]):
        return True
    return told_at is None or datetime.fromisoformat(report["finished_at"]) - told_at >= repeat


def block(
    report: Mapping[str, Any], data_dir: str, *, is_first: bool, unsigned: str | None = None
) -> str:
    """The text, without a line feed at its end. `is_first`: the run began an archive; `unsigned`:
    what stood in the User-Agent as nobody had set CONTACT."""
    started = datetime.fromisoformat(report["started_at"])
    finished = datetime.fromisoformat(report["finished_at"])
    minutes = (finished - started).total_seconds() / 60
    lines = [
        f"xinhua-archive: run {report['run_id']} {_ENDED.get(report['reason'], 'ended')} at "
        f"{finished.astimezone(BEIJING):%Y-%m-%d %H:%M} (Beijing) after {minutes:.0f} min, "
        f"exit code {report['exit_code']}"
    ]
    if is_first:
        lines.append(f"  began an archive in {data_dir}")
    lines.append(f"  {_found(report['outcomes'])}")
    advice = {}
    for state in report["alarm_states"]:
        said = "new alarm" if state["is_new"] else f"alarm since {state['since']}"
        lines.append(f"  {said}: {state['text']}")
        kind = state["id"].partition(":")[0]
        advice[ADVICE.get(kind, "docs/operations.md says what each alarm means")] = True
    lines += [f"  over: {state['text']}" for state in report["alarms_over"]]
    if unsigned is not None:
        advice[f"set CONTACT to your address: requests are signed {unsigned}"] = True
    lines += [f"  to do: {one}" for one in advice]
    lines.append(f"  report: {data_dir}/{report_name(report['run_id'])}")
    return "\n".join(lines)


# How a run ended that didn't end by itself, by the report's `reason`.
_ENDED = {"shutdown": "was stopped", "crawl_hours": "stopped at the end of CRAWL_HOURS"}


def _found(outcomes: Mapping[str, int]) -> str:
    """New and changed articles, known ones, and what is still owed."""
    new = sum(count for name, count in outcomes.items() if Outcome(name) in FETCHED)
    owed = sum(count for name, count in outcomes.items() if Outcome(name) not in SETTLED)
    gone = outcomes.get(Outcome.GONE, 0)
    said = [f"{new} articles published or changed"]
    said += [f"{gone} withdrawn"] if gone else []
    known = sum(outcomes.values()) - new - owed - gone
    return ", ".join([*said, f"{known} known", f"{owed} still owed"])
