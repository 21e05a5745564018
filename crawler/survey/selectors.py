"""Where a cluster's pages keep a field: the selectors on whose answers the pages agree.

In: pages with what is known of their articles from elsewhere (list, title tag, address). Out: for
each field the selectors whose answers agree with it on most pages; and `features_of` a page, the
selectors of what it is built of.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING

from crawler.layouts import fallback
from crawler.layouts.accepted import fault_of
from crawler.pages.document import (
    children,
    collapse,
    elements_around,
    is_shown,
    only_links,
    shows_text,
    visible_text,
)
from crawler.pages.header import (
    DATE,
    EDITOR,
    EDITOR_LINE,
    SOURCE,
    TIME_LINE,
    labelled,
)
from crawler.pipelines.title import without_site

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from crawler.pages.document import Document, Node

# Elements around one that may be part of its selector.
_AROUND = 4

# Selectors that are tried for a field: those that most pages suggest.
_MOST_TRIED = 160

# Selectors of one field in a proposal.
_MOST_KEPT = 4

# So many of the pages must agree with a further selector, a page that half agrees at the least.
_LEAST_SHARE = 0.04
_LEAST_AGREEMENT = 0.5

# Elements of one page that suggest selectors for a field, and names of one that are tried.
_MOST_CANDIDATES = 12
_MOST_NAMES = 4
_HIGHEST_PLACE = 9
_OUTERMOST = ("body", "html")

# Characters of a line that may be a headline, a time, a source.
_LONGEST = 200

# Characters of a headline; of one that a list cuts short, and what it cuts off at the most; of one
# in a title tag that says more, and its share of that tag.
_SHORTEST = 2
_SHORTEST_CUT = 4
_MOST_CUT_OFF = 30
_SHORTEST_IN_TAG = 6
_SHARE_OF_TAG = 0.6

# The site prints a list's day, and the address's, up to a day apart from the article's own.
_A_DAY = timedelta(days=1)

# Of a line on the page, what makes it a line of text: so long, or a sentence.
_TEXT_LINE = 15
_SENTENCE_ENDS = tuple("。！？；…”")

# A line that so many of a cluster's pages bear is none of an article's.
_REPEATED_SHARE = 0.3
_LEAST_REPEATED = 3

# Characters of own text from which on a page tells fully where texts stand.
_TELLING_TEXT = 150

# What a line that all pages bear counts for in a container: it can be cut.
_FURNITURE_WEIGHT = 0.15

# What any other short line counts for: a credit, a name, a label.
_OTHER = 0.5

# What each further line costs a container, so that of two the inner one is taken.
_EACH_LINE_MORE = 0.01
_MOST_LINES_MORE = 20

# What a container's score is multiplied by where the headline stands in it: there is one within.
_TOO_WIDE = 0.3

# The power of a container's score: one that fits some pages well is better than one around it that
# fits all a little.
_STRICTNESS = 10

_STANDALONE = frozenset({"h1", "h2", "article", "main", "time"})
# Characters of a time as most pages print it.
_TIME_LENGTH = 19

_CUT_SHORT = re.compile(r"(?:\.{3,6}|…{1,2})\Z")
_CLOCK = re.compile(r"\d{1,2}\s?[:：时]\s?\d{2}")
_NUMBERS = re.compile(r"\d+")
_WHITE = re.compile(r"\s+")

# Elements of a page that are looked at.
_MOST_NODES = 20_000

# Features of one page, and classes of one element.
_MOST_FEATURES = 600
_MOST_CLASSES = 6

# What tables are told apart by where they have no names.
_MEASURED = ("table", "td", "div", "center", "font")
_MEASURES = ("height", "width", "bgcolor")

# Elements of which one says much by being there.
_TELLING = frozenset({"h1", "h2", "h3", "article", "main", "time", "figure", "header", "section"})

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9#%._ -]{1,30}", re.ASCII)


def own_selectors(node: Node) -> Iterator[str]:
    """The selectors that name an element by itself: its id, its classes, its measures."""
    attributes = node.attributes
    identity = attributes.get("id") or ""
    if _IDENTIFIER.fullmatch(identity):
        yield f"#{identity}"
    for name in (attributes.get("class") or "").split()[:_MOST_CLASSES]:
        if _IDENTIFIER.fullmatch(name):
            yield f".{name}"
    if node.tag in _MEASURED:
        for key in _MEASURES:
            value = attributes.get(key) or ""
            if _VALUE.fullmatch(value):
                yield f"{node.tag}[{key}='{value}']"


def features_of(doc: Document) -> frozenset[str]:
    """The selectors of what a page is built of."""
    found: dict[str, None] = {}
    root = doc.tree.body
    for count, node in enumerate(root.traverse() if root is not None else ()):
        if count > _MOST_NODES or len(found) > _MOST_FEATURES:
            break
        if node.tag in _TELLING:
            found[node.tag or ""] = None
        found.update(dict.fromkeys(own_selectors(node)))
    return frozenset(found)


def without_space(text: str) -> str:
    """A text without any white space, to be compared."""
    return _WHITE.sub("", text)


@dataclass
class SampledPage:
    """A page of a cluster, parsed, with what lists and address say of its article."""

    url: str
    doc: Document
    headlines: Sequence[str]
    days: Sequence[date]
    best_fit: float | None = None

    @cached_property
    def title_tag(self) -> str:
        node = self.doc.maybe("title")
        return "" if node is None else collapse(node.text() or "").strip()

    def is_headline(self, text: str) -> bool:
        """Whether a text is the article's headline, by a list or by the title tag."""
        said = without_space(text)
        if len(said) < _SHORTEST or not without_site(said):
            return False
        tag = without_space(self.title_tag)
        for told in map(without_space, self.headlines):
            begun = _CUT_SHORT.sub("", told)
            is_cut = begun != told and len(begun) >= _SHORTEST_CUT and said.startswith(begun)
            if said == told or (is_cut and said in (tag or said[: len(begun) + _MOST_CUT_OFF])):
                return True
        own = without_space(without_site(self.title_tag))
        if said == own:
            return True
        # a column's name stands before or behind the headline in some tags
        is_most = len(said) >= max(_SHORTEST_IN_TAG, _SHARE_OF_TAG * len(own))
        return is_most and said in tag

    def is_day(self, text: str) -> bool:
        """Whether a text bears the article's day; any possible day where none is known."""
        day = day_in(text)
        if day is None:
            return False
        return not self.days or any(abs(day - one) <= _A_DAY for one in self.days)

    @cached_property
    def source(self) -> str | None:
        """What the page's shortest element with the label 来源 says the source is."""
        named = [
            (len(text), value)
            for node, text in short_elements(self.doc)
            if node.tag != "a" and (value := labelled_source(text))
        ]
        return min(named, key=lambda one: one[0])[1] if named else None

    @cached_property
    def lines(self) -> dict[str, int]:
        """The visible lines of the page outside links, and how long each is."""
        body = self.doc.tree.body
        if body is None:
            return {}
        linked = frozenset(node.mem_id for node in self.doc.all("a[href]"))
        texts = map(collapse, visible_text(body, linked).split("\n"))
        return {said: len(said) for text in texts if (said := text.strip())}

    @cached_property
    def densest(self) -> Node | None:
        return fallback.densest(self.doc)


