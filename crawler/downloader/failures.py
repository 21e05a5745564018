"""How a failed request ends: from what was raised to an outcome and a sentence.

In: what Scrapy, Twisted, OpenSSL or our own code raised for a request, and the request. Out: the
outcome, why, and whether it is an error of ours: the disk, memory, file handles, or anything that
this table doesn't name. Such an error says nothing of the page or its host: the address stays owed.

What our own handlers and middlewares raise stands here, too. An error of a captured download
carries `pointer`, the archived record of what did arrive, or None when nothing did.
"""

from __future__ import annotations

import errno
import logging
import socket
from typing import TYPE_CHECKING, NamedTuple

from OpenSSL.SSL import Error as TlsError
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.utils.httpobj import urlparse_cached
from service_identity.exceptions import VerificationError
from twisted.internet import error as internet
from twisted.internet.defer import CancelledError
from twisted.web import _newclient as client
from twisted.web.client import ResponseFailed
from twisted.web.http import PotentialDataLoss, _DataLoss

from crawler.alarms import Alarm
from crawler.archive.reader import WarcError
from crawler.downloader.resolver import REFUSED
from crawler.outcomes import Outcome
from crawler.regions import region_of_url
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy import Request

    from crawler.archive.decode import Kind
    from crawler.exporters.publisher import Publisher
    from crawler.items import WarcPointer


