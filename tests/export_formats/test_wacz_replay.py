"""WACZ files in ReplayWeb.page, in a real browser: a month's, and a page's by itself."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import packaged
from tests.export_formats.test_wacz import GBK, LINES, whole_of, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_PLAYER = """<!doctype html><meta charset="utf-8"><title>player</title>
<script src="/ui.js"></script>
<replay-web-page source="/archive.wacz" url="{url}" ts="{ts}" embed="replayonly"></replay-web-page>
"""


@contextmanager
def served(files: dict[str, tuple[str, bytes]]) -> Iterator[str]:
    """These files over HTTP with ranges, of which a player asks for those it needs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            kind, data = files.get(self.path.partition("?")[0], ("", b""))
            size, found = (
                len(data),
                re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or ""),
            )
            self.send_response(206 if kind and found else 200 if kind else 404)
            if found:
                first, last = found.groups()
                start = int(first) if first else size - int(last)
                end = min(int(last), size - 1) if first and last else size - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
                data = data[start : end + 1]
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if with_body:
                self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shown(browser: Browser, wacz: bytes, line: dict[str, Any]) -> str:
    """The text of a page as the player shows it."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    timestamp = re.sub(r"\D", "", line["fetched_at"])
    files = {
        "/": ("text/html", _PLAYER.format(url=line["url"], ts=timestamp).encode()),
        "/ui.js": ("text/javascript", packaged("replaywebpage/ui.js").read_bytes()),
        "/replay/sw.js": ("text/javascript", packaged("replaywebpage/sw.js").read_bytes()),
        "/archive.wacz": ("application/wacz", wacz),
    }
    with served(files) as root:
        page = browser.new_page()
        try:
            frame = page.frame_locator("replay-web-page iframe").frame_locator("iframe")
            inner = frame.locator("body", has_text=line["title"])
            for is_last in (False, False, False, True):
                page.goto(f"{root}/")
                # its service worker may come up too late for the first load on a busy machine
                try:
                    inner.wait_for(state="attached", timeout=20_000)
                except PlaywrightTimeout:
                    if is_last:
                        raise
                else:
                    break
            return inner.inner_text()
        finally:
            page.close()


@pytest.mark.parametrize("line", [GBK[0], LINES[0]], ids=["gbk", "utf-8"])
def test_a_package_replays(browser: Browser, line: dict[str, Any]) -> None:
    assert "".join(line["body"].split()) in "".join(shown(browser, written(), line).split())


def test_a_page_s_package_replays(browser: Browser) -> None:
    line = GBK[0]
    assert "".join(line["body"].split()) in "".join(shown(browser, whole_of(line), line).split())