def day_in(text: str) -> date | None:
    """The first possible day that a text prints."""
    said = collapse(text)
    for found in DATE.finditer(said):
        numbers = [int(number) for number in _NUMBERS.findall(found[0])[:3]]
        try:
            return date(*numbers)
        except (ValueError, TypeError):
            continue
    return None


def short_elements(doc: Document) -> Iterator[tuple[Node, str]]:
    """The elements that show a text of a line's length, inner ones before those around them."""
    body = doc.tree.body
    if body is None:
        return
    seen: set[int] = set()
    todo = [body]
    while todo:
        node = todo.pop()
        inner = [*children(node)]
        todo += [one for one in reversed(inner) if one.is_element_node and is_shown(one)]
        if any(one.is_text_node and (one.text_content or "").strip() for one in inner):
            for at in islice(chain([node], elements_around(node)), _AROUND):
                if at.tag == "body" or at.mem_id in seen:
                    break
                seen.add(at.mem_id)
                text = visible_text(at).strip()
                if len(text) > _LONGEST:
                    break
                yield at, text


def repeated_lines(samples: Sequence[SampledPage]) -> frozenset[str]:
    """The lines that so many of the pages bear that they are no article's."""
    counts = Counter(line for sample in samples for line in sample.lines)
    few = _LEAST_REPEATED if len(samples) > _LEAST_REPEATED else 2
    many = max(few, _REPEATED_SHARE * len(samples))
    return frozenset(
        line
        for line, count in counts.items()
        if count >= (few if len(line) >= _TEXT_LINE else many)
    )


