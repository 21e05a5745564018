"""Published lines made again from their records, and what of them a correction takes the place of.

In: lines as published. Out: for each what today's code reads otherwise, or why it stays as it is.
Lines are read again in worker processes, in the order in which they are given; memory holds a few
chunks of them, however many there are.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from crawler import extraction, urls
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import is_our_file, pointed_at, read_page
from crawler.archive.reader import WarcError
from crawler.archive.wacz import Unpacked
from crawler.items import (
    HISTORY_KEYS,
    KEYS,
    SCHEMA_VERSION,
    Corrects,
    WarcPointer,
    as_record,
    plain,
)
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts, NotAnArticle
from crawler.pages.assembly import AstrayError, IncompleteError
from crawler.pipelines.content_digest import changed_fields
from crawler.pipelines.normalisation import FlagName
from crawler.process_pool import begin_worker, cancelling_on_error
from crawler.shown_text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from crawler.items import Article, Page

# Lines that a worker gets at once: some 100 ms of work.
CHUNK = 32

# Chunks that wait for each worker, or that it is done with and nobody has taken yet.
_AHEAD = 4

_UNREAD = (FlagName.UNKNOWN_LAYOUT, FlagName.AMBIGUOUS_LAYOUT)


# Lines as they stand in a file, each with whether the ledger knows it.
Chunk = list[tuple[bytes, bool]]


class Left(StrEnum):
    """Why a line stays as it is though today's code reads it otherwise."""

    # the code takes the page for no article, or misses pages of it
    NOT_ARTICLE = "not_article"
    # it finds no content
    EMPTY = "empty"
    # no layout recognises the page any more
    UNCLAIMED = "unclaimed"
    # it gives the page another id
    ANOTHER_ARTICLE = "another_article"
    # the ledger has other lines of the article, or none
    NOT_IN_LEDGER = "not_in_ledger"
    # the records can't be read
    UNREADABLE = "unreadable"
    # an error of ours
    EXTRACTION_FAILED = "extraction_failed"

    @property
    def is_alarm(self) -> bool:
        """Whether an operator must hear of it."""
        return self in (Left.NOT_IN_LEDGER, Left.UNREADABLE, Left.EXTRACTION_FAILED)


@dataclass(frozen=True, slots=True)
class Reread:
    """What was found at a line that today's code doesn't read as it says.

    `line` is the published one. `keys` are those that make a correction, `record` what takes its
    place but for `line` and `run_id`; where `left` says why there is none, `detail` says what.
    """

    line: dict[str, Any] = field(repr=False)
    keys: tuple[str, ...] = ()
    record: dict[str, Any] | None = field(default=None, repr=False)
    left: Left | None = None
    detail: str = ""


def reread(
    line: dict[str, Any],
    data_dir: Path,
    fields: Collection[str],
    unpacked: Unpacked | None = None,
    accepted: AcceptedLayouts = NO_LAYOUTS,
) -> Reread | None:
    """Extract a line's records again; None where it stays as it is.

    A correction is made where a key differs that makes a version, as a version is made, or one of
    `fields` in any way. What the fallback reads says nothing against a layout's reading, an empty
    page nothing against a text: the crawl takes neither for an edit.
    """
    article = _extracted(line, data_dir, unpacked, accepted)
    if isinstance(article, Reread):
        return article
    record = as_record(article)
    differing = {
        *changed_fields(line, record),
        *(key for key in fields if line[key] != record[key]),
    }
    if not differing:
        return None
    if _is_unread(record) and not _is_unread(line):
        detail = next(one["detail"] for one in record["flags"] if one["flag"] in _UNREAD)
        return Reread(line, left=Left.UNCLAIMED, detail=detail)
    keys = tuple(key for key in KEYS if key in differing)
    return Reread(line, keys, _correction(line, record, keys))


def _extracted(
    line: dict[str, Any], data_dir: Path, unpacked: Unpacked | None, accepted: AcceptedLayouts
) -> Article | Reread:
    """What today's code makes of a line's records, or why the line is left as it is."""
    try:
        pages = _pages(line, data_dir, unpacked)
        article = extraction.extract(pages, accepted, must_be_whole=True)
    except (WarcError, DecodeError) as error:
        return Reread(line, left=Left.UNREADABLE, detail=str(error))
    except (NotAnArticle, AstrayError, IncompleteError) as error:
        return Reread(line, left=Left.NOT_ARTICLE, detail=f"{type(error).__name__}: {error}")
    except MemoryError:
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        return Reread(line, left=Left.EXTRACTION_FAILED, detail=detail)
    if article.id != line["id"]:
        return Reread(line, left=Left.ANOTHER_ARTICLE, detail=f"it would be {article.id}")
    if extraction.is_empty(article):
        return Reread(line, left=Left.EMPTY, detail="no content is found")
    return article


def _pages(line: dict[str, Any], data_dir: Path, unpacked: Unpacked | None) -> list[Page]:
    """The pages of a line. In others' archives they may stand at another address, and have been
    captured at another time, than a revisit says that the line was made of."""
    pages = []
    told = [line["url"], *line["page_urls"][1:]]
    pointers = line["warc_pages"] or [line["warc"]]
    for number, (values, url) in enumerate(zip(pointers, told, strict=True)):
        pointer = WarcPointer(**values)
        page = read_page(data_dir, pointer, unpacked=unpacked)
        if not is_our_file(pointed_at(data_dir, pointer, unpacked)) and urls.article(url):
            at = page.fetched_at if number else line["fetched_at"]
            page = replace(page, url=url, fetched_at=at)
        pages.append(page)
    return pages


