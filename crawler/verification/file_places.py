"""Where the files of a data folder stand: each run's at the place that its name and date give.

In: a data folder. Out: its published files, and a Finding for each that is nowhere listed, was
never closed, indexes nothing or stands outside its folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.storage import OPEN_SUFFIX
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from crawler.verification.findings import WarcReport

_RUN = r"\d{8}T\d{6}Z-[0-9a-f]{4}"
_NAME = re.compile(rf"xinhua-({_RUN})(?:\.jsonl|-\d{{5,}}\.(?:warc\.gz|cdxj))")
_PUBLISHED = (".jsonl", ".warc.gz", ".cdxj")
_DEPTH = 6  # folders below the data folder in which a moved file is looked for


def warcs_of(data_dir: Path) -> list[Path]:
    """The published WARCs of a data folder."""
    return sorted(data_dir.glob("warc/*/*/*.warc.gz"))


def lines_of(data_dir: Path) -> list[Path]:
    """The published JSONL files of a data folder."""
    return sorted(data_dir.glob("jsonl/*/*/*.jsonl"))


def manifests_of(data_dir: Path) -> list[Path]:
    """The run reports of a data folder, which are the manifests of its files."""
    return sorted(data_dir.glob("runs/*.json"))


def is_data_dir(path: Path) -> bool:
    """Whether a folder is one that runs write into."""
    return (path / "runs").is_dir() and ((path / "warc").is_dir() or (path / "jsonl").is_dir())


def run_of(name: str) -> str | None:
    """The run that a file's name says it is of; None for names that no run gives."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def jsonl_place(run_id: str) -> str:
    """Where the lines of a run stand, relative to the data folder: in the month it began in."""
    return f"jsonl/{run_id[:4]}/{run_id[4:6]}/xinhua-{run_id}.jsonl"


def is_placed(name: str, began: str | None = None) -> bool:
    """Whether a path relative to the data folder is one that a run gives to a file of that name.
    `began` is the date of a WARC's first record, which sets its month; without one it may be any
    from the run's on."""
    folder, _, file = name.rpartition("/")
    run_id = run_of(file)
    if run_id is None:
        return False
    if file.endswith(".jsonl"):
        return name == jsonl_place(run_id)
    if began is not None:
        return folder == f"warc/{began[:4]}/{began[5:7]}"
    return bool(re.fullmatch(r"warc/\d{4}/\d\d", folder)) and folder[5:] >= (
        f"{run_id[:4]}/{run_id[4:6]}"
    )


def check_strays(data_dir: Path, listed: Collection[str]) -> Iterator[Finding]:
    """Files that no run's manifest lists, were never closed, or index nothing."""
    for folder in ("warc", "jsonl"):
        for path in sorted(data_dir.glob(f"{folder}/*/*/*{OPEN_SUFFIX}")):
            yield Finding(
                path, None, "open_file", "it was never closed: a run is on, or was killed"
            )
    indexes = sorted(data_dir.glob("warc/*/*/*.cdxj"))
    for path in indexes:
        if not path.with_name(path.name.removesuffix(".cdxj") + ".warc.gz").exists():
            yield Finding(path, None, "orphan_index", "the WARC it indexes is not there")
    for path in sorted([*warcs_of(data_dir), *indexes, *lines_of(data_dir)]):
        if path.relative_to(data_dir).as_posix() not in listed:
            yield Finding(path, None, "orphan_file", "no run's manifest lists it")


def check_warc_places(data_dir: Path, reports: Iterable[WarcReport]) -> Iterator[Finding]:
    """WARCs in another month than that of their first record."""
    for report in reports:
        if not report.path.is_relative_to(data_dir / "warc") or run_of(report.path.name) is None:
            continue
        name = report.path.relative_to(data_dir).as_posix()
        if report.began and is_placed(name) and not is_placed(name, report.began):
            message = f"its first record is of {report.began}"
            yield Finding(report.path, None, "misplaced_file", message)


def check_places(data_dir: Path, runs: Collection[str]) -> Iterator[Finding]:
    """Files of the folder's runs that stand elsewhere than a run puts them, and whatever looks
    published in `jsonl/`, `warc/` or `runs/` and isn't where it is looked for."""
    for path in sorted(_files(data_dir)):
        name = path.relative_to(data_dir).as_posix()
        top, _, rest = name.partition("/")
        is_published = path.name.endswith(_PUBLISHED)
        if top in ("jsonl", "warc"):
            is_sought = re.fullmatch(r"[^/]+/[^/]+/[^/]+", rest) and path.name.endswith(
                ".jsonl" if top == "jsonl" else (".warc.gz", ".cdxj")
            )
            if is_sought and (run_of(path.name) is None or is_placed(name)):
                continue
        elif top == "runs":
            is_published |= path.suffix == ".json"
            if "/" not in rest and path.suffix == ".json":
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
            folders[:] = [name for name in folders if name != "state"]
        yield from (here / name for name in names)
