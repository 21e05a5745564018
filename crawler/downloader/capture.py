"""The download handler that archives: an exchange is in the WARC before its page is read.

In: Scrapy requests. Out: responses whose body `archive.decode` decoded, `request.meta["page"]` with
the same as a Page, and every exchange handed to the run's WarcWriter, however it ended. Without an
open run (`scrapy shell`) nothing is written. Meta keys read: `via`, `discovered_from`,
`revisit_of` (a Revisit), and Scrapy's own. The response of a Page is the same for a live answer and
for a replayed one (`respond`).

Private names of Scrapy and Twisted that this folder uses, for which their versions are pinned:

- Scrapy's http11: `_ScrapyAgent`, `_LenientHTTP11ClientProtocol`, `-Factory` and `-Parser`, the
  handler's `_pool`, `_contextFactory`, `_bind_address`, `_crawler`, `_default_maxsize`,
  `_default_warnsize`, `_fail_on_dataloss`, `_tls_verbose_logging` (here and in `taps`);
  `scrapy.utils._download_handlers`; the engine's `_slot` and the
  downloader's `_delay` (`scheduler`, the spider); the refresh middleware's `_maxdelay`, `_redirect`
  and `_redirect_request_using_get` (`redirects`).
- Twisted's `HTTPConnectionPool._factory` and `_newConnection`, `Response._construct`, of
  `HTTP11ClientProtocol` `_finishResponse`, `_currentRequest`, `_parser` and `_quiescentCallback`,
  the TLS transport's `_aggregator` and `_aborted` (`taps`); the error
  `twisted.web.http._DataLoss` and the errors of `twisted.web._newclient` (`taps`, `failures`).
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError
from scrapy.http import Headers
from scrapy.utils._download_handlers import make_response, wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached

from crawler import urls
from crawler.archive import wire
from crawler.archive.decode import Decoded, DecodeError, decode, largest_page
from crawler.archive.writer import Exchange, Revisit, WarcWriter
from crawler.clock import iso
from crawler.context import attached, required
from crawler.downloader.failures import CaptureError, CaptureTimeoutError, CaptureTooLargeError
from crawler.downloader.pace import Bandwidth, NotInTimeError, Pace
from crawler.downloader.taps import TappedFactory, TappedPool
from crawler.exporters.publisher import Publisher
from crawler.items import Page
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.defer import Deferred

    from crawler.archive.decode import Kind
    from crawler.archive.writer import Truncated
    from crawler.downloader.taps import Capture
    from crawler.items import WarcPointer


# What chunk framing may add to twice DOWNLOAD_MAXSIZE before the exchange is ended.
_FRAMING = 64 * 1024


@contextmanager
def _called_off(
    publisher: Publisher | None, pool: TappedPool, asked: Deferred[Response]
) -> Iterator[None]:
    """Cancel a request that isn't sent yet where the run can't go on."""
    if publisher is None:
        yield
        return

    def call_off() -> None:
        if not pool.captures:
            asked.cancel()

    publisher.unsent.add(call_off)
    try:
        yield
    finally:
        publisher.unsent.discard(call_off)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What became of an answer: decoded, or why not (kind and sentence), and if it is cut off."""

    decoded: Decoded | None = None
    truncated: Truncated | None = None
    kind: Kind | None = None
    why: str = ""


class CaptureHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler with a tap on the wire and an archive behind it."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool.retryAutomatically = False  # Twisted would resend unseen
        self._pool._factory = TappedFactory

    async def download_request(self, request: Request) -> Response:
        """Fetch, archive, decode. Raises CaptureError, CaptureTimeoutError, StorageError, or what
        Scrapy's handler raises when no answer came."""
        maxsize = request.meta.get("download_maxsize", self._default_maxsize)
        pace, publisher = attached(self._crawler, Pace), attached(self._crawler, Publisher)
        host = urlparse_cached(request).hostname or ""
        pool = TappedPool(
            self._pool,
            2 * maxsize + _FRAMING if maxsize else 0,
            partial(pace.check, host) if pace else None,
            pace.deliver_within if pace else 0.0,
        )
        agent = _ScrapyAgent(
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=pool,  # type: ignore[arg-type]
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        response: Response | None = None
        failure: BaseException | None = None
        began = monotonic()
        try:
            with wrap_twisted_exceptions():
                if pace:
                    await pace.turn(host)
                asked = agent.download_request(request)
                with _called_off(publisher, pool, asked):
                    response = await maybe_deferred_to_future(asked)
        except BaseException as error:
            failure = error
        bandwidth = attached(self._crawler, Bandwidth)
        if bandwidth:
            bytes_of = (len(one.request) + len(one.response) for one in pool.captures)
            bandwidth.spent(sum(bytes_of), began)
        sent = [capture for capture in pool.captures if capture.request]
        for number, capture in enumerate(sent[:-1], start=1):
            self._archive(request, capture, _Judgement(), number)
        if not sent:
            assert failure is not None
            if publisher and publisher.storage_error and isinstance(failure, Exception):
                raise NotInTimeError(is_last=True) from None  # whatever became of the connection
            raise failure
        return self._settle(request, sent[-1], response, failure, largest_page(maxsize), len(sent))

    def _settle(
        self,
        request: Request,
        capture: Capture,
        response: Response | None,
        failure: BaseException | None,
        max_bytes: int,
        number: int,
    ) -> Response:
        """Archive a download's last exchange; return its response or raise why there is none."""
        try:
            judgement = _judge(capture, failure, max_bytes, request.method)
        except Exception:
            # an error of ours loses no bytes
            self._archive(request, capture, _Judgement(), number)
            raise
        pointer = self._archive(request, capture, judgement, number)
        if isinstance(failure, DownloadTimeoutError):
            raise CaptureTimeoutError(str(failure), pointer) from failure
        if failure is not None and not (isinstance(failure, Exception) and capture.response):
            raise failure
        if judgement.kind == "too_large":
            raise CaptureTooLargeError(judgement.kind, judgement.why, pointer) from failure
        if judgement.kind is not None:
            raise CaptureError(judgement.kind, judgement.why, pointer) from failure
        assert response is not None
        assert judgement.decoded is not None
        page = Page(
            url=response.url,
            status=judgement.decoded.status,
            headers=judgement.decoded.headers,
            body=judgement.decoded.body,
            fetched_at=iso(capture.started_at),
            warc=pointer,
        )
        request.meta["page"] = page
        return respond(page, response)

    def _archive(
        self, request: Request, capture: Capture, judgement: _Judgement, number: int
    ) -> WarcPointer | None:
        """Hand one exchange to the run's archive. Raises StorageError and stops the run."""
        archive = attached(self._crawler, WarcWriter)
        if archive is None:
            return None
        try:
            revisit = _revisit(request, judgement.decoded, archive)
            return archive.write(_exchange(request, capture, judgement, number, revisit))
        except StorageError as error:
            required(self._crawler, Publisher).storage_failed(str(error))
            raise


def _judge(
    capture: Capture, failure: BaseException | None, max_bytes: int, method: str
) -> _Judgement:
    """Whether the answer is whole and can be decoded, from its bytes and how the download ended."""
    block = bytes(capture.response)
    if not block:
        return _Judgement()
    if capture.is_over_limit:
        return _Judgement(truncated="length", kind="too_large", why="the answer is over a limit")
    if isinstance(failure, DownloadTimeoutError):
        return _Judgement(truncated="time", kind="truncated", why=str(failure))
    if isinstance(failure, DownloadCancelledError):
        return _Judgement(truncated="length", kind="too_large", why=str(failure))
    try:
        decoded = decode(block, max_bytes=max_bytes, method=method)
    except DecodeError as error:
        truncated: Truncated | None = None if failure is None else "unspecified"
        if capture.is_reset or (capture.is_closed and error.kind == "truncated"):
            truncated = "disconnect"
        return _Judgement(truncated=truncated, kind=error.kind, why=str(error))
    if capture.is_reset:
        why = "the connection was lost before it was closed in order"
        return _Judgement(truncated="disconnect", kind="truncated", why=why)
    if failure is not None:
        why = f"the answer could not be read to its end: {failure}"
        return _Judgement(truncated="unspecified", kind="damaged", why=why)
    return _Judgement(decoded=decoded)


def _exchange(
    request: Request, capture: Capture, judgement: _Judgement, number: int, revisit: Revisit | None
) -> Exchange:
    meta = request.meta
    is_proxied = bool(meta.get("proxy"))
    sent = bytes(capture.request)
    return Exchange(
        url=urldefrag(request.url)[0],
        started_at=capture.started_at,
        request=wire.origin_form(sent) if is_proxied else sent,
        response=bytes(capture.response),
        duration_ms=capture.duration_ms,
        decoded=judgement.decoded,
        ip=None if is_proxied else capture.peer,
        truncated=judgement.truncated,
        via=_via(request),
        hop="L" * meta.get("depth", 0) + "R" * meta.get("redirect_times", 0) or None,
        discovered_from=meta.get("discovered_from"),
        tls=capture.tls,
        attempts=_retries(request) + number,
        revisit=revisit,
    )


def _retries(request: Request) -> int:
    """How often the address was asked for in vain before this request, in this run."""
    url, times = request.meta.get("retried", (request.url, 0))
    return int(times) if url == request.url else 0


def _via(request: Request) -> str | None:
    redirects = request.meta.get("redirect_urls")
    if redirects:
        return str(redirects[-1])
    via = request.meta.get("via")
    if via:
        return str(via)
    referer = request.headers.get("Referer")
    return referer.decode("latin-1") if referer else None


def _revisit(request: Request, decoded: Decoded | None, archive: WarcWriter) -> Revisit | None:
    """The published capture that this answer repeats: a 304 for it, or a 200 with its entity."""
    known: Revisit | None = request.meta.get("revisit_of")
    if known is None or decoded is None or archive.wrote(known.warc):
        return None
    if decoded.status == 304:
        return known
    is_same = decoded.status == 200 and decoded.entity_sha256 == known.warc.entity_sha256
    return known if is_same and decoded.entity and not known.only_304 else None


_NOT_ASCII = re.compile("[\x80-\xff]")


def respond(page: Page, live: Response | None = None) -> Response:
    """The response of a page; `live` is Scrapy's own, whose connection facts are kept."""
    headers = Headers(
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in _headers(page)
    )
    return make_response(
        url=page.url,
        status=page.status,
        headers=headers,
        body=page.body,
        flags=live.flags if live else None,
        certificate=live.certificate if live else None,
        ip_address=live.ip_address if live else None,
        protocol=live.protocol if live else None,
    )


def _headers(page: Page) -> Iterator[tuple[str, str]]:
    for name, value in page.headers:
        match name.lower():
            case "content-encoding":
                continue
            case "location":
                # Bytes over 0x7f are escaped as they are; one that is empty or no address is none.
                address = _NOT_ASCII.sub(lambda byte: f"%{ord(byte[0]):02X}", value)
                if address and (url := urls.join(page.url, address)):
                    yield name, url
            case _:
                yield name, value
