"""The dataset card beside an export: what is in it, where it is from, how to check it.

Markdown with a YAML head, as data repositories read it. Counted while the lines pass by, so an
export is read once. Articles are counted in a temporary SQLite file, so memory does not grow with
the archive; SQLite removes it by itself.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from crawler.clock import iso, now
from crawler.data_dir import certificates_of, certified_by
from crawler.export_formats.selection import BadLineError
from crawler.shown_text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawler.export_formats.selection import Selection

# What certificates say of a day (DATA_FORMAT.md), in the order of the card's columns.
VERDICTS = ("complete", "incomplete", "unknown")

_NO_DAY = "without a time"
_NONE = "none"


class Card:
    """Counts of the lines of one export. A context manager, which closes its temporary file."""

    def __init__(self) -> None:
        self.lines = 0
        self.statuses: Counter[str] = Counter()
        self.regions: Counter[str] = Counter()
        self.layouts: Counter[str] = Counter()
        self.months: Counter[str] = Counter()
        self.schema_versions: Counter[str] = Counter()
        self.extractors: Counter[str] = Counter()
        self._days: dict[str, tuple[str, str]] = {}
        self._articles = sqlite3.connect("")
        self._articles.execute("CREATE TABLE articles (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._articles.close()

    @property
    def articles(self) -> int:
        """How many articles the lines are of."""
        count: int = self._articles.execute("SELECT count(*) FROM articles").fetchone()[0]
        return count

    def add(self, line: dict[str, Any]) -> None:
        """Count a line."""
        region = line["region"]["code"] if line["region"] else _NONE
        day = (line["published_at"] or "")[:10]
        self.lines += 1
        self._articles.execute("INSERT OR IGNORE INTO articles VALUES (?)", (line["id"],))
        self.statuses[line["status"]] += 1
        self.regions[region] += 1
        self.layouts[line["layout"] or _NONE] += 1
        self.months[day[:7] or _NO_DAY] += 1
        self.schema_versions[str(line["schema_version"])] += 1
        self.extractors[line["extractor_version"] or _NONE] += 1
        if day:
            first, last = self._days.get(region, (day, day))
            self._days[region] = (min(first, day), max(last, day))

    def markdown(
        self,
        form: str,
        output: Path,
        data: Path,
        columns: dict[str, str],
        data_dir: Path,
        selection: Selection,
        files: int,
        written: int,
    ) -> str:
        """The card of the file `output`, whose bytes stand in `data`: of `columns`, selected from
        so many published `files` of `data_dir`, of which so many lines were `written`. Raises
        BadLineError for a certificate that is none, OSError."""
        dated = sorted(month for month in self.months if month != _NO_DAY)
        reach = f"{dated[0]} to {dated[-1]}" if dated else "no month"
        without = self.lines - written
        left_out = f" Left out are {without} more, which have no text." if without else ""
        parts = [
            "---",
            f"pretty_name: Xinhua regional channels, {reach}",
            "language: [zh]",
            "license: other",
            "---",
            "",
            f"# {output.name}",
            "",
            f"{written} lines of {self.articles} articles of the regional channels of "
            f"Xinhua (新华网), published {reach}, exported {iso(now())} as {form}. "
            f"Published files of a xinhua-archive that were read: {files}.{left_out}",
            "",
            f"Selected: {_selected(selection)}.",
            "",
            "A line is one state of one article; DATA_FORMAT.md of xinhua-archive says what each "
            "field means. Each line names the WARC record it can be proved by.",
            "",
            "## Files",
            "",
            "| file | bytes | sha256 |",
            "|---|---|---|",
            f"| {output.name} | {data.stat().st_size} | {_sha256(data)} |",
            "",
            "## Coverage",
            "",
            "Days of publication, in Beijing. The last columns count the days, from the first of "
            "all to the last or as selected, that the archive certified as complete, incomplete or "
            "unknown; a day without a certificate is in none.",
            "",
            f"| region | lines | first day | last day | {' | '.join(VERDICTS)} |",
            "|---|---|---|---|---|---|---|",
        ]
        certified = self._certified(data_dir, selection)
        for region, count in sorted(self.regions.items()):
            told = [f"{region}", f"{count}", *self._days.get(region, (_NONE, _NONE))]
            verdicts = certified.get(region, Counter())
            told += [str(verdicts[verdict]) for verdict in VERDICTS]
            parts.append(f"| {' | '.join(told)} |")
        tables = (
            ("month", self.months),
            ("status", self.statuses),
            ("layout", self.layouts),
            ("schema_version", self.schema_versions),
            ("extractor_version", self.extractors),
        )
        for name, counts in tables:
            parts += ["", f"| {name} | lines |", "|---|---|"]
            parts += [f"| {key} | {number} |" for key, number in sorted(counts.items())]
        parts += ["", "## Schema", "", f"| {form} | type or key of a line |", "|---|---|"]
        parts += [f"| `{name}` | `{told}` |" for name, told in columns.items()]
        parts += [
            "",
            "## Licence",
            "",
            "The texts belong to their publishers; the licence of the software is none for them.",
            "",
        ]
        return "\n".join(parts)

    def _certified(self, data_dir: Path, selection: Selection) -> Mapping[str, Counter[str]]:
        days = [date.fromisoformat(day) for reached in self._days.values() for day in reached]
        if not days:
            return {}
        first, last = selection.since or min(days), selection.until or max(days)
        return certified_days(data_dir, first, last)


def certified_days(data_dir: Path, first: date, last: date) -> Mapping[str, Counter[str]]:
    """Region code to the number of days with each verdict, from `first` to `last`; a day without a
    certificate counts in none. Raises BadLineError for a file that is no certificate, OSError."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in certificates_of(data_dir):
        day, number = certified_by(path.relative_to(data_dir).as_posix()) or (date.min, 0)
        if number or not first <= day <= last:
            continue
        try:
            for code, told in json.loads(path.read_bytes())["regions"].items():
                found[code][told["verdict"]] += 1
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            why = f"{shown(path)}: no certificate ({error!r}); run `scrapy verify`"
            raise BadLineError(why) from error
    return found


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
