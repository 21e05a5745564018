"""What is known of the addresses that were handed out to be fetched, read once for many of them.

Each is asked for several times on its way: by the request, the pipelines, the line. What a run
writes of an article meanwhile makes it forgotten here, and it is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.ledger.rows import Address, ArticleRow


class HandedOut:
    """Rows of articles and of all their addresses, by article."""

    def __init__(self) -> None:
        self._articles: dict[str, ArticleRow | None] = {}
        self._addresses: dict[str, list[Address]] = {}
        self._article_ids: dict[str, str] = {}  # by address

    def keep(self, articles: Mapping[str, ArticleRow | None], addresses: Sequence[Address]) -> None:
        """Keep the rows of these articles, None for one that isn't archived, and of all addresses
        they were seen at."""
        for article_id, article in articles.items():
            self.forget(article_id)
            self._articles[article_id] = article
            self._addresses[article_id] = []
        for address in addresses:
            self.add(address)

    def add(self, address: Address) -> None:
        """Keep the row of a new address, if those of its article are here."""
        if address.article_id in self._addresses:
            self._addresses[address.article_id].append(address)
            self._article_ids[address.url] = address.article_id

    def has(self, article_id: str) -> bool:
        """Whether the rows of an article are here."""
        return article_id in self._articles

    def article(self, article_id: str) -> ArticleRow | None:
        """The row of an article that is here."""
        return self._articles[article_id]

    def addresses(self, article_id: str) -> list[Address]:
        """The rows of its addresses."""
        return self._addresses[article_id]

    def address(self, url: str) -> Address | None:
        """The row of an address; None where it isn't here."""
        rows = self._addresses.get(self._article_ids.get(url, ""), ())
        return next((row for row in rows if row.url == url), None)

    def forget(self, article_id: str) -> None:
        """Forget an article: something is written of it, or it was fetched."""
        self._articles.pop(article_id, None)
        for address in self._addresses.pop(article_id, ()):
            self._article_ids.pop(address.url, None)

    def forget_address(self, url: str) -> None:
        """Forget the article of an address."""
        if (article_id := self._article_ids.get(url)) is not None:
            self.forget(article_id)
