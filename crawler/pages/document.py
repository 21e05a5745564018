"""One parsed page: a tree to ask by selectors, with its address, metas and encoding.

Lexbor doesn't recurse over the tree, and neither does our code: nesting is hostile input. Nodes are
compared by `mem_id`, since selectolax makes a new wrapper at each access.

HTML parsing is quadratic in two ways that a hostile page can use: every tag looks through the open
elements, and every paragraph opens the unclosed formatting elements anew. Both are estimated before
the page is parsed. 10,000 nested tags and any real page stay far below the limits.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from functools import cached_property
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler import urls
from crawler.items import Encoding, Evidence, Page
from crawler.pages.encoding import decode_text
from crawler.pages.errors import NotAnArticle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Tags that can't cost much, however they nest: real pages have 300 to 2,000.
_FREE = 3_000

# Sum over the tags of the elements open at each: half a second of parsing.
_MAX_WORK = 200_000_000

# Sum over the tags of the unclosed formatting elements: nodes the parser may have to make.
_MAX_COPIES = 5_000_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
    "u",
})  # fmt: skip
_SELF_CLOSING = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "option",
    "html", "head", "body",
})  # fmt: skip


def check_nesting(text: str) -> None:
    """Raise NotAnArticle("too_deep") when parsing could take long or fill memory."""
    if text.count("<") < _FREE:
        return
    depth = work = formatting = copies = 0
    for match in _TAG.finditer(text):
        tag = match[2].lower()
        step = -1 if match[1] else 1
        if tag in _FORMATTING:
            formatting = max(0, formatting + step)
        if tag not in _SELF_CLOSING:
            depth = max(0, depth + step)
        work += depth
        copies += formatting
    if work > _MAX_WORK or copies > _MAX_COPIES:
        raise NotAnArticle("too_deep", "markup nested beyond any page of the site")


Node = LexborNode

# Elements whose text a reader of the page doesn't see as text of the page.
UNSEEN = frozenset({
    "script", "style", "noscript", "template", "head", "title", "meta", "link", "iframe",
    "object", "embed", "applet", "audio", "video", "canvas", "svg", "math", "map", "textarea",
    "select", "option", "datalist", "frameset", "frame", "noframes",
})  # fmt: skip

# Elements that begin and end a line of their own.
LINES = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "caption", "dd", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p", "pre",
    "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip

_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden", re.IGNORECASE)
_BETWEEN_LINKS = " \t\n\r\f\xa0\u3000|>·•-、/"
_MEDIA = frozenset({"img", "video", "iframe", "embed", "object"})
_ESCAPED = re.compile(r"(?:%[89A-F][0-9A-F])+")
_SPACE = re.compile(r"[ \t\n\r\f]+")


class Document:
    """A page as a tree. `base` is what relative addresses are joined to."""

    def __init__(self, url: str, text: str, encoding: Encoding, utf8: bytes | None = None) -> None:
        """`utf8` is the text in UTF-8, where it is at hand."""
        check_nesting(text)
        self.url = url
        self.source = text
        self.encoding = encoding
        self.tree = LexborHTMLParser(text.encode("utf-8", "ignore") if utf8 is None else utf8)
        self._found: dict[str, Node | None] = {}
        self._containers: dict[str, Node | None] = {}

    @classmethod
    def of(cls, page: Page) -> Document:
        text, encoding = decode_text(page.body, page.header("Content-Type"))
        is_as_read = encoding.used == "utf-8" and "\ufffd" not in text
        if is_as_read and not page.body.startswith(BOM_UTF8):
            return cls(page.url, text, encoding, page.body)
        return cls(page.url, text, encoding)

    def maybe(self, selector: str) -> Node | None:
        """The first match in document order, or None. Answers are kept."""
        if selector not in self._found:
            self._found[selector] = self.tree.css_first(selector)
        return self._found[selector]

    def container(self, selector: str) -> Node | None:
        """The first match that isn't a mere list of links, an empty one included, or None."""
        if selector not in self._containers:
            found = self.maybe(selector)
            if found is not None and only_links(found):
                found = next((e for e in self.all(selector) if not only_links(e)), None)
            self._containers[selector] = found
        return self._containers[selector]

    def first(self, selectors: Sequence[str]) -> tuple[Node, str] | None:
        """The match of the first selector whose match shows text, and that selector."""
        for selector in selectors:
            node = self.maybe(selector)
            if node is not None and shows_text(node):
                return node, selector
        return None

    def all(self, selector: str, within: Node | None = None) -> list[Node]:
        """The matches in document order, of all the page or within a node of it."""
        return (self.tree if within is None else within).css(selector)

    def text(self, selector: str) -> str:
        """The visible text of the first match, stripped; "" without one."""
        node = self.maybe(selector)
        return "" if node is None else visible_text(node).strip()

    @cached_property
    def metas(self) -> dict[str, str]:
        """Meta name (or property), lower-cased, to its first content that isn't blank.

        The new CMS writes keywords and description into the body, so all metas count.
        """
        found: dict[str, str] = {}
        for node in self.all("meta"):
            attributes = node.attributes
            name = (attributes.get("name") or attributes.get("property") or "").strip().lower()
            content = attributes.get("content") or ""
            if name and content.strip():
                found.setdefault(name, content)
        return found

    def meta(self, name: str) -> Evidence | None:
        content = self.metas.get(name)
        return None if content is None else Evidence(content, f"meta[name={name}]")

    @cached_property
    def base(self) -> str:
        node = self.maybe("base[href]")
        href = None if node is None else node.attributes.get("href")
        return _join(self.url, href) or self.url

    def absolute(self, address: str | None) -> str | None:
        """The http(s) address a link or source means, or None."""
        return _join(self.base, address)


