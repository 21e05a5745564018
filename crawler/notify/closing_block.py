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
from crawler.exit_codes import DEGRADED, ERROR, NO_LISTS, OK, STORAGE
from crawler.outcomes import DENIED, FETCHED, SETTLED, Outcome
from crawler.shown_text import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

# What to do about an alarm, by the kind its id begins with; docs/operations.md says more.
_LISTS = "look at its lists, they may have moved: `scrapy regions CODE`"
_DESIGN = "the region may have a new design: docs/layout-changed.md"
_OURS = "an error of ours: what came is archived; please report it with the log"
ADVICE = {
    "quiet": _LISTS,
    "floor": _LISTS,
    "no_list": _LISTS,
    "dead_lists": _LISTS,
    "unclaimed_new": _DESIGN,
    "unclaimed_known": _DESIGN,
    "field": "a template changed: docs/layout-changed.md",
    "drift": "a template changed: docs/layout-changed.md",
    "coverage": "`scrapy coverage SINCE UNTIL` shows what is wanting of the day",
    "coverage_failed": _OURS,
    "host_given_up": "nothing at first: the next run asks the host again",
    "list_unreadable": "the list's form is new: `scrapy report` says where its page is archived",
    "list_endless": "look at the list: is there an end to it? A run with `since` reads it on",
    "pictures_failed": "look at one of them: `data/images/` names them and says why",
    "not_compared": "put the archive of the last version back: docs/operations.md, retention",
    "not_corrected": "`scrapy verify` says what is wrong with these lines or their records",
    "extraction_failed": _OURS,
    "lost": _OURS,
    "watch_failed": _OURS,
    "error_of_ours": "look at memory, open files and the log: the next run asks again",
    "clock": "set the machine's clock",
    "index": "look at the web archive's index; the next run asks it again",
    "index_cut_off": "ask for fewer regions or days: docs/operations.md, web archives",
    "capture_not_compared": _OURS,
    "told": "docs/operations.md says what it means",
}

# What a run with this exit code met, and what to do about it (docs/operations.md).
_MEANINGS = {
    ERROR: "an unexpected error: the log has it; what was done is published",
    NO_LISTS: "no list page answered",
    STORAGE: "storage failed, the disk or the ledger: what was written is kept",
}
_MEND = "make room, or mend the disk or the ledger's server"
_TO_DO = {
    ERROR: "read the log and report it",
    NO_LISTS: "look at the network, then at the site",
    STORAGE: f"{_MEND}; the next run goes on",
}

# How a run ended that didn't end by itself, by the report's `reason`.
_ENDED = {"shutdown": "was stopped", "crawl_hours": "stopped at the end of CRAWL_HOURS"}


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
    report: Mapping[str, Any],
    data_dir: str,
    *,
    is_first: bool,
    unsigned: str | None = None,
    problem: str | None = None,
) -> str:
    """The text, without a line feed at its end. `is_first`: the run began an archive; `unsigned`:
    what stood in the User-Agent as nobody had set CONTACT; `problem`: how storage failed."""
    started = datetime.fromisoformat(report["started_at"])
    finished = datetime.fromisoformat(report["finished_at"])
    how = _ENDED.get(report["reason"], "ended")
    code = report["exit_code"]
    lines = [
        f"xinhua-archive: run {report['run_id']} {how}, exit code {code}",
        f"  {_local(finished)} Beijing time, after {_duration(finished - started)}",
    ]
    if is_first:
        lines.append(f"  began an archive in {data_dir}")
    captures = report.get("captures")
    found = _captured(captures) if captures else _found(report["outcomes"])
    lines += wrapped(found, "  ", "    ")
    if report.get("parts", 0) > 1:
        lines.append(f"  published in {report['parts']} parts")
    if problem or code in _MEANINGS:
        lines += wrapped(problem or _MEANINGS[code], "  ", "    ")
    advice = {}
    for state in report["alarm_states"]:
        since = _local(datetime.fromisoformat(state["since"]))
        said = "new alarm: " if state["is_new"] else f"alarm since {since}: "
        lines += wrapped(state["text"], f"  {said}", "    ")
        kind = state["id"].partition(":")[0]
        advice[ADVICE.get(kind, ADVICE["told"])] = True
    for state in report["alarms_over"]:
        lines += wrapped(state["text"], "  over: ", "    ")
    if code in _TO_DO:
        advice[_TO_DO[code]] = True
    if unsigned is not None:
        advice[f"set CONTACT to your address: requests are signed {unsigned}"] = True
    for one in advice:
        lines += wrapped(one, "  to do: ", "    ")
    lines.append(f"  report: {data_dir}/{report_name(report['run_id'])}")
    return "\n".join(lines)


def unpublished(run_id: str, exit_code: int, problem: str) -> str:
    """The text on a run whose report could not be written."""
    lines = [f"xinhua-archive: run {run_id} could not be published, exit code {exit_code}"]
    lines += wrapped(problem, "  ", "    ")
    to_do = f"{_MEND}; the next run publishes what is written and goes on"
    lines += wrapped(to_do, "  to do: ", "    ")
    return "\n".join(lines)


def _found(outcomes: Mapping[str, int]) -> str:
    """New and changed articles, known ones, and what is still owed."""
    new = sum(count for name, count in outcomes.items() if Outcome(name) in FETCHED)
    owed = sum(count for name, count in outcomes.items() if Outcome(name) not in SETTLED)
    gone = outcomes.get(Outcome.GONE, 0)
    denied = sum(outcomes.get(one, 0) for one in DENIED)
    said = [f"{new} articles published or changed"]
    said += [f"{gone} withdrawn"] if gone else []
    known = sum(outcomes.values()) - new - owed - gone
    said += [f"{known} known", f"{owed - denied} still owed"]
    said += [f"{denied} denied by robots.txt"] if denied else []
    return ", ".join(said)


def _captured(captures: Mapping[str, Any]) -> str:
    """What became of a web archive's captures."""
    ended = captures["ended"]
    said = [
        f"{captures['listed']} captures listed",
        f"{ended.get('written', 0)} lines written",
        f"{captures['owed']} captures still owed",
    ]
    if captures["unlisted"]:
        said.append(f"{captures['unlisted']} parts of the index still to be listed")
    return ", ".join(said)


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _duration(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    if minutes < 10:
        return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
