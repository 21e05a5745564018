"""What workers do, as `scrapy status` shows it: who is on, what waits, how far each batch is.

In: the state of the jobs from the ledger. Out: plain values, and lines of a screen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING, iso, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.ledger.jobs import BatchState, JobsState

# Jobs that were given up and are shown; all are counted.
_SHOWN = 5


def jobs_as_json(state: JobsState | None) -> dict[str, Any] | None:
    """The state as plain values, times in UTC; None where there are no jobs."""
    if state is None:
        return None
    return {
        "workers": [
            {
                "name": one.name,
                "version": one.version,
                "slots": one.slots,
                "started_at": iso(one.started_at),
                "seen_at": iso(one.seen_at),
                "is_lost": one.is_lost,
            }
            for one in state.workers
        ],
        "waiting": state.waiting,
        "running": state.running,
        "batches": [_batch(one) for one in state.batches],
        "failed": [
            {
                "what": one.what,
                "at": iso(one.at),
                "why": one.why,
                "worker": one.worker,
                "attempts": one.attempts,
            }
            for one in state.failed
        ],
    }


def _batch(batch: BatchState) -> dict[str, Any]:
    left = batch.left_bytes / batch.pace if batch.pace and batch.left_bytes else None
    is_over = batch.ended_at is not None
    return {
        "id": batch.id,
        "kind": batch.kind,
        "enqueued_at": iso(batch.enqueued_at),
        "total": batch.total,
        "done": batch.done,
        "failed": batch.failed,
        "running": batch.running,
        "waiting": batch.total - batch.done - batch.failed - batch.running,
        "left_seconds": None if left is None or is_over else round(left),
        "done_at": None if left is None or is_over else iso(now() + timedelta(seconds=left)),
        "output": batch.output,
        "problems": batch.problems,
        "ended_at": iso(batch.ended_at) if batch.ended_at else None,
    }


def jobs_lines(jobs: dict[str, Any] | None, labelled: Callable[[str, str], list[str]]) -> list[str]:
    """What a person is shown; `labelled` puts a text behind a label."""
    if jobs is None:
        return []
    lost = [one for one in jobs["workers"] if one["is_lost"]]
    there = [one["name"] for one in jobs["workers"] if not one["is_lost"]]
    told = ", ".join(there) or "none is on"
    if lost:
        told += "; lost: " + ", ".join(
            f"{one['name']} since {_local(one['seen_at'])}" for one in lost
        )
    lines = labelled("workers", told)
    counts = [
        f"{count} {kind} {state}"
        for state in ("running", "waiting")
        for kind, count in jobs[state].items()
    ]
    lines += labelled("jobs", ", ".join(counts) or "none waits")
    for batch in jobs["batches"]:
        lines += labelled("", _batch_text(batch))
    for one in jobs["failed"][:_SHOWN]:
        text = f"given up after {one['attempts']} tries: {one['what']}: {one['why']}"
        lines += labelled("", text)
    if len(jobs["failed"]) > _SHOWN:
        lines += labelled("", f"and {len(jobs['failed']) - _SHOWN} more (--json)")
    return lines


def _batch_text(batch: dict[str, Any]) -> str:
    text = f"{batch['id']}: {batch['done']} of {batch['total']} files done"
    if batch["failed"]:
        text += f", {batch['failed']} given up"
    if batch["ended_at"]:
        ended = batch["output"] or "not joined"
        if batch["problems"]:
            ended += f" tells of {batch['problems']} that are damaged or wrong"
        return f"{text}; {ended}, {_local(batch['ended_at'])}"
    if batch["left_seconds"] is not None:
        minutes = max(round(batch["left_seconds"] / 60), 1)
        span = f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
        text += f"; about {span} left, until {_local(batch['done_at'])}"
    return text


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(BEIJING):%Y-%m-%d %H:%M}"
