"""The dataset card beside an export: what is in it, where it is from, how to check it.

Markdown with a YAML head, as data repositories read it. Counted while the lines pass by, so an
export is read once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from crawler.clock import iso, now

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.export_formats.selection import Selection

_NO_DAY = "without a time"


class Card:
    """Counts of the lines of one export."""

    def __init__(self) -> None:
        self.lines = 0
        self.articles: set[str] = set()
        self.statuses: Counter[str] = Counter()
        self.regions: Counter[str] = Counter()
        self.layouts: Counter[str] = Counter()
        self.months: Counter[str] = Counter()
        self.schema_versions: Counter[int] = Counter()
        self.extractors: Counter[str] = Counter()

    def add(self, line: dict[str, Any]) -> None:
        """Count a line."""
        self.lines += 1
        self.articles.add(line["id"])
        self.statuses[line["status"]] += 1
        self.regions[line["region"]["code"] if line["region"] else "none"] += 1
        self.layouts[line["layout"] or "none"] += 1
        self.months[(line["published_at"] or _NO_DAY)[: 7 if line["published_at"] else None]] += 1
        self.schema_versions[line["schema_version"]] += 1
        self.extractors[line["extractor_version"]] += 1

    def markdown(self, form: str, output: Path, selection: Selection, files: int) -> str:
        """The card of the written file `output`. Raises OSError."""
        dated = sorted(month for month in self.months if month != _NO_DAY)
        reach = f"{dated[0]} to {dated[-1]}" if dated else "no month"
        parts = [
            "---",
            f"pretty_name: Xinhua regional channels, {reach}",
            "language: [zh]",
            "license: other",
            "---",
            "",
            f"# {output.name}",
            "",
            f"{self.lines} lines of {len(self.articles)} articles of the regional channels of "
            f"Xinhua (新华网), published {reach}, exported {iso(now())} as {form} from {files} "
            "published files of a xinhua-archive.",
            "",
            f"Selected: {_selected(selection)}.",
            "",
            "A line is one state of one article; DATA_FORMAT.md of xinhua-archive says what each "
            "field means. Each line names the WARC record it can be proved by.",
            "",
            "| file | bytes | sha256 |",
            "|---|---|---|",
            f"| {output.name} | {output.stat().st_size} | {_sha256(output)} |",
        ]
        tables: tuple[tuple[str, Counter[Any]], ...] = (
            ("status", self.statuses),
            ("region", self.regions),
            ("month", self.months),
            ("layout", self.layouts),
            ("schema_version", self.schema_versions),
            ("extractor_version", self.extractors),
        )
        for name, counts in tables:
            parts += ["", f"| {name} | lines |", "|---|---|"]
            parts += [f"| {key} | {number} |" for key, number in sorted(counts.items())]
        parts += [
            "",
            "The texts belong to their publishers; the licence of the software is none for them.",
            "",
        ]
        return "\n".join(parts)


def _selected(selection: Selection) -> str:
    said = {
        "regions": ", ".join(sorted(selection.regions)),
        "since": selection.since,
        "until": selection.until,
        "query": selection.query,
        "source": selection.source,
        "status": ", ".join(sorted(selection.statuses)),
        "layout": ", ".join(sorted(selection.layouts)),
    }
    lines = "the newest state of each article" if selection.latest else "every line"
    return ", ".join([lines, *(f"{name} {value}" for name, value in said.items() if value)])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
