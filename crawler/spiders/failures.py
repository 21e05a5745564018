"""How a failed request ends: from what the download raised to an outcome and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from OpenSSL.SSL import Error as TlsError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.utils.httpobj import urlparse_cached
from service_identity.exceptions import VerificationError
from twisted.internet.error import CertificateError

from crawler.archive.errors import CaptureError, NotArchivedError
from crawler.errors import Ended
from crawler.outcomes import Outcome
from crawler.resolver import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twisted.python.failure import Failure

_OUTCOMES: tuple[tuple[type[BaseException], Outcome], ...] = (
    (NotArchivedError, Outcome.NOT_ARCHIVED),
    (CannotResolveHostError, Outcome.DNS_FAILED),
    (TlsError, Outcome.TLS_FAILED),
    (CertificateError, Outcome.TLS_FAILED),
    (VerificationError, Outcome.TLS_FAILED),
    (DownloadTimeoutError, Outcome.TIMEOUT),
    (DownloadCancelledError, Outcome.TOO_LARGE),
    (ResponseDataLossError, Outcome.TRUNCATED),
)

_KINDS = {
    "truncated": Outcome.TRUNCATED,
    "damaged": Outcome.DAMAGED,
    "unsupported": Outcome.DAMAGED,
    "too_large": Outcome.TOO_LARGE,
    "not_http": Outcome.DAMAGED,
}


def outcome_of(failure: Failure) -> tuple[Outcome, str]:
    """The outcome of a failed request and why, as one line."""
    error = failure.value
    if isinstance(error, Ended):
        return error.outcome, error.detail
    detail = f"{type(error).__name__}: {error}"[:500]
    causes = list(_causes(error))
    host = urlparse_cached(failure.request).hostname  # type: ignore[attr-defined]
    if host in REFUSED:
        return Outcome.REFUSED_ADDRESS, REFUSED[host]
    for cause in causes:
        if isinstance(cause, CaptureError):
            return _KINDS[cause.kind], detail
    for kind, outcome in _OUTCOMES:
        if any(isinstance(cause, kind) for cause in causes):
            return outcome, detail
    return Outcome.CONNECTION_FAILED, detail


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and what Twisted packed into `reasons`."""
    waiting = [error]
    for _ in range(20):
        if not waiting:
            return
        current = waiting.pop()
        if current is None:
            continue
        yield current
        waiting.append(current.__cause__)
        waiting += [reason.value for reason in getattr(current, "reasons", ())]
