"""Normalise: what the steps hand on. In: a draft and its pages. Out: the article so far.

A step is a pure function Work → Work. The page's own text shrinks on the way: `blocks` are those
not yet cut or used; what a step cuts it adds to the article's `removed[]`, and what it finds in
cut lines it adds to the draft's evidence, after what the layout found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from crawler.items import Article, Block, Draft, Flag, Page

if TYPE_CHECKING:
    from crawler.pipelines.flags import FlagName


_values = attrgetter(*(field.name for field in fields(Article)))


@dataclass(frozen=True, slots=True)
class Work:
    """A draft on its way to an article."""

    draft: Draft
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...]
    article: Article

    def having(self, **values: Any) -> Work:
        """With these fields of the article."""
        article = Article(*_values(self.article))  # a third of what dataclasses.replace takes
        for name, value in values.items():
            setattr(article, name, value)
        return Work(self.draft, self.pages, self.blocks, article)

    def flagged(self, name: FlagName, detail: str) -> Work:
        """With one more flag."""
        return self.having(flags=[*self.article.flags, Flag(name.value, detail)])


Step = Callable[[Work], Work]