class CaptureError(Exception):
    """An answer came and is archived, but holds no trustworthy page; `kind` is the decoder's."""

    def __init__(self, kind: Kind, message: str, pointer: WarcPointer | None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.pointer = pointer


class CaptureTooLargeError(CaptureError, DownloadCancelledError):
    """The answer is over a limit of ours."""


class CaptureTimeoutError(DownloadTimeoutError):
    """The whole exchange took too long; part of an answer may be archived."""

    def __init__(self, message: str, pointer: WarcPointer | None) -> None:
        super().__init__(message)
        self.pointer = pointer


class NotArchivedError(IgnoreRequest):
    """A replay was asked for a URL that no archive of it holds."""


class Ended(IgnoreRequest):
    """A middleware ended the request: `outcome` says how, the message why."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


class HostHeld(Ended):
    """The host is left alone for longer than a run waits: the request was not sent."""


logger = logging.getLogger(__name__)

_LONGEST_DETAIL = 500

# What the machine or the process has too little of, or can't write.
_OUR_ERRNOS = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE,
    errno.ENOMEM, errno.ENOBUFS, errno.EACCES, errno.EPERM,
})  # fmt: skip

# The first row that one of the causes belongs to holds, so the narrower types come first.
_OUTCOMES: tuple[tuple[type[BaseException], Outcome], ...] = (
    (NotArchivedError, Outcome.NOT_ARCHIVED),
    # a replay's archive can't be read where its index says
    (WarcError, Outcome.NOT_ARCHIVED),
    (CannotResolveHostError, Outcome.DNS_FAILED),
    (internet.DNSLookupError, Outcome.DNS_FAILED),
    (internet.UnknownHostError, Outcome.DNS_FAILED),
    (socket.gaierror, Outcome.DNS_FAILED),
    (TlsError, Outcome.TLS_FAILED),
    (internet.CertificateError, Outcome.TLS_FAILED),
    (internet.VerifyError, Outcome.TLS_FAILED),
    (internet.SSLError, Outcome.TLS_FAILED),
    (VerificationError, Outcome.TLS_FAILED),
    (DownloadTimeoutError, Outcome.TIMEOUT),
    (internet.TimeoutError, Outcome.TIMEOUT),
    (internet.TCPTimedOutError, Outcome.TIMEOUT),
    (TimeoutError, Outcome.TIMEOUT),
    (DownloadCancelledError, Outcome.TOO_LARGE),
    (ResponseDataLossError, Outcome.TRUNCATED),
    (PotentialDataLoss, Outcome.TRUNCATED),
    (_DataLoss, Outcome.TRUNCATED),
    (client.ParseError, Outcome.DAMAGED),
    (DownloadConnectionRefusedError, Outcome.CONNECTION_FAILED),
    (TunnelError, Outcome.CONNECTION_FAILED),
    (internet.ConnectError, Outcome.CONNECTION_FAILED),
    (internet.ConnectionClosed, Outcome.CONNECTION_FAILED),
    (internet.ConnectingCancelledError, Outcome.CONNECTION_FAILED),
    (client.ConnectionAborted, Outcome.CONNECTION_FAILED),
    (client.RequestNotSent, Outcome.CONNECTION_FAILED),
    (CancelledError, Outcome.CONNECTION_FAILED),
    (ConnectionError, Outcome.CONNECTION_FAILED),
)

# They only wrap what happened, and stand for it where they wrap nothing.
_WRAPPERS = (DownloadFailedError, ResponseFailed, client.RequestTransmissionFailed)

_KINDS: dict[Kind, Outcome] = {
    "truncated": Outcome.TRUNCATED,
    "damaged": Outcome.DAMAGED,
    "unsupported": Outcome.DAMAGED,
    "too_large": Outcome.TOO_LARGE,
    "not_http": Outcome.DAMAGED,
}


def outcome_of_kind(kind: Kind) -> Outcome:
    """The outcome that a refusal of the decoder stands for."""
    return _KINDS[kind]


class RequestEnding(NamedTuple):
    """How a request ended: its outcome, why in one line, and whether by an error of ours."""

    outcome: Outcome
    detail: str
    is_ours: bool = False


def ending_of(error: BaseException, request: Request) -> RequestEnding:
    """How a request ended that raised this."""
    causes = list(_causes(error))
    detail = _told(next((cause for cause in causes if not _is_wrapper(cause)), error))
    host = urlparse_cached(request).hostname or ""
    if any(is_ours(cause) for cause in causes):
        return RequestEnding(Outcome.PENDING, detail, is_ours=True)
    if isinstance(error, Ended):
        return RequestEnding(error.outcome, error.detail)
    if host in REFUSED:
        return RequestEnding(Outcome.REFUSED_ADDRESS, REFUSED[host])
    outcome = _outcome_of(causes)
    if outcome is not None:
        return RequestEnding(outcome, detail)
    # Scrapy's redirects note how many more there may be before they refuse one
    if isinstance(error, IgnoreRequest) and "redirect_ttl" in request.meta:
        return RequestEnding(Outcome.REDIRECT_LOOP, f"{detail} at {request.url}")
    # a label that only looks like a name in another script
    if isinstance(error, UnicodeError) and "xn--" in host:
        return RequestEnding(Outcome.DNS_FAILED, detail)
    return RequestEnding(Outcome.PENDING, detail, is_ours=True)


def _outcome_of(causes: Sequence[BaseException]) -> Outcome | None:
    """The outcome that an error's causes stand for, None for those that are none of the network's
    or the answer's."""
    captured = next((cause for cause in causes if isinstance(cause, CaptureError)), None)
    if captured is not None:
        return _KINDS[captured.kind]
    for kind, outcome in _OUTCOMES:
        if any(isinstance(cause, kind) for cause in causes):
            return outcome
    if all(isinstance(cause, _WRAPPERS) for cause in causes):
        return Outcome.CONNECTION_FAILED
    return None


def _is_wrapper(error: BaseException) -> bool:
    """Whether the text of an error is but the repr of those it wraps."""
    return isinstance(error, _WRAPPERS) or bool(getattr(error, "reasons", None))


def postpone(publisher: Publisher, address: str, error: BaseException) -> None:
    """End an article's address that an error of ours kept us from: it stays owed, and an operator
    hears of it."""
    detail = _told(error)
    raise_alarm(publisher, address, detail, error)
    publisher.end(address, Outcome.PENDING, detail)


def raise_alarm(publisher: Publisher, url: str, detail: str, error: BaseException) -> None:
    """Tell that an error of ours kept us from an address. A disk or ledger that failed is told
    already, by the run that it stops."""
    if publisher.storage_error is not None:
        return
    region = region_of_url(url)
    text = f"an error of ours, {url} is asked for again: {detail}"
    logger.error(text, exc_info=error)
    publisher.alarm(Alarm(f"error_of_ours:{url}", text, region.code if region else None))


def _told(error: BaseException) -> str:
    """The error as one line."""
    name, text = type(error).__name__, " ".join(str(error).split())
    return f"{name}: {text}"[:_LONGEST_DETAIL] if text else name


def is_ours(error: BaseException) -> bool:
    """Whether the disk, the ledger, memory or file handles failed, whatever was being done."""
    if isinstance(error, MemoryError | StorageError | internet.ConnectBindError):
        return True
    if isinstance(error, internet.ConnectError):
        return getattr(error, "osError", None) in _OUR_ERRNOS - {errno.EACCES, errno.EPERM}
    return isinstance(error, OSError) and error.errno in _OUR_ERRNOS


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
