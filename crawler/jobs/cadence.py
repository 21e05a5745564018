"""How often each region is crawled by workers: the setting CRAWL_EVERY.

`60` is every region once an hour; `60,js=15,tibet=720` has other minutes for some.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from crawler import regions

if TYPE_CHECKING:
    from collections.abc import Mapping

# A month; a region that is to be crawled more seldom is left out with --regions.
LONGEST: Final = 31 * 24 * 60


@dataclass(frozen=True, slots=True)
class Cadence:
    """Minutes between two crawls: of all regions, and of some."""

    minutes: float
    of_regions: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, setting: object) -> Self:
        """Read the setting. Raises ValueError, whose message says what is wrong with it."""
        general, *others = [part.strip() for part in str(setting).split(",")]
        named: dict[str, float] = {}
        for other in others:
            token, is_one, minutes = other.partition("=")
            if not is_one:
                raise ValueError(f"REGION=MINUTES is wanted after the first comma, not {other!r}")
            named[regions.resolve(token).code] = _minutes(minutes)
        return cls(_minutes(general), named)

    def seconds(self, region: str) -> float:
        """The seconds between two crawls of a region."""
        return 60 * self.of_regions.get(region, self.minutes)


def _minutes(value: str) -> float:
    try:
        minutes = float(value)
    except ValueError:
        minutes = -1
    if not 0 < minutes <= LONGEST:
        raise ValueError(f"minutes above 0 and up to {LONGEST} are wanted, not {value!r}")
    return minutes
