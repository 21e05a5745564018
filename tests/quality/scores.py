"""How right records are: for each layout and field, in the terms of the floors.

In: expected records and derived ones. Out: the scores, and sentences on those below their floors.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from crawler.fixtures import REFUSED, differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FLOORS: dict[str, dict[str, float]] = tomllib.loads(
    (Path(__file__).parent / "floors.toml").read_text("utf-8")
)

# Fields that are right or wrong.
METADATA = (
    "id", "url", "canonical_url", "region", "layout", "title", "subtitle", "kicker",
    "published_at", "published_precision", "source", "is_reprint", "dateline", "reporters",
    "editors", "keywords", "images", "videos", "attachments", "page_urls", "codes", "encoding",
    "flags", REFUSED,
)  # fmt: skip


@dataclass(slots=True)
class Score:
    """Of one layout. `fields`: for each the pages judged by whether it is right there."""

    pages: int = 0
    fields: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    bodies: list[float] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def body_f1(self) -> float:
        return fmean(self.bodies) if self.bodies else 1.0

    def add(self, expected: Mapping[str, Any], derived: Mapping[str, Any]) -> None:
        self.pages += 1
        wrong = {
            re.split(r"[.\[]", one.key, maxsplit=1)[0] for one in differences(expected, derived)
        }
        for name in METADATA:
            if name in expected:
                self.fields[name].append(name not in wrong)
        if "paragraphs" not in expected:
            return
        told, read = ([bare(p) for p in d.get("paragraphs", ())] for d in (expected, derived))
        whole, other = "".join(told), "".join(read)
        self.bodies.append(f1(whole, other))
        self.leaks += [paragraph for paragraph in read if paragraph not in whole]
        self.lost += [paragraph for paragraph in told if paragraph not in other]


def bare(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


def f1(told: str, read: str) -> float:
    """The share of characters in common, in order; 1 when both are empty."""
    if not told and not read:
        return 1.0
    return 2 * common(told, read) / (len(told) + len(read))


def common(one: str, other: str) -> int:
    """The length of the longest common subsequence, a machine word of columns at a time."""
    places: dict[str, int] = defaultdict(int)
    for index, character in enumerate(one):
        places[character] |= 1 << index
    full = (1 << len(one)) - 1
    row = full
    for character in other:
        matched = row & places.get(character, 0)
        row = ((row + matched) | (row - matched)) & full
    return len(one) - row.bit_count()


def by_layout(
    pairs: Iterable[tuple[str, Mapping[str, Any], Mapping[str, Any]]],
) -> dict[str, Score]:
    """Scores of (layout, expected, derived)."""
    scores: dict[str, Score] = defaultdict(Score)
    for layout, expected, derived in pairs:
        scores[layout].add(expected, derived)
    return dict(sorted(scores.items()))


def below(scores: Mapping[str, Score]) -> list[str]:
    """What is below its floor, a sentence each."""
    return [line for layout, score in scores.items() for line in _below(layout, score)]


def _below(layout: str, score: Score) -> Iterator[str]:
    floors = FLOORS["floors"] | FLOORS.get(layout, {})
    for name, judged in score.fields.items():
        if fmean(judged) < floors["metadata"]:
            yield f"{layout}: {name} is right on {sum(judged)} of {len(judged)} pages"
    if score.body_f1 < floors["body_f1"]:
        yield f"{layout}: body F1 {score.body_f1:.4f}, the floor is {floors['body_f1']}"
    for name, found in (("leaks", score.leaks), ("lost", score.lost)):
        if len(found) > floors[name]:
            yield f"{layout}: {len(found)} paragraphs {name}, such as {found[0][:40]}"


def table(scores: Mapping[str, Score]) -> str:
    """The scores for reading: a row per field, a column per layout; a dot where none is judged."""
    rows = [["", *scores], ["pages", *(str(score.pages) for score in scores.values())]]
    for name in METADATA:
        shares = [score.fields.get(name) for score in scores.values()]
        rows.append([name, *(f"{fmean(share):.3f}" if share else "." for share in shares)])
    rows.append(["body F1", *(f"{s.body_f1:.4f}" if s.bodies else "." for s in scores.values())])
    rows.append(["leaks", *(str(len(score.leaks)) for score in scores.values())])
    rows.append(["lost", *(str(len(score.lost)) for score in scores.values())])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )
