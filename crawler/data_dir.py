"""The data folder: the names and places of its files.

    jsonl/YYYY/MM/xinhua-<run>.jsonl            the lines of a run, in the month it began in
    warc/YYYY/MM/xinhua-<run>-<serial>.warc.gz  its captures, in the month of the file's first one
    warc/YYYY/MM/xinhua-<run>-<serial>.cdxj     the index of that file
    sightings/YYYY/MM/xinhua-<run>.jsonl        what appeared on lists in it, and what went
    runs/<run>.json                             its report
    state/ledger.sqlite, state/lock             the ledger; the lock that a run holds
    state/ledger.url                            the ledger's database, where it is on a server
    state/search.sqlite                         the search index

A run is `YYYYMMDDTHHMMSSZ-xxxx`: when it began (UTC) and four random hex digits. What isn't
published yet bears `storage.OPEN_SUFFIX` after its name.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.storage import INDEX_SUFFIX as INDEX_SUFFIX
from crawler.storage import OPEN_SUFFIX
from crawler.storage import WARC_SUFFIX as WARC_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# The folder of the project, which holds that of this package.
PROJECT = Path(__file__).resolve().parent.parent

LINES_FOLDER = "jsonl"
WARC_FOLDER = "warc"
SIGHTINGS_FOLDER = "sightings"
REPORTS_FOLDER = "runs"
STATE_FOLDER = "state"
LEDGER = f"{STATE_FOLDER}/ledger.sqlite"

LINES_SUFFIX = ".jsonl"
REPORT_SUFFIX = ".json"
PUBLISHED_SUFFIXES = (LINES_SUFFIX, WARC_SUFFIX, INDEX_SUFFIX)

# Every file of a run but its report begins so.
FILE_PREFIX = "xinhua-"

_RUN_STAMP = "%Y%m%dT%H%M%SZ"
_FILE_NAME = re.compile(
    rf"{FILE_PREFIX}(\d{{8}}T\d{{6}}Z-[0-9a-f]{{4}})(?:\.jsonl|-\d{{5,}}\.(?:warc\.gz|cdxj))"
)


def run_stamp(began: datetime) -> str:
    """The start of the id of a run that began then. Ids sort as their runs began."""
    return f"{began:{_RUN_STAMP}}"


def new_run_id(began: datetime) -> str:
    """An id for a run that begins then."""
    return f"{run_stamp(began)}-{secrets.token_hex(2)}"


def is_run_id(run_id: str) -> bool:
    """Whether an id is of the form that `new_run_id` gives."""
    return run_of(f"{FILE_PREFIX}{run_id}{LINES_SUFFIX}") == run_id


def run_of(file_name: str) -> str | None:
    """The run that a file's name says it is of; None for names that no run gives."""
    found = _FILE_NAME.fullmatch(file_name)
    return found[1] if found else None


def lines_name(run_id: str) -> str:
    """The published JSONL of a run, relative to the data folder."""
    return f"{LINES_FOLDER}/{run_id[:4]}/{run_id[4:6]}/{FILE_PREFIX}{run_id}{LINES_SUFFIX}"


def sightings_name(run_id: str) -> str:
    """The published sightings of a run, relative to the data folder."""
    return f"{SIGHTINGS_FOLDER}/{run_id[:4]}/{run_id[4:6]}/{FILE_PREFIX}{run_id}{LINES_SUFFIX}"


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
        return name in (lines_name(run_id), sightings_name(run_id))
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


def lock_file(data_dir: Path) -> Path:
    """The file that a run locks while it is on."""
    return data_dir / STATE_FOLDER / "lock"


def search_index_file(settings: Mapping[Any, Any]) -> Path:
    """The search index: INDEX, taken as DATA_DIR is, or else `state/search.sqlite`."""
    default = folder_of(settings) / STATE_FOLDER / "search.sqlite"
    return PROJECT / str(settings["INDEX"]) if settings["INDEX"] else default


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


def reports_of(data_dir: Path) -> list[Path]:
    """The run reports, which are the manifests of their files."""
    return sorted(data_dir.glob(f"{REPORTS_FOLDER}/*{REPORT_SUFFIX}"))


def lines_of(data_dir: Path) -> list[Path]:
    """The published JSONL files."""
    return sorted(data_dir.glob(f"{LINES_FOLDER}/*/*/*{LINES_SUFFIX}"))


def has_lines(data_dir: Path) -> bool:
    """Whether anything was published."""
    published = data_dir / LINES_FOLDER
    return next(published.rglob(f"*{LINES_SUFFIX}"), None) is not None


def sightings_of(data_dir: Path) -> list[Path]:
    """The published files of sightings."""
    return sorted(data_dir.glob(f"{SIGHTINGS_FOLDER}/*/*/*{LINES_SUFFIX}"))


def open_lines_of(data_dir: Path) -> list[Path]:
    """The JSONL files that were not published."""
    return sorted(data_dir.glob(f"{LINES_FOLDER}/*/*/*{LINES_SUFFIX}{OPEN_SUFFIX}"))


def open_files_of(data_dir: Path) -> list[Path]:
    """Whatever was not published below the folders of WARCs, JSONL and sightings."""
    folders = (WARC_FOLDER, LINES_FOLDER, SIGHTINGS_FOLDER)
    globs = (f"{folder}/*/*/*{OPEN_SUFFIX}" for folder in folders)
    return [path for pattern in globs for path in sorted(data_dir.glob(pattern))]


def warcs_of(data_dir: Path) -> list[Path]:
    """The published WARCs."""
    return sorted(data_dir.glob(f"{WARC_FOLDER}/*/*/*{WARC_SUFFIX}"))


def open_warcs_of(data_dir: Path) -> list[Path]:
    """The WARCs that were not published."""
    return sorted(data_dir.glob(f"{WARC_FOLDER}/*/*/*{WARC_SUFFIX}{OPEN_SUFFIX}"))


def warc_folders_of(data_dir: Path) -> list[Path]:
    """The folders of the months that have WARCs."""
    return sorted(data_dir.glob(f"{WARC_FOLDER}/*/*"))


def indexes_of(data_dir: Path) -> list[Path]:
    """The indexes of WARCs."""
    return sorted(data_dir.glob(f"{WARC_FOLDER}/*/*/*{INDEX_SUFFIX}"))


def files_of_run(data_dir: Path, run_id: str) -> list[Path]:
    """The published files of a run but its report."""
    found = data_dir.glob(f"*/*/*/{FILE_PREFIX}{run_id}*")
    return sorted(path for path in found if path.suffix != OPEN_SUFFIX)


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
