"""How the days of an export were certified: verdicts of the archive's certificates, by region.

Reads the published certificates of the data folder (DATA_FORMAT.md, A certificate).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date
from typing import TYPE_CHECKING

from crawler.data_dir import COVERAGE_FOLDER
from crawler.export_formats.selection import BadLineError
from crawler.file_name_escapes import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VERDICTS = ("complete", "incomplete", "unknown")


def certified_days(data_dir: Path, first: date, last: date) -> Mapping[str, Counter[str]]:
    """Region code to the number of days with each verdict, from `first` to `last`; a day without a
    certificate counts in none. Raises BadLineError for a file that is no certificate, OSError."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in _certificates(data_dir, first, last):
        try:
            regions = json.loads(path.read_bytes())["regions"]
            for code, told in regions.items():
                found[code][told["verdict"]] += 1
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            why = f"{shown(path)}: no certificate ({error!r}); run `scrapy verify`"
            raise BadLineError(why) from error
    return found


def _certificates(data_dir: Path, first: date, last: date) -> Iterator[Path]:
    """Those of the days themselves, not the files on what was archived later."""
    for path in sorted(data_dir.glob(f"{COVERAGE_FOLDER}/????/??/??.json")):
        try:
            day = date(int(path.parts[-3]), int(path.parts[-2]), int(path.stem))
        except ValueError:
            continue  # no name of a certificate
        if first <= day <= last:
            yield path
