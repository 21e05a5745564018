"""Provinces2010: templates of single provinces and channels, about 2008 to 2021.

Their rules are data: provinces2010.toml.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from crawler import labels
from crawler.layouts.layout import Layout, Selectors
from crawler.layouts.regional2014 import Regional2014
from crawler.pages.document import shows_text
from crawler.pages.header import DATE

if TYPE_CHECKING:
    from crawler.pages.document import Document

# The end of `header.SOURCE`, which is all it takes to know that there is one: in a whole
# page this is looked for in a tenth of the time. 来自： alone tells nothing of the template.
_SOURCE = re.compile(rf"(?:{labels.SOURCE})\s{{0,3}}{labels.COLON}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of provinces2010.toml; `hosts` and `evidence` say where it is known from."""

    hosts: tuple[str, ...]
    title: str
    body: str
    evidence: str
    time: str | None = None
    source: str | None = None

    def selectors(self) -> Selectors:
        return Selectors(
            body=(self.body,),
            title=(self.title,),
            time=(self.time,) if self.time else (),
            source=(self.source,) if self.source else (),
            author_lines=True,
        )

    def has_header(self, doc: Document) -> bool:
        """Whether the page shows both fields where the rule has them, with a label or without."""
        return bool(self.time and self.source) and all(
            doc.first((selector or "",)) is not None for selector in (self.time, self.source)
        )


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in order."""
    data = tomllib.loads(
        resources.files(__package__).joinpath("provinces2010.toml").read_text("utf-8")
    )
    return tuple(Rule(**row | {"hosts": tuple(row["hosts"])}) for row in data["rule"])


# The template that replaced the provinces' own.
_COMMON = Regional2014()


class Provinces2010(Layout):
    """Whichever province's rule fits first.

    Any page of the time prints a date and 来源：, or has both where the rule says.
    """

    name = "Provinces2010"
    marks = ()
    foreign = ("#p-detail", "#detail", "#detailContent", ".head-line", ".header-time", ".h-title")

    def select(self, doc: Document) -> Selectors | None:
        if any(doc.maybe(mark) is not None for mark in self.foreign):
            return None
        if _COMMON.select(doc):
            return None
        labelled = _has_header(doc)
        fitting = None
        for rule in rules():
            if not labelled and not rule.has_header(doc):
                continue
            container = doc.container(rule.body)
            if container is None or not doc.first((rule.title,)):
                continue
            if shows_text(container):
                return rule.selectors()
            fitting = fitting or rule
        return None if fitting is None else fitting.selectors()


def _has_header(doc: Document) -> bool:
    return _SOURCE.search(doc.source) is not None and DATE.search(doc.source) is not None
