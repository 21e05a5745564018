"""The content container as blocks: paragraphs, pictures, films and files in document order.

`marked_nodes` finds the elements of a container that are no text of the article by their names:
fields, players, slide shows, share bars and link lists. `read_blocks` takes the container and those
nodes, and returns Blocks and what was Removed. Every visible character of the container is in one
of them or belongs to a field's element.

A paragraph ends where a block element begins or ends, at two `<br>`, at one `<br>` followed by an
indent, and where paragraphs were glued together: at an indent after the end of a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal

from crawler.items import Block, BlockKind, Removed
from crawler.pages.document import (
    LINES,
    UNSEEN,
    children,
    collapse,
    css_name,
    elements_around,
    is_hidden,
    is_shown,
    visible_text,
)
from crawler.pages.media_urls import FILM_SELECTOR, file_url, film_url, image_url, slide_of
from crawler.pages.text_style import USUAL, ElementStyle, StyledParts, StyledText, TextStyle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crawler.pages.document import Document, Node


@dataclass(frozen=True, slots=True)
class MarkedNode:
    """What a node of the container is, by its name.

    `cut`: not text of the article; `player`, `gallery`: cut, but its films or pictures are kept;
    `field`: read elsewhere, as evidence.
    """

    role: Literal["cut", "player", "gallery", "field"]
    rule: str = ""


# Fields that templates print within the container, read by `header.py`.
EDITORS = ".p-jc, .editor, #editor, .zrbj, .bianji"
CORRECTIONS = ".tiyi1, .tiyi01, .advise"
TAGS = ("#articleEdit .title", ".p-kwap")

_FIELDS = ", ".join((EDITORS, *TAGS))

# The role, the rule's name in `removed` and the elements. Of an element with several roles the
# first counts.
_RULES: tuple[tuple[Literal["cut", "player", "gallery"], str, str], ...] = (
    ("player", "player", ".player-container, [id^='DH-PLAYERID'], .video-js, .prism-player, "
     ".dplayer, .video-url, .pageVideo, [video_src]"),
    ("gallery", "gallery", ".lb, [class*='swiper-container']"),
    ("cut", "share", ".tadd, .share, .bdsharebuttonbox, .bdshare, #bdshare, .pageShare, .fix-ewm, "
     ".fxd, .jiathis_style, .share-box, .sharebox, .zan-wap"),
    ("cut", "correction", CORRECTIONS),
    ("cut", "pager", ".xinhuaPager, #div_currpage, [id^='div_page_roll'], .pagination, .pager, "
     ".pagelink, .page_link, .pagebar, .fenye"),
    ("cut", "tags", ".p-tags, .tags"),
    ("cut", "related", ".relatedNews, .related-news, .relate-news, .related, .xgxw, .columBox, "
     ".nextpage"),
    ("cut", "qr_code", ".ewm, .qrcode, .erweima, .s-ewm, .wx-ewm"),
    ("cut", "advertisement", "[data-ycad-slot], .ad, .l-ad-1, .adv"),
    ("cut", "comments", ".news-com, #da-comment, .xh-comment"),
    ("cut", "form", "button, input, select, textarea"),
    ("cut", "archive_toolbar", "#wm-ipp-base, #wm-ipp"),
)  # fmt: skip

_CUT = frozenset(
    selector for role, _, selectors in _RULES if role == "cut" for selector in selectors.split(", ")
)
_MARKED = ", ".join((*(selectors for _, _, selectors in _RULES), "video", _FIELDS))

# Elements around a film that may be its player's, and what a player shows: Play 0:00 / 2:54.
_PLAYER_DEPTH = 4
_PLAYER_WORDS = re.compile(r"[\s0-9A-Za-z:/%.]{0,200}")


def player_of(film: Node, container: Node) -> Node:
    """The outermost element around a film that shows only a player's words: Play 0:00 / 2:54."""
    player = film
    for around in islice(elements_around(film), _PLAYER_DEPTH):
        if around.mem_id == container.mem_id or not _is_player(around):
            break
        player = around
    return player


def _is_player(node: Node) -> bool:
    """Whether a reader sees nothing in the node but the words of a player."""
    if node.tag in ("td", "p"):
        return False
    said = ""
    todo = [node]
    while todo:
        for child in children(todo.pop()):
            if child.is_text_node:
                said += child.text_content or ""
                if not _PLAYER_WORDS.fullmatch(said):
                    return False
            elif is_shown(child):
                todo.append(child)
    return True


def has_cut_name(node: Node) -> bool:
    """Whether an element bears the name of what is never the article's, such as a link list."""
    attributes = node.attributes
    names = {f".{name}" for name in (attributes.get("class") or "").split()}
    return f"#{attributes.get('id')}" in _CUT or not _CUT.isdisjoint(names)


def marked_nodes(doc: Document, container: Node) -> dict[int, MarkedNode]:
    """The marked nodes of a container; a field within a cut stays a field."""
    marked: dict[int, MarkedNode] = {}
    if not doc.all(_MARKED, container):
        return marked
    for role, rule, selectors in reversed(_RULES):
        for node in doc.all(selectors, container):
            marked[node.mem_id] = MarkedNode(role, rule)
    for film in doc.all("video", container):
        player = player_of(film, container)
        marked.setdefault(player.mem_id, MarkedNode("player", "player"))
    for node in doc.all(_FIELDS, container):
        marked[node.mem_id] = MarkedNode("field")
    return marked