def selectors_of(node: Node) -> Iterator[str]:
    """Selectors that would find an element, by its own names and by those around it."""
    own = [*own_selectors(node)]
    tag = node.tag or ""
    own += [f"{tag}{name}" for name in own if name.startswith(".")]
    yield from own
    if tag in _STANDALONE:
        yield tag
    number = _number(node)
    inner = [*own[:_MOST_NAMES], tag, *([f"{tag}:nth-child({number})"] if number else [])]
    for level, at in enumerate(islice(elements_around(node), _AROUND)):
        if at.tag in _OUTERMOST:
            break
        for around in islice(own_selectors(at), _MOST_NAMES):
            for one in inner:
                yield f"{around} > {one}" if level == 0 else f"{around} {one}"


def _number(node: Node) -> int | None:
    """The place of an element among those of its parent, up to `_HIGHEST_PLACE`."""
    count, at = 1, node.prev
    while at is not None and count <= _HIGHEST_PLACE:
        count += at.is_element_node
        at = at.prev
    return count if count <= _HIGHEST_PLACE else None


def rank(selector: str) -> tuple[int, int]:
    """How good a selector is by itself, the lowest first: names before places, short before long.
    A name of digits may be a page's own."""
    kind = 0 if selector.startswith("#") else 1 if "." in selector else 2
    kind += 2 * (" " in selector) + 3 * ("nth-child" in selector) + 4 * (selector in _STANDALONE)
    return kind, len(selector)


def agreeing(
    samples: Sequence[SampledPage],
    candidates: Callable[[SampledPage], Iterable[Node]],
    judge: Callable[[SampledPage, Node], float],
    *,
    container: bool = False,
) -> list[str]:
    """The selectors whose first answers agree on most pages, the first of them on most.

    `judge` says how much an element's text agrees, from below 0 (it says otherwise) to 1. Further
    selectors are added for pages on which those before show nothing.
    """
    counts: Counter[str] = Counter()
    for sample in samples:
        nodes = list(candidates(sample))[:_MOST_CANDIDATES]
        counts.update({one for node in nodes for one in selectors_of(node)})
    tried = sorted(counts, key=lambda one: (-counts[one], rank(one)))[:_MOST_TRIED]
    scores = {
        one: [_score(one, sample, judge, container=container) for sample in samples]
        for one in tried
        if fault_of(one) is None
    }
    kept: list[str] = []
    open_pages = set(range(len(samples)))
    while open_pages and len(kept) < _MOST_KEPT:
        best = _best(scores, open_pages, max(_LEAST_AGREEMENT, _LEAST_SHARE * len(samples)))
        if best is None:
            break
        kept.append(best)
        open_pages = {number for number in open_pages if scores[best][number] is None}
        del scores[best]
    return kept


def _best(
    scores: Mapping[str, Sequence[float | None]], pages: Collection[int], least: float
) -> str | None:
    """The selector that agrees on most of these pages, and on so many at least. What has a name
    comes before what is found by its place: templates move things."""
    for by_place in (False, True):
        gained = {
            one: round(sum(score for n in pages if (score := of_one[n]) is not None), 3)
            for one, of_one in scores.items()
            if ("nth-child" in one) is by_place
        }
        best = max(gained, key=lambda one: (gained[one], [-x for x in rank(one)]), default=None)
        if best is not None and gained[best] >= least:
            return best
    return None


def _score(
    selector: str,
    sample: SampledPage,
    judge: Callable[[SampledPage, Node], float],
    *,
    container: bool,
) -> float | None:
    """How much the element agrees that a layout would take; None where it would take none."""
    doc = sample.doc
    node = doc.container(selector) if container else doc.maybe(selector)
    if node is None or not shows_text(node):
        return None
    return judge(sample, node)


# --- the fields ----------------------------------------------------------------------------------


def title_nodes(sample: SampledPage) -> list[Node]:
    """The elements that show the headline."""
    return [node for node, text in short_elements(sample.doc) if sample.is_headline(text)]


def judge_title(sample: SampledPage, node: Node) -> float:
    """Whether an element is the headline's."""
    text = visible_text(node).strip()
    return 1.0 if len(text) <= _LONGEST and sample.is_headline(text) else -1.0


def time_nodes(sample: SampledPage) -> list[Node]:
    """The elements that show the article's day, those with a time of day first."""
    found = [
        (node, text)
        for node, text in short_elements(sample.doc)
        if DATE.search(text) and sample.is_day(text)
    ]
    found.sort(key=lambda one: _CLOCK.search(one[1]) is None)
    return [node for node, _ in found]


def judge_time(sample: SampledPage, node: Node) -> float:
    """Whether an element bears the article's day; a time of day is better."""
    text = visible_text(node).strip()
    if not sample.is_day(text) or not DATE.search(text) or len(text) > _LONGEST:
        return -1.0
    return (1.0 if _CLOCK.search(text) else 0.5) - _too_long(text, _TIME_LENGTH)


