"""The content container as paragraphs and media; nothing visible vanishes."""

from __future__ import annotations

from collections import Counter

import pytest

from crawler import layouts
from crawler.items import BlockKind, Draft
from crawler.layouts import LAYOUTS
from crawler.pages.blocks import has_cut_name, marked_nodes, player_of
from crawler.pages.document import Document, visible_text
from tests.pages.samples import (
    BODY,
    CAPTION,
    CONTENT_ID,
    NAVY,
    NEWS,
    SAMPLES,
    P,
    Sample,
    as_page,
    cms_2022,
    cms_regional_2022,
    main_2017,
    regional_2014,
    texts,
)

FOLDER = "http://www.js.xinhuanet.com/2017-09/05/"


def read(html: str, url: str = FOLDER + "c_1121600001.htm") -> Draft:
    return layouts.read(as_page(html.encode(), url))


def urls(draft: Draft, kind: BlockKind) -> list[str | None]:
    return [b.url for b in draft.blocks if b.kind is kind]


def letters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_every_visible_character_is_accounted_for(sample: Sample) -> None:
    doc = Document.of(sample.page())
    selectors = next(found for layout in LAYOUTS if (found := layout.select(doc)))
    found = doc.first(selectors.body)
    shown = letters(visible_text(found[0])) if found else Counter()
    draft = layouts.read(sample.page())
    evidence = [*draft.times, *draft.sources, *draft.editors, *draft.keywords]
    evidence += [draft.title] if draft.title else []
    kept = "".join(b.text for b in draft.blocks)
    known = kept + "".join(r.text for r in draft.removed) + "".join(e.text for e in evidence)
    assert not shown - letters(known)
    assert not letters(kept) - shown


def test_a_lone_break_stays_within_its_paragraph() -> None:
    draft = read(regional_2014("<p>春风又绿<br>江南岸。</p><p>明月何时照我还？</p>"))
    assert texts(draft) == ["春风又绿\n江南岸。", "明月何时照我还？"]


def test_line_ends_of_the_source_are_spaces() -> None:
    draft = read(regional_2014("<p>第一行\r\n    第二行。</p><p>完</p>"))
    assert texts(draft) == ["第一行 第二行。", "完"]


def test_indents_within_a_sentence_do_not_split() -> None:
    lines = "<p>第一条　　为了办好书房，制定本办法。</p><p>主编：周一帆　　副主编：林小禾</p>"
    assert len(texts(read(regional_2014(lines)))) == 2


def test_table_rows_are_lines() -> None:
    table = "<table><tr><td>日期</td><td>人数</td></tr><tr><td>5日</td><td>300</td></tr></table>"
    assert texts(read(regional_2014(P + table)))[3:] == ["日期\t人数", "5日\t300"]


@pytest.mark.parametrize(
    "mark",
    [
        '<font color="navy" face="楷体">{}</font>',
        '<font color="#000080"><font face="楷体_GB2312">{}</font></font>',
        '<span style="color: rgb(0, 0, 128); font-family: KaiTi;">{}</span>',
        '<span class="pic-caption">{}</span>',
        "<figcaption>{}</figcaption>",
    ],
)
def test_marked_captions(mark: str) -> None:
    draft = read(main_2017(f'<p><img src="1_1n.jpg"></p><p>　　{mark.format(CAPTION)}</p>{P}'))
    assert [b.is_caption for b in draft.blocks if b.kind is BlockKind.TEXT] == [True] + [False] * 3


@pytest.mark.parametrize(
    ("line", "is_set_apart"),
    [
        ('<p style="text-align: center">{}</p>', True),
        ('<p align="center">{}</p>', True),
        ("<center>{}</center>", True),
        ('<p><font color="navy">{}</font></p>', True),
        ('<p><span style="color: #0000ff">{}</span></p>', True),
        ('<p><span style="font-size: 14px;">{}</span></p>', True),
        ('<p><span style="font-family: 楷体">　{}</span></p>', True),
        ('<p align="center"><strong>{}</strong></p>', False),
        ('<div align="center"><p style="text-align: left">{}</p></div>', False),
        ('<p style="background-color: blue-grey; font-size: 18px">{}</p>', False),
        ('<p>　　<span style="color: navy">蓝色的</span>{}</p>', False),
        ("<p>　　{}</p>", False),
    ],
)
def test_lines_set_apart(line: str, is_set_apart: bool) -> None:
    draft = read(main_2017(P + line.format("晚班车驶过云上村") + P))
    (block,) = (b for b in draft.blocks if b.text.endswith("晚班车驶过云上村"))
    assert (block.is_set_apart, block.is_caption) == (is_set_apart, False)


