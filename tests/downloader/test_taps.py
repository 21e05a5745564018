"""Request and response blocks are the bytes on the wire, for every kind of exchange."""

from __future__ import annotations

import base64
import hashlib
import socket
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from twisted.internet.defer import fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from twisted.web._newclient import ResponseNeverReceived

from crawler.archive.decode import DecodeError, decode
from crawler.downloader.pace import NotInTimeError
from crawler.downloader.taps import TappedPool, TappedProtocol
from tests.archive.exchanges import differences
from tests.archive.kinds import KINDS, MAXSIZE

if TYPE_CHECKING:
    from crawler.downloader.taps import Capture
    from tests.archive.crawled import Crawled
    from tests.archive.origin import Origin


def test_every_exchange_has_its_records_and_every_record_its_exchange(crawled: Crawled) -> None:
    asked = [logged.name for logged in crawled.origin.log]
    archived = [
        (exchange.request.url or "").partition("?")[0].rpartition("/")[2]
        for exchange in crawled.exchanges
    ]
    assert archived == asked
    assert len(asked) == sum(kind.exchanges for kind in KINDS.values())


@pytest.mark.parametrize("name", KINDS)
def test_blocks_are_the_bytes_on_the_wire(name: str, crawled: Crawled) -> None:
    assert differences(crawled, name) == []


def test_a_byte_that_differs_is_seen(crawled: Crawled) -> None:
    (pair,) = crawled.of("plain")
    for name in ("received", "sent"):
        logged = replace(pair[0], **{name: getattr(pair[0], name) + b"x"})
        log = [logged if one is pair[0] else one for one in crawled.origin.log]
        doctored = replace(crawled, origin=cast("Origin", SimpleNamespace(log=log)))
        assert len(differences(doctored, "plain")) == 1


@pytest.mark.parametrize("name", KINDS)
def test_the_download_ends_as_it_should(name: str, crawled: Crawled) -> None:
    kind = KINDS[name]
    result = crawled.results[name]
    if kind.end == "page":
        assert result["error"] is None, result
        assert result["status"] == kind.status
        assert base64.b64decode(result["body"]) == kind.body
        assert result["same_body"]
    else:
        expected = {"timeout": "CaptureTimeoutError", "failed": "DownloadFailedError"}
        assert expected.get(kind.end, "CaptureError") in result["error"], result
        if kind.end not in expected:
            assert result["kind"] == kind.end, result
    archived = crawled.of(name)[-1][1]
    if archived.response is None:
        assert result["pointer"] is None
        return
    pointer = result["pointer"]
    assert pointer["record_id"] == archived.response.record_id
    assert pointer["offset"] == archived.response.offset
    assert pointer["length"] == archived.response.length
    assert pointer["payload_digest"] == archived.response.header("WARC-Payload-Digest")
    assert crawled.data_dir / pointer["file"] == crawled.warc


@pytest.mark.parametrize("name", KINDS)
def test_the_archived_block_is_read_as_the_answer_was(name: str, crawled: Crawled) -> None:
    kind = KINDS[name]
    response = crawled.of(name)[-1][1].response
    if response is None or response.kind == "revisit" or kind.truncated:
        return
    assert response.block is not None
    try:
        body = decode(response.block, max_bytes=MAXSIZE, method=kind.method).body
    except DecodeError as error:
        assert error.kind == kind.end  # noqa: PT017
    else:
        assert kind.end == "page"
        assert body == kind.body


def test_entity_digest_is_of_the_dechunked_still_encoded_body(crawled: Crawled) -> None:
    plain, framed = (crawled.results[name]["pointer"] for name in ("gzip", "gzip-chunked"))
    assert plain["entity_sha256"] == framed["entity_sha256"]
    assert plain["payload_digest"] != framed["payload_digest"]


def test_proxied_requests_stand_as_the_origin_would_get_them(crawled: Crawled) -> None:
    for name in ("proxy", "proxy-gzip", "connect"):
        for _, archived in crawled.of(name):
            assert (archived.request.block or b"").startswith(f"GET /{name}".encode())
            assert b"proxy-auth" not in (archived.request.block or b"").lower()
            assert archived.request.header("WARC-IP-Address") is None
    assert any(b"Proxy-Authorization" in logged.received for logged in crawled.origin.log)
    for _, archived in crawled.of("plain"):
        assert archived.request.header("WARC-IP-Address") == "127.0.0.1"