# --- blocks ---------------------------------------------------------------------------------------

# Two full-width blanks or what is as wide, with which the site's paragraphs begin.
_INDENT = r"(?:\u3000{2}|(?:\u00a0 ?){3}|\u2003{2}|\u2002{2})"
_INDENTED = re.compile(r"[ \t]*(?:\u3000|(?:\u00a0 ?){2}|\u2003|\u2002{2}| {4})")
# An indent behind the end of a sentence: two paragraphs in one element.
_GLUED = re.compile(
    r"(?:(?<=[。！？…”’」』!?])|(?<=[。！？…”’」』!?][）)】\]]))[ \n]*(?=" + _INDENT + ")"
)
_BLANKS = " \t\n\u3000\xa0\u2003\u2002"
_BLANK = re.compile(r"[\s\u200b\ufeff]*")
# Elements that make paragraphs. Without them the line ends of the source do.
_STRUCTURE = "p, br, div, td, li, h1, h2, h3, h4, h5, h6, section, blockquote, pre"
_CELLS = ("td", "th")
_SLIDE_NUMBER = re.compile(r"[\s\d/()（）+]{1,12}")

# A slide show with more is read without what its slides tell: that takes a look at each.
_MOST_SLIDES = 300

_FILM_TAGS = ("iframe", "video", "embed", "object")


@dataclass(slots=True)
class _Reader:
    doc: Document
    container: str
    marked: Mapping[int, MarkedNode]
    blocks: list[Block] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    _fields: frozenset[int] = frozenset()
    _gallery: set[int] = field(default_factory=set)
    _films: set[str] = field(default_factory=set)
    _pieces: list[StyledText] = field(default_factory=list)
    _links: set[int] = field(default_factory=set)
    _files: list[Block] = field(default_factory=list)
    _where: str = ""
    _style: TextStyle = field(default_factory=TextStyle)

    def read(self, root: Node) -> None:
        """Read what is in the container."""
        if not self._is_structured(root):
            self._style.keep_white_space()
        self.read_nodes(children(root))

    def read_nodes(self, nodes: Iterable[Node]) -> None:
        """Walk neighbours without recursion; an exit closes what its entrance opened."""
        self._where = self.container
        self._fields = frozenset(
            number for number, one in self.marked.items() if one.role == "field"
        )
        todo: list[tuple[Node, ElementStyle | None]] = []
        todo.extend([(node, None) for node in nodes][::-1])
        while todo:
            node, opened = todo.pop()
            if opened is not None:
                self._leave(node, opened)
            elif node.is_text_node:
                self._add(node.text_content or "")
            elif node.is_element_node and self._enter(node):
                self._open(node)
                todo.append((node, self._style.enter(node)))
                todo.extend([(child, None) for child in children(node)][::-1])
        self._end_paragraph()
        self._drop_gallery_copies()

    def _is_structured(self, root: Node) -> bool:
        """Whether markup, not line ends in the source, makes the paragraphs."""
        for node in root.css(_STRUCTURE):
            around = node.parent
            if (
                node.mem_id != root.mem_id
                and node.mem_id not in self.marked
                and (around is None or around.mem_id not in self.marked)
            ):
                return True
        return False

    def _enter(self, node: Node) -> bool:
        """Whether the node's children are text of the container."""
        tag = node.tag or ""
        marked = self.marked.get(node.mem_id)
        if marked is not None:
            self._take(node, marked)
            return False
        if tag == "img":
            self._image(node)
        elif tag == "br":
            self._put("\n")
        elif tag in UNSEEN:
            if tag in _FILM_TAGS:
                self._film(node)
        elif not is_hidden(node.attributes):
            return True
        return False

    def _take(self, node: Node, marked: MarkedNode) -> None:
        if marked.role == "field":
            return
        if marked.role == "player":
            for film in [node, *node.css(FILM_SELECTOR)]:
                self._film(film)
        told: set[int] = set()
        if marked.role == "gallery":
            told = self._show(node)
        if is_hidden(node.attributes) or node.tag in UNSEEN:
            return
        if text := visible_text(node, self._fields | told).strip():
            if node.tag in LINES:
                self._end_paragraph()
            self.removed.append(Removed(text, marked.rule, f"{self.container} {css_name(node)}"))

    def _show(self, gallery: Node) -> set[int]:
        """Add the pictures of a slide show and its captions; returns the slides that had one."""
        before = len(self.blocks)
        told: set[int] = set()
        images = gallery.css("img")
        for image in images:
            known = len(self.blocks)
            self._image(image)
            slide = slide_of(image, gallery) if len(images) <= _MOST_SLIDES else None
            if slide is None or len(self.blocks) == known:
                continue
            lines = [line for line in visible_text(slide).split("\n") if line.strip()]
            tells = [line for line in lines if not _SLIDE_NUMBER.fullmatch(line)]
            if tells:
                text = "\n".join(tells)
                self.blocks.append(Block(BlockKind.TEXT, self._where, text=text, is_caption=True))
                numbers = (line.strip() for line in lines if line not in tells)
                self.removed += [Removed(n, "gallery", self._where) for n in numbers]
                told.add(slide.mem_id)
        self._gallery.update(range(before, len(self.blocks)))
        return told

    def _open(self, node: Node) -> None:
        tag = node.tag or ""
        if tag in LINES:
            self._end_paragraph()
            self._where = f"{self.container} {tag}"
        elif tag in _CELLS and self._pieces:
            self._put("\t")
        elif tag == "a" and (url := file_url(node, self.doc)):
            label = visible_text(node).strip() or None
            self._files.append(Block(BlockKind.ATTACHMENT, self._where, url=url, label=label))
        elif tag == "a" and node.attributes.get("href"):
            self._links.add(node.mem_id)

    def _leave(self, node: Node, mark: ElementStyle) -> None:
        self._style.leave(mark)
        self._links.discard(node.mem_id)
        if node.tag in LINES:
            self._end_paragraph()
            self._where = self.container

    def _add(self, text: str) -> None:
        """Take in text."""
        style = self._style
        text = text.replace("\r", "") if style.is_verbatim else collapse(text)
        self._pieces.append(
            StyledText(text, style.is_caption, style.is_set_apart, bool(self._links))
        )

    def _put(self, text: str) -> None:
        """Take in a line break or the gap between cells."""
        self._pieces.append(StyledText(text, is_link=bool(self._links)))

    def _image(self, node: Node) -> None:
        url = image_url(node, self.doc)
        if url is None or is_hidden(node.attributes):
            return
        self._end_paragraph()
        label = (node.attributes.get("alt") or "").strip() or None
        self.blocks.append(Block(BlockKind.IMAGE, self._where, url=url, label=label))

    def _film(self, node: Node) -> None:
        url = film_url(node, self.doc)
        if url is not None and url not in self._films:
            self._films.add(url)
            self._end_paragraph()
            self.blocks.append(Block(BlockKind.VIDEO, self._where, url=url))

    def _drop_gallery_copies(self) -> None:
        """A slide show repeats the pictures of the text, and itself: each is kept once."""
        seen = {b.url for i, b in enumerate(self.blocks) if i not in self._gallery}
        kept = []
        shown = True
        for i, block in enumerate(self.blocks):
            if block.kind is BlockKind.IMAGE:
                shown = i not in self._gallery or block.url not in seen
            if shown or i not in self._gallery:
                kept.append(block)
                seen.add(block.url)
            elif block.text:
                self.removed.append(Removed(block.text, "gallery", block.where))
        self.blocks = kept

    def _end_paragraph(self) -> None:
        if self._pieces:
            text = "".join([piece.text for piece in self._pieces])
            is_usual = {piece[1:] for piece in self._pieces} == {USUAL}
            marks = None if is_usual else StyledParts(text, self._pieces)
            for paragraph, start, end in _paragraphs(text):
                is_ = USUAL if marks is None else marks.of(start, end)
                self.blocks.append(Block(BlockKind.TEXT, self._where, paragraph, None, None, *is_))
            self._pieces = []
        self._end_files()

    def _end_files(self) -> None:
        """The files linked in a paragraph come behind it."""
        if self._files:
            self.blocks.extend(self._files)
            self._files = []