def test_a_caption_between_breaks() -> None:
    image, caption = "<img src=1_1n.jpg>", f"{NAVY}{CAPTION}</font>"
    lines = "<br><br>".join(["　　" + BODY[0], image, caption, "　　" + BODY[1]])
    draft = read(regional_2014(f"<p>{lines}</p>"))
    assert [b.is_caption for b in draft.blocks] == [False, False, True, False]


def test_a_coloured_word_is_no_caption() -> None:
    draft = read(
        main_2017('<p>　　他说：<font color="navy" face="楷体">“好。”</font>众人点头。</p>')
    )
    assert not any(b.is_caption for b in draft.blocks)


def test_a_breadcrumb_is_short_and_a_film_is_not_the_page_itself() -> None:
    crumbs = f'<div class="news-position"><a>新华网</a> <a>{"长" * 40}</a> 正文</div>'
    page = main_2017(f'{P}<p><iframe class="pageVideo" src="?video=a.mp4"></iframe></p>')
    draft = read(page.replace("<body>", f"<body>{crumbs}"))
    assert draft.channel == ["新华网"]
    assert urls(draft, BlockKind.VIDEO) == []


def test_what_a_slide_tells_belongs_to_its_picture() -> None:
    slides = "".join(
        f'<div class="swiper-slide"><img src="{n}.jpg"><p>{CAPTION}{n}</p><i>{n}/3</i></div>'
        for n in (1, 2, 3)
    )
    shown = f'<div class="swiper-container"><div>{slides}</div><i>图集</i></div>'
    draft = read(main_2017(f'{P}<p><img src="3.jpg"></p>{shown}'))
    told = [(b.url or b.text).rpartition("/")[2] for b in draft.blocks][len(BODY) :]
    assert told == ["3.jpg", "1.jpg", f"{CAPTION}1", "2.jpg", f"{CAPTION}2"]
    assert [b.is_caption for b in draft.blocks][-1]
    removed = {r.text for r in draft.removed if r.rule == "gallery"}
    assert removed == {"1/3", "2/3", "3/3", "图集", f"{CAPTION}3"}


def test_lines_that_are_links() -> None:
    lines = (
        '<p>　<a href="/1.htm">河谷通车二十年</a></p>',
        '<p>·<a href="/2.htm">云上村装上路灯</a></p>',
        '<p><a href="/3.pdf">班次表</a></p>',
        '<p><a name="top">旧时的灯</a></p>',
        '<p><a href="/4.htm">云上村</a>的灯</p>',
    )
    draft = read(main_2017(P + "".join(lines)))
    shown = [b for b in draft.blocks if b.kind is BlockKind.TEXT][len(BODY) :]
    assert [b.is_link for b in shown] == [True, True, False, False, False]


def test_a_date_that_ends_a_notice_is_text() -> None:
    lines = ["通知", "明天晚班车停运。", "特此通知。", "2018年3月11日"]
    draft = read(regional_2014("".join(f"<p>{line}</p>" for line in lines)))
    assert texts(draft) == lines


@pytest.mark.parametrize(
    "address",
    [
        "http://imgs.xinhuanet.com/icon/newscenter/news_sy.gif",
        "http://imgs.xinhuanet.com/icon/newscenter/news_hy.gif",
        "http://imgs.xinhuanet.com/icon/other/xz.gif",
        "/images/syicon/dot.gif",
        "../images/news_xy.gif",
        "next.gif",
        "/img/page_up.png",
    ],
)
def test_the_pictures_of_a_pager_are_none_of_the_article(address: str) -> None:
    pager = f'<p><img src="{address}"> [1] <img src="icon_of_a_saint.jpg"></p>'
    assert urls(read(regional_2014(P + pager)), BlockKind.IMAGE) == [FOLDER + "icon_of_a_saint.jpg"]


