"""What a survey's archives hold: lists with their links, articles, robots.txt.

In: WARC files, of a survey or of any crawl of ours. Out: Material. Pages are read again by their
place when they are wanted, so that memory holds none of them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler import regions, urls
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import page_of
from crawler.archive.reader import WarcError, read_records, record_at
from crawler.lists import json_sources, list_page
from crawler.lists.links import ListError
from crawler.pages.document import Document
from crawler.pages.errors import NotAnArticle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from crawler.archive.reader import Record
    from crawler.items import Page
    from crawler.lists.links import ListLink

# Articles of one survey that are looked at.
MAX_ARTICLES = 20_000

# Examples kept of what no parser understands, of each kind.
MAX_EXAMPLES = 10

# Headlines and days kept of one article; bytes of a robots.txt, characters of an example.
_MOST_SAID = 5
_MOST_OF_ROBOTS = 20_000
_LONGEST_EXAMPLE = 300

_KNOWN_DATA_TYPES = ("", "ds", "category", "content")
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")

# Addresses in scripts that look like data: no parser of ours reads them where they aren't `ds_`.
_DATA_ADDRESS = re.compile(
    r"[\"']((?:https?:)?//[^\"'\s<>\\]{4,200}|/[^\"'\s<>\\]{2,200})[\"']", re.ASCII
)
_DATA_NAME = re.compile(r"\.(?:json|jsonp|jsp|do|action)\Z|/(?:api|interface)/", re.ASCII)
_KNOWN_DATA = re.compile(r"/ds_[0-9a-f]{32}\.json|/nodeart/", re.ASCII)
_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S{1,2000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SurveyedRecord:
    """Where a page's record stands."""

    path: Path
    offset: int

    def page(self) -> Page:
        """The page. Raises WarcError, DecodeError."""
        return page_of(record_at(self.path, self.offset), self.path.name, is_ours=True)


@dataclass(slots=True)
class SurveyedSource:
    """A list and what its answer gave: `kind` is root, column, datasource, nodeart or unknown,
    `why` says why it was not understood."""

    url: str
    kind: str
    status: int
    links: int = 0
    columns: int = 0
    refused: int = 0
    why: str | None = None


@dataclass(slots=True)
class SurveyedArticle:
    """A page at an article's address: what lists say of it, where its record stands."""

    url: str
    place: SurveyedRecord
    status: int
    headlines: list[str] = field(default_factory=list)
    days: list[date] = field(default_factory=list)


@dataclass(slots=True)
class Material:
    """Everything that was seen. `statuses` are the answers by host and HTTP status, `foreign` what
    no parser understands, by kind."""

    sources: dict[str, SurveyedSource] = field(default_factory=dict)
    articles: dict[str, SurveyedArticle] = field(default_factory=dict)
    robots: dict[str, tuple[int, str]] = field(default_factory=dict)
    statuses: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    foreign: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    counts: Counter[str] = field(default_factory=Counter)
    damage: list[str] = field(default_factory=list)
    links: dict[str, tuple[list[str], list[date]]] = field(default_factory=dict)

    def note_damage(self, error: WarcError) -> None:
        """Tell of damage, without the folder that a file stands in."""
        self.damage.append(f"{error.path.name} at {error.offset}: {error.why}")

    def note_foreign(self, kind: str, example: str, where: str) -> None:
        """Keep an example of what no parser understands; all are counted."""
        known = self.foreign[kind]
        self.counts[f"foreign {kind}"] += example not in known
        if len(known) < MAX_EXAMPLES:
            known.setdefault(example[:_LONGEST_EXAMPLE], where)


def gather(warcs: Iterable[Path]) -> Material:
    """What these archives hold. Damage is told in `damage`, and reading goes on after it."""
    found = Material()
    for path in warcs:
        try:
            for record in read_records(path, on_damage=found.note_damage):
                if record.kind == "response" and record.url:
                    _take(found, record)
        except WarcError as error:
            found.note_damage(error)
    roots = {url for region in regions.load().values() for url in region.lists}
    for source in found.sources.values():
        if source.kind == "column" and source.url in roots:
            source.kind = "root"
    for url, (headlines, days) in found.links.items():
        if article := found.articles.get(url):
            article.headlines += headlines
            article.days += days
    return found


