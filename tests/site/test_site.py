"""The server: proxy, TLS, origin, framing, validators, log, start and end."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.site import Site, World
from tests.site.answer import answer
from tests.site.reading import an_article, get, raw

FOLDER = Path(__file__).resolve().parent
ROOT = "http://www.js.xinhuanet.com/"


# --- the wire ------------------------------------------------------------------------------------


def test_proxy_origin_connect_and_tls_port_tell_the_same(site: Site) -> None:
    article = an_article(site, region="jl", layout="g6_regional")
    host, path = article["url"].split("/", 3)[2], urlsplit(article["url"]).path
    body = get(site, article["url"]).body
    head = f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n"
    context = ssl.create_default_context(cafile=str(site.ca_file))
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as plain:
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert plain.recv(4096).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(plain, server_hostname=host) as sock:
            sock.sendall(head.encode())
            assert read_all(sock).endswith(body)
    with (
        socket.create_connection(("127.0.0.1", site.tls_port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as sock,
    ):
        sock.sendall(head.encode())
        assert read_all(sock).endswith(body)
    js = an_article(site, region="js", layout="g3")
    host, path = js["url"].split("/", 3)[2], urlsplit(js["url"]).path
    assert raw(site, f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").endswith(
        get(site, js["url"]).body
    )


def read_all(sock: ssl.SSLSocket) -> bytes:
    data = b""
    while got := sock.recv(65536):
        data += got
    return data


def test_keep_alive_framings_and_gzip(site: Site, truth: dict[str, Any]) -> None:
    seen = set()
    start = len(site.log)
    request = ""
    urls = [a["url"] for a in truth["articles"] if a["region"] in {"js", "he"}]
    for url in urls:
        request += f"GET {url} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
    request += f"GET {ROOT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    stream = raw(site, request)
    assert stream.count(b"HTTP/1.1 200") >= 10
    entries = site.log[start:]
    assert len({entry.connection for entry in entries}) == 1
    assert sum(entry.size for entry in entries) == len(stream)
    for url in urls:
        got = get(site, url, Accept_Encoding="gzip")
        seen.add((got.headers.get("transfer-encoding"), got.headers.get("content-encoding")))
    assert seen == {("chunked", None), ("chunked", "gzip"), (None, None), (None, "gzip")}


def test_conditional_requests(site: Site) -> None:
    url = an_article(site, region="js", layout="g3")["url"]
    got = get(site, url)
    same = get(site, url, If_None_Match=got.headers["etag"])
    assert (same.status, same.body) == (304, b"")
    assert same.headers["etag"] == got.headers["etag"]
    assert get(site, url, If_Modified_Since=got.headers["last-modified"]).status == 304
    assert get(site, url, If_Modified_Since="Thu, 01 Jan 2009 00:00:00 GMT").status == 200
    assert get(site, url, If_None_Match='"other"').status == 200
    assert get(site, ROOT, If_None_Match=get(site, ROOT).headers["etag"]).status == 304


def test_the_log_tells_what_was_asked(own: Site) -> None:
    get(own, ROOT, User_Agent="a reader")
    get(own, f"{ROOT}none.htm")
    get(own, "http://control.test/health")
    assert [(e.host, e.path, e.status) for e in own.log] == [
        ("www.js.xinhuanet.com", "/", 200),
        ("www.js.xinhuanet.com", "/none.htm", 404),
    ]
    assert ("User-Agent", "a reader") in own.log[0].headers
    log = json.loads(get(own, "http://control.test/log?since=1").body)
    assert [entry["path"] for entry in log] == ["/none.htm"]
    stats = json.loads(get(own, "http://control.test/stats").body)
    assert stats["www.js.xinhuanet.com"]["requests"] == 2


def test_the_wire_is_kept_on_demand() -> None:
    with Site(regions=["js"], wire=True) as site:
        request = f"GET {ROOT} HTTP/1.0\r\nX-Odd:  a\r\nx-odd: b\r\n\r\n"
        received = raw(site, request)
        assert site.log[0].request == request.encode()
        assert site.log[0].sent == received


# --- life and death ------------------------------------------------------------------------------


def test_closing_ends_stalled_clients_and_every_thread() -> None:
    before = threading.active_count()
    site = Site(regions=["js"])
    site.fault("stall")
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as sock:
        sock.sendall(f"GET {ROOT} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with socket.create_connection(("127.0.0.1", site.tls_port), timeout=5):
            while not site.log:
                sleep(0.01)
            site.close()  # one client in a stall, one that never shakes hands
        assert sock.recv(100) == b""
    assert threading.active_count() == before
    assert not site.ca_file.exists()


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValueError, match="no such channel: hi"):
        World(regions=["hi"])


def test_the_command_serves_until_sigterm(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.site", "--seed", "3", "--regions", "js",
         "--day", "1.5", "--start", "2026-10-01", "--ca-file", str(ca)],
        cwd=FOLDER.parents[1], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        request = f"GET {ROOT} HTTP/1.0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", ready["port"]), timeout=5) as sock:
            sock.sendall(request.encode())
            data = b""
            while got := sock.recv(65536):
                data += got
        world = World(seed=3, regions=["js"], start=date(2026, 10, 1))
        world.day = 1.5
        front = answer(world, "http", "www.js.xinhuanet.com", "/", "")
        assert front is not None
        assert data.endswith(front.body)
        assert ready["ca_file"] == str(ca)
        assert b"BEGIN CERTIFICATE" in ca.read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0
