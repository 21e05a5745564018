"""`scrapy survey --accept`: a layout as data becomes one of the archive's.

In: a file that a person has looked at. Out: `DATA_DIR/layouts/<name>.toml`, in the report of a run
of its own, or the pages for which it is refused: those that another layout claims as well, among
the fixtures and all that is archived. An accepted layout is never changed.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tqdm import tqdm

from crawler import layouts, urls
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import page_of
from crawler.archive.reader import read_records
from crawler.data_dir import PROJECT, folder_of, layout_name, warcs_of
from crawler.fixtures import REFUSED, FixtureError, load
from crawler.layouts.accepted import AcceptedLayouts, LayoutError, parse_layout
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import RunKind
from crawler.pages.document import Document
from crawler.pages.errors import NotAnArticle
from crawler.process_pool import begin_worker, cancelling_on_error
from crawler.run_lock import take_lock
from crawler.runner.offline_run import Written, run_offline
from crawler.runner.recovery import recover
from crawler.runner.run import recheck_schedule
from crawler.storage import check_disk, publish_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from scrapy.settings import BaseSettings

    from crawler.fixtures import Fixture
    from crawler.items import Page
    from crawler.layouts.accepted import AcceptedLayout

logger = logging.getLogger(__name__)

# Where the fixtures that are committed stand, of which a checkout has all.
COMMITTED = PROJECT / "tests" / "fixtures" / "pages"

# Pages named of one file; all are counted.
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Conflict:
    """A page for which a layout is refused: its address, where it is kept, and what else claims
    it."""

    url: str
    where: str
    why: str


@dataclass(slots=True)
class Claims:
    """What a layout claims of kept pages: `pages` were looked at, it claims `claimed` of them, and
    for `refused` of these it is refused, of which `conflicts` names the first."""

    pages: int = 0
    claimed: int = 0
    refused: int = 0
    unread: int = 0
    conflicts: list[Conflict] = field(default_factory=list)

    def add(self, other: Claims) -> None:
        """Add what was found elsewhere."""
        self.pages += other.pages
        self.claimed += other.claimed
        self.refused += other.refused
        self.unread += other.unread
        self.conflicts += other.conflicts[: _MOST_NAMED - len(self.conflicts)]

    def refuse(self, url: str, where: str, why: str) -> None:
        """Note a page for which the layout is refused."""
        self.refused += 1
        if len(self.conflicts) < _MOST_NAMED:
            self.conflicts.append(Conflict(url, where, why))


def read_proposal(content: bytes) -> AcceptedLayout:
    """The layout that a file proposes. Raises LayoutError, also where the code has one of its
    name."""
    layout = parse_layout(content)
    own = {one.name.lower() for one in layouts.LAYOUTS} | {"fallback"}
    if layout.name.lower() in own:
        raise LayoutError(f"there is a layout {layout.name} already, in the code")
    return layout


def accept(
    settings: BaseSettings, layout: AcceptedLayout, content: bytes, command: str
) -> tuple[AcceptedLayouts, Claims]:
    """Accept the layout that `content` holds, unless a page speaks against it; the archive's
    accepted layouts then, and what was found.

    Raises LayoutError where one of its name is accepted, CannotStartError, LedgerError,
    StorageError.
    """
    data_dir = folder_of(settings)
    lock = take_lock(data_dir)
    try:
        check_disk(data_dir, settings.getint("DISK_MIN_FREE"))
        accepted = AcceptedLayouts.of(data_dir)
        _refuse_name(layout, accepted)
        with closing(Ledger.of(data_dir, settings["LEDGER"])) as ledger:
            for sentence in recover(data_dir, ledger, recheck_schedule(settings)):
                logger.warning(sentence)
            folders = {PROJECT / str(settings["FIXTURES_DIR"]), COMMITTED}
            kept = [one for folder in sorted(folders) for one in load(folder, accepted)]
            found = claims_of(layout, accepted, kept, warcs_of(data_dir), data_dir)
            if not found.refused:
                _publish(data_dir, ledger, layout, content, command)
    finally:
        os.close(lock)
    return AcceptedLayouts.of(data_dir), found


def _refuse_name(layout: AcceptedLayout, accepted: AcceptedLayouts) -> None:
    for one in accepted.layouts:
        if one.name.lower() == layout.name.lower():
            raise LayoutError(f"there is a layout {one.name} already, accepted and never changed")


def _publish(
    data_dir: Path, ledger: Ledger, layout: AcceptedLayout, content: bytes, command: str
) -> None:
    """Write the file, durably, and the report of the run that lists it."""

    def write(_run_id: str, _at: datetime) -> Written:
        path = data_dir / layout_name(layout.name)
        publish_lines(path, [content])
        return Written([path])

    run_offline(data_dir, ledger, RunKind.LAYOUTS, command, write)


def claims_of(
    layout: AcceptedLayout,
    accepted: AcceptedLayouts,
    kept: Sequence[Fixture],
    warcs: Sequence[Path],
    data_dir: Path,
) -> Claims:
    """What the layout claims among fixtures and in the archives of a data folder."""
    total = Claims()
    for fixture in kept:
        found = look_in(fixture.warc, f"fixture {fixture.name}", layout, accepted)
        if found.claimed and not found.refused:
            _hold_against(fixture, layout, accepted, found)
        total.add(found)
    if not warcs:
        return total
    look = partial(_look_in_warc, layout=layout, accepted=accepted, data_dir=data_dir)
    tqdm.monitor_interval = 0  # its thread would be forked
    context = multiprocessing.get_context("fork")
    with (
        ProcessPoolExecutor(os.cpu_count() or 1, context, begin_worker) as pool,
        cancelling_on_error(pool),
        tqdm(total=len(warcs), unit="WARC", leave=False, disable=None) as bar,
    ):
        for found in pool.map(look, warcs):
            total.add(found)
            bar.update()
    return total


def _look_in_warc(
    path: Path, *, layout: AcceptedLayout, accepted: AcceptedLayouts, data_dir: Path
) -> Claims:
    return look_in(path, path.relative_to(data_dir).as_posix(), layout, accepted)


def look_in(path: Path, where: str, layout: AcceptedLayout, accepted: AcceptedLayouts) -> Claims:
    """What the layout claims of the article pages in a WARC, each held against the others."""
    found = Claims()

    def damaged(_: Exception) -> None:
        found.unread += 1

    for record in read_records(path, on_damage=damaged):
        if record.kind != "response" or urls.article(record.url or "") is None:
            continue
        try:
            page = page_of(record, where, is_ours=True)
        except DecodeError:
            found.unread += 1
            continue
        if page.status == 200:
            _look_at(page, f"{where}:{record.offset}", layout, accepted, found)
    return found


def _look_at(
    page: Page, where: str, layout: AcceptedLayout, accepted: AcceptedLayouts, found: Claims
) -> None:
    found.pages += 1
    try:
        doc = Document.of(page)
    except NotAnArticle:
        return
    if layout.select(doc) is None:
        return
    found.claimed += 1
    others = [one.name for one, _ in layouts.claims(doc, accepted)]
    if others:
        found.refuse(page.url, where, f"{', '.join(others)} claims it")


def _hold_against(
    fixture: Fixture, layout: AcceptedLayout, accepted: AcceptedLayouts, found: Claims
) -> None:
    """Refuse a layout that makes an article of a page which a person has judged to be none."""
    try:
        expected = fixture.expected()
        if expected is None or REFUSED not in expected:
            return
        tried = type(fixture)(fixture.folder, fixture.name, accepted.and_also(layout))
        record = tried.derive()
    except FixtureError as error:
        logger.warning("%s", error)
        return
    if REFUSED not in record:
        why = f"it is no article ({expected[REFUSED]})"
        found.refuse(str(record.get("url")), f"fixture {fixture.name}", why)
