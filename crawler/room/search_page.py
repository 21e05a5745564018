"""The search page, and the feed of a search."""

from __future__ import annotations

import logging
from collections import defaultdict
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from crawler import regions
from crawler.data_dir import lines_of, run_of
from crawler.line_index import LineIndexError as SearchIndexError
from crawler.room.feeds import feed, feed_entry
from crawler.room.rendering import NUMBER, PageError, page, texts_of
from crawler.search.search import MOST_CHARACTERS, Query, QueryError, SearchIndex

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from crawler.room.archive_reader import ArchiveReader
    from crawler.room.rendering import Texts
    from crawler.search.search import Results


logger = logging.getLogger(__name__)


class SearchPage:
    """What can be asked of the search index."""

    def __init__(self, archive: ArchiveReader) -> None:
        self._archive = archive

    def search(self, request: Request) -> Response:
        """Articles that match what was asked for. Without an index the page says so."""
        t = texts_of(request)
        query, number, results, code = Query(), 1, None, 200
        try:
            query, number = _query(request, t)
            results, problems = self._search(query, number, t)
        except _BadQueryError as error:
            problems, code = [str(error)], 400
        asked = _asked(query)
        joint = "&" if asked else ""
        has_next = results is not None and number < results.pages
        return page(
            request, "search.html", code, nav="search", query=query, results=results,
            problems=problems, number=number,
            names=defaultdict(str, {one.code: one.name for one in regions.load().values()}),
            feed=f"/search.atom?{asked}" if results else None,
            previous_page=f"?{asked}{joint}page={number - 1}" if number > 1 else None,
            next_page=f"?{asked}{joint}page={number + 1}" if has_next else None,
        )  # fmt: skip

    def search_feed(self, request: Request) -> Response:
        """The newest articles that match a query."""
        t = texts_of(request)
        try:
            query, number = _query(request, t)
            results, problems = self._search(query, number, t)
        except _BadQueryError as error:
            raise PageError(400, "error_400", said=str(error)) from error
        if results is None:
            raise PageError(503, "error_503", said=" ".join(problems))
        ids = [hit.article_id for hit in results.hits]
        with self._archive.ledger() as ledger:
            found = ledger.catalogue.of(ids)
        entries = [feed_entry(found[one]) for one in ids if one in found]
        asked = _asked(query)
        title = t("search_title", query.text) if query.text else t("search_all")
        return feed(request, f"/search.atom?{asked}", title, f"/search?{asked}", entries)

    def _search(self, query: Query, number: int, t: Texts) -> tuple[Results | None, list[str]]:
        """The results, and what is to be said beside or instead of them. Raises _BadQueryError."""
        settings = self._archive.settings
        try:
            with closing(SearchIndex.open(settings.index, self._archive.data_dir)) as index:
                results = index.search(query, number)
                old = _is_old(index, self._archive.data_dir)
                return results, [t("search_old", index.newest_run or "—")] if old else []
        except QueryError as error:
            raise _BadQueryError(t(error.reason, *error.values)) from error
        except SearchIndexError as error:
            logger.warning("%s", error)
            is_there = settings.index.is_file()
            return None, [t("search_off_unusable" if is_there else "search_off_missing")]


def index_problem(index: Path, data_dir: Path) -> str | None:
    """What is to be said of the index before the room opens: that it can't be searched, or is older
    than the archive."""
    try:
        with closing(SearchIndex.open(index, data_dir)) as opened:
            if _is_old(opened, data_dir):
                return "the search index is older than the archive: `scrapy index` brings it up"
    except SearchIndexError as error:
        return f"no search: {error}"
    return None


def _is_old(index: SearchIndex, data_dir: Path) -> bool:
    """Whether lines were published by a run that began after the newest one in the index."""
    newest_file = max(lines_of(data_dir), key=lambda path: path.name, default=None)
    last = run_of(newest_file.name) if newest_file else None
    newest = index.newest_run
    return last is not None and (newest is None or newest < last)


class _BadQueryError(ValueError):
    """What was asked for can't be asked, in the reader's language."""


def _query(request: Request, t: Texts) -> tuple[Query, int]:
    """The query and the page of an address. Raises _BadQueryError."""
    given = request.query_params
    text = given.get("q", "")
    if len(text) > MOST_CHARACTERS:
        raise _BadQueryError(t("query_too_long", MOST_CHARACTERS))
    codes = frozenset(one for value in given.getlist("region") for one in value.split(",") if one)
    unknown = sorted(code for code in codes if code not in regions.load())
    if unknown:
        raise _BadQueryError(t("query_bad_region", unknown[0][:40]))
    days: list[date | None] = []
    for name in ("since", "until"):
        try:
            days.append(date.fromisoformat(given[name]) if given.get(name) else None)
        except ValueError:
            raise _BadQueryError(t("query_bad_day")) from None
    number = given.get("page") or "1"
    if not NUMBER.fullmatch(number):
        raise _BadQueryError(t("query_bad_page"))
    return Query(text=text, regions=codes, since=days[0], until=days[1]), int(number)


def _asked(query: Query) -> str:
    """A query as part of an address, the same for the same query."""
    pairs = [("q", query.text), *(("region", code) for code in sorted(query.regions))]
    pairs += [("since", str(query.since or "")), ("until", str(query.until or ""))]
    return urlencode([(name, value) for name, value in pairs if value])