def _join(base: str, address: str | None) -> str | None:
    address = (address or "").strip()
    url = urls.join(base, address) if address and not address.startswith("#") else None
    if url is None or not url.startswith(("http://", "https://")):
        return None
    return url if address.isascii() else _ESCAPED.sub(_as_written, url)


def _as_written(found: re.Match[str]) -> str:
    """Percent-escapes of an address as characters where they are UTF-8, else as they are: in which
    charset a character is sent is for whoever asks."""
    try:
        return bytes.fromhex(found[0].replace("%", "")).decode()
    except ValueError:
        return found[0]


def is_hidden(attributes: dict[str, str | None]) -> bool:
    """Whether the element's own markup takes it off the page."""
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return bool(style) and _HIDDEN.search(style or "") is not None


def is_shown(node: Node) -> bool:
    """Whether a node is an element whose text a reader sees."""
    if not node.is_element_node or node.tag in UNSEEN:
        return False
    attributes = node.attributes
    return not attributes or not is_hidden(attributes)


def children(node: Node) -> Iterator[Node]:
    child = node.first_child
    while child is not None:
        yield child
        child = child.next


def elements_around(node: Node) -> Iterator[Node]:
    """The elements around a node, the nearest first."""
    around = node.parent
    while around is not None:
        yield around
        around = around.parent


def around_and(node: Node) -> set[int]:
    """The `mem_id`s of a node and of all elements around it."""
    return {node.mem_id, *(around.mem_id for around in elements_around(node))}


def collapse(text: str) -> str:
    """White space of the source as a browser shows it: one space."""
    if text.isprintable() and " " not in text:
        return text
    return _SPACE.sub(" ", text)


def css_name(node: Node) -> str:
    """An element as a selector would name it."""
    if name := node.attributes.get("id"):
        return f"#{name}"
    names = (node.attributes.get("class") or "").split()
    return f".{names[0]}" if names else node.tag or ""


def shows_text(node: Node) -> bool:
    """Whether a reader sees any text of a node."""
    todo = [node]
    while todo:
        for child in children(todo.pop()):
            if child.is_text_node:
                if (child.text_content or "").strip():
                    return True
            elif is_shown(child):
                todo.append(child)
    return False


def only_links(node: Node) -> bool:
    """Whether a node shows text and all of it is links, no picture or film beside them."""
    linked = False
    todo = [node]
    while todo:
        for child in children(todo.pop()):
            if child.is_text_node:
                if (child.text_content or "").strip(_BETWEEN_LINKS):
                    return False
            elif child.tag == "a":
                linked = linked or shows_text(child)
            elif child.tag in _MEDIA:
                return False
            elif is_shown(child):
                todo.append(child)
    return linked


def visible_text(node: Node, without: frozenset[int] = frozenset()) -> str:
    """What a reader sees of a node, raw: `<br>` and the ends of lines are "\\n".

    `without` are the `mem_id`s of nodes left out. The node itself may be hidden.
    """
    parts: list[str] = []
    todo: list[Node | str] = []
    todo.extend([*children(node)][::-1])
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            parts.append(item)
        elif item.is_text_node:
            parts.append(item.text_content or "")
        elif item.tag == "br":
            parts.append("\n")
        elif item.mem_id not in without and is_shown(item):
            if item.tag in LINES:
                parts.append("\n")
                todo.append("\n")
            todo.extend(list(children(item))[::-1])
    return "".join(parts)
