"""Writes the article that a plan asks for, and changes it as its history says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import md5
from random import Random
from typing import TYPE_CHECKING

from tests.site.story import Block, Dateline, Kind, Person, Story
from tests.site.text import Pen, full_width

if TYPE_CHECKING:
    from datetime import datetime

    from tests.site.channels import Channel

# What an edit may change (DESIGN, the version list).
EDITS = ("title", "body", "source", "editors", "images")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the world has settled before a word is written. `serial` is unique in the world."""

    seed: int
    serial: int
    id: str
    url: str
    layout: str
    kind: Kind
    variant: int
    encoding: str
    published: datetime
    node: int

    def rng(self, purpose: str) -> Random:
        """A generator of its own for each purpose, the same in every process."""
        return Random(f"{self.seed}/{self.serial}/{purpose}")


def _sources(channel: Channel) -> tuple[str, ...]:
    return ("新华网", "新华社", f"{channel.capital}日报", f"{channel.capital}晚报", "半月谈")


class _Byline:
    """A byline in one of the wordings of FACTS e (Bylines, Keep) and whom it names."""

    def __init__(self, rng: Random, pen: Pen, channel: Channel, when: datetime, style: str) -> None:
        self.people: tuple[Person, ...] = ()
        self.dateline: Dateline | None = None
        self.head = ""  # stands before the first paragraph
        self.tail = ""  # stands after the last
        self.line = ""  # a paragraph of its own
        names = pen.names(rng.choice((1, 1, 2, 3)))
        joined = rng.choice(("、", " ", "　")).join(names)
        day = f"{when.month}月{when.day}日"
        if style in {"dateline", "dateline_fullwidth", "dateline_nobody"}:
            date = full_width(day) if style == "dateline_fullwidth" else day
            raw = f"新华社{channel.capital}{date}电"
            self.dateline = Dateline(raw, channel.capital, date)
            if style == "dateline_nobody":
                self.head = f"{raw} 记者{when.day}日从{pen.body}获悉，"
                return
            self.head = f"{raw}（记者{joined}）"
        elif style == "tail":
            opened, closed = rng.choice((("(记者 ", ")"), ("（记者", "）"), ("（记者 ", "）")))
            self.tail = f"{opened}{joined}{closed}"
        elif style == "tail_padded":
            names = [pen.name(2)]
            self.tail = f"(记者 {rng.choice((' ', '　')).join(names[0])})"
        elif style == "line":
            self.line = f"新华社记者{'、'.join(names)}"
        elif style == "paper":
            second = pen.name()
            self.head = f"本报讯（记者{'、'.join(names)} 通讯员{second}）"
            self.dateline = Dateline("本报讯", None, None)
            self.people = (*_all(names, "reporter"), Person(second, "correspondent"))
            return
        elif style == "comment":
            self.tail = f"（评论员 {' '.join(names)}）"
            self.people = _all(names, "commentator")
            return
        else:
            return
        self.people = _all(names, "reporter")


def _all(names: list[str], role: str) -> tuple[Person, ...]:
    return tuple(Person(name, role) for name in names)


_STYLES = (
    "dateline", "dateline", "dateline_nobody", "dateline_fullwidth", "tail", "tail",
    "tail_padded", "line", "paper", "comment", "none",
)  # fmt: skip


def _picture(task: Assignment, number: int) -> str:
    """An image's name beside its article (FACTS b, image names)."""
    digest = md5(f"{task.seed}/{task.serial}/{number}".encode()).hexdigest()
    day = f"{task.published:%Y%m%d}"
    if task.id.isdigit():
        return f"{task.id}_{int(digest[:11], 16) % 10**13:013d}{number}n.jpg"
    return f"{day}{task.id}_{day}{digest}.jpg"


def _film(task: Assignment) -> Block:
    digest = md5(f"{task.seed}/{task.serial}/film".encode()).hexdigest()
    if task.id.isdigit():  # FACTS d G4: iframe.pageVideo of player.v.news.cn with uuid and vid
        player = "http://player.v.news.cn/api/v1/getPlayPage"
        return Block("video", url=f"{player}?uuid=1_1a{digest[:8]}&vid={digest}&playType=0")
    base = "https://vodpub6.v.news.cn/original"
    return Block("video", url=f"{base}/{task.published:%Y%m%d}/{digest}.mp4")


def _shown(pen: Pen, task: Assignment, number: int) -> Block:
    """A picture in a text article: caption that names its photographer, or a credit line."""
    if pen.rng.random() < 0.5:
        return _credited(pen, _picture(task, number))
    credit = f"新华社发（{pen.name()}摄）"
    return Block("photo", pen.caption(), _picture(task, number), credit=credit)


def _credited(pen: Pen, url: str) -> Block:
    """A picture whose caption ends in its credit."""
    credit = f"新华社记者 {pen.name()} 摄"
    return Block("photo", pen.caption() + credit, url, credit=credit)


def _photo_story(pen: Pen, task: Assignment, author: str | None) -> list[Block]:
    """Captions are all the text there is, so they form the body as well (DESIGN, contract)."""
    blocks: list[Block] = []
    name = author or pen.name()
    for number in range(pen.rng.choice((1, 2, 3, 4))):
        caption, credit = pen.caption(), f"新华社发（{name}摄）"
        if blocks:
            blocks.append(Block("break"))
        blocks += (
            Block("photo", caption, _picture(task, number), credit=credit, told=True),
            Block("text", caption),
            Block("text", pen.paragraph(1)),
            Block("text", credit),
        )
    return blocks


def _gallery(pen: Pen, task: Assignment) -> list[Block]:
    """Many pictures, one caption each, no other text; pages of the old CMS, breaks of the new."""
    blocks: list[Block] = []
    for number in range(pen.rng.choice((3, 4, 5))):
        shown = _credited(pen, _picture(task, number))
        if blocks:
            blocks.append(Block("break"))
        blocks += (replace(shown, told=True), Block("text", shown.text))
    return blocks


def _text(pen: Pen, task: Assignment, byline: _Byline) -> list[Block]:
    rng = pen.rng
    pieces = [pen.paragraph(rng.choice((2, 3, 4))) for _ in range(rng.choice((3, 4, 5, 6)))]
    pieces[0] = byline.head + pieces[0]
    if rng.random() < 0.08:
        pieces.insert(2, pen.on_copyright())
    if rng.random() < 0.1:
        pieces[1] = "“" + pieces[1]  # left unclosed (FACTS e, punctuation)
    pieces[-1] += (" " if byline.tail.startswith("(") else "") + byline.tail
    blocks = [Block("text", piece) for piece in pieces]
    if byline.line:
        blocks.insert(0, Block("text", byline.line))
    if rng.random() < 0.35:
        blocks.insert(rng.choice((0, 2)), _shown(pen, task, 0))
    if rng.random() < 0.06:
        words = f"附件：{pen.short}服务清单.pdf"
        blocks.append(Block("attachment", words, f"P0{task.id}.pdf"))
    if task.kind == "multipage":
        blocks.insert(len(blocks) // 2, Block("break"))
    return blocks


def compose(task: Assignment, channel: Channel) -> Story:
    """The first version of an article."""
    rng = task.rng("story")
    pen = Pen(rng, task.serial)
    title = pen.title()
    credited = task.layout in {"g2_hebei", "g6_regional"}  # templates that print 作者
    style = rng.choice((*_STYLES, "author", "author") if credited else _STYLES)
    byline = _Byline(rng, pen, channel, task.published, style)
    author = None
    people = byline.people
    dateline = byline.dateline
    if task.kind in {"photo", "gallery", "video"}:
        people, dateline = (), None
        if task.kind == "photo" and task.layout == "g6_regional":
            author = pen.name()
            people = (Person(author, "photographer"),)
    elif style == "author":
        name = pen.name()
        author = f"记者{name}" if rng.random() < 0.6 else name
        people = (Person(name, "reporter" if author != name else "author"),)
    if task.kind == "photo":
        blocks = _photo_story(pen, task, author)
    elif task.kind == "gallery":
        blocks = _gallery(pen, task)
    elif task.kind == "video":
        blocks = [_film(task)]
    else:
        blocks = _text(pen, task, byline)
        if rng.random() < 0.06:
            blocks.insert(0, _film(task))
    source = rng.choice(_sources(channel))
    first = next((b.text for b in blocks if b.kind == "text"), title)
    return Story(
        id=task.id,
        region=channel.key,
        channel=channel.name,
        url=task.url,
        layout=task.layout,
        kind=task.kind,
        variant=task.variant,
        encoding=task.encoding,
        title=title,
        published=task.published,
        precision="minute" if task.layout.startswith("g2_") and task.variant == 2 else "second",
        source=source,
        # FACTS e, source: meta and visible source disagree now and then
        meta_source="新华社" if source == "新华网" and rng.random() < 0.5 else source,
        reporters=people,
        editors=tuple(pen.names(2 if rng.random() < 0.06 else 1)),
        author=author,
        blocks=tuple(blocks),
        keywords=tuple(pen.keywords()),
        summary=first[:60],
        dateline=dateline,
        catalog=channel.catalog,
        node=task.node,
    )


def edit(story: Story, task: Assignment, number: int) -> tuple[Story, list[str]]:
    """The story after its edit of that number, and the names of the fields that changed."""
    rng = task.rng(f"edit{number}")
    pen = Pen(rng, task.serial)
    what = rng.choice(EDITS)
    if what == "images":
        places = [i for i, b in enumerate(story.blocks) if b.kind == "photo" and not b.told]
        if places:
            blocks = list(story.blocks)
            blocks[places[0]] = _credited(pen, blocks[places[0]].url)
            return replace(story, blocks=tuple(blocks)), ["images"]
        what = "title"
    if what == "body" and story.kind in {"text", "multipage"}:
        places = [i for i, b in enumerate(story.blocks) if b.kind == "text"][1:-1]
        blocks = list(story.blocks)
        if places and rng.random() < 0.5:
            blocks[rng.choice(places)] = Block("text", pen.paragraph(3))
        else:
            blocks.insert(len(blocks) - 1, Block("text", pen.paragraph(2)))
        return replace(story, blocks=tuple(blocks)), ["body"]
    if what == "source":
        outlet = "融媒体中心" if number % 2 else "广播电视台"
        return replace(story, source=pen.short + outlet), ["source"]
    if what == "editors":
        return replace(story, editors=(pen.name(),)), ["editors"]
    return replace(story, title=f"{story.title}（更新{number}）"), ["title"]
