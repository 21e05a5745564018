"""What the site adds goes, whatever its wording and position; what an article says stays."""

from __future__ import annotations

import pytest

from crawler.items import Block, BlockKind, Evidence
from tests.pipelines.drafts import MORE, TEXT, WHERE, article, video

CODE = "010070080010000000000000011111101121738857"


@pytest.mark.parametrize(
    "ending",
    [
        " (责任编辑: 丁某某 )",
        "【责任编辑:丁某某】",
        "责任编辑：丁某某",
        " [作者: 张三 责任编辑: 丁某某]",
        " 【纠错】",
        "\n责任编辑：丁某某",
        CODE,
        " (责任编辑: 丁某某 ) 【打印】 【关闭】",
    ],
)
def test_what_is_glued_to_the_text_is_cut(ending: str) -> None:
    made = article(TEXT, MORE + ending)
    assert made.paragraphs == [TEXT, MORE]
    assert made.removed


def test_cut_editor_lines_name_the_editors() -> None:
    assert article(TEXT, "【纠错】 责任编辑： 丁 某").editors == ["丁某"]
    assert article(TEXT, "责任编辑：", "丁某某").editors == ["丁某某"]
    assert article(TEXT, "责任编辑：", MORE).paragraphs == [TEXT, MORE]
    both = article(TEXT, "[作者: 张三 　责任编辑: 丁某某 ]")
    assert both.editors == ["丁某某"]
    assert [(person.name, person.role) for person in both.reporters] == [("张三", "author")]


def test_cut_time_and_source_lines_are_evidence() -> None:
    made = article("2017年09月28日 12:53:36 来源: 某某日报", TEXT)
    assert made.published_at == "2017-09-28T12:53:36+08:00"
    assert made.source == "某某日报"
    other = article(TEXT, "来源：某某日报", sources=[Evidence("来源：新华网", ".info")])
    assert other.source == "新华网"


def test_a_source_in_brackets_ends_the_text_or_belongs_to_it() -> None:
    made = article(TEXT, MORE, "（来源：某某日报）")
    assert (made.paragraphs, made.source) == ([TEXT, MORE], "某某日报")
    assert article(TEXT, "（来源：某某统计局）", MORE).source is None


def test_only_the_fallback_cuts_a_repeated_headline() -> None:
    title = Evidence("河道整治开工", "h1")
    parts = ("河道整治　开工", TEXT, "河道整治开工")
    assert article(*parts, title=title, layout="fallback").paragraphs == [TEXT]
    assert article(*parts, title=title).paragraphs == ["河道整治 开工", *parts[1:]]


def test_link_lists_go_with_their_heading_when_nothing_else_follows() -> None:
    links = ("某地举行河道整治工作会议", "某地新建步道完工")
    assert article(TEXT, "相关链接：", *links).paragraphs == [TEXT]
    assert article(TEXT, "【相关新闻】", *links, "责任编辑：丁某某").paragraphs == [TEXT]
    assert article(TEXT, "相关链接", MORE).paragraphs == [TEXT, "相关链接", MORE]


def test_links_that_end_the_text_go_without_a_heading() -> None:
    def link(said: str) -> Block:
        return Block(BlockKind.TEXT, WHERE, text=said, is_link=True)

    one, other = link("某地举行河道整治工作会议"), link("某地新建步道完工")
    made = article(TEXT, one, other)
    assert made.paragraphs == [TEXT]
    assert [removed.rule for removed in made.removed] == ["related", "related"]
    assert article(TEXT, one).paragraphs == [TEXT, one.text], "one may be the author's"
    assert article(TEXT, one, layout="fallback").paragraphs == [TEXT], "or tags nobody knows"
    assert article(TEXT, one, other, MORE).paragraphs == [TEXT, one.text, other.text, MORE]
    assert article(TEXT, link(MORE), link(MORE)).paragraphs == [TEXT, MORE, MORE], "sentences"
    assert article(one, other).paragraphs == [one.text, other.text], "all there is"


def test_what_a_layout_removed_comes_first() -> None:
    from crawler.items import Removed

    made = article(TEXT, "【纠错】", removed=[Removed("　分享到\x00", "share", ".share")])
    assert made.removed[0] == Removed("分享到", "share", ".share")
    assert made.removed[1].rule == "correction"


@pytest.mark.parametrize(
    ("layout", "parts", "kept"),
    [
        ("fallback", [video()], []),
        ("fallback", [], ["杨湾 陶窑"]),
        ("Main2017", [video()], ["杨湾 陶窑"]),
    ],
)
def test_tags_below_a_film_in_an_unknown_design(
    layout: str, parts: list[Block], kept: list[str]
) -> None:
    tags = Block(BlockKind.TEXT, WHERE, text="杨湾 陶窑", is_link=True)
    assert article(*parts, tags, layout=layout).paragraphs == kept


def test_an_editor_beside_the_size_of_letters() -> None:
    made = article(TEXT, "【责任编辑: 张三丰 】 【字体：大 中 小】")
    assert (made.paragraphs, made.editors) == ([TEXT], ["张三丰"])


def test_an_interview_with_an_editor_is_text() -> None:
    talk = ("编辑：今天请来的是谁", "作家：是我")
    assert article(*talk, TEXT).paragraphs == [*talk, TEXT]


def test_an_author_line_is_evidence_and_a_label_without_names_is_text() -> None:
    made = article(TEXT, "作者：张三")
    assert [cut.rule for cut in made.removed] == ["author_line"]
    assert [person.name for person in made.reporters] == ["张三"]
    assert article(TEXT, "作者：").removed == []
