"""Each fault does on the wire what it is called."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.site.faults import KINDS, Fault, FaultRules
from tests.site.reading import an_article, get, raw

if TYPE_CHECKING:
    from tests.site import Site

ROOT = "http://www.js.xinhuanet.com/"


def spoilt(site: Site, kind: str, **options: Any) -> bytes:
    """What a client reads from an article under a fault."""
    url = an_article(site, region="js", layout="g3")["url"]
    site.faults.replace([Fault(kind, seconds=0.05, **options)])
    return raw(site, f"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("status", sorted(k for k in KINDS if k.isdigit()))
def test_a_fault_can_be_any_status(own: Site, status: str) -> None:
    assert spoilt(own, status).startswith(f"HTTP/1.1 {status} ".encode())


def test_retry_after_in_both_forms(own: Site) -> None:
    assert b"\r\nRetry-After: 7\r\n" in spoilt(own, "429", retry_after="7")
    dated = spoilt(own, "503", retry_after="date:60")
    assert re.search(rb"\r\nRetry-After: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n", dated)


def test_faults_of_the_body(own: Site) -> None:
    whole = spoilt(own, "drip", pause=0.001)
    head, _, entity = whole.partition(b"\r\n\r\n")
    assert b"HTTP/1.1 200" in head
    cut = spoilt(own, "truncated").partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", cut[0])[1])  # type: ignore[index]
    assert 0 < len(cut[2]) < length
    bad = spoilt(own, "bad_chunk")
    assert b"Transfer-Encoding: chunked" in bad
    assert b"\r\nzz\r\n" in bad
    assert not spoilt(own, "cut_chunk").endswith(b"0\r\n\r\n")
    damaged = spoilt(own, "bad_gzip").partition(b"\r\n\r\n")[2]
    with pytest.raises((gzip.BadGzipFile, zlib.error, EOFError)):
        gzip.decompress(damaged)
    shortened = spoilt(own, "cut_gzip").partition(b"\r\n\r\n")[2]
    with pytest.raises(EOFError):
        gzip.decompress(shortened)
    huge = spoilt(own, "huge", size=300_000).partition(b"\r\n\r\n")
    assert len(huge[2]) == 300_000
    assert entity


def test_faults_of_the_wire(own: Site) -> None:
    assert spoilt(own, "stall") == b""
    assert spoilt(own, "close") == b""
    assert spoilt(own, "reset") == b"<reset>"
    assert spoilt(own, "reset_body").startswith(b"HTTP/1.1 200")
    assert spoilt(own, "stall_body")
    assert not spoilt(own, "garbage").startswith(b"HTTP/")
    assert len(spoilt(own, "endless_head")) > 1_000_000
    assert b"\r\n\r\n" not in spoilt(own, "endless_head")


def test_faults_that_are_answers(own: Site) -> None:
    url = an_article(own, region="js", layout="g3")["url"]
    own.fault("redirect_loop", path="/2*", times=1)
    assert get(own, url).headers["location"] == url
    for kind, location in (
        ("redirect_front", ROOT),
        ("redirect_skip", "http://www.xinhuanet.com/webSkipping.htm"),
    ):
        own.faults.replace([Fault(kind)])
        assert get(own, url).headers["location"] == location
    for kind in ("soft404", "empty", "error_page"):
        own.faults.replace([Fault(kind)])
        got = get(own, url)
        assert got.status == 200
        assert len(got.body) < 800


def test_faults_of_names_and_tls(own: Site) -> None:
    own.fault("dns", host="he.news.cn")
    assert get(own, "http://he.news.cn/").status == 502
    for kind, reason in (("tls_expired", "expired"), ("tls_wrong_host", "mismatch")):
        own.faults.replace([Fault(kind)])
        context = ssl.create_default_context(cafile=str(own.ca_file))
        with (
            socket.create_connection(("127.0.0.1", own.tls_port), timeout=5) as plain,
            pytest.raises(ssl.SSLCertVerificationError, match=reason),
        ):
            context.wrap_socket(plain, server_hostname="js.news.cn")


def test_rules_count_and_pick(own: Site) -> None:
    rules = FaultRules()
    rules.add(Fault("503", host="*.js.*", path="/news/*", skip=1, times=2))
    hits = [rules.match("www.js.news.cn", "/news/a.htm") is not None for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert rules.match("www.he.news.cn", "/news/a.htm") is None
    with pytest.raises(ValueError, match="unknown fault 'gremlin'"):
        Fault("gremlin")
    assert get(own, "http://control.test/fault?kind=gremlin").status == 400
    assert get(own, "http://control.test/fault?kind=500&host=js.news.cn&times=1").status == 200
    assert get(own, "http://js.news.cn/").status == 500
    assert get(own, "http://js.news.cn/").status == 200
    get(own, "http://control.test/fault?kind=503&path=/robots.txt")
    assert get(own, f"{ROOT}robots.txt").status == 503
    get(own, "http://control.test/fault/clear")
    assert get(own, f"{ROOT}robots.txt").status == 200


def test_an_address_can_ask_for_its_fault(own: Site) -> None:
    assert get(own, f"{ROOT}fault-410/news/jsyw.htm").status == 410
    assert get(own, f"{ROOT}fault-429/news/jsyw.htm").headers["retry-after"] == "1"
    request = f"GET {ROOT}fault-truncated/news/jsyw.htm HTTP/1.1\r\nHost: x\r\n\r\n"
    assert raw(own, request)


def test_robots_can_be_set(own: Site) -> None:
    get(own, "http://control.test/robots?host=js.news.cn&text=User-agent:%20*%0ACrawl-delay:%203")
    assert get(own, "http://js.news.cn/robots.txt").body == b"User-agent: *\nCrawl-delay: 3"
