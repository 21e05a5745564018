"""What the crawl kept of the simulated days, held against the site's truth: recall and precision.

A crawl can't know what it never had occasion to see. Expected is what stood there at a moment the
schedule of re-checks looks: an article when a quiet run met it in a list, a version or a withdrawal
when a look was due, and it still stood at the quiet run after that. Of a page in a design no layout
knows, a first version is expected through the fallback, its title and body right, and no more.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.chaos.soundness import content_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.simulation.days import Run

# RECHECK_SCHEDULE's default.
AGES = tuple(timedelta(hours=hours) for hours in (6, 24, 7 * 24, 30 * 24, 365 * 24))

CONFIRM = timedelta(hours=6)


@dataclass
class Score:
    """`found` of `expected` (recall), `right` of `told` (precision), and what was not, by name."""

    expected: int = 0
    found: int = 0
    told: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def expect(self, name: str, *, is_found: bool) -> None:
        self.expected += 1
        self.found += is_found
        if not is_found:
            self.missed.append(name)

    def tell(self, name: str, *, is_right: bool) -> None:
        self.told += 1
        self.right += is_right
        if not is_right:
            self.wrong.append(name)

    def shown(self) -> dict[str, Any]:
        return {
            "expected": self.expected,
            "recall": self.found / self.expected if self.expected else None,
            "told": self.told,
            "precision": self.right / self.told if self.told else None,
        }


class Truth:
    """One article as the site knows it, at any moment; `redesigned` is when its design changed."""

    def __init__(self, article: Mapping[str, Any], redesigned: datetime | None) -> None:
        self.id: str = article["id"]
        self.is_hidden: bool = article["hidden"]
        self.published = _moment(article["versions"][0]["at"])
        self.redesigned = redesigned
        self._versions = [(_moment(one["at"]), one) for one in article["versions"]]
        self._events = [
            (_moment(one["at"]), one["form"] or "")
            for one in article["history"]
            if one["what"] in {"withdrawn", "restored"}
        ]

    def version(self, at: datetime) -> int:
        return sum(moment <= at for moment, _ in self._versions)

    def content(self, version: int) -> str:
        return content_of(self._versions[version - 1][1]["expected"])

    def words(self, version: int) -> tuple[str, str]:
        expected = self._versions[version - 1][1]["expected"]
        return expected["title"], expected["body"]

    def is_known_design(self, at: datetime) -> bool:
        return self.redesigned is None or at < self.redesigned

    def form(self, at: datetime) -> str:
        """How its withdrawal showed then; empty while it stood."""
        return next((form for moment, form in reversed(self._events) if moment <= at), "")

    def is_gone(self, at: datetime) -> bool:
        return bool(self.form(at))


def score(
    truth: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    runs: Sequence[Run],
    listed: Sequence[set[str]],
    redesigns: Mapping[str, datetime],
) -> dict[str, Score]:
    """Scores of articles, versions, withdrawals and restorals, and of what went through the
    fallback. `listed` are, run by run, the ids that stood in a list then; `redesigns` are by
    region."""
    truths = {one["id"]: Truth(one, redesigns.get(one["region"])) for one in truth["articles"]}
    kept: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        kept.setdefault(line["id"], []).append(line)
    starts = [run.at for run in runs]
    quiet = [run.at for run in runs if not run.trouble]
    met = {identity for run, ids in zip(runs, listed, strict=True) if not run.trouble
           for identity in ids}  # fmt: skip
    names = ("articles", "versions", "withdrawals", "restorals", "fallback")
    scores = {name: Score() for name in names}
    for identity, one in truths.items():
        if identity in met and not one.is_hidden:
            scores["articles"].expect(identity, is_found=identity in kept)
    for identity, records in kept.items():
        article = truths.get(identity)
        scores["articles"].tell(identity, is_right=article is not None and not article.is_hidden)
        if article:
            _precision(scores, article, records, starts)
            _recall(scores, article, records, quiet)
    return scores


def _precision(
    scores: Mapping[str, Score],
    article: Truth,
    records: Sequence[Mapping[str, Any]],
    starts: Sequence[datetime],
) -> None:
    for line in records:
        at = _run_of(line["fetched_at"], starts)
        name = f"{article.id} v{line['version']} {line['status']} at {at:%m-%d %H:%M}"
        if line["status"] == "gone":
            # the first sign may be an outage's, the second may not
            scores["withdrawals"].tell(name, is_right=article.is_gone(at))
            continue
        version = article.version(at)
        if line["layout"] == "fallback" and not article.is_known_design(at):
            is_right = (line["title"], line["body"]) == article.words(version)
            scores["fallback"].tell(name, is_right=is_right)
            continue
        is_right = content_of(line) == article.content(version) and not article.is_gone(at)
        scores["versions"].tell(name, is_right=is_right)
        if line["status"] == "restored":
            scores["restorals"].tell(name, is_right=is_right)


def _recall(
    scores: Mapping[str, Score],
    article: Truth,
    records: Sequence[Mapping[str, Any]],
    quiet: Sequence[datetime],
) -> None:
    contents = {content_of(line) for line in records if line["status"] != "gone"}
    gone = [_moment(line["fetched_at"]) for line in records if line["status"] == "gone"]
    versions: set[int] = set()
    withdrawn: set[datetime] = set()
    for look, later in _looks(article, records, quiet):
        is_known = article.is_known_design(later)
        if article.is_gone(look) and article.is_gone(later):
            if is_known or article.form(later) != "emptied":
                withdrawn.add(look)
        elif (
            is_known
            and not article.is_gone(look)
            and article.version(look) == article.version(later)
        ):
            versions.add(article.version(look))
    for version in sorted(versions):
        is_found = article.content(version) in contents
        scores["versions"].expect(f"{article.id} v{version}", is_found=is_found)
    if withdrawn:
        # a neighbour of a suspected article is looked at before it is due, and may be found gone
        is_found = records[-1]["status"] == "gone" or any(at >= min(withdrawn) for at in gone)
        scores["withdrawals"].expect(f"{article.id} since {min(withdrawn)}", is_found=is_found)
    back = [at for at in quiet if gone and at > gone[-1] and not article.is_gone(at)]
    if len(back) > 1:
        is_found = any(line["status"] == "restored" for line in records)
        scores["restorals"].expect(f"{article.id} since {back[0]}", is_found=is_found)


def _looks(
    article: Truth, records: Sequence[Mapping[str, Any]], quiet: Sequence[datetime]
) -> Iterator[tuple[datetime, datetime]]:
    """The quiet runs at which the article was due, each with the quiet run by which a second look
    must have followed."""
    first = _moment(records[0]["first_seen_at"]) - timedelta(minutes=5)  # the run's own time
    for due in (first, *(article.published + age for age in AGES)):
        look = next((at for at in quiet if at >= due >= first), None)
        if look is None:
            continue
        later = next((at for at in quiet if at >= look + CONFIRM), None)
        if later is not None:
            yield look, later


def _run_of(moment: str, starts: Sequence[datetime]) -> datetime:
    """The run that was under way then: the site stands still while one is."""
    return starts[max(0, bisect_right(starts, _moment(moment)) - 1)]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
