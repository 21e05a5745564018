"""What a survey has seen: layouts with their share, clusters of the rest, a proposal for each.

In: the material of its archives. Out: a Survey. It is made of the archives, the code and the
accepted layouts alone, so that who gets the archives can make it again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler import layouts, regions, urls
from crawler.archive.decode import DecodeError
from crawler.archive.reader import WarcError
from crawler.layouts.accepted import LayoutError
from crawler.pages.document import Document, squeeze
from crawler.pages.errors import NotAnArticle
from crawler.survey.agreement import squeezed
from crawler.survey.proposals import FEW_ARTICLES, ClusterPage, Proposal, propose
from crawler.survey.structure import PageCluster, clusters_of, features_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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

# Pages of a cluster that a proposal reads.
_MOST_MEMBERS = 200


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
    _propose(survey, unclaimed, [*known, *pages], accepted, day)
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
    region = regions.region_of_url(article.url)
    code = region.code if region else ""

    def count(name: str) -> str:
        survey.layouts[name] += 1
        survey.by_region[code][name] += 1
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


def _propose(
    survey: Survey,
    unclaimed: Sequence[_Unclaimed],
    others: Sequence[Page],
    accepted: AcceptedLayouts,
    day: str,
) -> None:
    """A proposal for each cluster, the largest first. Pages of later ones that a proposal reads
    well belong to it."""
    waiting = clusters_of([one.features for one in unclaimed])
    pages = {n: _page(survey.material, one.article) for n, one in enumerate(unclaimed)}
    members = {
        n: ClusterPage(one.article.url, page, one.article.headlines, one.article.days)
        for n, one in enumerate(unclaimed)
        if (page := pages[n]) is not None
    }
    while waiting:
        cluster = waiting.pop(0)
        proposed = _proposed(cluster, members, others, accepted, day, unclaimed)
        if isinstance(proposed, Proposal):
            alike = [one for one in waiting if _reads(proposed, one, members)]
            for one in alike:
                waiting.remove(one)
                for number in one.members:
                    cluster.add(number, unclaimed[number].features)
            strange = [members[n].page for one in waiting for n in one.members[:8] if n in members]
            if alike or any(_claims(proposed.layout, page) for page in strange):
                proposed = _proposed(
                    cluster, members, [*others, *strange], accepted, day, unclaimed
                )
        group = _group(unclaimed, cluster)
        if isinstance(proposed, Proposal):
            group.proposal = proposed
        else:
            group.why_not = proposed
        survey.groups.append(group)


def _proposed(
    cluster: PageCluster,
    members: Mapping[int, ClusterPage],
    others: Sequence[Page],
    accepted: AcceptedLayouts,
    day: str,
    unclaimed: Sequence[_Unclaimed],
) -> Proposal | str:
    """The proposal for a cluster, or why there is none."""
    own = [members[number] for number in cluster.members if number in members][:_MOST_MEMBERS]
    if not own:
        return "its pages can't be read again"
    codes = _group(unclaimed, cluster).regions
    region = max(codes, key=lambda code: codes[code]).replace("-", "_") or "site"
    about = f"Proposed by scrapy survey on {day}, of {len(own)} pages."
    try:
        proposal = propose(own, others, accepted, f"{region}_{day.replace('-', '')}", about)
    except LayoutError as error:  # names too long, or too many
        return f"what its pages agree on makes no layout: {error}"
    if proposal is None:
        return "its pages agree on no element for headline or text"
    articles = len(_titles(own))
    if articles < FEW_ARTICLES:
        few = "one article" if articles == 1 else f"{articles} articles"
        proposal.notes.append(f"made of {few}: what all pages bear can't be told from the text")
    return proposal


def _reads(proposal: Proposal, cluster: PageCluster, members: Mapping[int, ClusterPage]) -> bool:
    """Whether a proposal reads the pages of another cluster as well as its own."""
    some = [members[number] for number in cluster.members[:_LOOKED_AT] if number in members]
    tried = [proposal.tries(one) for one in some if _claims(proposal.layout, one.page)]
    return bool(tried) and len(tried) == len(some) and all(one.is_right for one in tried)


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
        found.add(squeezed(squeeze(title)) or member.url)
    return found


def _group(unclaimed: Sequence[_Unclaimed], cluster: PageCluster) -> Group:
    own = [unclaimed[number] for number in cluster.members]
    codes: Counter[str] = Counter()
    for one in own:
        region = regions.region_of_url(one.article.url)
        codes[region.code if region else ""] += 1
    return Group([one.article.url for one in own], dict(codes), cluster.common()[:60])
