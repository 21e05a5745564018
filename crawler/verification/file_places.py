"""Where the files of a data folder stand: each run's at the place that its name and date give.

In: a data folder. Out: its published files, and a Finding for each that is nowhere listed, was
never closed, indexes nothing or stands outside its folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.data_dir import (
    IMAGES_FOLDER,
    INDEX_SUFFIX,
    LINES_FOLDER,
    LINES_SUFFIX,
    PUBLISHED_SUFFIXES,
    REPORT_SUFFIX,
    REPORTS_FOLDER,
    SIGHTINGS_FOLDER,
    STATE_FOLDER,
    WARC_FOLDER,
    WARC_SUFFIX,
    accepted_layouts_of,
    certificates_of,
    images_of,
    indexed_by,
    indexes_of,
    is_data_dir,
    is_placed,
    lines_of,
    open_files_of,
    open_layouts_of,
    run_of,
    sightings_of,
    warcs_of,
)
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from crawler.verification.findings import WarcReport
    from crawler.verification.moved_months import MovedMonths

_DEPTH = 6  # folders below the data folder in which a moved file is looked for


def check_strays(data_dir: Path, listed: Collection[str], moved: MovedMonths) -> Iterator[Finding]:
    """Files that no run's manifest lists, were never closed, or index nothing. The index of a WARC
    that was moved away may stay."""
    for path in (*open_files_of(data_dir), *open_layouts_of(data_dir)):
        yield Finding(path, None, "open_file", "it was never closed: a run is on, or was killed")
    indexes = indexes_of(data_dir)
    for path in indexes:
        warc = indexed_by(path)
        if not warc.exists() and not moved.has(warc.relative_to(data_dir).as_posix()):
            yield Finding(path, None, "orphan_index", "the WARC it indexes is not there")
    published = [
        *warcs_of(data_dir), *indexes, *lines_of(data_dir), *sightings_of(data_dir),
        *images_of(data_dir), *certificates_of(data_dir), *accepted_layouts_of(data_dir),
    ]  # fmt: skip
    for path in sorted(published):
        if path.relative_to(data_dir).as_posix() not in listed:
            yield Finding(path, None, "orphan_file", "no run's manifest lists it")


def check_warc_places(data_dir: Path, reports: Iterable[WarcReport]) -> Iterator[Finding]:
    """WARCs in another month than that of their first record."""
    for report in reports:
        if (
            not report.path.is_relative_to(data_dir / WARC_FOLDER)
            or run_of(report.path.name) is None
        ):
            continue
        name = report.path.relative_to(data_dir).as_posix()
        if report.began and is_placed(name) and not is_placed(name, report.began):
            message = f"its first record is of {report.began}"
            yield Finding(report.path, None, "misplaced_file", message)


def check_places(data_dir: Path, runs: Collection[str]) -> Iterator[Finding]:
    """Files of the folder's runs that stand elsewhere than a run puts them, and whatever looks
    published in `jsonl/`, `warc/`, `sightings/`, `images/` or `runs/` and isn't where it is looked
    for."""
    for path in sorted(_files(data_dir)):
        name = path.relative_to(data_dir).as_posix()
        top, _, rest = name.partition("/")
        is_published = path.name.endswith(PUBLISHED_SUFFIXES)
        if top in (LINES_FOLDER, WARC_FOLDER, SIGHTINGS_FOLDER, IMAGES_FOLDER):
            is_sought = re.fullmatch(r"[^/]+/[^/]+/[^/]+", rest) and path.name.endswith(
                (WARC_SUFFIX, INDEX_SUFFIX) if top == WARC_FOLDER else LINES_SUFFIX
            )
            if is_sought and (run_of(path.name) is None or is_placed(name)):
                continue
        elif top == REPORTS_FOLDER:
            is_published |= path.suffix == REPORT_SUFFIX
            if "/" not in rest and path.suffix == REPORT_SUFFIX:
                continue
        elif run_of(path.name) not in runs:
            continue
        if is_published:
            yield Finding(path, None, "misplaced_file", "no run puts a file of that name there")


def _files(data_dir: Path) -> Iterator[Path]:
    """The files below a data folder; those of other data folders in it are left out, and so is
    what is reached by a link that leads back."""
    visited = set()
    for folder, folders, names in os.walk(data_dir, followlinks=True):
        here = Path(folder)
        place = (here.stat().st_dev, here.stat().st_ino)
        is_other = here != data_dir and is_data_dir(here)
        if place in visited or is_other or len(here.relative_to(data_dir).parts) >= _DEPTH:
            folders.clear()
            if place in visited or is_other:
                continue
        visited.add(place)
        if here == data_dir:
            folders[:] = [name for name in folders if name != STATE_FOLDER]
        yield from (here / name for name in names)
