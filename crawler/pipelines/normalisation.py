"""What the steps from draft to article hand on to each other.

A step is a pure function from Normalisation to Normalisation. `blocks` are the page's own text
that is not yet cut or used. What a step cuts it adds to the article's `removed`; what it finds in
cut lines it adds to the draft's evidence, after what the layout found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from crawler.items import Article, Block, Draft, Flag, Page

_values = attrgetter(*(field.name for field in fields(Article)))


@dataclass(frozen=True, slots=True)
class Normalisation:
    """A draft, its pages, and the article as far as the steps have made it."""

    draft: Draft
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...]
    article: Article

    def with_values(self, **values: Any) -> Normalisation:
        """The same with these fields of the article."""
        # dataclasses.replace instead makes the extraction of 5,857 pages take 4.7 % longer.
        article = Article(*_values(self.article))
        for name, value in values.items():
            setattr(article, name, value)
        return Normalisation(self.draft, self.pages, self.blocks, article)

    def flagged(self, name: FlagName, detail: str) -> Normalisation:
        """The same with one more flag."""
        return self.with_values(flags=[*self.article.flags, Flag(name.value, detail)])


Step = Callable[[Normalisation], Normalisation]


class FlagName(StrEnum):
    """What `flags[].flag` may say; DATA_FORMAT.md documents the names."""

    UNKNOWN_LAYOUT = "unknown_layout"  # no layout claims the page: read by the fallback
    AMBIGUOUS_LAYOUT = "ambiguous_layout"  # several claim it: read by the fallback
    IDENTITY_CONFLICT = "identity_conflict"  # address and codes name different articles
    REGION_CONFLICT = "region_conflict"  # host and channel code name different regions
    PUBLISHED_CONFLICT = "published_conflict"  # dates of one page more than a day apart
    INVALID_VALUE = "invalid_value"  # a value outside the contract was made null
