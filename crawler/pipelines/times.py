"""When the article was published and modified.

What a reader sees beats what a meta says; a time of the same day that is more precise wins. A
page that shows no time but 更新时间 was published then. Xinhua prints Beijing time without a zone;
a zone that is printed counts. What is no possible date is no date; an impossible or doubtful time
of day (上午13:05, 晚上12:30) leaves the day. `published_raw` is the whole printed form: with 时, 分
and 秒, weekday, half of the day and zone, in the width of the page. The day in the address is
evidence only, never the published time; dates of one page more than a day apart are flagged.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from crawler import dates, urls
from crawler.clock import BEIJING
from crawler.pipelines.clean_text import clean_line
from crawler.pipelines.normalisation import FlagName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.items import Evidence, Precision
    from crawler.pipelines.normalisation import Normalisation

# Characters of a text searched for a time.
_LONGEST: Final = 400

# The site went online in November 1997.
_FIRST_YEAR: Final = 1997
_LAST_YEAR: Final = 2100

_HALF = r"(?:[AaPp]\.?[Mm]\.?(?![A-Za-z])|上午|下午|凌晨|清晨|早上|早晨|中午|傍晚|晚上|晚间)"
_OFFSET = r"[+-]\d\d?(?::?\d\d)?"
# A bare offset only behind seconds or in ISO 8601: 08:05-09:30 is how long something takes.
_EXACT = r"(?:(?<=:\d\d:\d\d)|(?<=:\d\d:\d\d )|(?<=\.\d)|(?<=\.\d{3})|(?<=\.\d{6})|(?<=T\d\d:\d\d))"
_ZONE = (
    rf"(?:Z(?![A-Za-z])|{_EXACT}{_OFFSET}(?!\d)|(?:GMT|UTC)(?: ?{_OFFSET}(?!\d))?(?![A-Za-z])"
    r"|CST(?![A-Za-z])|[(]?(?:北京|中国标准)时间[)]?)"
)
_DATE_TIME = re.compile(
    rf"(?<!\d)(?P<y>{dates.CENTURY}\d\d) ?(?:{dates.AFTER_YEAR} ?| )"
    rf"(?P<m>\d{{1,2}}) ?{dates.AFTER_MONTH} ?"
    r"(?P<d>\d{1,2})(?:(?!\d)|(?=\d\d:\d\d)) ?日?"
    rf"(?: ?[T(]? ?(?:{dates.WEEKDAY}[)]? ?)?(?:北京时间 ?)?"
    rf"(?P<before>{_HALF})? ?(?P<h>\d{{1,2}}) ?"
    r"(?:[:时点] ?(?P<min>\d{1,2})"
    r"(?: ?[:分] ?(?P<s>\d{1,2})(?:[.,]\d{1,6})? ?秒?| ?分)?(?!\d)|[时点](?!\d))"
    rf"(?: ?(?P<after>{_HALF}))?(?: ?(?P<zone>{_ZONE}))?)?"
)
_COMPACT = re.compile(rf"(?<!\d)(?P<y>{dates.CENTURY}\d\d)(?P<m>\d\d)(?P<d>\d\d)(?!\d)")
_OFFSET_PARTS = re.compile(r"([+-])(\d\d?):?(\d\d)?")
_BEIJING_OFFSET = timedelta(hours=8)

_MORNING = ((range(1, 12), 0),)
_AFTERNOON = ((range(1, 12), 12), (range(12, 24), 0))
_EVENING = ((range(5, 12), 12), (range(17, 24), 0))
# For each half of the day the hours that go with it and what they lack to the clock of 24 hours.
# 12 o'clock in the morning or at night is in doubt; English AM and PM are not.
_HOURS: dict[str, tuple[tuple[range, int], ...]] = {
    "am": ((range(12), 0), (range(12, 13), -12)),
    "pm": _AFTERNOON,
    "上午": _MORNING,
    "早上": _MORNING,
    "早晨": _MORNING,
    "清晨": _MORNING,
    "凌晨": ((range(8), 0), (range(12, 13), -12)),
    "中午": ((range(11, 14), 0), (range(1, 3), 12)),
    "下午": _AFTERNOON,
    "傍晚": _EVENING,
    "晚上": _EVENING,
    "晚间": _EVENING,
}
_MODIFIED = ("modif", "updat", "更新", "修改", "修订")


@dataclass(frozen=True, slots=True)
class _Time:
    moment: datetime
    precision: Precision
    raw: str
    where: str


_RANK: dict[Precision, int] = {"day": 0, "minute": 1, "second": 2}


def set_times(current: Normalisation) -> Normalisation:
    """The same with the published and modified fields, flagged where dates contradict."""
    published: list[_Time] = []
    modified: list[_Time] = []
    for evidence in current.draft.times:
        found = read_time(evidence)
        if found is not None:
            said = f"{evidence.where}\n{evidence.text[:_LONGEST]}".lower()
            changed = any(word in said for word in _MODIFIED)
            (modified if changed else published).append(found)
    if modified:
        current = current.with_values(modified_at=modified[0].moment.isoformat())
    published = published or [time for time in modified if not time.where.startswith("meta")]
    if not published:
        return current
    first = published[0]
    best = max(
        (time for time in published if time.moment.date() == first.moment.date()),
        key=lambda time: _RANK[time.precision],
    )
    current = current.with_values(
        published_at=best.moment.isoformat(),
        published_precision=best.precision,
        published_raw=best.raw,
    )
    return _flag_conflict(current, best, published)


def read_time(evidence: Evidence) -> _Time | None:
    """The first possible date in a text, with its time of day if it has one."""
    line = clean_line(evidence.text[:_LONGEST])
    text, places = _in_one_width(line)
    for pattern in (_DATE_TIME, _COMPACT):
        for found in pattern.finditer(text):
            parts = found.groupdict()
            day = _moment(parts["y"], parts["m"], parts["d"])
            if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
                continue
            start, end = found.span()
            if places:
                start, end = places[start], places[end - 1] + 1
            return _Time(*(_exact(parts) or (day, "day")), line[start:end].strip(), evidence.where)
    return None


def _exact(parts: dict[str, str | None]) -> tuple[datetime, Precision] | None:
    """The moment with its time of day; None where none is printed, or an impossible one."""
    hour, minute, second = _hour(parts), parts.get("min"), parts.get("s")
    if hour is None or not minute:
        return None
    moment = _moment(parts["y"], parts["m"], parts["d"], hour, minute, second or "0")
    if moment is None:
        return None
    return _in_beijing(moment, parts["zone"]), "second" if second else "minute"


def _hour(parts: dict[str, str | None]) -> int | None:
    """The hour of the day; None without one, and where the half of the day leaves it in doubt."""
    said = parts.get("h")
    if not said:
        return None
    hour = int(said)
    halves = [half for half in (parts["before"], parts["after"]) if half]
    if not halves:
        return hour
    half = halves[0].replace(".", "").lower()
    if len(halves) > 1 or half not in _HOURS:
        return None
    return next((hour + shift for hours, shift in _HOURS[half] if hour in hours), None)


def _in_one_width(line: str) -> tuple[str, list[int]]:
    """The line in one width, and for each of its characters its place in the line; no places where
    they are the line's own."""
    text = line if line.isascii() else unicodedata.normalize("NFKC", line)
    if len(text) == len(line):
        return text, []
    letters = [unicodedata.normalize("NFKC", character) for character in line]
    places = [place for place, letter in enumerate(letters) for _ in letter]
    return "".join(letters), places