def test_images_are_absolute_and_furniture_is_left_out() -> None:
    images = (
        '<p><img src="1121600001_15045714891n.jpg" alt=" 书房 "><img src="ewm_11216000011n.jpg">'
        '<img src="/images/space.gif"><img id="wxsharepic" src="a.jpg">'
        '<img src="data:image/png;base64,AA">'
        '<img src="dot.gif" width="1" height="1"><img src="space.gif" data-original="lazy.jpg"></p>'
    )
    draft = read(regional_2014(images + P))
    assert urls(draft, BlockKind.IMAGE) == [
        FOLDER + "1121600001_15045714891n.jpg",
        FOLDER + "lazy.jpg",
    ]
    assert draft.blocks[0].label == "书房"


def test_a_gallery_keeps_its_own_pictures_only() -> None:
    slides = (
        '<div class="lb"><span class="tj">图集</span><div class="swiper-container2">'
        '<div class="swiper-slide">'
        '<img src="a.jpg"></div><div class="swiper-slide"><img src="b.jpg"></div>'
        '<img src="b.jpg"></div></div>'
    )
    draft = read(main_2017(slides + '<p><img src="a.jpg"></p>' + P))
    assert sorted(map(str, urls(draft, BlockKind.IMAGE))) == [FOLDER + "a.jpg", FOLDER + "b.jpg"]
    assert texts(draft) == list(BODY)


@pytest.mark.parametrize(
    "player",
    [
        '<div class="video-url" style="display:none">https://vod.example.cn/a.mp4</div>',
        '<iframe class="pageVideo" src="https://player.v.news.cn/p?vid=1" '
        'video_src="https://vod.example.cn/a.mp4"></iframe>',
        '<span class="pageVideo" video_src="https://vod.example.cn/a.mp4" poster="p.png"></span>',
        '<video poster="p.png"><source src="https://vod.example.cn/a.mp4">请升级浏览器</video>',
        '<object><param name="src" value="https://vod.example.cn/a.mp4"><embed src="x.swf">'
        "</object>",
    ],
)
def test_films(player: str) -> None:
    draft = read(main_2017(f"<p>{player}</p>{P}"))
    assert urls(draft, BlockKind.VIDEO) == ["https://vod.example.cn/a.mp4"]
    assert texts(draft) == list(BODY)


def test_frames_and_scripts_that_are_no_film() -> None:
    draft = read(
        main_2017(f'<iframe src="/ad/2017/index.htm"></iframe><script src="player.js"></script>{P}')
    )
    assert not urls(draft, BlockKind.VIDEO)


def test_attachments() -> None:
    draft = read(regional_2014(P + '<p>附件：<a href="files/管理办法.pdf">管理办法</a></p>'))
    assert draft.blocks[-1].kind is BlockKind.ATTACHMENT
    assert draft.blocks[-1].label == "管理办法"
    assert draft.blocks[-1].url == FOLDER + "files/管理办法.pdf"
    assert texts(draft)[-1] == "附件：管理办法"


def test_cuts_are_kept_as_removed() -> None:
    draft = read(main_2017(P + '<div class="relate-news">相关新闻：书香满城</div>'))
    removed = {r.rule: r.text for r in draft.removed}
    assert removed["related"] == "相关新闻：书香满城"
    assert removed["gallery"] == "图集"
    assert removed["correction"] == "【纠错】"
    assert "+1" in removed["share"]


def test_a_field_within_a_cut_is_a_field() -> None:
    tags = '<div class="p-tags"><div class="p-kwap"><a href="#">书房</a></div></div>'
    draft = read(main_2017(P).replace('<div class="p-kwap"></div>', tags))
    assert draft.keywords[0].text == "书房"
    assert "书房" not in "".join(r.text for r in draft.removed)


def test_page_breaks_leave_one_document() -> None:
    draft = read(cms_2022(P + '<p><img src="x.gif" id="xiehuabreak"></p><p>尾声。</p>'), NEWS)
    assert texts(draft) == [*BODY, "尾声。"]
    assert not urls(draft, BlockKind.IMAGE)
    assert draft.next_pages == []


def test_sub_headings_of_the_text_are_text() -> None:
    draft = read(cms_regional_2022('<p class="subtitle">一、旧粮仓</p>' + P), NEWS)
    assert draft.subtitle is None
    assert texts(draft) == ["一、旧粮仓", *BODY]


