"""The site's notice beside the text is kept as removed, with its place; nothing else is."""

from __future__ import annotations

import pytest

from crawler import layouts
from crawler.extraction import extract
from crawler.pages.assembly import join_drafts
from tests.pages.samples import BODY, TITLE, P, as_page, regional_2014
from tests.pipelines.drafts import NOTICE

LINES = "".join(f"<p>{line}</p>" for line in NOTICE)
FOOT = (
    "本网站所刊登的各种新闻﹑信息和专题资料，均为新华通讯社版权所有，未经协议授权，禁止下载使用。"
)


def page_with(beside: str, *, before: str = "") -> str:
    html = regional_2014(P)
    return html.replace("<body>", f"<body>{before}").replace("</body>", f"{beside}</body>")


def removed(html: str) -> list[tuple[str, str]]:
    made = extract([as_page(html.encode())])
    assert tuple(made.paragraphs) == BODY
    assert all(cut.rule == "disclaimer" for cut in made.removed)
    return [(cut.text, cut.where) for cut in made.removed]


@pytest.mark.parametrize(
    ("beside", "where"),
    [
        (f'<div class="notice">{LINES}</div>', "after the content, .notice"),
        (f'<div id="foot"><div><div>{LINES}</div></div></div>', "after the content, #foot"),
        (LINES, "after the content, p"),
        (
            f"<div class='f'>{NOTICE[0]}<p>{'</p><p>'.join(NOTICE[1:])}</p></div>",
            "after the content, .f",
        ),
        (
            f'<table><tr><td class="bq">{"<br>".join(NOTICE)}</td></tr></table>',
            "after the content, .bq",
        ),
        (
            f"<table>{''.join(f'<tr><td>{line}</td></tr>' for line in NOTICE)}</table>",
            "after the content, tr",
        ),
    ],
)
def test_a_notice_after_the_text(beside: str, where: str) -> None:
    found = removed(page_with(beside))
    assert [text for text, _ in found] == list(NOTICE)
    assert {place for _, place in found} == {where}


def test_a_notice_before_the_text() -> None:
    found = removed(page_with("", before=f'<div class="top">{LINES}</div>'))
    assert found == [(line, "before the content, .top") for line in NOTICE]


def test_a_notice_between_the_text_and_its_frame() -> None:
    html = (
        f'<div id="article"><h1 id="title">{TITLE}</h1><div class="time">2017-09-05 来源：某</div>'
    )
    html += f'<div class="article">{P}</div><div class="editor">编辑：张三</div>{LINES}</div>'
    assert removed(html) == [(line, "after the content, #article") for line in NOTICE]


@pytest.mark.parametrize(
    ("beside", "kept"),
    [
        (f'<div id="foot"><div>{FOOT}</div><div>Copyright © 2000-2015 某网</div></div>', FOOT),
        (
            f'<div id="foot">{FOOT}<br>制作单位：某网某某分公司 版权与免责声明<br>'
            "Copyright © 2000-2015 All Rights Reserved</div>",
            FOOT,
        ),
        (
            "<p>声明：本网站转载的文章，不代表本网观点。版权归原作者所有，如有侵权请联系我们删除。</p>",
            "声明：本网站转载的文章，不代表本网观点。版权归原作者所有，如有侵权请联系我们删除。",
        ),
        (
            '<p>凡本网注明“来源：<a href="/">新华网</a>”的作品，未经授权不得转载。</p>',
            "凡本网注明“来源：新华网”的作品，未经授权不得转载。",
        ),
    ],
)
def test_of_a_footer_only_the_notice(beside: str, kept: str) -> None:
    assert [text for text, _ in removed(page_with(beside))] == [kept]


@pytest.mark.parametrize(
    "beside",
    [
        "<p>Copyright © 2000 - 2024 JS.NEWS.CN All Rights Reserved. 制作单位：某网某某分公司 "
        "版权所有：某网股份有限公司</p>",
        '<p><a href="/a">关于我们</a> | <a href="/b">版权声明</a> | <a href="/c">本网招聘</a></p>',
        "<p>某网某某有限公司 某网某某频道 电话：020-12345678 传真：020-12345679</p>",
        '<ul><li><a href="/d">某局发布声明：未经授权不得转载</a></li></ul>',
        "<ul><li>本网记者获奖：未经修饰的春天</li><li>市民称本网报道属实</li></ul>",
        f'<div style="display:none">{LINES}</div>',
        f"<script>var notice = '{LINES}';</script>",
    ],
)
def test_what_else_stands_beside_the_text_is_no_notice(beside: str) -> None:
    assert removed(page_with(beside)) == []


def test_a_notice_within_and_beside_is_kept_in_both_places() -> None:
    html = regional_2014(P + LINES).replace("</body>", f'<div class="notice">{LINES}</div></body>')
    found = removed(html)
    assert [text for text, _ in found] == [*NOTICE, *NOTICE]
    assert found[-1][1] == "after the content, .notice"


def test_the_notice_of_every_page_is_kept_once() -> None:
    html = page_with(f'<div class="notice">{LINES}</div>')
    drafts = [layouts.read(as_page(html.encode())) for _ in range(3)]
    joined = join_drafts(drafts)
    assert len(joined.beside) == 1


def test_a_page_of_the_fallback() -> None:
    html = f'<div class="w"><h1>{TITLE}</h1>{P}</div><div class="z">{LINES}</div>'
    made = extract([as_page(html.encode())])
    assert made.layout == "fallback"
    cut = [each for each in made.removed if each.rule == "disclaimer"]
    assert [each.text for each in cut] == list(NOTICE)
    assert {each.where for each in cut} == {"after the content, .z"}


def test_many_lines_beside_the_text_take_no_time() -> None:
    many = "".join(f"<div><div><p>本网第{n}条声明</p></div></div>" for n in range(20_000))
    made = extract([as_page(page_with(many).encode())])
    assert tuple(made.paragraphs) == BODY
