"""What the site adds goes, whatever its wording and position; what an article says stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import Block, BlockKind, Evidence
from crawler.pipelines.notices import ANCHORS_OF_PIECES, PHRASES
from tests.pipelines.drafts import MORE, NOTICE, TEXT, WHERE, article, video

CODE = "010070080010000000000000011111101121738857"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("【纠错】", "correction"),
        ("[ 纠错 ]", "correction"),
        ("【字号  大 中 小】【打印】【关闭】", "tools"),
        ("【字号  打印 关闭", "tools"),
        ("[字号：大 中 小] [打印本页] [关闭窗口]", "tools"),
        ("【关闭窗口】　【发表评论】　【打印本稿】", "tools"),
        ("字大 字小", "tools"),
        ("放大字体", "tools"),
        ("字体： 小 中 大", "tools"),
        ("分享到：", "share"),
        ("分享到： / 分享至手机", "share"),
        ("关注新华网 微信 微博 Qzone 评论", "share"),
        ("[进入新华论坛]", "comments"),
        ("【进入某某社区】", "comments"),
        (">>进入新华网某某论坛", "comments"),
        (
            "发表您的观点。请您文明上网、理性发言并遵守相关规定，在注册后发表评论。  留言须知",
            "comments",
        ),
        ("[进入论坛] 发表您的观点。 请您文明上网、理性发言。", "comments"),
        ("请您文明上网、理性发言并遵守相关规定。", "comments"),
        ("登录某某微博 @某某 发表评论。请您文明上网、理性发言并遵守相关规定。", "comments"),
        ("发表您的观点。", "comments"),
        ("留言须知", "comments"),
        ("发布时间：2017-09-28 12时53分", "time_line"),
        ("2017年09月28日 12时53分 来源：某某日报", "source_line"),
        ("图集", "gallery"),
        ("+1", "like"),
        ("＋１", "like"),
        ("阅读下一篇：", "related"),
        ("阅读下一篇：某地新建步道完工", "related"),
        ("上一篇：某地新建步道完工", "related"),
        ("【相关新闻】", "related"),
        ("加载更多", "more"),
        ("查看更多>>", "more"),
        ("点击进入专题>>>", "more"),
        ("已有12人参与评论", "comments"),
        ("京ICP备12345678号-2", "footer"),
        ("点击下方名片，关注我们", "qr_code"),
        ("点赞、在看、转发", "share"),
        ("Play Video 0:00 /2:54", "player"),
        ("0:00/12:05", "player"),
        ("视频加载失败，请稍后重试", "player"),
        ("|<< 1 2 3 下一页 >>|", "pager"),
        ("上一页 [1] [2] [3] 下一页", "pager"),
        ("共3页", "pager"),
        ("新华网 > 正文", "breadcrumb"),
        ("您的位置：首页 > 新闻 > 正文", "breadcrumb"),
        ("Copyright © 2000 - 2024 HE.NEWS.CN 制作单位：某公司 版权所有：某公司", "footer"),
        ("版权所有：某公司", "footer"),
        ("制作单位：新华网股份有限公司某分公司", "footer"),
        ("京ICP备12345678号 京公网安备 11000000000000号", "footer"),
        ("扫一扫，手机看新闻", "share"),
        ("扫描二维码，关注新华网微信", "share"),
        ("长按识别二维码，下载手机版", "qr_code"),
        ("微信扫一扫，扫码关注", "share"),
        ("请用微信扫描下方二维码关注我们", "qr_code"),
        ("关注新华网官方微博", "qr_code"),
        ("更多精彩内容请关注新华网微信公众号", "qr_code"),
        (CODE, "page_code"),
        ("01007008001000000000000001111110138769913", "page_code"),
        ("1121738857", "page_code"),
        ("2017年09月28日 12:53:36", "time_line"),
        ("2017年09月28日 12:53:36 来源: 某某日报", "source_line"),
        ("稿件来源： 某某日报", "source_line"),
        ("责任编辑：丁某某", "editor_line"),
        ("(责任编辑: 丁某某 )", "editor_line"),
        ("【责任编辑:丁某某】", "editor_line"),
        ("[责任编辑： 丁 某 ]", "editor_line"),
        ("【纠错】 责任编辑：丁某某", "editor_line"),
        ("【责任编辑 丁某某】", "editor_line"),
        ("〔责编：丁某某〕", "editor_line"),
        ("[作者: 张三 　责任编辑: 丁某某 ]", "editor_line"),
        ("编辑： 丁某某", "editor_line"),
        ("责编：李四 校对：王五", "editor_line"),
        ("监制：李四 策划：王五", "editor_line"),
        ("责任编辑：某某频道值班", "editor_line"),
        ("作者：张三", "author_line"),
        ("Editor: Zhang San", "editor_line"),
    ],
)
def test_a_line_of_furniture_is_cut_and_kept_as_removed(line: str, rule: str) -> None:
    made = article(TEXT, line, MORE)
    assert made.paragraphs == [TEXT, MORE]
    assert [removed.rule for removed in made.removed] == [rule]
    assert made.removed[0].where


@pytest.mark.parametrize(
    "line",
    [
        "大",
        "评论",
        "1 2 3",
        "2017年9月28日",
        "记者：您怎么看",
        "编辑：你好，请问这里怎么走",
        "来源和去向都要写清楚。",
        "他在朋友圈里分享到的照片让大家很感动。",
        "扫描二维码，市民就能查到附近的停车场还有多少车位。",
        "请关注公众号，市民可以在那里预约。",
        "阅读下一篇课文以前，老师先讲了一个故事。",
        "新闻热线每天收到市民来电上百个。",
        "策划：张三 统筹：李四",
        "网民应当文明上网、理性发言。",
        "“请文明上网，理性发言。”主持人说。",
        "进入世界经济论坛",
        "第三天，代表们进入某某论坛。",
        "[1]",
        "扫码支付引关注",
        "人脸识别技术引发关注",
        "识别二维码骗局有妙招",
        "关注儿童手机应用和微信群",
        "责任编辑制度改革",
        "编辑工作室",
        "校对工作",
        "（来源：某某电视台）",
        "作者：某某大学河道研究所",
        "打印机、复印机、投影仪各一台",
        "关闭三条生产线",
        "版权所有者可以自己决定是否授权",
        "“责任编辑：张三”四个字印在书的最后一页。",
        "相关链接",
    ],
)
def test_a_line_of_text_stays(line: str) -> None:
    made = article(TEXT, line, MORE)
    assert made.paragraphs == [TEXT, line, MORE]
    assert made.removed == []


def test_a_page_number_goes_at_the_edges_only() -> None:
    made = article("[1]", TEXT, "[2]", MORE, "[1]", "【3】")
    assert made.paragraphs == [TEXT, "[2]", MORE]
    assert [(cut.text, cut.rule) for cut in made.removed] == [
        ("[1]", "tools"), ("[1]", "tools"), ("【3】", "tools"),
    ]  # fmt: skip


def test_weak_words_go_at_the_edges_only() -> None:
    assert article("】", TEXT, "……", MORE, "|").paragraphs == [TEXT, "……", MORE]
    assert article(TEXT, "……").paragraphs == [TEXT, "……"]
    made = article("大 中 小", TEXT, "评论", MORE, "更多", "首页")
    assert made.paragraphs == [TEXT, "评论", MORE]


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


def test_a_source_in_brackets_ends_the_text_or_belongs_to_it() -> None:
    made = article(TEXT, MORE, "（来源：某某日报）")
    assert (made.paragraphs, made.source) == ([TEXT, MORE], "某某日报")
    assert article(TEXT, "（来源：某某统计局）", MORE).source is None


def test_an_article_that_is_a_notice_stays() -> None:
    made = article(*NOTICE[1:4], title=Evidence("某某网版权与免责声明", "h1"))
    assert made.paragraphs == list(NOTICE[1:4])


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


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("编辑：新媒体中心", "editor_line"),
        ("审核 | 融媒体工作室", "editor_line"),
        ("编辑丨张三丰", "editor_line"),
        ("来源丨新华社", "source_line"),
    ],
)
def test_last_lines_of_newer_pages(line: str, rule: str) -> None:
    made = article(TEXT, MORE, line)
    assert made.paragraphs == [TEXT, MORE]
    assert [(each.text, each.rule) for each in made.removed] == [(line, rule)]
    if "新媒体" in line:
        assert article(TEXT, line, MORE).paragraphs == [TEXT, line, MORE]


def test_an_editor_beside_the_size_of_letters() -> None:
    made = article(TEXT, "【责任编辑: 张三丰 】 【字体：大 中 小】")
    assert (made.paragraphs, made.editors) == ([TEXT], ["张三丰"])


def test_an_interview_with_an_editor_is_text() -> None:
    talk = ("编辑：今天请来的是谁", "作家：是我")
    assert article(*talk, TEXT).paragraphs == [*talk, TEXT]
