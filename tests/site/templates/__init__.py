"""The templates of the loopback Xinhua, one generation a file; each cites its line of FACTS.md.

A template module has `page(story, number) -> str` and `boilerplate(story) -> list[str]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.site.templates import (
    g2_hebei,
    g2_provinces,
    g3,
    g4,
    g5,
    g6_main,
    g6_regional,
    mobile,
)

if TYPE_CHECKING:
    from tests.site.story import Story


class Template(Protocol):
    """What a template module offers."""

    def page(self, story: Story, number: int = 1) -> str: ...

    def boilerplate(self, story: Story) -> list[str]: ...


# Every layout by the name that the truth uses.
TEMPLATES: dict[str, Template] = {
    "g2_hebei": g2_hebei,
    **{f"g2_{key}": g2_provinces for key in g2_provinces.FRAMES},
    "g3": g3,
    "g4": g4,
    "g5": g5,
    "g6_main": g6_main,
    "g6_regional": g6_regional,
    "mobile": mobile,
}


def render(layout: str, story: Story, number: int = 1) -> bytes:
    """One page of an article in a layout, encoded as the story says.

    A page that is declared gb2312 is written in GB18030, as real ones hold names which GB2312
    lacks (FACTS e, encoding).
    """
    return TEMPLATES[layout].page(story, number).encode(story.encoding)


def boilerplate(story: Story) -> list[str]:
    """What the page shows besides the article, line by line, white space as in the page."""
    return TEMPLATES[story.layout].boilerplate(story)
