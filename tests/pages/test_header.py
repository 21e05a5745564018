"""Time, source and people that share an element or a line, wherever it stands on the page."""

from __future__ import annotations

import pytest

from crawler.extraction import extract
from crawler.pages.document import Document
from crawler.pages.header import EDITOR, SOURCE, find_byline, find_time_line, labelled, lines_around
from tests.pages.samples import BODY, TITLE, as_page

PS = "".join(f"<p>　　{line}</p>" for line in BODY)
TIME = "2017年09月05日 08时30分"
BOTH = f"{TIME}　来源：云溪日报"

# Containers of each layout that hold the element with time and source, and others beside it.
PAGES = {
    "regional, within": '<div id="article"><h1 id="title">{t}</h1><div class="time">{b}</div>'
    "{p}</div>",
    "regional, outside": '<h1 id="title">{t}</h1><div class="info"><span class="time">{b}</span>'
    '</div><div id="article"><div class="article">{p}</div></div>',
    "main 2017, within": '<div id="p-detail"><div class="h-title">{t}</div><div class="h-time">{b}'
    "</div>{p}</div>",
    "main 2017, outside": '<div class="h-title">{t}</div><div class="h-time">{b}</div>'
    '<div id="p-detail">{p}</div>',
    "Chongqing, columns": '<div class="news_main"><div class="left"><div class="article_title">'
    '{t}</div><div class="time">{b}</div>{p}</div><div class="right">热点</div></div>',
    "Chongqing": '<div class="news_main"><div class="article_title">{t}</div>'
    '<div class="time">{b}</div>{p}</div>',
    "a table's cell": '<table><tr><td id="Title">{t}</td></tr><tr><td>{b}</td></tr>'
    '<tr><td id="Content">{p}</td></tr></table>',
    "new CMS, in the source": '<h1>{t}</h1><div class="source">{b}</div>'
    '<div id="detail"><span id="detailContent">{p}</span></div>',
    "new CMS, no name": '<h1>{t}</h1><div id="detail"><div class="sj">{b}</div>'
    '<span id="detailContent">{p}</span></div>',
    "new CMS, the main site's header": '<div class="header-time">{b}</div><div class="head-line">'
    '<h1><span class="title">{t}</span></h1></div><div id="detail"><span id="detailContent">'
    "{p}</span></div>",
    "new CMS, at the end": '<h1>{t}</h1><div id="detail"><span id="detailContent">{p}'
    "<p>{b}</p></span></div>",
    "no layout": '<div class="w"><h1>{t}</h1><div class="t">{b}</div>{p}</div>',
}


def page_of(name: str, both: str = BOTH) -> str:
    body = PAGES[name].format(t=TITLE, b=both, p=PS)
    return (
        f'<html><head><meta charset="utf-8"><title>{TITLE}</title></head><body>{body}</body></html>'
    )


@pytest.mark.parametrize("name", PAGES)
def test_time_and_source_in_one_element(name: str) -> None:
    made = extract([as_page(page_of(name).encode())])
    assert made.published_at == "2017-09-05T08:30:00+08:00"
    assert made.published_raw == TIME
    assert made.source == "云溪日报"
    assert tuple(made.paragraphs) == BODY
    assert made.title == TITLE


@pytest.mark.parametrize("name", [name for name in PAGES if "end" not in name])
def test_people_in_that_element(name: str) -> None:
    both = f"{BOTH}　作者：王小波　责编：李小四"
    made = extract([as_page(page_of(name, both).encode())])
    assert made.source == "云溪日报"
    people = {(each.name, each.role) for each in made.reporters}
    assert people == {("王小波", "author"), ("周一帆", "reporter")}
    assert made.editors == ["李小四"]
    assert tuple(made.paragraphs) == BODY


@pytest.mark.parametrize("name", ["regional, within", "regional, outside", "no layout"])
@pytest.mark.parametrize(
    "line",
    [
        "来源｜云溪日报 记者｜王小波 责编｜李小四 校对｜张小三",
        "来源丨云溪日报丨记者丨王小波丨责编丨李小四",
        "来源：云溪日报 | 记者：王小波 | 编辑/李小四",
    ],
)
def test_strokes_between_and_for_colons(name: str, line: str) -> None:
    made = extract([as_page(page_of(name, f"{TIME} {line}").encode())])
    assert made.source == "云溪日报"
    assert "王小波" in [each.name for each in made.reporters]
    assert made.editors == ["李小四"]
    assert tuple(made.paragraphs) == BODY


