"""What of a data folder is verified: all of it, or the files and runs that were named.

In: a data folder, and what `scrapy verify` was given. Out: the files by their kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.data_dir import (
    COVERAGE_FOLDER,
    IMAGES_FOLDER,
    INDEX_SUFFIX,
    LAYOUT_SUFFIX,
    LAYOUTS_FOLDER,
    LINES_SUFFIX,
    REPORT_SUFFIX,
    SIGHTINGS_FOLDER,
    WARC_FOLDER,
    accepted_layouts_of,
    certificates_of,
    images_of,
    indexed_by,
    is_data_dir,
    lines_of,
    part_manifests_of,
    part_of,
    report_file,
    reports_of,
    sightings_of,
    warcs_of,
)
from crawler.exporters.report import read_report
from crawler.exporters.run_parts import read_manifest
from crawler.storage import (
    WARC_SUFFIX,
    WARC_SUFFIXES,
    StorageError,
    is_there,
    paths_elsewhere,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScopeError(ValueError):
    """What was asked for isn't there; the message is one line."""


@dataclass(slots=True)
class Scope:
    """What is checked: files of one data folder. `is_whole` looks for strays as well."""

    data_dir: Path
    warcs: list[Path] = field(default_factory=list)
    lines: list[Path] = field(default_factory=list)
    manifests: list[Path] = field(default_factory=list)
    parts: list[Path] = field(default_factory=list)
    sightings: list[Path] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    certificates: list[Path] = field(default_factory=list)
    layouts: list[Path] = field(default_factory=list)
    is_whole: bool = False

    @classmethod
    def of(cls, data_dir: Path, names: Sequence[str]) -> Scope:
        """Runs by id; files and folders by path; everything without names. Raises ScopeError."""
        if len(names) == 1 and is_data_dir(Path(names[0])):
            data_dir, names = Path(names[0]).absolute(), ()
        if not names:
            elsewhere = paths_elsewhere(data_dir / WARC_FOLDER)
            there = [path for path in elsewhere if path.name.endswith(WARC_SUFFIX)]
            return cls(
                data_dir, sorted([*warcs_of(data_dir), *there]), lines_of(data_dir),
                reports_of(data_dir), part_manifests_of(data_dir), sightings_of(data_dir),
                images_of(data_dir), certificates_of(data_dir), accepted_layouts_of(data_dir),
                is_whole=True,
            )  # fmt: skip
        scope = cls(data_dir)
        for name in names:
            scope._add(name)
        for files in (
            scope.warcs, scope.lines, scope.manifests, scope.parts, scope.sightings,
            scope.pictures, scope.certificates, scope.layouts,
        ):  # fmt: skip
            files[:] = sorted(set(files))
        return scope

    def _add(self, name: str) -> None:
        path = Path(name).absolute()
        if path.is_dir():
            taken = [self._take(one) for one in path.rglob("*") if one.is_file()]
            if not any(taken):
                raise ScopeError(f"nothing to verify in {name}")
        elif is_there(path):
            if not self._take(path):
                raise ScopeError(f"neither a WARC, its index, JSONL nor a report: {name}")
        else:
            self._add_run(name)

    def _add_run(self, run_id: str) -> None:
        """Take in a run's manifests and the files they list; a run that is on has no report."""
        is_name = "/" not in run_id
        report = read_report(self.data_dir, run_id) if is_name else None
        parts = part_manifests_of(self.data_dir, run_id) if is_name else []
        if report is None and not parts:
            raise ScopeError(f"neither a file, a folder nor a run of {self.data_dir}: {run_id}")
        self.manifests += [report_file(self.data_dir, run_id)] if report else []
        self.parts += parts
        for manifest in (report or {}, *map(_read_part, parts)):
            for row in manifest.get("files", ()):
                self._take(self.data_dir / row["path"])

    def _take(self, path: Path) -> bool:
        """Add a file by its kind; a missing file is reported by the check of its manifest.
        Returns False for a file of no such kind."""
        if path.name.endswith(INDEX_SUFFIX):
            path = indexed_by(path)
        if path.is_relative_to(self.data_dir / COVERAGE_FOLDER) and path.suffix == REPORT_SUFFIX:
            self.certificates += [path] if path.is_file() else []
            return True
        if path.parent == self.data_dir / LAYOUTS_FOLDER and path.suffix == LAYOUT_SUFFIX:
            self.layouts += [path] if path.is_file() else []
            return True
        lines = self.lines
        for folder, others in ((SIGHTINGS_FOLDER, self.sightings), (IMAGES_FOLDER, self.pictures)):
            if path.is_relative_to(self.data_dir / folder):
                lines = others
        kinds = {LINES_SUFFIX: lines, **dict.fromkeys(WARC_SUFFIXES, self.warcs)}
        if path == report_file(self.data_dir, path.stem):
            kinds[REPORT_SUFFIX] = self.parts if part_of(path.name) else self.manifests
        for suffix, files in kinds.items():
            if path.name.endswith(suffix):
                if is_there(path):
                    files.append(path)
                return True
        return False


def _read_part(path: Path) -> dict[str, Any]:
    """The manifest of a part; an empty one where it can't be read, which its own check reports."""
    try:
        return read_manifest(path)
    except StorageError:
        return {}