def test_a_time_in_the_text_is_text() -> None:
    draft = read(regional_2014(P + '<p>闭馆：<span class="time">每周一</span>。</p>'))
    assert texts(draft)[-1] == "闭馆：每周一。"


def test_content_id_and_codes() -> None:
    draft = read(regional_2014(P))
    assert draft.codes.fwl == "010070080010000000000000011111101121600001"
    assert draft.codes.publishid == "1121600001.1.99.0"
    assert draft.codes.node_id == "115899"
    assert read(cms_2022(P), NEWS).codes.content_id == CONTENT_ID


def test_a_page_code_in_the_text_is_evidence_and_text() -> None:
    code = "010070080010000000000000011111101121600001"
    draft = read(regional_2014(f"{P}<p>{code}</p>").replace(f'<div id="fwl">{code}</div>', ""))
    assert draft.codes.fwl == code
    assert texts(draft)[-1] == code


def document(html: str) -> Document:
    return Document.of(as_page(f"<div id=container>{html}</div>".encode()))


@pytest.mark.parametrize(
    ("html", "role", "rule"),
    [
        ("<i class=share>", "cut", "share"),
        ("<i class=tiyi1>", "cut", "correction"),
        ("<i id=div_page_roll3>", "cut", "pager"),
        ("<i class=relatedNews>", "cut", "related"),
        ("<i class=ewm>", "cut", "qr_code"),
        ("<i data-ycad-slot=3>", "cut", "advertisement"),
        ("<i class=xh-comment>", "cut", "comments"),
        ("<button class=x>", "cut", "form"),
        ("<i id=wm-ipp>", "cut", "archive_toolbar"),
        ("<i class=pageVideo>", "player", "player"),
        ("<i video_src=a.mp4>", "player", "player"),
        ("<i class='x swiper-container-y'>", "gallery", "gallery"),
        ("<i class=editor>", "field", ""),
        # named twice: a field stays one, a player too
        ("<i class='editor share'>", "field", ""),
        ("<i class='pageVideo share'>", "player", "player"),
    ],
)
def test_a_marked_element(html: str, role: str, rule: str) -> None:
    doc = document(html)
    container = doc.tree.css_first("#container")
    marked = doc.tree.css_first("i, button")
    (number, found), = marked_nodes(doc, container).items()  # fmt: skip
    assert number == marked.mem_id
    assert (found.role, found.rule) == (role, rule)


@pytest.mark.parametrize("html", ["<p>渡口</p>", "<i class=shared>", "<i class=adverb>"])
def test_what_bears_no_such_name(html: str) -> None:
    doc = document(html)
    assert marked_nodes(doc, doc.tree.css_first("#container")) == {}


def test_what_stands_outside_the_container_is_not_looked_at() -> None:
    doc = Document.of(as_page(b"<div id=container><p>x</div><i class=share>"))
    assert marked_nodes(doc, doc.tree.css_first("#container")) == {}


@pytest.mark.parametrize(
    ("html", "player"),
    [
        # around the film stands what only a player shows
        ("<div class=a><video></video> <b>Play 0:00 / 2:54</b></div>", "a"),
        ("<div class=a><div class=b><video></video></div></div>", "a"),
        # a text stands beside it
        ("<div class=a><div class=b><video></video></div>渡口开了</div>", "b"),
        # a paragraph or cell is no player
        ("<p class=a><video class=v></video></p>", "v"),
        # what isn't shown is no text
        ("<div class=a><video></video><i style='display:none'>渡口开了</i></div>", "a"),
        # four elements up and no further
        ("<div class=e><div class=d><div class=c><div class=b><div class=a><video></video>"
         "</div></div></div></div></div>", "d"),
    ],
)  # fmt: skip
def test_the_player_around_a_film(html: str, player: str) -> None:
    doc = document(html)
    container = doc.tree.css_first("#container")
    found = player_of(doc.tree.css_first("video"), container)
    assert found.attributes.get("class") == player
    assert marked_nodes(doc, container)[found.mem_id].role == "player"


@pytest.mark.parametrize(
    ("html", "is_so"),
    [
        ("<i class='x share'>", True),
        ("<i id=bdshare>", True),
        ("<i class=editor>", False),
        ("<i>", False),
    ],
)
def test_whether_an_element_is_never_the_articles(html: str, is_so: bool) -> None:
    assert has_cut_name(document(html).tree.css_first("i")) is is_so
