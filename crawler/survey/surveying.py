"""A survey from its folder to its report.

In: regions, or archives that are there. Out: a folder with WARC, report and proposals. It neither
reads nor writes the archive of DATA_DIR but for its accepted layouts, fixtures and the waits that
hosts asked for, and needs no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler import layouts, regions
from crawler.archive.decode import DecodeError
from crawler.archive.pointers import page_of
from crawler.archive.reader import WarcError, read_records
from crawler.clock import BEIJING, now
from crawler.data_dir import PROJECT, folder_of
from crawler.fixtures import load
from crawler.pages.document import Document
from crawler.pages.errors import NotAnArticle
from crawler.storage import make_folder
from crawler.survey import report
from crawler.survey.acceptance import COMMITTED
from crawler.survey.analysis import analyse
from crawler.survey.crawl import Passed, crawl
from crawler.survey.material import gather

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from scrapy.settings import Settings

    from crawler.items import Page
    from crawler.layouts import AcceptedLayouts
    from crawler.regions import Region
    from crawler.survey.analysis import Survey


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a region is asked for: lists beside its roots, articles."""

    columns: int
    articles: int


@dataclass(slots=True)
class Surveyed:
    """What a survey left: its folder, its report, and what came of the pass, if there was one."""

    folder: Path
    told: dict[str, Any]
    survey: Survey
    passed: Passed | None


def default_folder(settings: Settings) -> Path:
    """A folder beside the data folder, named by the moment."""
    return folder_of(settings).parent / f"survey-{now():%Y%m%dT%H%M%SZ}"


def survey_network(
    settings: Settings, folder: Path, chosen: Sequence[Region], limits: Limits
) -> Surveyed:
    """Ask these regions' hosts, then look at what they sent. Raises StorageError."""
    began = now()
    accepted = layouts.AcceptedLayouts.of(folder_of(settings))
    make_folder(folder)
    passed = crawl(settings, folder, chosen, limits.columns, limits.articles)
    codes = [region.code for region in chosen]
    return _report(settings, folder, passed.warcs, accepted, began, codes, passed)


def survey_archives(settings: Settings, folder: Path, warcs: Sequence[Path]) -> Surveyed:
    """Look at what archives hold, without network. Raises StorageError."""
    began = now()
    accepted = layouts.AcceptedLayouts.of(folder_of(settings))
    make_folder(folder)
    return _report(settings, folder, warcs, accepted, began, [], None)


def _report(
    settings: Settings,
    folder: Path,
    warcs: Sequence[Path],
    accepted: AcceptedLayouts,
    began: datetime,
    codes: Sequence[str],
    passed: Passed | None,
) -> Surveyed:
    material = gather(warcs)
    day = f"{began.astimezone(BEIJING):%Y-%m-%d}"
    survey = analyse(material, accepted, list(_known_pages(settings, accepted)), day)
    told = report.build(
        survey,
        passed,
        accepted,
        agent=settings["ROBOTSTXT_USER_AGENT"],
        surveyed=codes,
        started_at=began,
        finished_at=now(),
    )
    return Surveyed(folder, report.write(folder, survey, told), survey, passed)


def _known_pages(settings: Settings, accepted: AcceptedLayouts) -> Iterator[Page]:
    """The pages of fixtures that a layout claims: what a proposal must not claim."""
    for folder in sorted({PROJECT / str(settings["FIXTURES_DIR"]), COMMITTED}):
        for fixture in load(folder):
            for page in _pages_of(fixture.warc):
                try:
                    claimed = layouts.claims(Document.of(page), accepted)
                except NotAnArticle:
                    continue
                if claimed:
                    yield page


def _pages_of(warc: Path) -> Iterator[Page]:
    try:
        for record in read_records(warc):
            if record.kind == "response":
                yield page_of(record, warc.name, is_ours=True)
    except (WarcError, DecodeError):
        return


def chosen_regions(names: Sequence[str]) -> list[Region]:
    """The regions that are named, all where none is. Raises RegionError."""
    known = regions.load()
    found = {regions.resolve(one).code for name in names for one in name.split(",")}
    return [region for code, region in known.items() if code in found or not names]
