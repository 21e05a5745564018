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
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from crawler.export_formats.selection import Selection

# What certificates say of a day (DATA_FORMAT.md), in the order of the card's columns.
VERDICTS = ("complete", "incomplete", "unknown")

_NO_DAY = "without a time"
_NONE = "none"


_CARD = """\
---
pretty_name: Xinhua regional channels, {reach}
language: [zh]
license: other
---

# {name}

{written} lines of {articles} articles of the regional channels of Xinhua (新华网), published \
{reach}, exported {at} as {form}. Published files of a xinhua-archive that were read: \
{files}.{left_out}

Selected: {selected}.

A line is one state of one article; DATA_FORMAT.md of xinhua-archive says what each field means. \
Each line names the WARC record it can be proved by.

## Files

{file}

## Coverage

Days of publication, in Beijing. The last columns count the days, from the first of all to the \
last or as selected, that the archive certified as complete, incomplete or unknown; a day without \
a certificate is in none.

{coverage}

{counts}

## Schema

{schema}

## Licence

The texts belong to their publishers; the licence of the software is none for them.
"""


class Card:
    """Counts of the lines of one export, in the format `form` with these `columns`, selected from
    so many published `files` of `data_dir`. A context manager, which closes its temporary file."""

    def __init__(
        self,
        form: str,
        columns: Mapping[str, str],
        data_dir: Path,
        selection: Selection,
        *,
        files: int,
    ) -> None:
        self._form = form
        self._columns = columns
        self._data_dir = data_dir
        self._selection = selection
        self._files = files
        self._lines = 0
        self._regions: Counter[str] = Counter()
        self._months: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._layouts: Counter[str] = Counter()
        self._schema_versions: Counter[str] = Counter()
        self._extractors: Counter[str] = Counter()
        self._days: dict[str, tuple[str, str]] = {}
        self._articles = sqlite3.connect("")
        self._articles.execute("CREATE TABLE articles (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._articles.close()

    def add(self, line: dict[str, Any]) -> None:
        """Count a line."""
        region = line["region"]["code"] if line["region"] else _NONE
        day = (line["published_at"] or "")[:10]
        self._lines += 1
        self._articles.execute("INSERT OR IGNORE INTO articles VALUES (?)", (line["id"],))
        self._statuses[line["status"]] += 1
        self._regions[region] += 1
        self._layouts[line["layout"] or _NONE] += 1
        self._months[day[:7] or _NO_DAY] += 1
        self._schema_versions[str(line["schema_version"])] += 1
        self._extractors[line["extractor_version"] or _NONE] += 1
        if day:
            first, last = self._days.get(region, (day, day))
            self._days[region] = (min(first, day), max(last, day))

    def markdown(self, name: str, file: Path, written: int) -> str:
        """The card of a file that is to be called `name`, in which so many lines were `written`.
        Raises BadLineError for a certificate that is none, OSError."""
        months = sorted(month for month in self._months if month != _NO_DAY)
        reach = f"{months[0]} to {months[-1]}" if months else "no month"
        without = self._lines - written
        with file.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
        counts = {
            "month": self._months,
            "status": self._statuses,
            "layout": self._layouts,
            "schema_version": self._schema_versions,
            "extractor_version": self._extractors,
        }
        schema = [(f"`{column}`", f"`{told}`") for column, told in self._columns.items()]
        return _CARD.format(
            reach=reach,
            name=name,
            written=written,
            articles=self._articles.execute("SELECT count(*) FROM articles").fetchone()[0],
            at=iso(now()),
            form=self._form,
            files=self._files,
            left_out=f" Left out are {without} more, which have no text." if without else "",
            selected=_selected(self._selection),
            file=_table(("file", "bytes", "sha256"), [(name, file.stat().st_size, digest)]),
            coverage=_table(
                ("region", "lines", "first day", "last day", *VERDICTS), self._coverage()
            ),
            counts="\n\n".join(
                _table((of, "lines"), sorted(numbers.items())) for of, numbers in counts.items()
            ),
            schema=_table((self._form, "type or key of a line"), schema),
        )

    def _coverage(self) -> Iterator[tuple[object, ...]]:
        """By region: lines, first and last day, days by verdict."""
        days = [date.fromisoformat(day) for reached in self._days.values() for day in reached]
        certified: Mapping[str, Counter[str]] = {}
        if days:
            since, until = self._selection.since or min(days), self._selection.until or max(days)
            certified = certified_days(self._data_dir, since, until)
        for region, count in sorted(self._regions.items()):
            verdicts = certified.get(region, Counter())
            reached = self._days.get(region, (_NONE, _NONE))
            yield (region, count, *reached, *(verdicts[verdict] for verdict in VERDICTS))


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, *rows]
    told = [f"| {' | '.join(map(str, line))} |" for line in lines]
    return "\n".join([told[0], f"|{'---|' * len(columns)}", *told[1:]])


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