def test_metadata_tells_of_tls_attempts_and_redirects(crawled: Crawled) -> None:
    pem = crawled.origin.certificate.read_text()
    der = base64.b64decode(pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0])
    fingerprint = hashlib.sha256(der).hexdigest()
    for name in ("tls", "connect", "tls-reused-swallowed"):
        block = (crawled.of(name)[-1][1].metadata.block or b"").decode()
        assert "tls-version: TLSv1." in block
        assert f"tls-certificate-sha256: {fingerprint}\r\n" in block
    assert "tls" not in (crawled.of("plain")[0][1].metadata.block or b"").decode()
    attempts = [
        b"attempts: 2\r\n" in (exchange.metadata.block or b"")
        for _, exchange in crawled.of("swallowed")
    ]
    assert attempts == [False, True]
    redirected = (crawled.of("moved")[1][1].metadata.block or b"").decode()
    assert f"via: {crawled.of('moved')[0][1].request.url}\r\n" in redirected
    assert "hopsFromSeed: R\r\n" in redirected


def test_revisits_refer_to_the_original(crawled: Crawled) -> None:
    original = crawled.of("gzip")[0][1].response
    assert original is not None
    profiles = {
        "not-modified-revisit": ("server-not-modified", None),
        "identical-revisit": ("identical-payload-digest", "length"),
    }
    for name, (profile, truncated) in profiles.items():
        revisit = crawled.of(name)[0][1].response
        assert revisit is not None
        assert revisit.kind == "revisit"
        assert (revisit.header("WARC-Profile") or "").endswith(f"/revisit/{profile}")
        assert revisit.header("WARC-Refers-To-Target-URI") == original.url
        assert revisit.header("WARC-Refers-To-Date") == original.date
        digest = original.header("WARC-Payload-Digest")
        assert revisit.header("WARC-Payload-Digest") == digest
        assert revisit.header("WARC-Truncated") == truncated
    for name in ("changed-no-revisit", "unpublished-no-revisit", "not-modified"):
        other = crawled.of(name)[0][1].response
        assert other is not None
        assert other.kind == "response"


class _Reactor:
    """One that never has its next turn."""

    def addWriter(self, writer: object) -> None:  # noqa: N802
        """Somebody has something to write."""

    def removeWriter(self, writer: object) -> None:  # noqa: N802
        """And has no more."""


class _Idle:
    """A connection that has served, and loses whatever is asked on it next."""

    was_idle = True

    def __init__(self) -> None:
        self.asked = 0
        self.is_kept = False

    def secured(self) -> Any:
        return succeed(self)

    def ask(self, request: Any, capture: Capture) -> Any:
        self.asked += 1
        lost = Failure(ConnectionLost())  # type: ignore[no-untyped-call]
        return fail(ResponseNeverReceived([lost]))  # type: ignore[no-untyped-call]

    def give_back(self) -> None:
        self.is_kept = True


def test_what_is_sent_again_is_checked_again() -> None:
    idle, fresh, over = _Idle(), _Idle(), NotInTimeError(is_last=True)
    answers: list[Exception | None] = [None, over]
    inner = SimpleNamespace(
        persistent=True,
        getConnection=lambda *_: succeed(idle),
        _newConnection=lambda *_: succeed(fresh),
    )
    pool = TappedPool(cast("Any", inner), 0, lambda: answers.pop(0))
    failures: list[Failure] = []
    connected = pool.getConnection("key", cast("Any", None))
    connected.addCallback(lambda one: one.request(SimpleNamespace(method=b"GET")))
    connected.addErrback(failures.append)
    assert [failure.value for failure in failures] == [over]
    assert (idle.asked, fresh.asked, fresh.is_kept) == (1, 0, True)
    assert len(pool.captures) == 1


def test_a_kept_connection_whose_turn_is_another_s_sends_nothing() -> None:
    """It waits for the next request; what is raised is that the turn was over, nothing of ours."""
    idle, over = _Idle(), NotInTimeError(is_last=False)
    inner = SimpleNamespace(persistent=True, getConnection=lambda *_: succeed(idle))
    pool = TappedPool(cast("Any", inner), 0, lambda: over)
    failures: list[Failure] = []
    connected = pool.getConnection("key", cast("Any", None))
    connected.addCallback(lambda one: one.request(SimpleNamespace(method=b"GET")))
    connected.addErrback(failures.append)
    assert [failure.value for failure in failures] == [over]
    assert (idle.asked, idle.is_kept) == (0, True)


def test_what_is_sent_in_turn_is_with_the_kernel_at_once() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, TappedProtocol(), _Reactor())  # type: ignore[no-untyped-call]
        connection.connected = True
        protocol = TappedProtocol()  # type: ignore[no-untyped-call]
        protocol.makeConnection(connection)  # type: ignore[no-untyped-call]
        connection.write(b"GET")
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(9)
        protocol.send_now()
        assert theirs.recv(9) == b"GET"


def test_what_cannot_be_delivered_is_given_up_by_the_kernel() -> None:
    with socket.socket() as handle:
        protocol = TappedProtocol()  # type: ignore[no-untyped-call]
        protocol.transport = cast("Any", SimpleNamespace(socket=handle))
        protocol.deliver_within(1.5)
        assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1500
