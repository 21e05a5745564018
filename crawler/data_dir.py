"""The data folder: the names and places of its files.

    jsonl/YYYY/MM/xinhua-<run>.jsonl            the lines of a run, in the month it began in
    jsonl/YYYY/MM/xinhua-<run>-<part>.jsonl     the same of a run that publishes in parts
    warc/YYYY/MM/xinhua-<run>-<serial>.warc.gz  its captures, in the month of the file's first one
    warc/YYYY/MM/xinhua-<run>-<serial>.cdxj     the index of that file
    sightings/YYYY/MM/xinhua-<run>.jsonl        what appeared on lists in it, and what went
    images/YYYY/MM/xinhua-<run>.jsonl           what became of pictures, where they are archived
    coverage/YYYY/MM/DD.json                    the certificate of a day; DD.<n>.json: found later
    layouts/<name>.toml                         an accepted layout
    runs/<run>-<part>.json                      the manifest of a part
    runs/<run>.json                             the run's report, the manifest of all its files
    state/ledger.sqlite, state/lock             the ledger; the lock that a run holds
    state/ledger.url                            the ledger's database, where it is on a server
    state/on/<run>                              locked by a run while it is on, where it is
    state/search.sqlite, state/clusters.sqlite  the search index; which texts are copies
    state/stored, state/cluster                 of a shared place: what is in it, whose it is
    exports/…                                   what export jobs of a cluster wrote
    reextracted/…, verified/…                   what its archive jobs wrote, named by digests

A run is `YYYYMMDDTHHMMSSZ-xxxx`: when it began (UTC) and four random hex digits; parts and WARCs
are numbered from 00000. What isn't published yet bears `storage.OPEN_SUFFIX` after its name.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.storage import INDEX_SUFFIX as INDEX_SUFFIX
from crawler.storage import OPEN_SUFFIX, path_now
from crawler.storage import WARC_SUFFIX as WARC_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The folder of the project, which holds that of this package.
PROJECT = Path(__file__).resolve().parent.parent

LINES_FOLDER = "jsonl"
WARC_FOLDER = "warc"
SIGHTINGS_FOLDER = "sightings"
IMAGES_FOLDER = "images"
COVERAGE_FOLDER = "coverage"
LAYOUTS_FOLDER = "layouts"
REPORTS_FOLDER = "runs"
STATE_FOLDER = "state"
EXPORTS_FOLDER = "exports"
REEXTRACTED_FOLDER = "reextracted"
VERIFIED_FOLDER = "verified"
LEDGER = f"{STATE_FOLDER}/ledger.sqlite"

_ON_FOLDER = "on"
_SEARCH_INDEX = "search.sqlite"
_CLUSTERS = "clusters.sqlite"

LINES_SUFFIX = ".jsonl"
REPORT_SUFFIX = ".json"
LAYOUT_SUFFIX = ".toml"
PUBLISHED_SUFFIXES = (LINES_SUFFIX, WARC_SUFFIX, INDEX_SUFFIX)

# Every file of a run but its report begins so.
FILE_PREFIX = "xinhua-"

_CERTIFICATE = re.compile(
    rf"{COVERAGE_FOLDER}/(\d{{4}})/(\d\d)/(\d\d)(?:\.([1-9]\d{{0,4}}))?\.json", re.ASCII
)
_RUN_STAMP = "%Y%m%dT%H%M%SZ"
_RUN = r"(\d{8}T\d{6}Z-[0-9a-f]{4})"
_NUMBER = r"(\d{5,})"
_FILE_NAME = re.compile(
    rf"{FILE_PREFIX}{_RUN}(?:(?:-{_NUMBER})?\.jsonl|-\d{{5,}}\.(?:warc\.gz|cdxj))"
)
_PART_MANIFEST = re.compile(rf"{_RUN}-{_NUMBER}\.json")


def run_stamp(began: datetime) -> str:
    """The start of the id of a run that began then. Ids sort as their runs began."""
    return f"{began:{_RUN_STAMP}}"


def new_run_id(began: datetime) -> str:
    """An id for a run that begins then."""
    return f"{run_stamp(began)}-{secrets.token_hex(2)}"


def run_began(run_id: str) -> datetime:
    """When the run of an id began, which its id says. Raises ValueError for one of another form."""
    return datetime.strptime(run_id.partition("-")[0], _RUN_STAMP).replace(tzinfo=UTC)


def is_run_id(run_id: str) -> bool:
    """Whether an id is of the form that `new_run_id` gives."""
    return run_of(f"{FILE_PREFIX}{run_id}{LINES_SUFFIX}") == run_id


def run_of(file_name: str) -> str | None:
    """The run that a file's name says it is of; None for names that no run gives."""
    found = _FILE_NAME.fullmatch(file_name)
    return found[1] if found else None


