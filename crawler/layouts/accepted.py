"""Accepted layouts: layouts as data, one TOML file each in `DATA_DIR/layouts/` (DATA_FORMAT.md).

A file says what a layout's module says: the marks by which it claims a page, the selectors of its
fields, and what of its text container is furniture. It holds no pattern but selectors of a small
language: nothing in it can take long on a page, however hostile.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from crawler.data_dir import accepted_layouts_of
from crawler.extractor_version import extractor_version
from crawler.layouts.layout import Layout, Selectors
from crawler.pages import page_metadata
from crawler.storage import StorageError, open_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Bytes of a file; a proposal with its pages has some 10 KB.
MAX_BYTES = 256 * 1024

# Selectors of a key, but for the foreign marks, which tell a layout from all others; lines of
# furniture; characters of either.
MAX_SELECTORS = 12
_MAX_FOREIGN = 40
MAX_TEXTS = 200
_LONGEST_SELECTOR = 200
_LONGEST_TEXT = 2000

# Selectors between the commas of one, and names in each: what `fault_of` allows.
_MAX_ALTERNATIVES = 12
_MAX_STEPS = 5

# Characters of a bad value in a refusal, and of what a parser says.
_SHOWN = 80
_LONGEST_FAULT = 200

# Windows keeps no file of these names, and archives travel.
_RESERVED = frozenset({"con", "prn", "aux", "nul"})

# As `layout` in a line may be (article.schema.json).
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
_IDENTIFIER = r"-?[A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]{0,99}"
_SIMPLE = (
    rf"(?:[#.]{_IDENTIFIER}"
    rf"|\[{_IDENTIFIER}(?:[~^$*|]?=(?:'[^'\"\\\n]{{0,100}}'|\"[^'\"\\\n]{{0,100}}\"))?\]"
    r"|:(?:first|last|only)-(?:child|of-type)"
    r"|:nth-(?:last-)?(?:child|of-type)\([1-9][0-9]{0,2}\))"
)
_COMPOUND = re.compile(rf"(?:[A-Za-z][A-Za-z0-9]{{0,30}}{_SIMPLE}{{0,6}}|{_SIMPLE}{{1,6}})")
_COMBINATOR = re.compile(r" ?[>+] ?| ")


class LayoutError(ValueError):
    """A file is no layout; the message says why in one line."""


class AcceptedLayout(Layout):
    """A layout read from its file."""

    def __init__(
        self,
        name: str,
        marks: tuple[str, ...],
        foreign: tuple[str, ...],
        phrases: tuple[str, ...],
        selectors: Selectors,
    ) -> None:
        self.name = name
        self.marks = marks
        self.foreign = foreign
        self.phrases = phrases
        self.selectors = selectors


@dataclass(frozen=True, slots=True)
class AcceptedLayouts:
    """The accepted layouts of an archive in the order of their names, and the hex SHA-256 over
    their files, "" where there is none."""

    layouts: tuple[AcceptedLayout, ...] = ()
    digest: str = field(default="", repr=False)

    @classmethod
    def of(cls, data_dir: Path) -> AcceptedLayouts:
        """Those of a data folder. Raises StorageError where one can't be read or is no layout:
        without it pages would be read otherwise, in silence."""
        found = []
        hashed = hashlib.sha256()
        for path in accepted_layouts_of(data_dir):
            try:
                content = read_bounded(path)
                layout = parse_layout(content)
                if layout.name != path.stem:
                    raise LayoutError(f"it names the layout {layout.name}")
            except (OSError, LayoutError) as error:
                why = error.strerror if isinstance(error, OSError) else None
                message = f"{why or error} (`scrapy verify` says more)"
                raise StorageError.of("reading the accepted layout", path, message) from error
            found.append(layout)
            name = path.name.encode()
            hashed.update(b"%d %s %d " % (len(name), name, len(content)) + content)
        return cls(tuple(found), hashed.hexdigest() if found else "")

    @property
    def version(self) -> str:
        """The `extractor_version` of what is read with them: that of the code alone without any."""
        return extractor_version(self.digest)

    def __len__(self) -> int:
        return len(self.layouts)

    def and_also(self, layout: AcceptedLayout) -> AcceptedLayouts:
        """These and one that isn't accepted yet, to try it."""
        return AcceptedLayouts((*self.layouts, layout), self.digest)


NO_LAYOUTS = AcceptedLayouts()


def read_bounded(path: Path) -> bytes:
    """The bytes of a file of a layout. Raises OSError, LayoutError for a larger one."""
    with open_file(path) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise LayoutError(f"it has more than {MAX_BYTES} bytes")
    return content


