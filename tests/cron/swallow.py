"""A spider middleware that loses what was read of one article, as a faulty addition might."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.items import Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class Swallow:
    """Loses the first reading."""

    is_full = False

    async def process_spider_output(
        self,
        response: Response,
        result: AsyncIterator[Any],
    ) -> AsyncIterator[Any]:
        async for one in result:
            if isinstance(one, Reading) and not self.is_full:
                self.is_full = True
            else:
                yield one