def lines_part_of(file_name: str) -> int | None:
    """The part whose lines a file of that name holds; None where it holds those of a whole run."""
    found = _FILE_NAME.fullmatch(file_name)
    return int(found[2]) if found and found[2] else None


def lines_name(run_id: str, part: int | None = None) -> str:
    """The published JSONL of a run that has one part, or of a part, relative to the data folder."""
    number = "" if part is None else f"-{part:05d}"
    folder = f"{LINES_FOLDER}/{run_id[:4]}/{run_id[4:6]}"
    return f"{folder}/{FILE_PREFIX}{run_id}{number}{LINES_SUFFIX}"


def sightings_name(run_id: str) -> str:
    """The published sightings of a run, relative to the data folder."""
    return f"{SIGHTINGS_FOLDER}/{run_id[:4]}/{run_id[4:6]}/{FILE_PREFIX}{run_id}{LINES_SUFFIX}"


def images_name(run_id: str) -> str:
    """The published picture lines of a run, relative to the data folder."""
    return f"{IMAGES_FOLDER}/{run_id[:4]}/{run_id[4:6]}/{FILE_PREFIX}{run_id}{LINES_SUFFIX}"


def certificate_name(day: date, number: int) -> str:
    """The certificate of a day (number 0), or a file on what was found later, relative to the data
    folder."""
    more = f".{number}" if number else ""
    return f"{COVERAGE_FOLDER}/{day:%Y/%m/%d}{more}.json"


def certified_by(name: str) -> tuple[date, int] | None:
    """The day and number that a file's place below the data folder says; None for other places."""
    found = _CERTIFICATE.fullmatch(name)
    try:
        return (date(*map(int, found.groups()[:3])), int(found[4] or 0)) if found else None
    except ValueError:
        return None


def certificates_of(data_dir: Path) -> list[Path]:
    """The certificates, and the files on what was found later."""
    return sorted(data_dir.glob(f"{COVERAGE_FOLDER}/*/*/*.json"))


def layout_name(name: str) -> str:
    """The file of an accepted layout, relative to the data folder."""
    return f"{LAYOUTS_FOLDER}/{name}{LAYOUT_SUFFIX}"


def accepted_layouts_of(data_dir: Path) -> list[Path]:
    """The files of the accepted layouts, by name."""
    return sorted(data_dir.glob(f"{LAYOUTS_FOLDER}/*{LAYOUT_SUFFIX}"))


def open_layouts_of(data_dir: Path) -> list[Path]:
    """Those that a killed run had not published."""
    return sorted(data_dir.glob(f"{LAYOUTS_FOLDER}/*{LAYOUT_SUFFIX}{OPEN_SUFFIX}"))


def warc_name(run_id: str, began: datetime, serial: int) -> str:
    """The published WARC of a run whose first capture began then, relative to the data folder."""
    return f"{WARC_FOLDER}/{began:%Y/%m}/{FILE_PREFIX}{run_id}-{serial:05d}{WARC_SUFFIX}"


def is_placed(name: str, began: str | None = None) -> bool:
    """Whether a path relative to the data folder is one that a run gives to a file of that name.
    `began` is the date of a WARC's first record, which sets its month; without one it may be any
    from the run's on."""
    folder, _, file = name.rpartition("/")
    run_id = run_of(file)
    if run_id is None:
        return False
    if file.endswith(LINES_SUFFIX):
        whole = (sightings_name(run_id), images_name(run_id))
        return name in (lines_name(run_id, lines_part_of(file)), *whole)
    if began is not None:
        return folder == f"{WARC_FOLDER}/{began[:4]}/{began[5:7]}"
    month = re.fullmatch(rf"{WARC_FOLDER}/(\d{{4}}/\d\d)", folder)
    return month is not None and month[1] >= f"{run_id[:4]}/{run_id[4:6]}"


def ledger_file(data_dir: Path) -> Path:
    """The ledger's database."""
    return data_dir / LEDGER


def ledger_url_file(data_dir: Path) -> Path:
    """The file that names the ledger's database where that is on a server."""
    return data_dir / STATE_FOLDER / "ledger.url"


def stored_file(data_dir: Path) -> Path:
    """The file that names the manifests which stand in the shared place as well."""
    return data_dir / STATE_FOLDER / "stored"


def cluster_file(data_dir: Path) -> Path:
    """The file with the id of an archive whose ledger is on no server, by which it owns a shared
    place."""
    return data_dir / STATE_FOLDER / "cluster"


def lock_file(data_dir: Path) -> Path:
    """The file that a run locks while it is on."""
    return data_dir / STATE_FOLDER / "lock"


def run_lock_files(data_dir: Path) -> list[Path]:
    """The files that runs lock whose ledger is on a server; named after the runs."""
    folder = data_dir / STATE_FOLDER / _ON_FOLDER
    return sorted(folder.iterdir()) if folder.is_dir() else []


