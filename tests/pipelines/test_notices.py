"""Notices of the copyright family go; what an article says of copyright stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import Evidence
from crawler.pipelines.notices import ANCHORS_OF_PIECES, PHRASES, find_notices
from tests.pipelines.drafts import MORE, NOTICE, TEXT, article

CODE = "010070080010000000000000011111101121738857"


NOTICES = {
    "the site's own": NOTICE,
    "full width": tuple(
        line.replace(",", "，").replace(":", "：").replace("(", "（").replace(")", "）")
        for line in NOTICE
    ),
    "spaced": tuple("　　" + line.replace("，", " , ").replace("本网", "本 网") for line in NOTICE),
    "in one paragraph": ("".join(NOTICE),),
    "in lines": ("\n".join(NOTICE),),
    "without heading": NOTICE[1:],
    "phone line alone": NOTICE[-1:],
    "first clause alone": NOTICE[1:2],
    "second clause alone": NOTICE[2:3],
    "third clause alone": NOTICE[3:4],
    "cut in the middle": (
        "权均属于新华社,未经本网授权不得转载、摘编或利用其它方式使用上述作品。", *NOTICE[2:],
    ),
    "split over nodes": (
        "新华网版权与免责声明", "：", "凡本网注明“", "来源:新华网", "”的所有作品,版权均属于新华社,",
        "未经本网授权不得转载。", *NOTICE[2:],
    ),
    "numbered 1、": (
        "1、凡本网注明“来源：某某网”的所有作品，版权均属于某某网，未经书面授权，任何单位不得转载。",
        "2、凡本网注明“来源：xxx（非某某网）”的作品，均转载自其他媒体，目的在于传递更多信息。",
        "3、如因作品内容、版权等问题需要同本网联系，请在15日内进行。",
    ),
    "numbered ①": (
        "免责声明",
        "①凡本网注明“稿件来源：某某网・某某报”的稿件，版权归某某网所有。②本网转载其他媒体之稿件，意在为公众"
        "提供免费服务。如版权单位或个人不想在本网发布，可与本网联系，本网视情况可立即将其撤除。",
        "联系电话：025-12345678",
    ),
    "numbered 一、": (
        "特别声明：一、凡本网注明“某讯”或“某网”的所有作品，版权均属于某网。二、其他媒体、网站或个人从本网转载"
        "使用，须保留本网站注明的“来源”，并自负版权等法律责任。",
    ),
    "opinion": ("声明：本文仅代表作者个人观点，与新华网无关。",),
    "opinion for reference": ("以上内容仅代表作者本人观点，不代表新华网立场，仅供读者参考。",),
    "about the text": (
        "注：本文转载自某某报，目的在于传播更多信息，不代表本网认同其观点。如有侵权，请联系我们及时删除。",
    ),
    "about all texts": (
        "本网部分稿件系转载自其它媒体，出于传递信息之目的，不意味着赞同其观点，谢绝转载。",
        "特别提醒：本站不承担由此产生的责任，请自行核实，本站拥有最终解释权。",
    ),
    "one line": ("未经授权不得转载。",),
    "of its own texts": ("注：本文为新华网独家稿件，转载请注明来源。",),
    "with leave only": ("本文系新华网独家稿件，转载须经授权。",),
    "to whom it belongs": (
        "特别声明：本文为合作媒体授权新华网浙江频道转载，文章版权归原作者及原出处所有。文章系作者个人观点，不"
        "代表新华网浙江频道对观点赞同或支持。如需转载，请联系文章原作者及原出处。",
    ),
    "sorry for mistakes": (
        "声明：转载此文是出于传递更多信息之目的。若有来源标注错误或侵犯了您的合法权益，请作者持权属证明与本网"
        "联系，我们将及时更正、删除，谢谢。",
    ),
    "heading alone": ("【版权声明】",),
}  # fmt: skip


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES.keys())
def test_the_notice_and_its_family_are_cut(notice: tuple[str, ...]) -> None:
    made = article(TEXT, MORE + "(记者 张三)", "(责任编辑: 丁某某 )", *notice, CODE)
    assert made.paragraphs == [TEXT, MORE + "(记者 张三)"]
    assert made.source is None
    assert {removed.rule for removed in made.removed} == {"editor_line", "disclaimer", "page_code"}


@pytest.mark.parametrize("glue", ["", " ", "\n", " (责任编辑: 丁某某 ) "])
def test_a_notice_glued_to_the_text_is_cut(glue: str) -> None:
    made = article(TEXT, MORE + glue + "".join(NOTICE) + " " + CODE)
    assert made.paragraphs == [TEXT, MORE]


def test_furniture_after_a_notice_doesn_t_hide_it() -> None:
    assert article(TEXT, NOTICE[3], "更多", "【打印】", CODE).paragraphs == [TEXT]


def test_a_notice_before_the_end_is_cut_when_it_has_several_clauses() -> None:
    assert article(TEXT, *NOTICE, MORE).paragraphs == [TEXT, MORE]
    assert article(TEXT, *NOTICE, "某地新建步道完工", "(责任编辑: 丁某某 )").paragraphs == [
        TEXT,
        "某地新建步道完工",
    ]


@pytest.mark.parametrize(
    "paragraph",
    [
        "“" + NOTICE[1] + "”这样的声明随处可见。",
        "某网站在页面底部写道：" + "“" + NOTICE[2] + "”",
        "他在文章里说，凡本网注明来源的作品，版权均属于本网，未经授权不得转载。",
        "律师认为，未经授权不得转载他人作品，违反者将被追究法律责任。",
        "未经著作权人许可，任何网站不得转载其作品，违者将被依法追究法律责任。",
        "新华社记者在现场看到，未经许可不得转载的标识随处可见。",
        "版权局负责人表示，转载作品应当注明来源，擅自篡改的将追究责任。",
        "如有问题，市民可以在30日内进行申诉，联系电话12345678。",
        "多家网站联合发表声明，反对未经授权的转载。",
        "版权声明写得再好，也要有人遵守。",
        "如有侵权行为，应当依法追究责任，权利人可以要求平台及时删除侵权内容。",
        "本文作者认为，转载文章应当注明来源，不得转载未经授权的内容，侵权的要追究责任。",
        "特别提醒：市民如需咨询，请及时联系我们，联系电话025-12345678。",
        "温馨提示：路线仅供参考，请联系我们，联系方式：025-12345678。",
        "联系电话：025-12345678",
    ],
)
def test_an_article_may_talk_about_copyright(paragraph: str) -> None:
    for parts in ([TEXT, paragraph, MORE], [TEXT, MORE, paragraph], [paragraph, TEXT]):
        assert article(*parts).paragraphs == parts


@given(data=st.data())
@settings(max_examples=500, deadline=None)
def test_no_phrase_is_skipped_unread(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(sorted(PHRASES.values())))
    phrase = data.draw(st.from_regex(pattern, fullmatch=True))
    assert any(anchor in phrase for anchor in ANCHORS_OF_PIECES), pattern


def test_an_article_on_copyright_and_nothing_else_stays() -> None:
    parts = [
        "版权声明怎么写，才算尽到提醒义务？",
        "律师认为，未经授权不得转载的提示本身并不创设权利。",
        "不少网站在页脚写明“凡本网注明来源的作品，未经授权不得转载”。",
        "法官提醒，转载时应注明来源，并支付报酬。违者将被追究责任。",
    ]
    assert article(*parts).paragraphs == parts
    assert article(*parts, *NOTICE).paragraphs == parts


def test_an_article_that_is_a_notice_stays() -> None:
    made = article(*NOTICE[1:4], title=Evidence("某某网版权与免责声明", "h1"))
    assert made.paragraphs == list(NOTICE[1:4])


ONE, TWO, SIX = (
    "未经授权不得转载。",
    "未经授权不得转载，违者必究。",
    "本网稿件未经授权不得转载，应注明来源，违者必究，仅供参考，与本网无关，版权归本网所有。",
)


@pytest.mark.parametrize(
    ("lines", "is_notice"),
    [
        ([TEXT, ONE], True),
        ([ONE, TEXT], False),
        ([TEXT, MORE + ONE], False),
        ([TWO, TEXT], False),
        ([SIX, TEXT], True),
    ],
    ids=["short, last", "short, before the end", "glued", "two phrases before the end", "six"],
)
def test_what_makes_a_notice_depends_on_its_place(lines: list[str], is_notice: bool) -> None:
    assert bool(find_notices(lines, [False] * len(lines))) is is_notice


def test_a_notice_beside_the_text_stands_at_an_end() -> None:
    lines = [ONE, TEXT]
    (span,) = find_notices(lines, [False, False], is_beside=True)
    assert (span.line, lines[0][span.start : span.end]) == (0, ONE)
