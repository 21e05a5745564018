"""When a job that didn't end well is done again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawler.jobs import queue
from crawler.jobs.queue import RETRY_AFTER, Again, GivenUpError, JobFailedError, PostponedError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (GivenUpError("crawl js"), None),
        (PostponedError("another run holds it", 60), 60),
        (JobFailedError("exit code 5"), RETRY_AFTER),
        (ConnectionError("the server is gone"), RETRY_AFTER),
    ],
)
def test_when_it_is_done_again(
    error: Exception, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "now", lambda: AT)
    job: Any = None
    decision = Again().get_retry_decision(exception=error, job=job)
    at = decision.retry_at if decision else None
    assert at == (None if seconds is None else AT + timedelta(seconds=seconds))