def run_lock_file(data_dir: Path, run_id: str) -> Path:
    """The file that this run locks."""
    return data_dir / STATE_FOLDER / _ON_FOLDER / run_id


def search_index_file(settings: Mapping[Any, Any]) -> Path:
    """The search index: INDEX, taken as DATA_DIR is, or else `state/search.sqlite`."""
    default = folder_of(settings) / STATE_FOLDER / _SEARCH_INDEX
    return PROJECT / str(settings["INDEX"]) if settings["INDEX"] else default


def has_state(data_dir: Path) -> bool:
    """Whether the folder is one that runs were on, and no copy of what they published. What is made
    of published files alone may stand in a copy, too."""
    folder = data_dir / STATE_FOLDER
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else None
    if not names:
        return names is not None
    return not all(name.startswith((_SEARCH_INDEX, _CLUSTERS)) for name in names)


def clusters_file(data_dir: Path) -> Path:
    """The pairs of texts that are copies of each other."""
    return data_dir / STATE_FOLDER / _CLUSTERS


def told_file(data_dir: Path, of: str = "alarms") -> Path:
    """The file whose time says when something that holds (`alarms`, `lock`) was last printed for
    mail."""
    return data_dir / STATE_FOLDER / f"{of}_told"


def report_name(run_id: str) -> str:
    """The report of a run, relative to the data folder."""
    return f"{REPORTS_FOLDER}/{run_id}{REPORT_SUFFIX}"


def report_file(data_dir: Path, run_id: str) -> Path:
    """The report of a run."""
    return data_dir / report_name(run_id)


def part_manifest_name(run_id: str, part: int) -> str:
    """The manifest of a part, relative to the data folder."""
    return f"{REPORTS_FOLDER}/{run_id}-{part:05d}{REPORT_SUFFIX}"


class PartName(NamedTuple):
    """The run and the number that the name of a part's manifest says."""

    run_id: str
    part: int


def part_of(manifest_name: str) -> PartName | None:
    """What part a manifest's name says it is of; None for a report's."""
    found = _PART_MANIFEST.fullmatch(manifest_name)
    return PartName(found[1], int(found[2])) if found else None


def manifests_of(data_dir: Path) -> list[Path]:
    """The reports and the manifests of parts, those of a run before its report."""
    return _manifests_from(data_dir, "")


def reports_of(
    data_dir: Path, *, since: datetime | None = None, before: str | None = None
) -> list[Path]:
    """The run reports, which are the manifests of their files, oldest run first: those of runs that
    began at `since` or later and before the run `before`."""
    first = run_stamp(since) if since else ""
    return [path for path in _manifests_from(data_dir, first, before) if part_of(path.name) is None]


def part_manifests_of(data_dir: Path, run_id: str | None = None) -> list[Path]:
    """The manifests of parts, of all runs or of one, in their order."""
    start = f"{run_id}-" if run_id else ""
    found = _manifests_from(data_dir, start, f"{run_id}." if run_id else None)
    return [path for path in found if path.name.startswith(start) and part_of(path.name)]


def newest_manifest(data_dir: Path) -> Path | None:
    """The report or the part's manifest that is last by name."""
    folder = data_dir / REPORTS_FOLDER
    if not folder.is_dir():
        return None
    with os.scandir(folder) as entries:
        newest = max((one.name for one in entries if one.name.endswith(REPORT_SUFFIX)), default="")
    return folder / newest if newest else None


def _manifests_from(data_dir: Path, first: str, last: str | None = None) -> list[Path]:
    """The manifests whose names lie between these, `last` left out, sorted."""
    folder = data_dir / REPORTS_FOLDER
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [
            one.name
            for one in entries
            if one.name >= first
            and (last is None or one.name < last)
            and one.name.endswith(REPORT_SUFFIX)
        ]
    return [folder / name for name in sorted(names)]


def lines_of(data_dir: Path) -> list[Path]:
    """The published JSONL files."""
    return _files_of(data_dir, LINES_FOLDER, LINES_SUFFIX)


def lines_now(data_dir: Path, name: str) -> Path | None:
    """Where a JSONL file stands that the ledger knows by this name: published, or still open, or
    published as the first part of a run since the ledger was read. None where it isn't there."""
    run_id = run_of(name.rpartition("/")[2])
    names = [name, lines_name(run_id, 0)] if run_id and name == lines_name(run_id) else [name]
    return next(filter(None, (path_now(data_dir / one) for one in names)), None)


def has_lines(data_dir: Path) -> bool:
    """Whether anything was published."""
    published = data_dir / LINES_FOLDER
    return next(published.rglob(f"*{LINES_SUFFIX}"), None) is not None


