"""How jobs end other than well, and what becomes of them then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from procrastinate import BaseRetryStrategy, RetryDecision

from crawler.clock import now

if TYPE_CHECKING:
    from procrastinate.jobs import Job

# So often a job is tried before it is given up and told.
TRIES: Final = 3

# Seconds until a job that failed is tried again.
RETRY_AFTER: Final = 30


class PostponedError(Exception):
    """The job could not begin, or was stopped: it is to be done later, which is no failure."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class JobFailedError(Exception):
    """The job failed; `is_final` says that another try would fail as well."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final


class GivenUpError(Exception):
    """The job failed for the last time, which is noted."""


class Again(BaseRetryStrategy):
    """Every job is done again, unless it was given up: a server that went away, too, or a worker
    that stops, say nothing against it."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to do it again; None for never."""
        del job
        if isinstance(exception, GivenUpError):
            return None
        seconds = exception.seconds if isinstance(exception, PostponedError) else RETRY_AFTER
        return RetryDecision(retry_at=now() + timedelta(seconds=seconds))
