"""The fenced blocks of the project's documents: what the documents tell people to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

from tests.conftest import PROJECT

ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
FENCE = re.compile(r"^( *)```([a-z]+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    document: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}: {self.text.strip().splitlines()[0][:40]}"


def documents() -> list[str]:
    """Every Markdown file of the project, relative to its root."""
    found = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    return sorted(path.relative_to(PROJECT).as_posix() for path in found)


def blocks(*languages: str) -> list[Block]:
    """All blocks in these languages (in all, if none is named), in document order."""
    return [
        Block(document, language, dedent(text))
        for document in documents()
        for _, language, text in FENCE.findall((PROJECT / document).read_text())
        if not languages or language in languages
    ]


def is_recipe(block: Block) -> bool:
    """Whether a block reads what `make demo` wrote; `test_recipes.py` runs these."""
    return "data/demo" in block.text


def is_of_machines(block: Block) -> bool:
    """Whether a block is of a page whose commands are for several machines, in their order;
    `test_two_machines.py` runs these."""
    return block.document == "docs/two-machines.md"


def links(document: str) -> list[str]:
    """The relative targets a document links to."""
    text = (PROJECT / document).read_text()
    return [target for target in LINK.findall(text) if "://" not in target]
