"""Pages of no known layout, or of several: read by density, and marked so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from crawler import layouts
from crawler.items import BlockKind
from tests.pages.samples import (
    BODY,
    EDITOR,
    SAMPLES,
    SOURCE,
    TITLE,
    P,
    Sample,
    as_page,
    hebei_2012,
    texts,
)

if TYPE_CHECKING:
    from crawler.items import Page

LINKS = "".join(f'<li><a href="/c_{i}.htm">云溪镇第{i}项民生工程开工</a></li>' for i in range(30))
UNKNOWN = f"""<html><head><title>{TITLE}_新华网</title></head><body><div class="k1">
<ul>{LINKS}</ul></div>
<div class="k2"><h1>{TITLE}</h1><div class="k3">2017年09月05日 08:30 来源：云溪日报</div>
<div class="k4">{P}</div><div class="k5">责任编辑：喆镕</div></div>
<div class="k6"><p>版权所有，未经许可不得转载。</p></div></body></html>"""


def hashed(page: Page) -> Page:
    """The page with every id and class made meaningless."""
    body = re.sub(rb"(?:id|class)=(?:\"[^\"]*\"|[\w-]+)", b'class="zz"', page.body)
    return as_page(body, page.url)


def test_unknown_layout() -> None:
    draft = layouts.read(as_page(UNKNOWN.encode()))
    assert (draft.layout, draft.claims) == ("fallback", ())
    assert texts(draft) == list(BODY)
    assert draft.title is not None
    assert draft.title.text == TITLE
    assert "2017年09月05日 08:30" in draft.times[0].text
    assert draft.sources[0].text == "来源：" + SOURCE
    assert EDITOR in draft.editors[0].text


@pytest.mark.parametrize(
    "markup",
    [
        "<section><section><section><p>{}</p></section></section></section>",
        "<div><div>{}</div></div>",
        "<div>{}</div>",
        "<p><font><span>　　{}</span></font></p>",
    ],
)
def test_paragraphs_in_boxes_of_their_own(markup: str) -> None:
    boxes = f"<div>{''.join(map(markup.format, BODY))}</div>"
    assert texts(layouts.read(as_page(UNKNOWN.replace(P, boxes).encode()))) == list(BODY)


def test_a_font_around_some_paragraphs_is_no_container() -> None:
    first, *rest = BODY
    mixed = f"<font size=3><p>　　{first}<p>　　{rest[0]}</font>" + "".join(
        f"<p>　　{paragraph}" for paragraph in rest[1:]
    )
    assert texts(layouts.read(as_page(UNKNOWN.replace(P, mixed).encode()))) == list(BODY)


def test_a_page_of_short_lines() -> None:
    short = UNKNOWN.replace(P, "<p>云溪镇今天通车。</p>")
    assert texts(layouts.read(as_page(short.encode()))) == ["云溪镇今天通车。"]
    with pytest.raises(layouts.NotAnArticle):
        layouts.read(as_page(short.replace("来源：", "").encode()))


def test_a_header_below_the_text() -> None:
    header = '<div class="k3">2017年09月05日 08:30 来源：云溪日报</div>'
    html = UNKNOWN.replace(header, "").replace('<div class="k5">', f'{header}<div class="k5">')
    draft = layouts.read(as_page(html.encode()))
    assert "2017年09月05日 08:30" in draft.times[0].text
    assert texts(draft) == list(BODY)


@pytest.mark.parametrize("tag", [TITLE[:8] + "..._新华网", "新华网江苏频道", "江苏频道"])
def test_a_heading_that_the_title_tag_cuts_short_or_leaves_out(tag: str) -> None:
    html = UNKNOWN.replace(f"<title>{TITLE}_新华网</title>", f"<title>{tag}</title>")
    draft = layouts.read(as_page(html.encode()))
    assert draft.title is not None
    assert draft.title.text == TITLE


def test_a_disclaimer_does_not_outweigh_a_short_article() -> None:
    notice = "<p>凡本网注明“来源：新华网”的作品，版权均属于新华社，未经授权不得转载、摘编。</p>"
    html = UNKNOWN.replace('<div class="k6">', f'<div class="k6">{notice * 9}')
    assert texts(layouts.read(as_page(html.encode()))) == list(BODY)


def test_a_film_without_text() -> None:
    player = '<div><video src="/v/a.mp4"></video><i>0:00</i><i>/2:54</i></div>'
    draft = layouts.read(as_page(UNKNOWN.replace(P, player).encode()))
    assert [b.kind for b in draft.blocks] == [BlockKind.VIDEO]
    assert draft.title is not None
    assert SOURCE in draft.sources[0].text


def test_several_layouts_claim_it() -> None:
    """A page that wears two generations at once is read by neither."""
    html = hebei_2012(f'<div class="zw">{P}</div>').replace('<td height="22">', '<td class="bt">')
    draft = layouts.read(as_page(html.encode()))
    assert (draft.layout, draft.claims) == ("fallback", ("HebeiTable2012", "Provinces2010"))
    assert texts(draft) == list(BODY)
    assert draft.sources[0].text.endswith(SOURCE)


def test_the_title_tag_serves_where_no_heading_fits() -> None:
    html = UNKNOWN.replace(f"<h1>{TITLE}</h1>", "<h1>江苏频道</h1>")
    draft = layouts.read(as_page(html.encode()))
    assert draft.title is not None
    assert (draft.title.text, draft.title.where) == (f"{TITLE}_新华网", "title")


@pytest.mark.parametrize(
    "sample",
    [s for s in SAMPLES if s.body == BODY and s.layout != "HebeiTable2012"],
    ids=lambda s: s.name,
)
def test_known_pages_without_their_names(sample: Sample) -> None:
    draft = layouts.read(hashed(sample.page()))
    assert draft.layout == "fallback"
    body = "".join(texts(draft))
    assert all(paragraph in body for paragraph in BODY)
    assert draft.title is not None
    assert TITLE in draft.title.text


def test_a_film_in_a_paragraph_beside_lines_without_commas() -> None:
    """Its container is around the paragraph; tags and notices are none."""
    film = "<p><iframe src='https://player.v.news.cn/api/v1/getPlayPage?vid=1'></iframe></p>"
    lines = "".join(f"<p align=center>{line}</p>" for line in ("春水先到桥下", "再到田里"))
    notice = "<div><p>如因作品内容、版权和其它问题需要同本网联系的，请在30日内进行。</p></div>"
    draft = layouts.read(as_page((UNKNOWN.replace(P, film + lines) + notice).encode()))
    assert draft.blocks[0].kind is BlockKind.VIDEO
    assert texts(draft) == ["春水先到桥下", "再到田里"]


def test_a_short_sentence_beside_a_long_one() -> None:
    boxes = f"<div><section><p>{BODY[1]}</p></section><section><p>大家都来了。</p></section></div>"
    short = boxes.replace("大家都来了。", "镇上的人大家都来了。")
    assert texts(layouts.read(as_page(UNKNOWN.replace(P, short).encode()))) == [
        BODY[1],
        "镇上的人大家都来了。",
    ]


def test_a_time_split_over_elements() -> None:
    split = "<b> 2017</b> <b> 09</b>/<b> 05</b> <b>08:30:15</b> 来源：云溪日报"
    html = UNKNOWN.replace("2017年09月05日 08:30 来源：云溪日报", split)
    draft = layouts.read(as_page(html.encode()))
    assert draft.times[0].text.split() == ["2017", "09/", "05", "08:30:15", "来源：云溪日报"]
