"""Normalise: when it was published. In: the printed times, the metas' and the address's day.

Out: `published_at` (ISO 8601, +08:00), its precision and printed form, `modified_at`, and a flag
when the dates of one page are more than a day apart.

What a reader sees beats what a meta says; a time of the same day that says more wins. A page that
shows no time but 更新时间 was published then. Xinhua prints
Beijing time without a zone. What is no possible date is no date; an impossible time of day leaves
the day. The day in the address is evidence only, never the published time.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from crawler import urls
from crawler.clock import BEIJING
from crawler.pipelines.flags import FlagName
from crawler.pipelines.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.items import Evidence, Precision
    from crawler.pipelines.work import Work

LONGEST: Final = 400
"""Characters of a text searched for a time."""

FIRST_YEAR: Final = 1997
"""The site went online in November 1997."""

_DATE_TIME = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d) ?(?:[-年/.] ?| )(?P<m>\d{1,2}) ?[-月/.] ?"
    r"(?P<d>\d{1,2})(?:(?!\d)|(?=\d\d:\d\d)) ?日?"
    r"(?: ?[T(（]? ?(?:(?:星期|周).)? ?(?P<h>\d{1,2}) ?[:时] ?(?P<min>\d{1,2})"
    r"(?: ?[:分] ?(?P<s>\d{1,2})(?:\.\d{1,6})? ?秒?)?(?!\d)(?! ?[AaPp]\.?[Mm])"
    r"(?P<zone> ?(?:Z|[+-]\d\d:?\d\d))?)?"
)
_COMPACT = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?!\d)")
_MODIFIED = ("modif", "updat", "更新", "修改", "修订")


@dataclass(frozen=True, slots=True)
class _Time:
    moment: datetime
    precision: Precision
    raw: str
    where: str


_RANK: dict[Precision, int] = {"day": 0, "minute": 1, "second": 2}


def set_times(work: Work) -> Work:
    """Fill the published and modified fields; flag contradictions."""
    published: list[_Time] = []
    modified: list[_Time] = []
    for evidence in work.draft.times:
        found = read_time(evidence)
        if found is not None:
            said = f"{evidence.where}\n{evidence.text[:LONGEST]}".lower()
            changed = any(word in said for word in _MODIFIED)
            (modified if changed else published).append(found)
    if modified:
        work = work.having(modified_at=modified[0].moment.isoformat())
    published = published or [time for time in modified if not time.where.startswith("meta")]
    if not published:
        return work
    first = published[0]
    best = max(
        (time for time in published if time.moment.date() == first.moment.date()),
        key=lambda time: _RANK[time.precision],
    )
    work = work.having(
        published_at=best.moment.isoformat(),
        published_precision=best.precision,
        published_raw=best.raw,
    )
    return _flag_conflict(work, best, published)


def read_time(evidence: Evidence) -> _Time | None:
    """The first possible date in a text, with its time of day if it has one."""
    text = clean_line(_in_one_width(evidence.text[:LONGEST]))
    for pattern in (_DATE_TIME, _COMPACT):
        for found in pattern.finditer(text):
            parts = found.groupdict()
            moment = _moment(parts["y"], parts["m"], parts["d"])
            if moment is None or not FIRST_YEAR <= moment.year <= 2100:
                continue
            raw = _printed(evidence.text, found[0])
            hour, minute, second = parts.get("h"), parts.get("min"), parts.get("s")
            if hour and minute:
                exact = _moment(parts["y"], parts["m"], parts["d"], hour, minute, second or "0")
                if exact is not None:
                    exact = _in_beijing(exact, parts["zone"])
                    return _Time(exact, "second" if second else "minute", raw, evidence.where)
            return _Time(moment, "day", raw, evidence.where)
    return None


def _printed(text: str, found: str) -> str:
    """The found time as the page prints it: full-width digits stay when nothing else is there."""
    line = clean_line(text[:LONGEST])
    return line if clean_line(_in_one_width(line)) == found else found.strip()


def _in_one_width(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _moment(*parts: str) -> datetime | None:
    try:
        return datetime(*(int(part) for part in parts), tzinfo=BEIJING)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def _in_beijing(moment: datetime, zone: str | None) -> datetime:
    """A time with a zone of its own (metas), in Beijing time."""
    if not zone:
        return moment
    sign, digits = zone.strip()[0], zone.strip()[1:].replace(":", "")
    minutes = 0 if sign == "Z" else int(digits[:2]) * 60 + int(digits[2:])
    offset = timedelta(minutes=-minutes if sign == "-" else minutes)
    return moment - offset + timedelta(hours=8)


def _flag_conflict(work: Work, best: _Time, published: list[_Time]) -> Work:
    others = list(_days(work, published))
    if any(abs(day - best.moment.date()) > timedelta(days=1) for day, _ in others):
        facts = "; ".join(f"{where}: {day}" for day, where in others)
        return work.flagged(FlagName.PUBLISHED_CONFLICT, facts)
    return work


def _days(work: Work, published: list[_Time]) -> Iterator[tuple[date, str]]:
    for time in published:
        yield time.moment.date(), time.where
    address = urls.article(work.draft.url)
    if address is not None and address.day is not None:
        yield address.day, "address"
    if work.pages:
        fetched = datetime.fromisoformat(work.pages[0].fetched_at).astimezone(BEIJING)
        if published[0].moment > fetched + timedelta(days=1):
            yield fetched.date(), "fetched"