def parse_layout(content: bytes) -> AcceptedLayout:
    """The layout that a file holds. Raises LayoutError."""
    try:
        told = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise LayoutError("it is no UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise LayoutError(f"it is no TOML: {str(error)[:_LONGEST_FAULT]}") from error
    return _layout(told)


def _layout(told: Mapping[str, Any]) -> AcceptedLayout:
    _only(told, "the file", ("name", "about", "claims", "selectors", "furniture", "tried"))
    name = told.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        _refuse(
            f"name is {str(name)[:_SHOWN]!r}: a letter, then letters, digits and _, 40 at the most"
        )
    if not isinstance(told.get("about", ""), str):
        _refuse("about is no text")
    claims, fields, furniture = (_table(told, key) for key in ("claims", "selectors", "furniture"))
    _only(claims, "claims", ("marks", "foreign", "phrases"))
    _only(
        fields, "selectors",
        ("title", "time", "time_parts", "source", "crumbs", "body", "author_lines"),
    )  # fmt: skip
    _only(furniture, "furniture", ("cut", "texts"))
    marks = _selectors(claims, "claims.marks", least=1)
    author_lines = fields.get("author_lines", True)
    if not isinstance(author_lines, bool):
        _refuse("selectors.author_lines is neither true nor false")
    selectors = Selectors(
        body=_selectors(fields, "selectors.body", least=1),
        title=_selectors(fields, "selectors.title", least=1),
        time=_selectors(fields, "selectors.time"),
        time_parts=_selectors(fields, "selectors.time_parts"),
        source=_selectors(fields, "selectors.source"),
        crumbs=_selectors(fields, "selectors.crumbs") or page_metadata.CRUMBS,
        author_lines=author_lines,
        cut=_selectors(furniture, "furniture.cut"),
        furniture=frozenset(_texts(furniture, "furniture.texts", MAX_TEXTS)),
    )
    foreign = _selectors(claims, "claims.foreign", most=_MAX_FOREIGN)
    return AcceptedLayout(
        name, marks, foreign, _texts(claims, "claims.phrases", MAX_SELECTORS), selectors
    )


def _table(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = told.get(key, {})
    if not isinstance(table, dict):
        _refuse(f"{key} is no table")
    return table


def _only(table: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            _refuse(f"{where} has no key {key[:_SHOWN]!r} (known: {', '.join(known)})")


def _texts(table: Mapping[str, Any], name: str, most: int, least: int = 0) -> tuple[str, ...]:
    """A list of texts, none blank."""
    value = table.get(name.partition(".")[2], [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        _refuse(f"{name} is no list of texts")
    if not least <= len(value) <= most:
        _refuse(f"{name} has {len(value)} texts, {least} to {most} are possible")
    for text in value:
        if not text.strip() or len(text) > _LONGEST_TEXT:
            _refuse(f"{name} has a text that is blank, or longer than {_LONGEST_TEXT}")
    return tuple(value)


def _selectors(
    table: Mapping[str, Any], name: str, *, least: int = 0, most: int = MAX_SELECTORS
) -> tuple[str, ...]:
    found = _texts(table, name, most, least)
    for selector in found:
        if fault := fault_of(selector):
            _refuse(f"{name}: {selector[:_SHOWN]!r} {fault}")
    return found


def fault_of(selector: str) -> str | None:
    """Why a selector is none that a layout may have, or None.

    Lexbor finds the elements above by trying: each blank between two names multiplies its time by
    the depth of the page, so there is one at the most; `>` and `+` are free. What runs inside
    another selector, as `:has()`, isn't in the language.
    """
    if any(len(one) > _LONGEST_SELECTOR for one in selector.split(",")):
        return f"is longer than {_LONGEST_SELECTOR} characters"
    alternatives = [one.strip() for one in selector.split(",")]
    if len(alternatives) > _MAX_ALTERNATIVES:
        return f"has more than {_MAX_ALTERNATIVES} alternatives"
    for one in alternatives:
        if fault := _fault_of_one(one):
            return fault
    try:
        LexborHTMLParser(b"").css_first(selector)
    except SelectolaxError:
        return "can't be parsed"
    return None


def _fault_of_one(selector: str) -> str | None:
    at = steps = blanks = 0
    while True:
        compound = _COMPOUND.match(selector, at)
        if compound is None:
            return (
                "is no selector of tags, #ids, .classes, [attributes], :first-child, "
                ":nth-child(N) and their like"
            )
        steps, at = steps + 1, compound.end()
        if at == len(selector):
            break
        combinator = _COMBINATOR.match(selector, at)
        if combinator is None:
            return f"has {selector[at : at + 20]!r}, which is not in the language of layouts"
        blanks += combinator[0] == " "
        at = combinator.end()
    if steps > _MAX_STEPS:
        return f"has more than {_MAX_STEPS} steps"
    if blanks > 1:
        return "has more than one blank between names, which takes long on deep pages: use >"
    return None


def _refuse(why: str) -> NoReturn:
    raise LayoutError(why)