def test_a_line_of_two_elements_within_the_text() -> None:
    line = (
        '<div class="info"><span class="time">2017年09月05日 08:30</span>'
        "<span>来源：云溪日报</span> <span>字号：大 中 小</span></div>"
    )
    html = f'<div id="article"><h1 id="title">{TITLE}</h1>{line}{PS}</div>'
    made = extract([as_page(html.encode())])
    assert (made.source, made.published_raw) == ("云溪日报", "2017年09月05日 08:30")
    assert tuple(made.paragraphs) == BODY
    assert "字号：大 中 小" in made.removed[0].text


def test_a_headline_is_no_byline() -> None:
    title = "记者：王小波 来源：人民"
    html = f'<div id="article"><h1 id="title">{title}</h1><div class="time">{BOTH}</div>{PS}</div>'
    made = extract([as_page(html.encode())])
    assert [each.name for each in made.reporters] == ["周一帆"]
    assert made.source == "云溪日报"


@pytest.mark.parametrize(
    ("line", "editors"),
    [
        ("责编｜张小三", ["张小三"]),
        ("责任编辑丨张小三", ["张小三"]),
        ("编辑/ 张小三", ["张小三"]),
        ("责编|张小三", ["张小三"]),
        ("责任编辑 张小三", ["张小三"]),
        ("本期编辑｜张小三", ["张小三"]),
        ("责编｜张小三 校对｜李四光 审核｜王二小", ["张小三"]),
        ("监制：王二小 责任编辑：张小三 校对：李四光", ["张小三"]),
        ("【责任编辑/张小三、李四光】", ["张小三", "李四光"]),
        ("总编辑：张小三", []),
        ("校对｜李四光", []),
        ("编辑/策划出版的图书", []),
    ],
)
def test_editors_in_a_line_around_the_text(line: str, editors: list[str]) -> None:
    html = page_of("regional, outside").replace("</body>", f"<div>{line}</div></body>")
    made = extract([as_page(html.encode())])
    assert made.editors == editors
    assert tuple(made.paragraphs) == BODY


@pytest.mark.parametrize(
    "line", ["责编｜张小三", "编辑/ 张小三", "新媒体编辑丨张小三 校对丨李四光"]
)
def test_the_same_lines_within_the_text(line: str) -> None:
    html = page_of("regional, outside").replace(PS, f"{PS}<p>　　{line}</p>")
    made = extract([as_page(html.encode())])
    assert made.editors == ["张小三"]
    assert tuple(made.paragraphs) == BODY
    assert [(cut.text, cut.rule) for cut in made.removed] == [(line, "editor_line")]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("2017-09-05 来源：云溪日报 编辑：张三", "来源：云溪日报"),
        ("来 源: 云溪日报【打印】", "来 源: 云溪日报"),
        ("来源：来源：云溪日报", "来源：来源：云溪日报"),
        ("来源： 2017-09-05", None), ("来自云溪", None),
        ("稿件来源：云溪日报 作者：李四", "稿件来源：云溪日报"),
    ],
)  # fmt: skip
def test_a_part_reaches_to_the_next_label(text: str, part: str | None) -> None:
    assert labelled(SOURCE, text) == part


@pytest.mark.parametrize(
    ("text", "is_editor"),
    [
        ("责任编辑：张三", True),
        ("[责编 张三", True),
        ("总编辑：张三", False),
        ("编辑部的张三", False),
    ],
)
def test_editors(text: str, *, is_editor: bool) -> None:
    assert (labelled(EDITOR, text) is not None) is is_editor


def test_lines_before_come_nearest_first() -> None:
    html = (
        "<p>第一行</p><div><span>2017-09-05 08:30</span> 来源：云溪日报</div><div id='c'>正文</div>"
        "<p>作者：李四</p><p hidden>不见</p>"
    )
    doc = Document.of(as_page(html.encode()))
    container = doc.maybe("#c")
    assert container is not None
    before, after = lines_around(container)
    assert list(before) == ["2017-09-05 08:30 来源：云溪日报", "第一行"]
    assert list(after) == ["作者：李四"]
    assert [one.text for one in find_byline(after, "after")] == ["作者：李四"]
    assert [one.text for one in find_time_line(before, after)] == list(before)[:1]
