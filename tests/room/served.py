"""`scrapy serve` as a process, and an archive for it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.archive.pointers import read_page
from crawler.items import WarcPointer
from tests import scrapy_process
from tests.channel import Archive
from tests.column_site import ColumnSite
from tests.scrapy_process import CLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Days of the site on which it is looked at: edits, then a withdrawal seen twice, then it is back.
DAYS = (0, 6, 6.4, 9, 9.4, 12.4)

# The reader's clock: the last of those days, Beijing.
NOW = datetime(2026, 9, 13, 4, tzinfo=UTC)

HOSTILE_HOST = "www.js.xinhuanet.com"
HOSTILE_PATH = "/2026-09/12/c_1129999911.htm"
HOSTILE_TITLE = "<img src=x onerror=document.title=1>\"'&{{7*7}}"

# What a page may try: {base} is an address that must never be asked for.
HOSTILE = """
<script>document.title='OWNED';fetch('{base}/fetch');document.cookie='a=b';open('{base}/open')</script>
<script>[].constructor.constructor('return self')().document.title='OWNED'</script>
<img src="{base}/img" onerror="top.document.title='OWNED'">
<svg onload="document.title='OWNED'"><script>document.title='OWNED'</script>
<image href="{base}/svg"/><foreignObject><iframe src="{base}/foreign"></iframe></foreignObject>
</svg>
<iframe src="{base}/frame"></iframe><iframe srcdoc="<script>top.document.title='OWNED'</script>">
</iframe><object data="{base}/object"></object><embed src="{base}/embed">
<link rel="stylesheet" href="{base}/css"><style>@import url({base}/import);
body {{ background: url({base}/background) }}
@font-face {{ font-family: x; src: url({base}/font) }} body {{ font-family: x }}</style>
<link rel="prefetch" href="{base}/prefetch"><link rel="preload" as="script" href="{base}/preload">
<link rel="dns-prefetch" href="{base}/"><link rel="icon" href="{base}/icon">
<link rel="preconnect" href="{base}">
<link rel="manifest" href="{base}/manifest"><link rel="modulepreload" href="{base}/module">
<video src="{base}/video" poster="{base}/poster" autoplay></video>
<audio src="{base}/audio" autoplay></audio>
<form id="f" action="{base}/form" method="post"><input name="a" autofocus
onfocus="document.title='OWNED'"></form><script>document.getElementById('f').submit()</script>
<details open ontoggle="document.title='OWNED'"><summary>x</summary></details>
<a href="javascript:document.title='OWNED'" id="js">x</a>
<a href="{base}/blank" target="_blank" id="blank">x</a>
<a href="{base}/top" target="_top" id="top">x</a>
<marquee onstart="document.title='OWNED'">x</marquee><portal src="{base}/portal"></portal>
"""
HOSTILE_HEAD = (
    '<meta http-equiv="refresh" content="0;url={base}/refresh"><base href="{base}/" target="_top">'
    '<meta http-equiv="Content-Security-Policy" content="default-src *">'
    '<meta http-equiv="Set-Cookie" content="a=b">'
)


class Trap:
    """A server that nobody may connect to: `caught` are the first bytes of each who did."""

    def __init__(self) -> None:
        self.caught: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.caught.append(connection.recv(200))
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                except OSError:
                    self.caught.append(b"")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def make_archive(data_dir: Path, trap: str) -> Path:
    """An archive with a history, and a page that attacks its readers."""
    make_history(data_dir)
    return add_attack(data_dir, trap)


def _site() -> ColumnSite:
    return ColumnSite(regions=["js", "he"], articles=30, daily=4)


def make_history(data_dir: Path) -> None:
    """Crawl the loopback site over its days."""
    with closing(_site()) as site:
        archive = Archive(site, data_dir)
        for day in DAYS:
            site.day = day
            archive.run("-a", "recheck=all")


def add_attack(data_dir: Path, trap: str) -> Path:
    """Crawl, after the days, a page that would have its readers ask `trap` for something. Then
    make the indexes."""
    with closing(_site()) as site:
        site.day = DAYS[-1]
        archive = Archive(site, data_dir, count=len(DAYS))
        site.made[HOSTILE_HOST, HOSTILE_PATH] = _hostile(archive, trap)
        archive.run("-a", f"urls=http://{HOSTILE_HOST}{HOSTILE_PATH}", "-a", "recheck=none")
    for command in ("index", "clusters"):
        done = scrapy(command, data_dir=data_dir)
        assert done.returncode == 0, done.stderr
    return data_dir


def _hostile(archive: Archive, base: str) -> bytes:
    """A page of the site's own template with another title and an attack in head and body."""
    line = next(
        one for one in archive.lines()
        if one["layout"] == "Regional2014" and not one["warc_pages"] and one["status"] == "live"
    )  # fmt: skip
    page = read_page(archive.data_dir, WarcPointer(**line["warc"]))
    text = page.body.decode(line["encoding"]["used"])
    title = HOSTILE_TITLE.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    text = text.replace(line["title"], title)
    old_id = line["id"]
    if old_id.isdigit():
        text = text.replace(old_id, "1129999911")
    text = text.replace("<head>", "<head>" + HOSTILE_HEAD.format(base=base), 1)
    text = text.replace("</body>", HOSTILE.format(base=base) + "</body>", 1)
    return text.encode(line["encoding"]["used"])


