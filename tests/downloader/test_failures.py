"""What a request's failure says: of the page, of its host, of our own machine, or of nobody yet."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import pytest
import scrapy.exceptions
from OpenSSL.SSL import Error as TlsError
from scrapy import Request
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from service_identity.exceptions import VerificationError
from twisted.internet import error as internet
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.web._newclient import (
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http import _DataLoss

from crawler.archive.reader import WarcError
from crawler.downloader import failures
from crawler.downloader.failures import (
    CaptureError,
    CaptureTimeoutError,
    Ended,
    NotArchivedError,
    ending_of,
)
from crawler.downloader.resolver import REFUSED
from crawler.ledger.errors import LedgerError
from crawler.outcomes import Outcome
from crawler.storage import StorageError

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://js.news.cn/2017-09/28/c_1121738857.htm"


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def wrapped(error: Exception) -> Exception:
    """As the download handler raises what Twisted did."""
    try:
        with wrap_twisted_exceptions():
            raise error
    except Exception as raised:
        return raised


def failed(*reasons: BaseException) -> Exception:
    return wrapped(ResponseFailed([Failure(reason) for reason in reasons]))


OF_OTHERS = [
    (Ended(Outcome.DEFERRED, "held"), Outcome.DEFERRED),
    (NotArchivedError("nowhere"), Outcome.NOT_ARCHIVED),
    (CaptureError("damaged", "no gzip", None), Outcome.DAMAGED),
    (CaptureError("truncated", "cut", None), Outcome.TRUNCATED),
    (CaptureError("too_large", "long", None), Outcome.TOO_LARGE),
    (CaptureTimeoutError("60 s", None), Outcome.TIMEOUT),
    (wrapped(internet.DNSLookupError()), Outcome.DNS_FAILED),
    (internet.UnknownHostError(), Outcome.DNS_FAILED),
    (socket.gaierror(-2, "unknown"), Outcome.DNS_FAILED),
    (wrapped(internet.TimeoutError()), Outcome.TIMEOUT),
    (internet.TCPTimedOutError(errno.ETIMEDOUT, "timed out"), Outcome.TIMEOUT),
    (TimeoutError(), Outcome.TIMEOUT),
    (wrapped(internet.ConnectionRefusedError()), Outcome.CONNECTION_FAILED),
    (internet.NoRouteError(), Outcome.CONNECTION_FAILED),
    (internet.ConnectError(errno.EHOSTUNREACH, "no way"), Outcome.CONNECTION_FAILED),
    (internet.ConnectionLost(), Outcome.CONNECTION_FAILED),
    (internet.ConnectionDone(), Outcome.CONNECTION_FAILED),
    (internet.ConnectionAborted(), Outcome.CONNECTION_FAILED),
    (internet.ConnectingCancelledError(None), Outcome.CONNECTION_FAILED),
    (ConnectionResetError(errno.ECONNRESET, "reset"), Outcome.CONNECTION_FAILED),
    (BrokenPipeError(errno.EPIPE, "pipe"), Outcome.CONNECTION_FAILED),
    (TunnelError("no"), Outcome.CONNECTION_FAILED),
    (RequestNotSent(), Outcome.CONNECTION_FAILED),
    (RequestTransmissionFailed([Failure(internet.ConnectionLost())]), Outcome.CONNECTION_FAILED),
    (failed(internet.ConnectionLost()), Outcome.CONNECTION_FAILED),
    (failed(), Outcome.CONNECTION_FAILED),
    (wrapped(ResponseNeverReceived([])), Outcome.CONNECTION_FAILED),
    (failed(TlsError([])), Outcome.TLS_FAILED),
    (failed(internet.SSLError()), Outcome.TLS_FAILED),
    (failed(VerificationError(errors=[])), Outcome.TLS_FAILED),
    (failed(_DataLoss()), Outcome.TRUNCATED),
    (failed(ParseError("no status", b"x")), Outcome.DAMAGED),
    (wrapped(CancelledError()), Outcome.TOO_LARGE),
    (scrapy.exceptions.ResponseDataLossError(), Outcome.TRUNCATED),
]

OF_OURS = [
    MemoryError(),
    failed(MemoryError()),
    caused(CaptureError("truncated", "cut", None), MemoryError()),
    StorageError("writing: No space left on device"),
    LedgerError("The ledger is locked"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EMFILE, "Too many open files"),
    PermissionError(errno.EACCES, "Permission denied"),
    internet.ConnectBindError(errno.EMFILE, "Too many open files"),
    internet.ConnectError(errno.ENOBUFS, "No buffer space available"),
    # nobody foresaw them
    TypeError("None has no length"),
    OverflowError("date value out of range"),
    AssertionError(),
    RecursionError("maximum recursion depth exceeded"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    failed(KeyError("x")),
    RequestGenerationFailed([Failure(TypeError("x"))]),
    scrapy.exceptions.NotSupported("no handler"),
    scrapy.exceptions.IgnoreRequest("by somebody else"),
    scrapy.exceptions._InvalidOutput("must return"),
]


@pytest.mark.parametrize(("error", "outcome"), OF_OTHERS, ids=lambda one: repr(one)[:60])
def test_failures_of_pages_and_hosts(error: Exception, outcome: Outcome) -> None:
    ending = ending_of(error, Request(URL))
    assert (ending.outcome, ending.is_ours) == (outcome, False)
    assert ending.detail
    assert "<" not in ending.detail


@pytest.mark.parametrize("error", OF_OURS, ids=lambda one: repr(one)[:60])
def test_errors_of_ours_leave_the_address_owed(error: Exception) -> None:
    ending = ending_of(error, Request(URL))
    assert (ending.outcome, ending.is_ours) == (Outcome.PENDING, True)
    assert ending.detail.partition(":")[0].endswith(("Error", "NotSupported", "Request", "Output"))
    assert "<" not in ending.detail


def test_a_damaged_archive_of_a_replay(tmp_path: Path) -> None:
    ending = ending_of(WarcError(tmp_path, 7, "it ends inside a record"), Request(URL))
    assert (ending.outcome, ending.is_ours) == (Outcome.NOT_ARCHIVED, False)


def test_redirects_without_an_end() -> None:
    """As Scrapy's own middlewares refuse one more."""
    request = Request(URL, meta={"redirect_ttl": 0, "redirect_times": 5})
    error = scrapy.exceptions.IgnoreRequest("max redirections reached")
    assert ending_of(error, request).outcome is Outcome.REDIRECT_LOOP


def test_a_refused_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REFUSED, "js.news.cn", "it stands for 10.0.0.1")
    ending = ending_of(wrapped(internet.DNSLookupError()), Request(URL))
    assert ending == (Outcome.REFUSED_ADDRESS, "it stands for 10.0.0.1", False)


def test_a_name_that_only_looks_like_one_in_another_script() -> None:
    error = UnicodeError("invalid hostname")
    assert ending_of(error, Request("http://xn--a.news.cn/")).outcome is Outcome.DNS_FAILED
    assert ending_of(error, Request(URL)).outcome is Outcome.PENDING


def test_every_error_of_twisted_has_its_row() -> None:
    """What a connection can raise by its documentation; what only servers and processes raise is
    left out."""
    elsewhere = (
        "Bind", "Cannot", "Multicast", "MessageLength", "Already", "Process", "Not", "Reactor",
        "Unsupported", "InvalidAddress", "NoProtocol", "ConnectInProgress",
    )  # fmt: skip
    rows = tuple(kind for kind, _ in failures._OUTCOMES)
    for name in internet.__all__:
        kind = getattr(internet, name)
        if isinstance(kind, type) and not name.startswith(elsewhere):
            assert issubclass(kind, rows), name
