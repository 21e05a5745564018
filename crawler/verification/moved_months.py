"""Months that were moved away on purpose: what a file in the data folder says of them.

In: `moved.toml` in the data folder, a table of folders and where their files went. Out: which
published files may be missing. Only folders of captures can go: each line of an article stands on
those before it.

    "warc/2019" = "tape 7"
    "warc/2020/01" = "/mnt/slow/xinhua/warc/2020/01"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.data_dir import WARC_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOVED_FILE = "moved.toml"

_MONTH = re.compile(rf"{WARC_FOLDER}/([0-9]{{4}})(/(0[1-9]|1[0-2]))?", re.ASCII)


class MovedMonthsError(ValueError):
    """The file says something else than which months are where, in one line."""


@dataclass(frozen=True, slots=True)
class MovedMonths:
    """Folders relative to the data folder, and where their files went, in the operator's words."""

    places: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data_dir: Path) -> MovedMonths:
        """What the data folder says; nothing where it says nothing. Raises MovedMonthsError."""
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
        """Whether a file, by its path relative to the data folder, is of a month that went."""
        return any(name.startswith(f"{folder}/") for folder in self.places)

    def misses(self, data_dir: Path, name: str) -> bool:
        """Whether a file isn't there because its month went."""
        return self.has(name) and not (data_dir / name).exists()

    def may_hold(self, date: str) -> bool:
        """Whether a capture of that date (ISO 8601) may stand in a file of a month that went: a
        file is of the month of its first capture. What is no date stands nowhere."""
        try:
            year, month = int(date[:4]), int(date[5:7])
        except ValueError:
            return False
        before = (year - 1, 12) if month == 1 else (year, month - 1)
        return any(self.has(f"{WARC_FOLDER}/{y:04}/{m:02}/") for y, m in ((year, month), before))

    def unused(self, listed: Iterable[str]) -> list[str]:
        """The folders of which no run lists a file: the name may be a slip."""
        names = list(listed)
        return [one for one in self.places if not any(name.startswith(f"{one}/") for name in names)]