def _is_unread(record: dict[str, Any]) -> bool:
    return any(one["flag"] in _UNREAD for one in record["flags"])


def _correction(
    line: dict[str, Any], record: dict[str, Any], keys: tuple[str, ...]
) -> dict[str, Any]:
    """The line with what today's code reads; what history says of it and its addresses stay."""
    told = {key: line.get(key) if key in HISTORY_KEYS else record[key] for key in KEYS}
    addresses = {line["canonical_url"], *line["also_at"]} - {record["canonical_url"]}
    before, after = line["extractor_version"], record["extractor_version"]
    reason = f"read by extractor {after}, before by {before}"
    return told | {
        "schema_version": SCHEMA_VERSION,
        "also_at": sorted(addresses),
        "revision": line.get("revision", 0) + 1,
        "corrects": plain(Corrects(line.get("line"), list(keys), reason)),
    }


@dataclass(frozen=True, slots=True)
class _Worker:
    """What a worker process keeps for its life."""

    data_dir: Path
    fields: tuple[str, ...]
    unpacked: Unpacked
    accepted: AcceptedLayouts


_worker: _Worker


def _begin(
    data_dir: Path,
    fields: tuple[str, ...],
    inherited: tuple[int, ...],
    accepted: AcceptedLayouts,
) -> None:
    global _worker
    begin_worker()
    for descriptor in inherited:
        os.close(descriptor)
    _worker = _Worker(data_dir, fields, Unpacked(), accepted)


def _reread_chunk(chunk: Chunk) -> list[Reread]:
    found = []
    for raw, is_known in chunk:
        line = json.loads(raw)
        one: Reread | None = Reread(
            line,
            left=Left.NOT_IN_LEDGER,
            detail="the ledger doesn't know the line: `scrapy verify`",
        )
        if is_known:
            has = _worker
            one = reread(line, has.data_dir, has.fields, has.unpacked, has.accepted)
        if one is not None:
            found.append(one)
    return found


class RereadPool:
    """Workers that extract lines again, several chunks at a time, and give what they found in
    order."""

    def __init__(self, pool: ProcessPoolExecutor, processes: int) -> None:
        self._pool = pool
        self._most = processes * _AHEAD
        self._waiting: deque[tuple[int, Future[list[Reread]]]] = deque()

    def reread(self, chunks: Iterable[Chunk]) -> Iterator[tuple[int, list[Reread]]]:
        """For each chunk how many lines it has, and what was found at them. Raises
        BrokenProcessPool when a worker was killed."""
        for chunk in chunks:
            self._waiting.append((len(chunk), self._pool.submit(_reread_chunk, chunk)))
            if len(self._waiting) > self._most:
                yield self._next()
        while self._waiting:
            yield self._next()

    def _next(self) -> tuple[int, list[Reread]]:
        count, future = self._waiting.popleft()
        return count, future.result()


@contextmanager
def reread_pool(
    data_dir: Path, fields: tuple[str, ...], processes: int, inherited: tuple[int, ...] = ()
) -> Iterator[RereadPool]:
    """Workers for as long as they are needed, which read with the folder's accepted layouts. They
    close the descriptors `inherited`, such as that of a lock, which would outlive the parent in
    them. Raises StorageError for a layout that can't be read."""
    context = multiprocessing.get_context("fork")
    begin = partial(_begin, data_dir, fields, inherited, AcceptedLayouts.of(data_dir))
    with ProcessPoolExecutor(processes, context, begin) as pool, cancelling_on_error(pool):
        yield RereadPool(pool, processes)


def newest_of(
    files: Iterable[Path],
    revisions: Callable[[Collection[str]], tuple[Collection[str], Collection[str]]],
    progress: Callable[[int], object],
) -> Iterator[Chunk]:
    """The lines with content of published files, as they stand there, but for those that have a
    correction; with each, whether it is known. `revisions` gives, for some articles, the hex
    SHA-256 of the lines that have none, and of those that have one; `progress` is told the bytes
    that were read. Raises DamagedLineError, OSError as files do."""
    for path in files:
        with path.open("rb") as file:
            while read := list(islice(file, CHUNK)):
                ids = {raw: _id_with_content(path, raw) for raw in read}
                newest, corrected = revisions([one for one in ids.values() if one])
                digests = {raw: hashlib.sha256(raw).hexdigest() for raw in read if ids[raw]}
                yield [
                    (raw, digest in newest)
                    for raw, digest in digests.items()
                    if digest not in corrected
                ]
                progress(sum(map(len, read)))


class DamagedLineError(Exception):
    """A published line is not what DATA_FORMAT.md says."""


def _id_with_content(path: Path, raw: bytes) -> str | None:
    """The id of a line's article; None for a gone line, which no record gives."""
    try:
        line = json.loads(raw)
        return str(line["id"]) if line["status"] != "gone" else None
    except (ValueError, KeyError, TypeError) as error:
        message = f"{shown(path)} has a line that is no article's ({error}); run `scrapy verify`"
        raise DamagedLineError(message) from error