def _paragraphs(text: str) -> Iterator[tuple[str, int, int]]:
    """The visual paragraphs of a run of text in which "\n" is a `<br>`, and where they stand."""
    inside = text.strip(_BLANKS)
    if inside and not any(blank in inside for blank in "\n\u3000\xa0\u2003\u2002"):
        yield text.strip(" \t\n"), 0, len(text)  # as most are
        return
    at = 0
    for glued in [*_GLUED.finditer(text), None]:
        lines: list[str] = []
        start = at
        piece_end = len(text) if glued is None else glued.start()
        for line in text[at:piece_end].split("\n"):
            is_blank = _BLANK.fullmatch(line) is not None
            if lines and (is_blank or _INDENTED.match(line)):
                yield "\n".join(lines), start, at
                lines = []
            if not is_blank:
                start = start if lines else at
                lines.append(line.strip(" \t"))
            at += len(line) + 1
        if lines:
            yield "\n".join(lines), start, piece_end
        at = piece_end if glued is None else glued.end()


def read_nodes(
    doc: Document, nodes: Iterable[Node], where: str, marked: Mapping[int, MarkedNode]
) -> tuple[list[Block], list[Removed]]:
    """The blocks of neighbours in document order, and what `marked` cut out of them."""
    reader = _Reader(doc, where, marked)
    reader.read_nodes(nodes)
    return reader.blocks, reader.removed


def read_blocks(
    doc: Document, container: Node, where: str, marked: Mapping[int, MarkedNode]
) -> tuple[list[Block], list[Removed]]:
    """The blocks of a container in document order, and what `marked` cut out of it."""
    reader = _Reader(doc, where, marked)
    reader.read(container)
    return reader.blocks, reader.removed
