"""What a survey has seen: layouts with their share, clusters of the rest, a proposal for each.

In: the material of its archives. Out: a Survey. It is made of the archives, the code and the
accepted layouts alone, so that who gets the archives can make it again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from crawler import layouts, regions, urls
from crawler.archive.decode import DecodeError
from crawler.archive.reader import WarcError
from crawler.layouts.accepted import LayoutError
from crawler.pages.document import Document, collapse
from crawler.pages.errors import NotAnArticle
from crawler.survey.proposals import FEW_ARTICLES, ClusterPage, Proposal, propose
from crawler.survey.selectors import features_of, without_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crawler.items import Page
    from crawler.layouts import AcceptedLayouts
    from crawler.layouts.accepted import AcceptedLayout
    from crawler.survey.material import Material, SurveyedArticle

# Pages that no layout claims of which clusters are made.
MAX_UNCLAIMED = 2000

# Pages of each layout that a proposal must not claim.
_OTHERS_OF_EACH = 6

# Kinds of pages that are no article to the fallback, and may be one in a layout of their own.
_MAY_BE_ARTICLES = frozenset({"empty", "list_page"})

# Pages of another cluster that a proposal is tried on.
_LOOKED_AT = 4

# Pages of a cluster that a proposal reads, and of each other one that it must not claim.
_MOST_MEMBERS = 200
_MOST_STRANGE = 8

# Features of a cluster that are told.
_MOST_FEATURES = 60


# A page belongs to a cluster with which it shares so much: features of both among those of either.
_ALIKE = 0.5

# A cluster's own features are those of so many of its pages.
_OWN_SHARE = 0.5


@dataclass(slots=True)
class PageCluster:
    """Pages built alike, by their numbers, and how many of them have each feature."""

    members: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, features: frozenset[str]) -> None:
        """Take in a page."""
        self.members.append(number)
        self.counts.update(features)

    def likeness(self, features: frozenset[str]) -> float:
        """How much a page shares with the cluster, from 0 to 1."""
        least = _OWN_SHARE * len(self.members)
        own = {name for name, count in self.counts.items() if count >= least}
        either = len(own | features)
        return len(own & features) / either if either else 1.0

    def common(self) -> list[str]:
        """The features of all pages."""
        return sorted(n for n, count in self.counts.items() if count == len(self.members))


def clusters_of(pages: Sequence[frozenset[str]]) -> list[PageCluster]:
    """The clusters of pages given by their features, largest first."""
    found: list[PageCluster] = []
    for number, features in enumerate(pages):
        best = max(found, key=lambda one: one.likeness(features), default=None)
        if best is None or best.likeness(features) < _ALIKE:
            best = PageCluster()
            found.append(best)
        best.add(number, features)
    return sorted(found, key=lambda one: -len(one.members))


# --- what was seen --------------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """Pages built alike that no layout claims: what they are built of, what was proposed for them,
    or why nothing was."""

    pages: list[str]
    regions: dict[str, int]
    built_of: list[str]
    proposal: Proposal | None = None
    why_not: str | None = None


@dataclass(slots=True)
class Survey:
    """`layouts` counts pages by the layout that claims them, `by_region` the same by region;
    `refused` those that are no article, by kind; `ambiguous` names pages that several claim."""

    material: Material
    layouts: Counter[str] = field(default_factory=Counter)
    by_region: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    refused: Counter[str] = field(default_factory=Counter)
    ambiguous: list[tuple[str, str]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Unclaimed:
    article: SurveyedArticle
    features: frozenset[str]


def analyse(
    material: Material,
    accepted: AcceptedLayouts,
    known: Sequence[Page],
    day: str,
    progress: Callable[[int], object] = lambda _: None,
) -> Survey:
    """Look at every article, and propose layouts for those that no layout claims. `known` are pages
    of other layouts that a proposal must not claim either, `day` stands in the names of proposals,
    `progress` is told of each page."""
    survey = Survey(material)
    unclaimed: list[_Unclaimed] = []
    others: defaultdict[str, list[SurveyedArticle]] = defaultdict(list)
    seen: set[str] = set()
    for article in material.articles.values():
        progress(1)
        identity = urls.article_id(article.url)
        page = _page(material, article)
        if page is None or identity in seen:
            continue
        seen.add(identity)
        found = _look_at(survey, article, page, accepted)
        if isinstance(found, _Unclaimed):
            if len(unclaimed) < MAX_UNCLAIMED:
                unclaimed.append(found)
        elif len(others[found]) < _OTHERS_OF_EACH:
            others[found].append(article)
    pages = [p for some in others.values() for one in some if (p := _page(material, one))]
    members = {
        number: ClusterPage(one.article.url, page, one.article.headlines, one.article.days)
        for number, one in enumerate(unclaimed)
        if (page := _page(material, one.article)) is not None
    }
    proposing = _Proposing(unclaimed, members, [*known, *pages], accepted, day)
    survey.groups = [*proposing.groups()]
    return survey


def _page(material: Material, article: SurveyedArticle) -> Page | None:
    try:
        return article.place.page()
    except WarcError as error:
        material.note_damage(error)
    except DecodeError as error:
        material.damage.append(f"{article.url}: {error}")
    return None


def _look_at(
    survey: Survey, article: SurveyedArticle, page: Page, accepted: AcceptedLayouts
) -> _Unclaimed | str:
    """Count a page; its features where no layout claims it, else what it is counted as."""

    def count(name: str) -> str:
        survey.layouts[name] += 1
        survey.by_region[_region(article.url)][name] += 1
        return name

    kind = None
    try:
        doc = Document.of(page)
        names = [layout.name for layout, _ in layouts.claims(doc, accepted)]
        kind = layouts.kind_of(page, accepted)
    except NotAnArticle as error:
        survey.refused[error.kind] += 1
        return f"refused: {error.kind}"
    if kind is not None and (names or kind not in _MAY_BE_ARTICLES):
        survey.refused[kind] += 1
        return f"refused: {kind}"
    if len(names) > 1:
        survey.ambiguous.append((article.url, ", ".join(names)))
        return count("ambiguous")
    if names:
        return count(names[0])
    count("fallback")
    return _Unclaimed(article, features_of(doc))


class _Proposing:
    """Makes a proposal for each cluster of pages that no layout claims, the largest first."""

    def __init__(
        self,
        unclaimed: Sequence[_Unclaimed],
        members: Mapping[int, ClusterPage],
        others: Sequence[Page],
        accepted: AcceptedLayouts,
        day: str,
    ) -> None:
        """`members` are those of the unclaimed that could be read again, by their numbers; `others`
        are pages that a proposal must not claim."""
        self._unclaimed = unclaimed
        self._members = members
        self._others = others
        self._accepted = accepted
        self._day = day
        self._waiting = clusters_of([one.features for one in unclaimed])

    def groups(self) -> Iterator[Group]:
        """The clusters with their proposals. Pages of later ones that a proposal reads well belong
        to it."""
        while self._waiting:
            cluster = self._waiting.pop(0)
            proposed = self._proposed(cluster, self._others)
            if isinstance(proposed, Proposal):
                proposed = self._revised(cluster, proposed)
            group = self._group(cluster)
            if isinstance(proposed, Proposal):
                group.proposal = proposed
            else:
                group.why_not = proposed
            yield group

    def _proposed(self, cluster: PageCluster, others: Sequence[Page]) -> Proposal | str:
        """The proposal for a cluster, or why there is none."""
        own = self._pages(cluster, _MOST_MEMBERS)
        if not own:
            return "its pages can't be read again"
        codes = self._group(cluster).regions
        region = max(codes, key=lambda code: codes[code]).replace("-", "_") or "site"
        name = f"{region}_{self._day.replace('-', '')}"
        about = f"Proposed by scrapy survey on {self._day}, of {len(own)} pages."
        try:
            proposal = propose(own, others, self._accepted, name, about)
        except LayoutError as error:  # names too long, or too many
            return f"what its pages agree on makes no layout: {error}"
        if proposal is None:
            return "its pages agree on no element for headline or text"
        articles = len(_titles(own))
        if articles < FEW_ARTICLES:
            few = "one article" if articles == 1 else f"{articles} articles"
            proposal.notes.append(f"made of {few}: what all pages bear can't be told from the text")
        return proposal

    def _revised(self, cluster: PageCluster, proposal: Proposal) -> Proposal | str:
        """The proposal made again with the clusters that it reads as well, and so that it claims no
        page of the others."""
        alike = [one for one in self._waiting if self._reads(proposal, one)]
        for one in alike:
            self._waiting.remove(one)
            for number in one.members:
                cluster.add(number, self._unclaimed[number].features)
        strange = [one.page for other in self._waiting for one in self._pages(other, _MOST_STRANGE)]
        if alike or any(_claims(proposal.layout, page) for page in strange):
            return self._proposed(cluster, [*self._others, *strange])
        return proposal

    def _pages(self, cluster: PageCluster, most: int) -> list[ClusterPage]:
        """The first pages of a cluster that could be read again."""
        own = (self._members.get(number) for number in cluster.members)
        return list(islice(filter(None, own), most))

    def _reads(self, proposal: Proposal, cluster: PageCluster) -> bool:
        """Whether a proposal reads the pages of another cluster as well as its own."""
        some = self._pages(cluster, _LOOKED_AT)
        tried = [proposal.tries(one) for one in some if _claims(proposal.layout, one.page)]
        return bool(tried) and len(tried) == len(some) and all(one.is_right for one in tried)

    def _group(self, cluster: PageCluster) -> Group:
        own = [self._unclaimed[number] for number in cluster.members]
        codes = Counter(_region(one.article.url) for one in own)
        return Group(
            [one.article.url for one in own], dict(codes), cluster.common()[:_MOST_FEATURES]
        )


def _region(url: str) -> str:
    """The code of an address's region, "" where it has none."""
    region = regions.region_of_url(url)
    return region.code if region else ""


def _claims(layout: AcceptedLayout, page: Page) -> bool:
    try:
        return layout.select(Document.of(page)) is not None
    except NotAnArticle:
        return False


def _titles(members: Sequence[ClusterPage]) -> set[str]:
    """The headlines of different articles."""
    found = set()
    for member in members:
        try:
            title = Document.of(member.page).text("title")
        except NotAnArticle:
            continue
        found.add(without_space(collapse(title)) or member.url)
    return found
