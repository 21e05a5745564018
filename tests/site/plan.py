"""What the seed settles before a word is written: where an article stands, since when, its fate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import md5
from typing import TYPE_CHECKING, Literal

from tests.site.channels import MAIN, Channel
from tests.site.compose import Assignment
from tests.site.templates import TEMPLATES

if TYPE_CHECKING:
    from random import Random

    from tests.site.story import Kind

Happening = Literal["edited", "withdrawn", "restored", "boilerplate"]

# How a withdrawn article answers (DESIGN, I9: status, redirect, soft 404; or emptied).
FORMS = ("404", "410", "front", "skip", "soft404", "emptied")

_BACKLOG = (
    "g6_regional", "g3", "g2", "g3", "g6_main", "g3", "g5", "g3", "g6_regional", "g2", "g4", "g3",
)  # fmt: skip
_MAIN_BACKLOG = ("g4", "g6_main", "g5", "g4", "g6_main", "g4", "g5", "g4", "g2_main")
_YEARS = {"g2": (2009, 2013), "g3": (2014, 2021), "g4": (2017, 2021), "g5": (2022, 2023)}
# FACTS b: the series of ten-digit numbers, about one prefix a year
_SERIES = {
    2013: 1110, 2014: 1112, 2015: 1115, 2016: 1118, 2017: 1121, 2018: 1123, 2019: 1125,
    2020: 1126, 2021: 1127, 2022: 1128, 2023: 1129,
}  # fmt: skip
_KINDS: dict[int, Kind] = {3: "photo", 7: "video", 11: "gallery", 13: "multipage"}
_SERIALS = 40  # serial = index * _SERIALS + channel.index
_MOST = 10**6 // _SERIALS  # more would make two articles share a number


@dataclass(frozen=True, slots=True)
class Event:
    """`number` counts the happenings of its sort, `form` is how a withdrawal shows."""

    at: datetime
    what: Happening
    number: int
    form: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """An article before a word is written. `source` is the kind of list that carries it.

    `moved_from` is a path that redirects to the article, `mobile` the path on the mobile host,
    `hidden` says robots.txt forbids the article, `delisted` that lists drop it when withdrawn.
    """

    task: Assignment
    channel: Channel
    index: int
    source: Literal["static", "ds", "node"]
    path: str
    events: tuple[Event, ...]
    moved_from: str | None
    mobile: str | None
    hidden: bool

    @property
    def published(self) -> datetime:
        return self.task.published

    @property
    def delisted(self) -> bool:
        return self.index % 2 == 0


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans a channel's articles: `articles` of backlog, then `daily` a day from `start` on."""

    seed: int
    articles: int
    daily: int
    start: datetime

    def plan(self, channel: Channel, index: int) -> Plan:
        """The plan of a channel's article of that number; ValueError past the last one."""
        if index >= _MOST:
            message = f"a channel has at most {_MOST} articles"
            raise ValueError(message)
        serial = index * _SERIALS + channel.index
        rng = Assignment(self.seed, serial, "", "", "", "text", 0, "", self.start, 0).rng("plan")
        layout = self._layout(channel, index)
        published = self._published(layout, index, rng)
        new = layout.startswith("g6")
        identity = self._id(layout, serial, published, rng)
        hidden = index % 11 == 5 and has_robots(channel)
        folder = self._folder(channel, layout, rng)
        if hidden:
            folder = "local/neibu" if channel.key == MAIN else "neibu"
        path = _path(folder, identity, published)
        mobile = None
        if not new and 2016 <= published.year <= 2021 and channel.key != MAIN:
            mobile = f"/{channel.key}/{published:%Y-%m/%d}/c_{identity}.htm"
        kind = _KINDS.get((index * 5 + channel.index * 3) % 16, "text")
        if layout.startswith("g2") and kind == "video":
            kind = "text"
        moved = None
        if rng.random() < 0.05 and not hidden:
            moved = _path("old" if folder else "news", identity, published)
        task = Assignment(
            seed=self.seed,
            serial=serial,
            id=identity,
            url=f"{_base(channel, layout, index)}{path}",
            layout=layout,
            kind=kind,
            variant=rng.randrange(8),
            encoding=_encoding(layout, published),
            published=published,
            node=node(channel),
        )
        events = () if hidden else self._history(task)
        return Plan(task, channel, index, _source(index, new), path, events, moved, mobile, hidden)

    def _layout(self, channel: Channel, index: int) -> str:
        if index >= self.articles:  # the days that the simulation goes through
            return "g6_main" if channel.key == MAIN or index % 3 == 1 else "g6_regional"
        cycle = _MAIN_BACKLOG if channel.key == MAIN else _BACKLOG
        layout = cycle[index % len(cycle)]
        if layout != "g2":
            return layout
        if channel.key == "hq" and index % 2:
            return "g2_sanya"
        if channel.key == "he" and index % 2 == 0:
            return "g2_hebei"
        own = f"g2_{channel.key}"
        return own if own in TEMPLATES else "g2_main"

    def _published(self, layout: str, index: int, rng: Random) -> datetime:
        clock = timedelta(seconds=rng.randrange(6 * 3600, 22 * 3600))
        if index >= self.articles:
            return self.start + timedelta(days=(index - self.articles) // self.daily) + clock
        years = _YEARS.get(layout[:2])
        if years is None:  # G6: the first of the backlog is days old, the rest up to four years
            days = rng.randrange(1, 10) if index < 4 else rng.randrange(10, 1500)
            return self.start - timedelta(days=days) + clock
        first = datetime.combine(date(years[0], 1, 1), time.min)
        return first + timedelta(days=rng.randrange((years[1] - years[0] + 1) * 365)) + clock

    def _id(self, layout: str, serial: int, published: datetime, rng: Random) -> str:
        if layout.startswith("g6"):
            return md5(f"{self.seed}/{serial}".encode()).hexdigest()
        number = (serial * 7001 + self.seed * 131) % 10**6  # 7001 is prime to 10: no two alike
        if published.year < 2013:
            return f"25{number:06d}"  # eight digits, content_
        if published.year == 2013:
            return f"114{number:06d}"  # nine digits
        if layout == "g3" and rng.random() < 0.15:
            return f"138{number:06d}"  # FACTS b: the 137-139 series
        return f"{_SERIES[published.year]}{number:06d}"

    def _folder(self, channel: Channel, layout: str, rng: Random) -> str:
        if channel.key == MAIN:
            return "local"
        if layout.startswith("g6"):
            return rng.choice(("", "", "xinwen"))
        if layout.startswith("g2"):
            return rng.choice(("news", "gdbb"))
        return rng.choice(("", "", "xinwen", "newscenter", "xwzx/xsp", "original"))

    def _history(self, task: Assignment) -> tuple[Event, ...]:
        rng = task.rng("history")
        base = max(task.published, self.start)

        def later(moment: datetime, low: float, high: float) -> datetime:
            return moment + timedelta(seconds=round(86400 * rng.uniform(low, high)))

        events: list[Event] = []
        if rng.random() < 0.22:
            first = later(base, 0.05, 12)
            events.append(Event(first, "edited", 1))
            if rng.random() < 0.3:
                events.append(Event(later(first, 0.2, 20), "edited", 2))
        if rng.random() < 0.15:
            events.append(Event(later(base, 0.1, 20), "boilerplate", 1))
        if rng.random() < 0.1:
            gone = later(base, 0.5, 15)
            events.append(Event(gone, "withdrawn", 1, rng.choice(FORMS)))
            if rng.random() < 0.35:
                events.append(Event(later(gone, 1.5, 7), "restored", 1))
        return tuple(sorted(events, key=lambda event: event.at))


def node(channel: Channel) -> int:
    """The channel's nodeart node; 113322 is the main site's 地方 (FACTS c2), the rest made up."""
    return {MAIN: 113322, "tibet": 111837}.get(channel.key, 117300 + channel.index)


def _path(folder: str, identity: str, published: datetime) -> str:
    """The shapes of FACTS b."""
    start = f"/{folder}" if folder else ""
    if len(identity) == 32:
        return f"{start}/{published:%Y%m%d}/{identity}/c.html"
    name = f"content_{identity}" if len(identity) == 8 else f"c_{identity}"
    return f"{start}/{published:%Y-%m/%d}/{name}.htm"


def has_robots(channel: Channel) -> bool:
    """Some channels have no robots.txt at all, so that everything is allowed."""
    return channel.index % 6 != 4 or channel.key == MAIN


def redirects_to_www(channel: Channel) -> bool:
    """Some channels send the bare host to www."""
    return channel.index % 7 == 5 and channel.key != MAIN


def wants_tls(channel: Channel) -> bool:
    """Some channels send news.cn to https (FACTS a: https://js.news.cn/… seen)."""
    return channel.index % 7 == 6 and channel.key != MAIN


def _base(channel: Channel, layout: str, index: int) -> str:
    """Scheme and host of the article's first address; later years use both domains (FACTS a)."""
    new = layout.startswith("g6") or (layout == "g5")
    if channel.key == MAIN:
        host = "news.xinhuanet.com" if layout == "g2_main" else channel.old
        return f"http://{channel.new if new else host}"
    hosts = (channel.new, channel.old, f"www.{channel.key}.news.cn")
    host = hosts[index % 3] if new else channel.old
    if layout == "g2_sanya":
        host = "www.sanya.news.cn"
    elif channel.key == "js" and layout == "g3" and index % 12 == 7:
        host = "wj.js.xinhuanet.com"
    if redirects_to_www(channel) and not host.startswith("www."):
        host = f"www.{host}"
    tls = wants_tls(channel) and host.endswith(".news.cn")
    return f"{'https' if tls else 'http'}://{host}"


def _encoding(layout: str, published: datetime) -> str:
    """FACTS e, encoding: G2 declares gb2312, every page from 2019 on is UTF-8."""
    old = layout.startswith("g2") or (layout == "g3" and published.year < 2017)
    return "gb18030" if old else "utf-8"


def _source(index: int, new: bool) -> Literal["static", "ds", "node"]:
    if index % 4 == 1:
        return "node"
    return "ds" if new and index % 4 != 3 else "static"
