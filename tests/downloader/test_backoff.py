"""What Retry-After says, and which failures count against a host."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Headers, Response
from scrapy.settings import Settings

from crawler.downloader import backoff
from crawler.downloader.backoff import BackoffMiddleware, _retry_after
from crawler.downloader.capture import _retries as retries
from crawler.downloader.failures import CaptureError, Ended
from crawler.downloader.holds import BREAKER_FAILURES, LONGEST_HOLD, Holds
from crawler.outcomes import Outcome
from crawler.storage import StorageError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOST = "js.news.cn"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "now", lambda: NOW)


def asked(*values: str | bytes) -> float | None:
    headers = Headers({"Retry-After": list(values)})
    return _retry_after(Response(f"http://{HOST}/", status=503, headers=headers))


def in_seconds(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("values", "wait"),
    [
        ([], None), (["0"], 0), (["30"], 30), ([" 30 "], 30), (["007"], 7),
        (["9" * 400], LONGEST_HOLD), (["99999999999"], LONGEST_HOLD),
        # a time since 1970
        ([f"{NOW.timestamp() + 30:.0f}"], 30), ([f"{NOW.timestamp() - 30:.0f}"], 0),
        ([in_seconds(30)], 30), ([in_seconds(-30)], 0), ([in_seconds(10**8)], LONGEST_HOLD),
        ([in_seconds(30).removesuffix(" GMT")], 30), (["Wed, 04 Mar 2026 13:06:37 +0800"], 30),
        (["Fri, 31 Dec 9999 23:59:59 -2359"], LONGEST_HOLD),
        # of several the longest
        (["5", "30"], 30), (["soon", "30"], 30), (["30", "-1", in_seconds(9)], 30),
        # nothing that can be meant
        (["-5"], None), (["+5"], None), (["1.5"], None), (["nan"], None), (["inf"], None),
        ([""], None), (["soon"], None), (["5 minutes"], None), (["5, 30"], None),
        (["٣"], None), ([b"\xb2"], None), ([b"\xff\xfe"], None), (["5\x00"], None),
        (["Mon, 20 Nov 99999999999999999999 12:00:00 GMT"], None),
        (["Mon, 20 Nov 10000 12:00:00 GMT"], None), (["Mon, 99 Foo 2026 00:00:00 GMT"], None),
        (["Mon, 20 Nov 2026 99:00:00 GMT"], None), (["Mon, 20 Nov 2026 12:00:00 +9999"], None),
        (["Mon, 20 Nov 2026 12:00:00 +99999999999999"], None), (["2026-03-04T05:06:37Z"], None),
    ],
)  # fmt: skip
def test_retry_after(values: list[str | bytes], wait: float | None) -> None:
    assert asked(*values) == wait


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text("0123456789+-:,. ADFGJMNOPSTUVWZacdeghilnoprtuvy\x00\t", max_size=40)
    | st.builds(
        "{}, {} Nov {} {}:{}:{} {}{}".format,
        st.sampled_from(["Mon", ""]),
        *[st.integers(0, 10**21)] * 5,
        st.sampled_from(["+", "-", ""]),
        st.integers(0, 10**21),
    )
    | st.text(max_size=20)
)
def test_no_retry_after_raises_anything(text: str) -> None:
    wait = _retry_after(Response("http://a/", headers=Headers({"Retry-After": text})))
    assert wait is None or 0 <= wait <= LONGEST_HOLD


@pytest.mark.parametrize(
    ("error", "is_counted"),
    [
        (CaptureError("unsupported", "unsupported content coding: x", None), False),
        (CaptureError("damaged", "damaged compression", None), False),
        (CaptureError("truncated", "the body is cut short", None), True),
        (CaptureError("not_http", "not an HTTP status line", None), True),
        (DownloadTimeoutError("60 s"), True),
    ],
)
def test_an_answer_that_cannot_be_read_is_no_failure_of_its_host(
    error: Exception, is_counted: bool
) -> None:
    holds = Holds()
    middleware = BackoffMiddleware(cast("Any", None), holds, cast("Any", None))
    for number in range(BREAKER_FAILURES):
        request = Request(f"http://{HOST}/{number}", meta={"dont_retry": True})
        middleware.process_exception(request, error)
    assert (holds.closed(HOST) is not None) is is_counted
    assert (holds.ready_at(HOST) > 0) is is_counted


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        StorageError("writing: No space left on device"),
        OSError(errno.EMFILE, "Too many open files"),
        TypeError("nobody foresaw this"),
        Ended(Outcome.REDIRECT_LOOP, "in a circle"),
    ],
)
def test_what_says_nothing_of_the_host_is_neither_counted_nor_tried_again(error: Exception) -> None:
    holds = Holds()
    middleware = BackoffMiddleware(cast("Any", None), holds, cast("Any", None))
    for number in range(BREAKER_FAILURES):
        request = Request(f"http://{HOST}/{number}")
        assert middleware.process_exception(request, error) is None
    assert holds.closed(HOST) is None
    assert holds.ready_at(HOST) == 0


def test_retries_are_counted_by_address() -> None:
    """Of what a redirect leads to, none is a retry yet, though `retry_times` goes on."""
    spider = SimpleNamespace(crawler=None)
    stats = SimpleNamespace(inc_value=lambda *_, **__: None)
    crawler = SimpleNamespace(spider=spider, stats=stats, settings=Settings())
    spider.crawler = crawler
    middleware = BackoffMiddleware(cast("Any", crawler), Holds(), cast("Any", None))
    first = Request(f"http://{HOST}/a")
    second = middleware.process_exception(first, DownloadTimeoutError("60 s"))
    assert second
    third = middleware.process_exception(second, DownloadTimeoutError("60 s"))
    assert third
    assert [retries(one) for one in (first, second, third)] == [0, 1, 2]
    led_to = third.replace(url=f"http://{HOST}/b")
    assert (led_to.meta["retry_times"], retries(led_to)) == (2, 0)