def _moment(*parts: str | int | None) -> datetime | None:
    try:
        return datetime(*(int(part or 0) for part in parts), tzinfo=BEIJING)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def _in_beijing(moment: datetime, zone: str | None) -> datetime:
    """A time with a zone of its own, in Beijing time."""
    if not zone or "时间" in zone or zone == "CST":
        return moment
    offset = _OFFSET_PARTS.search(zone)
    if offset is None:
        return moment + _BEIJING_OFFSET
    ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return moment + _BEIJING_OFFSET - (-ahead if offset[1] == "-" else ahead)


def _flag_conflict(current: Normalisation, best: _Time, published: list[_Time]) -> Normalisation:
    others = list(_days(current, published))
    if any(abs(day - best.moment.date()) > timedelta(days=1) for day, _ in others):
        facts = "; ".join(f"{where}: {day}" for day, where in others)
        return current.flagged(FlagName.PUBLISHED_CONFLICT, facts)
    return current


def _days(current: Normalisation, published: list[_Time]) -> Iterator[tuple[date, str]]:
    for time in published:
        yield time.moment.date(), time.where
    address = urls.article(current.draft.url)
    if address is not None and address.day is not None:
        yield address.day, "address"
    if current.pages:
        fetched = datetime.fromisoformat(current.pages[0].fetched_at).astimezone(BEIJING)
        if published[0].moment > fetched + timedelta(days=1):
            yield fetched.date(), "fetched"
