"""Article links of a list, whatever its form: each kept once, with title, place and time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from crawler import dates, urls
from crawler.pages.document import collapse

# A longer text is a block inside a link, not a title.
TITLE_MAX: Final = 300

# Articles taken from one answer: the main site's front page names some 1,000. More of them are
# counted as refused.
MOST_LINKS: Final = 10_000

_TIME = re.compile(
    rf"(20[0-9]{{2}}){dates.AFTER_YEAR}([0-9]{{1,2}}){dates.AFTER_MONTH}([0-9]{{1,2}})日?"
    r"(?:\s{1,3}([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?",
    re.ASCII,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_TITLES = frozenset({
    "专题", "全文", "阅读全文", "详细", "详情", "查看详情", "更多", "首页", "尾页", "末页",
    "上一篇", "下一篇", "上一页", "下一页",
})  # fmt: skip


class ListError(ValueError):
    """A list source's answer can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class ListLink:
    """One article a list names.

    `url`: canonical, that of page 1; `raw`: the address as printed; `position`: its place among
    the list's articles, from 1; `time`: the publication time the list gives, `listed`: when an
    editor put the link there (hours later). Both are `YYYY-MM-DD[ HH:MM[:SS]]`, Beijing time.
    """

    url: str
    raw: str
    title: str | None
    position: int
    time: str | None = None
    listed: str | None = None


class Links:
    """The article links met so far, each kept where it first stood."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._found: dict[str, ListLink] = {}
        self._refused: set[str] = set()

    @property
    def refused(self) -> int:
        """How many links were not taken: they are no addresses, those of pages in a day's folder
        whose form is not known, or they are past MOST_LINKS."""
        return len(self._refused)

    def add(
        self, href: str, title: str | None, *, time: str | None = None, listed: str | None = None
    ) -> str | None:
        """Take in a link if it is an article's address, and return that; else None.

        Met again, a link fills in what the first lacked: pictures and titles are linked apart.
        """
        if href.startswith("#"):
            return None
        joined = urls.join(self._base, href)
        article = urls.article(joined) if joined else None
        if article is None:
            if joined is None or urls.is_dated(joined):
                self.refuse(href)
            return None
        title = clean_title(title)
        known = self._found.get(article.url)
        if known is None and len(self._found) >= MOST_LINKS:
            self.refuse(href)
            return None
        if known is None:
            position = len(self._found) + 1
            self._found[article.url] = ListLink(article.url, href, title, position, time, listed)
        else:
            self._found[article.url] = replace(
                known,
                title=known.title or title,
                time=known.time or time,
                listed=known.listed or listed,
            )
        return article.url

    def refuse(self, href: str) -> None:
        """Count a link that can't be taken in."""
        self._refused.add(href)

    def all(self) -> list[ListLink]:
        return list(self._found.values())


def clean_title(text: str | None) -> str | None:
    """A link's text as a title: one line; None for blanks, labels and blocks of text."""
    title = _SURROGATE.sub("\ufffd", collapse(text or "")).strip("\u3000\xa0 ·•")
    if len(title) > TITLE_MAX or title in _NOT_TITLES or title.endswith(("|", "｜")):
        return None
    return title if any(map(str.isalpha, title)) else None


def find_time(text: str) -> str | None:
    """The first possible day in a text, with its time of day if it has one; zero-padded."""
    for found in _TIME.finditer(text):
        year, month, day, hour, minute, second = found.groups()
        try:
            moment = datetime(  # noqa: DTZ001 - Beijing time, printed without a zone
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
            )
        except ValueError:
            continue
        form = "%Y-%m-%d" if not hour else "%Y-%m-%d %H:%M" if not second else "%Y-%m-%d %H:%M:%S"
        return moment.strftime(form)
    return None
