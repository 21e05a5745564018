"""Middlewares as a faulty addition might bring them: each spoils what comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.items import ScrapedArticle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy import Request
    from scrapy.http import Response


class Swallow:
    """Loses the first reading."""

    is_done = False

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        async for one in result:
            if isinstance(one, ScrapedArticle) and not self.is_done:
                self.is_done = True
                self.spoil()
            else:
                yield one

    def spoil(self) -> None:
        """What happens besides."""


class Raise(Swallow):
    """Raises at the first reading."""

    def spoil(self) -> None:
        raise RuntimeError("nobody foresaw this")


class Exhausted:
    """A downloader middleware: there is no memory for requests of articles, then a fault in it."""

    errors = (MemoryError(), TypeError("nobody foresaw this"), OSError(24, "Too many open files"))
    count = 0

    def process_request(self, request: Request) -> None:
        if request.meta.get("kind") == "article" and self.count < len(self.errors):
            self.count += 1
            raise self.errors[self.count - 1]
