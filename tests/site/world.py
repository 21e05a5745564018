"""The loopback world: which articles exist, where, since when, and what becomes of them.

All of it follows from the seed. Plans are made channel by channel when first asked for; words are
written when a page is first served. `World.at` is the simulated moment (Beijing time).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.site.channels import CHANNELS, MAIN, Channel
from tests.site.compose import compose, edit
from tests.site.plan import Plan, Planner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.site.story import Story


@dataclass(frozen=True, slots=True)
class State:
    """An article at a moment. `version` counts content, `form` is set while it is withdrawn."""

    story: Story
    version: int
    changed: tuple[str, ...]
    modified: datetime
    form: str

    @property
    def gone(self) -> bool:
        return bool(self.form)


class World:
    """Everything that is true of the loopback site.

    `articles` is the backlog of each channel, `daily` what each publishes a day from `start` on.
    `redesigns` says from which day on a channel's articles come in an unknown layout, `moves` from
    which day on all of its columns and data files have other addresses, `dead` from which day on a
    column, by its path, is missing. `caps` says of how many articles each list of a channel shows
    the newest, with no further page; `bare` are channels whose front pages show columns alone.
    """

    def __init__(
        self,
        seed: int = 1,
        regions: Sequence[str] | None = None,
        articles: int = 12,
        daily: int = 1,
        start: date = date(2026, 9, 1),
    ) -> None:
        keys = list(regions) if regions is not None else list(CHANNELS)
        unknown = [key for key in keys if key not in CHANNELS]
        if unknown:
            message = f"no such channel: {', '.join(unknown)}"
            raise ValueError(message)
        self.seed = seed
        self.channels = {key: CHANNELS[key] for key in keys}
        self.articles = articles
        self.daily = daily
        self.start = datetime.combine(start, time.min)
        self.at = self.start
        self.redesigns: dict[str, float] = {}
        self.moves: dict[str, float] = {}
        self.dead: dict[tuple[str, str], float] = {}
        self.caps: dict[str, int] = {}
        self.bare: set[str] = set()
        self._planner = Planner(seed, articles, daily, self.start)
        self._plans: dict[str, list[Plan]] = {key: [] for key in keys}
        self._paths: dict[str, dict[str, Plan]] = {key: {} for key in keys}
        self._story = lru_cache(maxsize=4096)(self._write)

    @property
    def day(self) -> float:
        return (self.at - self.start) / timedelta(days=1)

    @day.setter
    def day(self, day: float) -> None:
        self.at = self.start + timedelta(days=day)

    def plans(self, key: str) -> list[Plan]:
        """The articles of a channel that were published by now, oldest plan first."""
        plans = self._plans[key]
        wanted = self.articles + max(0, int(self.day) + 1) * self.daily
        while len(plans) < wanted:
            plan = self._planner.plan(self.channels[key], len(plans))
            plans.append(plan)
            paths = self._paths[key]
            for path in (plan.path, plan.moved_from, plan.mobile, plan.task.id):
                if path is not None:
                    paths[path] = plan
        return [plan for plan in plans[:wanted] if plan.published <= self.at]

    def find(self, key: str, path: str) -> Plan | None:
        """The published article whose address, former or mobile address, or id is `path`."""
        self.plans(key)
        plan = self._paths[key].get(path)
        return plan if plan is not None and plan.published <= self.at else None

    def redesigned(self, channel: Channel) -> bool:
        """Whether the channel's articles are in a dress that no template describes."""
        return channel.key in self.redesigns and self.day >= self.redesigns[channel.key]

    def column_folder(self, channel: Channel) -> str:
        """What stands before the paths of the channel's columns: a folder once they have moved."""
        has_moved = self.day >= self.moves.get(channel.key, float("inf"))
        return "lanmu/" if has_moved else ""

    def form(self, plan: Plan, at: datetime | None = None) -> str:
        """How the article's withdrawal shows; empty while it stands."""
        form = ""
        for event in plan.events:
            if event.at <= (at or self.at) and event.what in {"withdrawn", "restored"}:
                form = event.form
        return form

    def state(self, plan: Plan, at: datetime | None = None) -> State:
        """What the article says and whether it stands, at the moment or another one."""
        past = [event for event in plan.events if event.at <= (at or self.at)]
        edits = sum(event.what == "edited" for event in past)
        story, changed = self._story(plan, edits)
        revision = sum(event.what == "boilerplate" for event in past)
        # a new dress may come with a new encoding; neither is a new version
        encoding = "utf-8" if revision and story.layout == "g3" else story.encoding
        return State(
            story=replace(
                story, revision=revision, encoding=encoding, related=self._related(story)
            ),
            version=1 + edits,
            changed=changed,
            modified=past[-1].at if past else plan.published,
            form=self.form(plan, at),
        )

    def _related(self, story: Story) -> tuple[tuple[str, str], ...]:
        """G4 pages hide ten links to regional articles (FACTS d G4, div.seo)."""
        if story.layout != "g4":
            return ()
        keys = [key for key in self.channels if key not in {MAIN, story.region}][:10]
        plans = [self.plans(key)[0] for key in keys if self.articles]
        return tuple((plan.task.url, self._story(plan, 0)[0].title) for plan in plans)

    def _write(self, plan: Plan, edits: int) -> tuple[Story, tuple[str, ...]]:
        if not edits:
            return compose(plan.task, plan.channel), ()
        before, _ = self._story(plan, edits - 1)
        story, changed = edit(before, plan.task, edits)
        return story, tuple(changed)