def sightings_of(data_dir: Path) -> list[Path]:
    """The published files of sightings."""
    return _files_of(data_dir, SIGHTINGS_FOLDER, LINES_SUFFIX)


def in_order_of_seq(data_dir: Path, paths: Iterable[Path]) -> list[Path]:
    """Published files in the order in which they were published, as the manifests say that list
    them: ids of runs sort by clocks, which may be those of several machines. Files of before there
    were numbers come first, by name; those that no manifest lists come last."""
    files = list(paths)
    of_runs = {run_of(path.name) for path in files}
    numbers: dict[str, int] = {}
    for path in manifests_of(data_dir):
        part = part_of(path.name)
        if (part.run_id if part else path.stem) not in of_runs:
            continue
        # one that can't be read is told by who checks manifests
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            told = json.loads(path.read_bytes())
            seq = int(told.get("seq", 0))
            for row in told["files"]:
                numbers[row["path"]] = min(seq, numbers.get(row["path"], seq))

    def place(path: Path) -> tuple[float, str]:
        return numbers.get(path.relative_to(data_dir).as_posix(), math.inf), path.name

    return sorted(files, key=place)


def images_of(data_dir: Path) -> list[Path]:
    """The published files of picture lines."""
    return _files_of(data_dir, IMAGES_FOLDER, LINES_SUFFIX)


def open_lines_of(data_dir: Path) -> list[Path]:
    """The JSONL files that were not published."""
    return _files_of(data_dir, LINES_FOLDER, LINES_SUFFIX + OPEN_SUFFIX)


def open_files_of(data_dir: Path) -> list[Path]:
    """Whatever was not published below the folders of WARCs, JSONL, sightings, picture lines and
    certificates."""
    return [
        path
        for folder in (WARC_FOLDER, LINES_FOLDER, SIGHTINGS_FOLDER, IMAGES_FOLDER, COVERAGE_FOLDER)
        for path in _files_of(data_dir, folder, OPEN_SUFFIX)
    ]


def warcs_of(data_dir: Path) -> list[Path]:
    """The published WARCs."""
    return _files_of(data_dir, WARC_FOLDER, WARC_SUFFIX)


def open_warcs_of(data_dir: Path) -> list[Path]:
    """The WARCs that were not published."""
    return _files_of(data_dir, WARC_FOLDER, WARC_SUFFIX + OPEN_SUFFIX)


def warc_folders_of(data_dir: Path) -> list[Path]:
    """The folders of the months that have WARCs."""
    return _months_of(data_dir, WARC_FOLDER)


def indexes_of(data_dir: Path) -> list[Path]:
    """The indexes of WARCs."""
    return _files_of(data_dir, WARC_FOLDER, INDEX_SUFFIX)


def files_of_run(data_dir: Path, run_id: str) -> list[Path]:
    """The published files of a run but its manifests."""
    first = f"{run_id[:4]}/{run_id[4:6]}" if is_run_id(run_id) else ""
    found = []
    for folder in (LINES_FOLDER, SIGHTINGS_FOLDER, IMAGES_FOLDER, WARC_FOLDER):
        for month in _months_of(data_dir, folder):
            if month.relative_to(data_dir / folder).as_posix() >= first:
                found += _entries(month, PUBLISHED_SUFFIXES, FILE_PREFIX + run_id)
    return sorted(found)


def _files_of(data_dir: Path, folder: str, suffix: str) -> list[Path]:
    """The files of the months below a folder whose names end so, sorted."""
    months = _months_of(data_dir, folder)
    return [path for month in months for path in _entries(month, (suffix,))]


def _months_of(data_dir: Path, folder: str) -> list[Path]:
    return sorted(path for path in data_dir.glob(f"{folder}/*/*") if path.is_dir())


def _entries(folder: Path, suffixes: tuple[str, ...], prefix: str = "") -> list[Path]:
    """What in a folder has such a name, sorted. Only these become Paths: after years of hourly runs
    most of the time would go there."""
    with os.scandir(folder) as entries:
        names = [one.name for one in entries if one.name.endswith(suffixes)]
    return [folder / name for name in sorted(names) if name.startswith(prefix)]


def indexed_by(index: Path) -> Path:
    """The WARC of an index."""
    return index.with_name(index.name.removesuffix(INDEX_SUFFIX) + WARC_SUFFIX)


def is_data_dir(path: Path) -> bool:
    """Whether a folder is one that runs write into."""
    has_files = (path / WARC_FOLDER).is_dir() or (path / LINES_FOLDER).is_dir()
    return (path / REPORTS_FOLDER).is_dir() and has_files


def folder_of(settings: Mapping[Any, Any]) -> Path:
    """DATA_DIR; a relative one is relative to the project, from wherever a command is called."""
    return PROJECT / str(settings["DATA_DIR"])