def _take(found: Material, record: Record) -> None:
    url = record.url or ""
    host = urlsplit(url).hostname or ""
    try:
        page = page_of(record, record.path.name, is_ours=True)
    except DecodeError as error:
        found.counts["unreadable"] += 1
        found.note_foreign("answers that can't be read", url, str(error))
        return
    found.statuses[host][page.status] += 1
    if urlsplit(url).path == "/robots.txt":
        _take_robots(found, url, page)
        return
    article = urls.article(url)
    if article is None:
        if page.status == 200 or url in found.sources:
            found.sources[url] = _read_source(found, page)
    elif page.status == 200 and article.page == 1 and len(found.articles) < MAX_ARTICLES:
        days = [article.day] if article.day else []
        place = SurveyedRecord(record.path, record.offset)
        found.articles.setdefault(
            urls.canonical(article.url), SurveyedArticle(url, place, page.status, days=days)
        )


def _take_robots(found: Material, url: str, page: Page) -> None:
    said = page.body[:_MOST_OF_ROBOTS].decode("utf-8", "replace")
    found.robots[url] = (page.status, said)
    if page.status == 200:
        for address in _SITEMAP.findall(said):
            found.note_foreign("sitemaps", address, url)


def _read_source(found: Material, page: Page) -> SurveyedSource:
    kind: str = list_page.classify(page)
    source = SurveyedSource(page.url, "column" if kind == "list" else kind, page.status)
    if page.status != 200:
        return source
    try:
        if kind == "datasource":
            file = json_sources.read_datasource(page)
            links, source.refused = file.links, file.refused
        elif kind == "nodeart":
            node = json_sources.read_nodeart(page)
            links, source.refused = node.links, node.refused
        else:
            answer = list_page.read_list(page)
            links, source.refused = answer.links, answer.refused
            source.columns = len(answer.columns)
    except ListError as error:
        source.kind, source.why = "unknown", str(error)
        links = []
    source.links = len(links)
    _note_links(found, links)
    if kind == "list":
        _look_for_unknown(found, page)
    return source


def _note_links(found: Material, links: Sequence[ListLink]) -> None:
    for link in links:
        headlines, days = found.links.setdefault(link.url, ([], []))
        if link.title and link.title not in headlines and len(headlines) < _MOST_SAID:
            headlines.append(link.title)
        day = _day(link.time)
        if day and day not in days and len(days) < _MOST_SAID:
            days.append(day)


def _day(time: str | None) -> date | None:
    try:
        return date.fromisoformat(time[:10]) if time else None
    except ValueError:
        return None


def _look_for_unknown(found: Material, page: Page) -> None:
    """What a list page names that no parser of ours reads."""
    try:
        doc = Document.of(page)
    except NotAnArticle:
        return
    for kind, examples in (
        ("feeds", _feeds(doc)),
        ("data files", _data_files(doc)),
        ("addresses in a day's folder", _dated_addresses(doc)),
        ("addresses that look like data", _data_addresses(doc)),
    ):
        for example in examples:
            found.note_foreign(kind, example, page.url)


def _feeds(doc: Document) -> Iterator[str]:
    for node in doc.all("link[rel~='alternate'][type][href]"):
        kind = (node.attributes.get("type") or "").strip().lower()
        if kind in _FEED_TYPES and (url := doc.absolute(node.attributes.get("href"))):
            yield url


def _data_files(doc: Document) -> Iterator[str]:
    for node in doc.all("[data^='datasource:']"):
        kind = (node.attributes.get("datatype") or "").strip()
        if kind not in _KNOWN_DATA_TYPES:
            yield f"datatype {kind}"


def _dated_addresses(doc: Document) -> Iterator[str]:
    for node in doc.all("a[href]"):
        url = urls.join(doc.base, node.attributes.get("href") or "")
        if url and urls.in_scope(url) and urls.is_dated(url) and urls.article(url) is None:
            yield url


def _data_addresses(doc: Document) -> Iterator[str]:
    for match in _DATA_ADDRESS.finditer(doc.source):
        url = urls.join(doc.base, match[1])
        if url is None or not urls.in_scope(url) or _KNOWN_DATA.search(url):
            continue
        if _DATA_NAME.search(urlsplit(url).path):
            yield url
