"""Where the files of a data folder stand, and which were moved away.

Each run's files stand at the place that its name and date give: there is a Finding for each that is
nowhere listed, was never closed, indexes nothing or stands outside its folder.

Files may be missing whose month was moved away on purpose, as `moved.toml` in the data folder says:
a table of folders and where their files went. Only folders of captures can go: each line of an
article stands on those before it.

    "warc/2019" = "tape 7"
    "warc/2020/01" = "/mnt/slow/xinhua/warc/2020/01"
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
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
from crawler.storage import is_there
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from crawler.verification.findings import WarcReport

MOVED_FILE = "moved.toml"

_MONTH = re.compile(rf"{WARC_FOLDER}/([0-9]{{4}})(/(0[1-9]|1[0-2]))?", re.ASCII)

# Folders below the data folder in which a moved file is looked for.
_DEPTH = 6


class MovedMonthsError(ValueError):
    """The file doesn't say which months are where; the message is one line."""


@dataclass(frozen=True, slots=True)
class MovedMonths:
    """Folders relative to the data folder, and where their files went, in the operator's words."""

    places: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data_dir: Path) -> MovedMonths:
        """Read the data folder's file; no folder was moved where there is none. Raises
        MovedMonthsError."""
        path = data_dir / MOVED_FILE
        try:
            told = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise MovedMonthsError(f"{path}: {error}") from error
        for name, place in told.items():
            if not _MONTH.fullmatch(name) or not isinstance(place, str) or not place.strip():
                wanted = '"warc/2019" or "warc/2019/03" = "where it is now"'
                raise MovedMonthsError(f"{path}: {wanted} is wanted, not {name} = {place!r}")
        return cls(told)

    def has(self, name: str) -> bool:
        """Whether a file, by its path relative to the data folder, is in a folder that was
        moved away."""
        return any(name.startswith(f"{folder}/") for folder in self.places)

    def misses(self, data_dir: Path, name: str) -> bool:
        """Whether a file isn't there because its folder was moved away."""
        return self.has(name) and not is_there(data_dir / name)

    def may_hold(self, date: str) -> bool:
        """Whether a capture of that date (ISO 8601) may stand in a folder that was moved away.
        A file stands in the month of its first capture, so the month before counts as well.
        False for what is no date."""
        try:
            year, month = int(date[:4]), int(date[5:7])
        except ValueError:
            return False
        before = (year - 1, 12) if month == 1 else (year, month - 1)
        return any(self.has(f"{WARC_FOLDER}/{y:04}/{m:02}/") for y, m in ((year, month), before))

    def unused(self, listed: Iterable[str]) -> list[str]:
        """The folders in which no run lists a file, since the name may be misspelt."""
        names = list(listed)
        return [one for one in self.places if not any(name.startswith(f"{one}/") for name in names)]


def check_strays(data_dir: Path, listed: Collection[str], moved: MovedMonths) -> Iterator[Finding]:
    """Files that no run's manifest lists, were never closed, or index nothing. The index of a WARC
    that was moved away may stay."""
    for path in (*open_files_of(data_dir), *open_layouts_of(data_dir)):
        yield Finding(path, None, "open_file", "it was never closed: a run is on, or was killed")
    indexes = indexes_of(data_dir)
    for path in indexes:
        warc = indexed_by(path)
        if not is_there(warc) and not moved.has(warc.relative_to(data_dir).as_posix()):
            yield Finding(path, None, "orphan_index", "the WARC it indexes is not there")
    published = [
        *warcs_of(data_dir), *indexes, *lines_of(data_dir), *sightings_of(data_dir),
        *images_of(data_dir), *certificates_of(data_dir), *accepted_layouts_of(data_dir),
    ]  # fmt: skip
    for path in sorted(published):
        if path.relative_to(data_dir).as_posix() not in listed:
            yield Finding(path, None, "orphan_file", "no run's manifest lists it")


def check_warc_places(data_dir: Path, reports: Iterable[WarcReport]) -> Iterator[Finding]:
    """Report WARCs that stand in another month than that of their first record."""
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