def source_nodes(sample: SampledPage) -> list[Node]:
    """The elements that show the source."""
    return [node for node, _ in short_elements(sample.doc) if judge_source(sample, node) > 0]


def judge_source(sample: SampledPage, node: Node) -> float:
    """Whether an element says what the page's line with 来源 says: with the label in it, or beside
    it. The name alone may stand elsewhere: 新华网 is the first link of every page."""
    wanted = sample.source
    if not wanted:
        return 0.0
    text = visible_text(node)
    said = labelled_source(text)
    if not said and without_space(text) == wanted and node.parent is not None:
        beside = visible_text(node.parent)
        said = wanted if len(beside) <= _LONGEST and SOURCE.search(beside) else ""
    return 1.0 - _too_long(text, len(wanted)) if said == wanted else -0.5


def labelled_source(text: str) -> str:
    """What stands behind 来源 in an element's text, on the first line that isn't blank; ""."""
    part = labelled(SOURCE, text)
    value = SOURCE.sub("", part, count=1).strip() if part else ""
    return without_space(value.split("\n")[0])


def _too_long(text: str, length: int) -> float:
    """What an element loses for all that it shows beside what is looked for."""
    return min(_LONGEST, max(0, len(without_space(text)) - length)) / (2 * _LONGEST)


def body_nodes(sample: SampledPage) -> list[Node]:
    """The element with the densest text, and those around it."""
    densest = sample.densest
    if densest is None:
        return []
    nodes = islice(chain([densest], elements_around(densest)), _AROUND + 1)
    return [*takewhile(lambda node: node.tag not in _OUTERMOST, nodes)]


def judge_body(sample: SampledPage, node: Node, repeated: frozenset[str]) -> float:
    """How well an element holds the article's own lines: those of text, outside links, that the
    other pages don't bear. It is held against the best of the elements around the densest text."""
    wanted = {
        line: length
        for line, length in sample.lines.items()
        if line not in repeated and is_text(line) and not sample.is_headline(line)
        and not is_header(line)
    }  # fmt: skip
    if not wanted:
        return 0.0  # a film, a picture: nothing can be told
    if sample.best_fit is None:
        sample.best_fit = max(
            (_fit(sample, one, wanted, repeated) for one in body_nodes(sample)), default=0.0
        )
    fit = _fit(sample, node, wanted, repeated)
    if not fit or not sample.best_fit:
        return 0.0
    tells = min(1.0, sum(wanted.values()) / _TELLING_TEXT)
    return min(1.0, fit / sample.best_fit) ** _STRICTNESS * min(1.0, 2 * sample.best_fit) * tells


def _fit(
    sample: SampledPage, node: Node, wanted: Mapping[str, int], repeated: frozenset[str]
) -> float:
    """The harmonic mean of how much of the wanted lines an element holds, and how much of what it
    holds is wanted; 0 where it holds none."""
    linked = frozenset(one.mem_id for one in node.css("a[href]"))
    shown = dict.fromkeys(
        line for one in visible_text(node, linked).split("\n") if (line := collapse(one).strip())
    )
    held = sum(wanted.get(line, 0) for line in shown)
    if not held:
        return 0.0
    links = sum(len(without_space(one.text() or "")) for one in node.css("a[href]"))
    size = links + sum(
        len(line) * (1.0 if line in wanted else _FURNITURE_WEIGHT if line in repeated else _OTHER)
        for line in shown
    )
    recall, precision = held / sum(wanted.values()), held / size
    more = sum(line not in wanted for line in shown)
    fit = 2 * recall * precision / (recall + precision)
    fit *= 1.0 - _EACH_LINE_MORE * min(more, _MOST_LINES_MORE)
    return fit * (_TOO_WIDE if any(map(sample.is_headline, shown)) else 1.0)


def is_text(line: str) -> bool:
    """Whether a line is one of running text."""
    return len(line) >= _TEXT_LINE or line.endswith(_SENTENCE_ENDS)


def is_header(line: str) -> bool:
    """Whether a line is one of time, source or editor."""
    if len(line) > _LONGEST:
        return False
    said = [DATE.search(line), SOURCE.search(line), EDITOR.search(line)]
    is_alone = TIME_LINE.fullmatch(line) or EDITOR_LINE.fullmatch(line)
    return sum(map(bool, said)) > 1 or is_alone is not None


def is_links(node: Node) -> bool:
    """Whether an element is a list of links."""
    return len(node.css("a[href]")) > 1 and only_links(node)
