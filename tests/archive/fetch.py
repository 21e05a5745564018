"""Run by the tests in a process of its own: fetch requests one by one through the handler.

`python -m tests.archive.fetch JOB` reads the JSON job and writes what came of each to its `out`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import signal
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy.crawler import CrawlerProcess

from crawler.archive.writer import Revisit, WarcWriter
from crawler.context import attach, required
from crawler.data_dir import warc_name
from crawler.downloader import capture
from crawler.exporters.publisher import Publisher
from tests.run_parts import facts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HANDLER = "crawler.downloader.capture.CaptureHandler"


class Fetcher(scrapy.Spider):
    name = "fetcher"
    job: dict[str, Any]

    async def start(self) -> AsyncIterator[Any]:
        if self.job["fails_after"]:
            failed = required(self.crawler, Publisher).storage_failed
            asyncio.get_running_loop().call_later(self.job["fails_after"], failed, "it is full")
        results = []
        pages: dict[str, Any] = {}
        for entry in self.job["requests"]:
            meta = {"dont_retry": True, **entry["meta"]}
            if known := pages.get(entry.get("revisit_of") or ""):
                published = replace(known.warc, file="warc/2017/09/xinhua-before-00000.warc.gz")
                meta["revisit_of"] = Revisit(
                    known.url, known.fetched_at, known.warc if entry["too_early"] else published
                )
            request = scrapy.Request(entry["url"], method=entry["method"], meta=meta)
            result: dict[str, Any] = {"name": entry["name"], "error": None, "pointer": None}
            try:
                assert self.crawler.engine
                response = await self.crawler.engine.download_async(request)
            except Exception as error:
                pointer = getattr(error, "pointer", None)
                result |= {
                    "error": [base.__name__ for base in type(error).__mro__],
                    "message": str(error),
                    "kind": getattr(error, "kind", None),
                }
            else:
                page = pages[entry["name"]] = response.meta["page"]
                pointer = page.warc
                result |= {
                    "status": response.status,
                    "class": type(response).__name__,
                    "body": base64.b64encode(response.body).decode(),
                    "page": [page.url, page.status, page.headers, page.fetched_at],
                    "same_body": page.body == response.body,
                }
            result["pointer"] = asdict(pointer) if pointer else None
            results.append(result)
            await asyncio.sleep(entry["pause"])
        Path(self.job["out"]).write_text(json.dumps(results))
        return
        yield


def _broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a bug of ours")


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    if job["file_limit"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_limit"], job["file_limit"]))
    if job["broken_decoder"]:
        capture.decode = _broken
    process = CrawlerProcess({
        "DOWNLOAD_HANDLERS": {"http": HANDLER, "https": HANDLER},
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None
        },
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "WARNING",
        "DOWNLOAD_DELAY": 0,
        "RETRY_TIMES": 1,
        **job["settings"],
    })  # fmt: skip
    crawler = process.create_crawler(Fetcher)
    stops: list[str] = []
    archive = publisher = None
    if job["data_dir"]:
        archive = WarcWriter(
            Path(job["data_dir"]),
            partial(warc_name, "test"),
            info=job["info"] | {"run-id": "test"},
            max_bytes=job["max_bytes"],
        )
        none: Any = None  # the handler asks for no line and no row
        publisher = Publisher(facts(run_id="test"), none, archive, none)
        publisher.stop = stops.append
        attach(crawler, archive, publisher)
    process.crawl(crawler, job=job)
    process.start()
    if archive and publisher:
        archive.close()
        run = {
            "files": [str(path) for path in archive.files],
            "stops": stops,
            "storage_error": publisher.storage_error,
        }
        Path(job["out"] + ".run").write_text(json.dumps(run))


if __name__ == "__main__":
    main()
