"""Spider middlewares as a faulty addition might bring them: each spoils what was read first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.items import Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class Swallow:
    """Loses the first reading."""

    is_done = False

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        async for one in result:
            if isinstance(one, Reading) and not self.is_done:
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