def environment(data_dir: Path) -> dict[str, str]:
    """The environment of a reader's command."""
    shift = (NOW - datetime.now(UTC)).total_seconds()
    guard = os.environ.get("PYTHONPATH", "")
    return {
        **os.environ,
        "XINHUA_DATA_DIR": str(data_dir),
        "PYTHONPATH": os.pathsep.join([str(CLOCK), guard]),
        "CLOCK_SHIFT": str(shift),
    }


def scrapy(*arguments: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """A command over the archive, at the reader's time."""
    return scrapy_process.run(*arguments, env=environment(data_dir))


@dataclass(frozen=True)
class Answer:
    """An answer of the room; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Served:
    """A room that is served at `port`, over `data_dir`."""

    port: int
    data_dir: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask for a path as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """All published lines, in the order of the runs."""
        files = sorted(self.data_dir.glob("jsonl/*/*/*.jsonl"), key=lambda path: path.name)
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]

    def of(self, status: str, version: int = 0) -> dict[str, Any]:
        """The newest line of a status (and version)."""
        return next(
            line
            for line in reversed(self.lines)
            if line["status"] == status and (not version or line["version"] == version)
        )

    @property
    def hostile(self) -> dict[str, Any]:
        """The line of the hostile page."""
        return next(line for line in self.lines if line["url"].endswith(HOSTILE_PATH))


def pages_of(room: Served) -> dict[str, str]:
    """Name → path of a page of each kind."""
    edited = next(one for one in room.lines if "body" in one["changed"])
    gone = room.of("gone")
    article, number = f"/articles/{edited['id']}", edited["version"]
    return {
        "front": "/",
        "search": "/search?q=%E7%A4%BE%E5%8C%BA",
        "article": article,
        "withdrawn": f"/articles/{gone['id']}",
        "hostile": f"/articles/{room.hostile['id']}",
        "diff": f"{article}/diff/{number - 1}/{number}",
        "archived": f"{article}/{number}/archived",
        "verify": f"{article}/{number}/verify",
        "region": "/regions/js",
        "day": "/days/2026-09-08",
        "changes": "/changes",
        "status": "/status",
        "error": "/nothing",
    }


@contextmanager
def serving(data_dir: Path, *arguments: str) -> Iterator[Served]:
    """The room as a process, until it is ended as Ctrl-C ends it."""
    process = scrapy_process.start(
        "serve", "--port", "0", *arguments, env=environment(data_dir),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stderr
        said = process.stdout.readline()
        assert said.startswith("Reading room at http://"), said + process.stderr.read()
        yield Served(int(said.split("/")[2].rpartition(":")[2]), data_dir)
    finally:
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 0
