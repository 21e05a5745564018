"""The printed lines of text blocks while boilerplate is cut from them, and blocks again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawler.items import BlockKind, Removed
from crawler.pipelines.clean_text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.items import Block


@dataclass(slots=True)
class Line:
    """One printed line of a text block: what is left of it, and what was cut, in order.

    `seen` is the text that the rules for whole lines have let pass.
    """

    block: int
    where: str
    text: str
    seen: str | None = None
    is_link: bool = False
    removed: list[Removed] = field(default_factory=list)

    def cut(self, rule: str, start: int = 0, end: int | None = None) -> str:
        """Cut a part (all of it without `start`); the part."""
        end = len(self.text) if end is None else end
        part = self.text[start:end].strip()
        self.text = (self.text[:start].rstrip() + " " + self.text[end:].lstrip()).strip()
        if part:
            self.removed.append(Removed(part, rule, self.where))
        return part


def lines_of(blocks: Sequence[Block]) -> list[Line]:
    """The lines of the text blocks, in order."""
    return [
        Line(number, block.where, text, is_link=block.is_link)
        for number, block in enumerate(blocks)
        if block.kind is BlockKind.TEXT
        for text in block.text.split("\n")
    ]


def blocks_of(blocks: Sequence[Block], lines: Sequence[Line]) -> tuple[Block, ...]:
    """The blocks with what is left of their lines."""
    left: dict[int, list[str]] = {}
    for line in lines:
        left.setdefault(line.block, []).extend([line.text] if line.text else [])
    touched = {line.block for line in lines if line.removed}
    kept = []
    for number, block in enumerate(blocks):
        if number not in touched:
            kept.append(block)
        elif text := clean("\n".join(left[number])):
            kept.append(block if text == block.text else replace(block, text=text))
    return tuple(kept)
