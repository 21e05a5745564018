"""The crawl without an archive, for `benchmarks.archive`: Scrapy's own handler, no WARC.

Nothing is captured and nothing is written but JSONL; the spider gets its Page all the same. Bodies
are decompressed by ISA-L as ours are, since Scrapy's own middleware costs more than it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from isal import isal_zlib
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler

from crawler import settings
from crawler.clock import iso, now
from crawler.items import Page

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response


class PlainHandler(HTTP11DownloadHandler):
    """Scrapy's handler, named so that it can be told from ours."""


class PageMiddleware:
    """Nearest to the downloader: decompresses, and makes the Page of it."""

    def process_response(self, request: Request, response: Response) -> Response:
        if response.headers.pop("Content-Encoding", None):
            body = isal_zlib.decompress(response.body, isal_zlib.MAX_WBITS | 16)
            response = response.replace(body=body)
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        )
        request.meta["page"] = Page(
            response.url, response.status, headers, response.body, iso(now()), None
        )
        return response


def options() -> list[str]:
    """The command line options that take the archive out of the crawl."""
    handler = f"{__name__}.PlainHandler"
    middlewares = settings.DOWNLOADER_MIDDLEWARES | {f"{__name__}.PageMiddleware": 900}
    chosen = {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOADER_MIDDLEWARES": middlewares,
    }
    return [part for name, one in chosen.items() for part in ("-s", f"{name}={json.dumps(one)}")]
