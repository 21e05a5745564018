"""Every kind of exchange fetched once, in one process, and what was archived of it read back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.archive.reader import Record, read_records
from crawler.storage import publish
from tests.archive.kinds import KINDS, MAXSIZE, Kind
from tests.archive.origin import CLOSE, RESET, Logged, Origin
from tests.conftest import PROJECT

INFO = {
    "software": "xinhua-archive/0 Scrapy/2.19",
    "operator": "tester@localhost",
    "robots": "obey",
    "format": "WARC File Format 1.1",
}


@dataclass(frozen=True)
class Archived:
    """The records of one exchange, in order."""

    response: Record | None
    request: Record
    metadata: Record


@dataclass(frozen=True)
class Crawled:
    """`data_dir` with one published WARC, the origin's log, and the two side by side by kind."""

    data_dir: Path
    warc: Path
    origin: Origin
    records: list[Record]
    exchanges: list[Archived]
    results: dict[str, dict[str, Any]]

    def of(self, name: str) -> list[tuple[Logged, Archived]]:
        """The exchanges of one kind: as the origin logged them and as they are archived."""
        start = 0
        for other in KINDS:
            count = KINDS[other].exchanges
            if other == name:
                pairs = zip(self.origin.log, self.exchanges, strict=True)
                return list(pairs)[start : start + count]
            start += count
        raise KeyError(name)


def fetch(
    folder: Path, requests: list[dict[str, Any]], *, certificate: Path | None = None, **job: Any
) -> dict[str, dict[str, Any]]:
    """Run the requests through the handler in a process of its own; results by name."""
    settings = {"DOWNLOAD_MAXSIZE": MAXSIZE, "DOWNLOAD_VERIFY_CERTIFICATES": True}
    out = folder / "results.json"
    full = {
        "requests": requests,
        "data_dir": str(folder),
        "out": str(out),
        "info": INFO,
        "max_bytes": 10**9,
        "file_limit": 0,
        "broken_decoder": False,
        "fails_after": 0,
        **job,
        "settings": settings | job.get("settings", {}),
    }
    path = folder / "job.json"
    path.write_text(json.dumps(full))
    env = dict(os.environ)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), str(PROJECT)]))
    if certificate:
        env["SSL_CERT_FILE"] = str(certificate)
    done = subprocess.run(
        [sys.executable, "-m", "tests.archive.fetch", str(path)],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert out.exists(), done.stderr
    return {result["name"]: result for result in json.loads(out.read_text())}


def run_of(folder: Path) -> dict[str, Any]:
    """What the run's context says after `fetch`."""
    run: dict[str, Any] = json.loads((folder / "results.json.run").read_text())
    return run


def request_for(name: str, kind: Kind, origin: Origin) -> dict[str, Any]:
    """The job entry that asks the origin for a kind, by the way the kind says."""
    path = f"/{name}{kind.query}"
    meta: dict[str, Any] = dict(kind.meta)
    proxy = f"http://user:secret@127.0.0.1:{origin.port}"
    urls = {
        "plain": f"http://127.0.0.1:{origin.port}{path}",
        "tls": f"https://localhost:{origin.tls_port}{path}",
        "proxy": f"http://js.news.cn{path}",
        "connect": f"https://localhost{path}",
    }
    if kind.way in ("proxy", "connect"):
        meta["proxy"] = proxy
    return {
        "name": name, "url": urls[kind.way], "method": kind.method, "meta": meta,
        "revisit_of": kind.revisit_of, "too_early": kind.too_early,
        "pause": 0.05 if CLOSE in kind.steps or RESET in kind.steps else 0,  # until it is closed
    }  # fmt: skip


def group(records: list[Record]) -> list[Archived]:
    """Records after the warcinfo as exchanges: (response or revisit)?, request, metadata."""
    exchanges = []
    rest = [record for record in records if record.kind != "warcinfo"]
    while rest:
        first = rest.pop(0)
        response = first if first.kind in ("response", "revisit") else None
        request = rest.pop(0) if response else first
        exchanges.append(Archived(response, request, rest.pop(0)))
    return exchanges


def crawl_kinds(folder: Path) -> Crawled:
    """Every kind of exchange, fetched once from an origin that logs it."""
    with Origin({name: kind.steps for name, kind in KINDS.items()}, folder) as origin:
        requests = [request_for(name, kind, origin) for name, kind in KINDS.items()]
        results = fetch(folder, requests, certificate=origin.certificate)
    (file,) = run_of(folder)["files"]
    warc = publish(Path(file))
    records = list(read_records(warc))
    return Crawled(folder, warc, origin, records, group(records), results)
