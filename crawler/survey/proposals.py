"""Layouts proposed for pages that no layout claims, as data.

In: the pages of a cluster. Out: Proposals, each the TOML of a layout with the pages it was tried on
and what each field gave. Nothing of it is used before a person accepts it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from crawler import extraction
from crawler.items import BlockKind
from crawler.layouts.accepted import MAX_TEXTS, NO_LAYOUTS, AcceptedLayout, parse_layout
from crawler.pages.document import Document, collapse, is_shown, visible_text
from crawler.pages.errors import NotAnArticle
from crawler.pages.header import SOURCE
from crawler.survey.selectors import (
    SampledPage,
    agreeing,
    body_nodes,
    features_of,
    is_links,
    judge_body,
    judge_source,
    judge_time,
    judge_title,
    own_selectors,
    rank,
    repeated_lines,
    source_nodes,
    time_nodes,
    title_nodes,
    without_space,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from crawler.items import Article, Page
    from crawler.layouts.accepted import AcceptedLayouts
    from crawler.pages.document import Node

# Pages of a cluster that a proposal is made of, where there are so many; the others try it. Of
# fewer pages than `_FEW_PAGES` all are used.
_MAX_TRAINING = 24
_FEW_PAGES = 6

# Of fewer articles nothing tells what all pages bear.
FEW_ARTICLES = 3

# Marks and foreign marks that are added to tell the layout's pages from others.
_MOST_ADDED = 8

# A line of so many characters on so many pages is furniture; a shorter one on half of them.
_LONG_LINE = 15
_LEAST_PAGES_WITH_LINE = 3

# Elements cut from the text: named, on so many pages, never more than so much of the text.
_CUT_SHARE = 0.5
_LEAST_PAGES_WITH_CUT = 2
_MOST_OF_TEXT = 0.3
_MOST_CUT = 12

# Characters of furniture in a proposal, and of one line of it.
_MOST_FURNITURE = 30_000
_LONGEST_LINE = 2000

# Pages that stand in a proposal's file.
_MOST_TRIED = 12

# Characters of a text's beginning and end that stand in a trial.
_SHOWN = 40

# Hexadecimal digits that tell proposals of one region and day apart.
_DIGITS_IN_NAME = 4

# Characters of a list in a proposal's file that stands on one line.
_ONE_LINE = 80


@dataclass(frozen=True, slots=True)
class Trial:
    """A page that a proposal was tried on: what each field gave, whether it agrees with what is
    known from elsewhere (None where nothing is), and whether the page was one it was made of."""

    url: str
    gave: dict[str, Any]
    agrees: dict[str, bool | None]
    was_made_of: bool

    @property
    def is_right(self) -> bool:
        """Whether nothing that is known contradicts it."""
        return not any(one is False for one in self.agrees.values())


@dataclass(slots=True)
class Proposal:
    """A layout proposed for pages; `toml` is its file."""

    layout: AcceptedLayout
    toml: str
    trials: list[Trial]
    notes: list[str] = field(default_factory=list)

    def tries(self, member: ClusterPage) -> Trial:
        """What it gives of a page that it was not made of."""
        return _tried(member, self.layout, NO_LAYOUTS, was_made_of=False)

    @property
    def right(self) -> int:
        return sum(trial.is_right for trial in self.trials)


@dataclass(slots=True)
class ClusterPage:
    """A page of a cluster: its address, what lists say, and the page."""

    url: str
    page: Page
    headlines: Sequence[str]
    days: Sequence[date]

    def sample(self) -> SampledPage:
        """The page, parsed. Raises NotAnArticle."""
        return SampledPage(self.url, Document.of(self.page), self.headlines, self.days)


def propose(
    members: Sequence[ClusterPage],
    others: Sequence[Page],
    accepted: AcceptedLayouts,
    name: str,
    about: str,
) -> Proposal | None:
    """A layout for these pages that claims none of the others; None where they agree on no title or
    text. `name` is its name except for an ending that tells it from others."""
    training, rest = _divided(members)
    samples = [member.sample() for member in training]
    repeated = repeated_lines(samples)
    body = agreeing(samples, body_nodes, partial(judge_body, repeated=repeated), container=True)
    title = agreeing(samples, title_nodes, judge_title)
    if not body or not title:
        return None
    file = LayoutFile(
        name,
        about,
        claims={"marks": [", ".join(body), ", ".join(title)], "foreign": []},
        selectors={
            "title": title,
            "time": agreeing(samples, time_nodes, judge_time),
            "source": agreeing(samples, source_nodes, judge_source),
            "body": body,
        },
    )
    notes = _tell_apart(file, samples, others)
    bare = file.layout()
    file.furniture = {
        "cut": _cut_elements(samples, bare, repeated),
        "texts": _furniture_lines(training, bare),
    }
    file.name = f"{name}_{file.digest()[:_DIGITS_IN_NAME]}"
    layout = file.layout()
    trials = [
        *(_tried(member, layout, accepted, was_made_of=True) for member in training),
        *(_tried(member, layout, accepted, was_made_of=False) for member in rest),
    ]
    toml = file.toml(trials)
    return Proposal(parse_layout(toml.encode()), toml, trials, notes)


def _divided(members: Sequence[ClusterPage]) -> tuple[list[ClusterPage], list[ClusterPage]]:
    """The pages that the proposal is made of, spread over all, and those that only try it: a third
    of them where there are more than a few."""
    count = len(members)
    wanted = min(_MAX_TRAINING, count if count < _FEW_PAGES else count - count // 3)
    step = count / wanted
    chosen = {int(number * step) for number in range(wanted)}
    training = [one for number, one in enumerate(members) if number in chosen]
    return training, [one for number, one in enumerate(members) if number not in chosen]


# --- claims --------------------------------------------------------------------------------------


def _tell_apart(
    file: LayoutFile, samples: Sequence[SampledPage], others: Iterable[Page]
) -> list[str]:
    """Add marks, then foreign marks, until the layout claims none of the other pages; what is left
    is told."""
    own = [features_of(sample.doc) for sample in samples]
    common = sorted(frozenset.intersection(*own))
    met = frozenset[str]().union(*own)
    trial = file.layout()
    taken = [(doc, features_of(doc)) for doc in _parsed(others) if trial.select(doc) is not None]
    for _ in range(_MOST_ADDED):
        if not taken:
            return []
        features = [one for _, one in taken]
        if mark := _lacking(common, features):
            file.claims["marks"].append(mark)
        elif strange := _strange(met, features):
            file.claims["foreign"].append(strange)
        else:
            break
        trial = file.layout()
        taken = [one for one in taken if trial.select(one[0]) is not None]
    return [f"it claims other pages as well, {doc.url} among them" for doc, _ in taken[:3]]


def _lacking(common: Sequence[str], others: Sequence[frozenset[str]]) -> str | None:
    """The feature of all own pages that most of the other pages lack."""
    counts = {name: sum(name not in one for one in others) for name in common}
    best = max(counts, key=lambda name: (counts[name], [-x for x in rank(name)]), default=None)
    return best if best is not None and counts[best] else None


def _strange(met: Collection[str], others: Sequence[frozenset[str]]) -> str | None:
    """The feature of most of the other pages that none of the own pages has."""
    counts = Counter(name for one in others for name in one if name not in met)
    return max(counts, key=lambda name: (counts[name], name), default=None)


def _parsed(pages: Iterable[Page]) -> Iterator[Document]:
    for page in pages:
        try:
            yield Document.of(page)
        except NotAnArticle:
            continue


# --- furniture -----------------------------------------------------------------------------------


def _cut_elements(
    samples: Sequence[SampledPage], layout: AcceptedLayout, repeated: frozenset[str]
) -> list[str]:
    """Selectors of the elements within the text that hold only links, or a line that all pages
    bear, on every page that shows them."""
    shown: Counter[str] = Counter()
    cut: Counter[str] = Counter()
    for sample in samples:
        container = next(filter(None, map(sample.doc.container, layout.selectors.body)), None)
        if container is not None:
            told = _named_elements(container, repeated)
            shown.update(told.keys())
            cut.update(name for name, is_furniture in told.items() if is_furniture)
    least = max(_LEAST_PAGES_WITH_CUT, _CUT_SHARE * len(samples))
    found = [name for name, count in cut.items() if least <= count == shown[name]]
    return sorted(found, key=rank)[:_MOST_CUT]


def _named_elements(container: Node, repeated: Collection[str]) -> dict[str, bool]:
    """The ids and classes in a text, and whether all elements that bear them are furniture."""
    size = len(without_space(visible_text(container))) or 1
    told: dict[str, bool] = {}
    for node in container.traverse():
        if node.mem_id == container.mem_id or not is_shown(node):
            continue
        names = [name for name in own_selectors(node) if name[0] in "#."]
        text = collapse(visible_text(node)).strip() if names else ""
        if text:
            is_small = len(without_space(text)) <= _MOST_OF_TEXT * size
            is_furniture = is_small and (is_links(node) or text in repeated)
            told.update({name: told.get(name, True) and is_furniture for name in names})
    return told


def _furniture_lines(training: Sequence[ClusterPage], layout: AcceptedLayout) -> list[str]:
    """The lines that the layout would read as text on page after page."""
    counts: Counter[str] = Counter()
    titles: dict[str, set[str]] = {}
    for member in training:
        try:
            doc = Document.of(member.page)
            draft = layout.read(doc, layout.selectors)
        except (NotAnArticle, IndexError):
            continue
        title = draft.title_tag or member.url
        for block in draft.blocks:
            if block.kind is BlockKind.TEXT:
                line = collapse(block.text).strip()
                # one article at two addresses is one
                if title not in titles.setdefault(line, set()):
                    titles[line].add(title)
                    counts[line] += 1
    pages = len(training)
    few = 2 if pages <= _LEAST_PAGES_WITH_LINE else _LEAST_PAGES_WITH_LINE
    found: list[str] = []
    size = 0
    for line, count in counts.most_common(MAX_TEXTS):
        is_repeated = count >= (few if len(line) >= _LONG_LINE else max(few, pages / 2))
        fits = len(line) <= _LONGEST_LINE and size + len(line) <= _MOST_FURNITURE
        if line and is_repeated and fits:
            found.append(line)
            size += len(line)
    return found


# --- trials --------------------------------------------------------------------------------------


def _tried(
    member: ClusterPage, layout: AcceptedLayout, accepted: AcceptedLayouts, *, was_made_of: bool
) -> Trial:
    """What the layout gives of a page, and whether it is so."""
    try:
        made = extraction.extract([member.page], accepted.and_also(layout))
    except NotAnArticle as error:
        return Trial(
            member.url, {"refused": f"{error.kind}: {error.detail}"}, {"body": False}, was_made_of
        )
    return Trial(member.url, _gave(made), _agrees(member, made, layout), was_made_of)


def _gave(made: Article) -> dict[str, Any]:
    text = made.body or ""
    return {
        "layout": made.layout,
        "title": made.title,
        "published_at": made.published_at,
        "source": made.source,
        "paragraphs": len(made.paragraphs),
        "characters": len(text),
        "begins": collapse(text)[:_SHOWN],
        "ends": collapse(text)[-_SHOWN:],
        "images": len(made.images),
        "removed": len(made.removed),
    }


def _agrees(member: ClusterPage, made: Article, layout: AcceptedLayout) -> dict[str, bool | None]:
    sample = member.sample()
    source = sample.source
    return {
        "claimed": made.layout == layout.name,
        "title": made.title is not None and sample.is_headline(made.title),
        "day": sample.is_day(made.published_at or "") if sample.days else None,
        "source": _says_source(made, source) if source else None,
        "body": bool(made.body or made.images or made.videos or made.attachments),
    }


def _says_source(made: Article, source: str) -> bool:
    """Whether an article's source is what the page's line with 来源 says."""
    raw = without_space(SOURCE.sub("", made.source_raw or "", count=1))
    return source in (raw, without_space(made.source or ""))


# --- TOML ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class LayoutFile:
    """What the file of a layout says (DATA_FORMAT.md): its tables by key."""

    name: str
    about: str
    claims: dict[str, list[str]]
    selectors: dict[str, list[str]]
    furniture: dict[str, list[str]] = field(default_factory=dict)

    def layout(self) -> AcceptedLayout:
        """The layout. Raises LayoutError where it can't be one."""
        return parse_layout(self.toml().encode())

    def digest(self) -> str:
        """Hex SHA-256 over its tables."""
        tables = [self.claims, self.selectors, self.furniture]
        return hashlib.sha256(json.dumps(tables).encode()).hexdigest()

    def toml(self, trials: Sequence[Trial] = ()) -> str:
        """The file, with what the first trials gave."""
        lines = [f"name = {_text(self.name)}", f"about = {_text(self.about)}", ""]
        for table in ("claims", "selectors", "furniture"):
            lines.append(f"[{table}]")
            for key, values in getattr(self, table).items():
                if len(values) < 2 and sum(map(len, values)) < _ONE_LINE:
                    lines.append(f"{key} = [{', '.join(map(_text, values))}]")
                else:
                    lines += [f"{key} = [", *(f"    {_text(value)}," for value in values), "]"]
            lines.append("")
        for trial in trials[:_MOST_TRIED]:
            lines += ["[[tried]]", f"url = {_text(trial.url)}"]
            for key, value in trial.gave.items():
                if value is not None:
                    lines.append(f"{key} = {_text(value) if isinstance(value, str) else value}")
            wrong = [key for key, agrees in trial.agrees.items() if agrees is False]
            lines += [f"wrong = [{', '.join(map(_text, wrong))}]", ""]
        return "\n".join(lines).rstrip("\n") + "\n"


def _text(value: str) -> str:
    """A basic string of TOML: JSON's, but for DEL and lone surrogates."""
    clean = value.encode("utf-8", "replace").decode()
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
