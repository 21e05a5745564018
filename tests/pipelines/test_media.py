"""Captions and credits to their images, films and files with positions, photo stories as told."""

from __future__ import annotations

import pytest

from crawler.items import Block, BlockKind, Image, Video
from crawler.pipelines.media import credit_at_end, is_credit, is_legend, opens_section, opens_story
from tests.pipelines.drafts import MORE, TEXT, WHERE, article, image, text, video

A = "http://www.js.xinhuanet.com/a.jpg"
B = "http://www.js.xinhuanet.com/b.jpg"
CAPTION = "整治后的河道。新华社记者 张三 摄"


def marked(content: str) -> Block:
    return text(content, is_caption=True)


def test_marked_captions_belong_to_the_image_before() -> None:
    made = article(TEXT, image(), marked(CAPTION), MORE, image("b"), marked("新建步道"), TEXT)
    assert made.images == [
        Image(A, CAPTION, "新华社记者 张三 摄", 1),
        Image(B, "新建步道", None, 2),
    ]
    assert made.paragraphs == [TEXT, MORE, TEXT]


def test_a_caption_and_a_credit_line_both_belong() -> None:
    made = article(TEXT, image(), marked("新建步道"), marked("新华社发（张三摄）"), MORE)
    assert made.images == [Image(A, "新建步道", "新华社发（张三摄）", 1)]


@pytest.mark.parametrize(
    "caption",
    [
        CAPTION,
        "图为整治后的河道。",
        "上图：整治后的河道",
        "河道（无人机照片）。新华社发（张三 摄）",
    ],
)
def test_unmarked_captions_show_themselves(caption: str) -> None:
    made = article(TEXT, image(), caption, MORE)
    assert made.images[0].caption == caption
    assert made.paragraphs == [TEXT, MORE]
    assert article(TEXT, caption, MORE).paragraphs == [TEXT, caption, MORE]


def test_other_texts_after_an_image_are_paragraphs() -> None:
    made = article(TEXT, image(), MORE, TEXT)
    assert made.images == [Image(A, None, None, 1)]
    assert made.paragraphs == [TEXT, MORE, TEXT]


def apart(content: str) -> Block:
    return Block(BlockKind.TEXT, WHERE, text=content, is_set_apart=True)


@pytest.mark.parametrize(
    ("under", "caption"),
    [
        (["新建的步道"], "新建的步道"),
        (["新建的步道", "新华社发（张三摄）"], "新建的步道"),
        (["新建的步道", "与整治后的河道"], "新建的步道\n与整治后的河道"),
    ],
)
def test_what_is_set_apart_under_an_image_is_its_caption(under: list[str], caption: str) -> None:
    made = article(TEXT, image(), *map(apart, under), MORE)
    assert made.images[0].caption == caption
    assert made.paragraphs == [TEXT, MORE]
    assert article(TEXT, *map(apart, under[:1]), MORE).paragraphs == [TEXT, under[0], MORE]


@pytest.mark.parametrize(
    "under",
    [
        ["一、先看河道"],
        ["编者按：今起推出专栏。"],
        ["【步道】"],
        ["——步道——"],
        ["第一行", "第二行", "第三行"],
        [TEXT * 6],
    ],
)
def test_headings_verses_and_texts_of_that_look_stay(under: list[str]) -> None:
    made = article(TEXT, image(), *map(apart, under), MORE)
    assert made.images[0].caption is None
    assert made.paragraphs == [TEXT, *under, MORE]


def test_a_look_that_all_the_text_has_tells_nothing() -> None:
    parts = [apart(TEXT), apart(MORE), image(), apart(TEXT)]
    assert article(*parts).paragraphs == [TEXT, MORE, TEXT]


def test_lines_set_apart_between_images() -> None:
    made = article(TEXT, image(), apart("先看河道"), image("b"), apart("再看步道"), MORE)
    assert [picture.caption for picture in made.images] == ["先看河道", "再看步道"]
    assert made.paragraphs == [TEXT, MORE]


def test_a_credited_line_set_apart_above_its_image() -> None:
    above = "整治后的河道（资料图片）"
    made = article(TEXT, apart(above), image(), MORE)
    assert (made.images[0].caption, made.paragraphs) == (above, [TEXT, MORE])
    assert article(TEXT, above, image(), MORE).paragraphs == [TEXT, above, MORE]


def test_an_agency_photo_with_its_head_is_a_photo_story() -> None:
    parts = (
        "新华社照片，南京，2019年12月9日",
        "（社会）（1）河道里的灯",
        image(),
        "农机在播种玉米。",
        "新华社记者 张三 摄",
    )
    made = article(*parts)
    assert made.paragraphs == [part for part in parts if isinstance(part, str)]
    assert made.images == [Image(A, "农机在播种玉米。", "新华社记者 张三 摄", 2)]


def test_captions_above_their_images() -> None:
    made = article(marked("河道"), image(), TEXT, marked("步道"), image("b"), MORE)
    assert [(each.caption, each.position) for each in made.images] == [("河道", 0), ("步道", 1)]


def test_a_caption_without_an_image_is_text() -> None:
    assert article(TEXT, marked("新建步道"), MORE).paragraphs == [TEXT, "新建步道", MORE]


def test_a_second_credit_stays_in_the_text() -> None:
    made = article(TEXT, image(), "新华社发（张三摄）", MORE, "新华社发（李四摄）", TEXT)
    assert made.images[0].credit == "新华社发（张三摄）"
    assert "新华社发（李四摄）" in made.paragraphs


def test_a_photo_story_tells_in_its_captions() -> None:
    made = article(image(), "农机在播种玉米。", "农机十分忙碌。", "新华社发（张三摄）")
    assert made.paragraphs == ["农机在播种玉米。", "农机十分忙碌。", "新华社发（张三摄）"]
    assert made.images == [Image(A, "农机在播种玉米。", "新华社发（张三摄）", 0)]


def test_a_photo_story_of_several_pictures() -> None:
    made = article(image(), CAPTION, image("b"), marked("新建步道。"), "新华社发（李四摄）")
    assert made.paragraphs == [CAPTION, "新建步道。", "新华社发（李四摄）"]
    assert made.images == [
        Image(A, CAPTION, "新华社记者 张三 摄", 0),
        Image(B, "新建步道。", "新华社发（李四摄）", 1),
    ]


@pytest.mark.parametrize(
    "parts",
    [
        (TEXT, image(), marked(CAPTION)),
        (image(), marked(CAPTION), TEXT, MORE),
        (image(), marked(CAPTION), TEXT, TEXT, TEXT, MORE, "新华社发（李四摄）"),
    ],
)
def test_with_a_text_of_its_own_it_is_no_photo_story(parts: tuple[str | Block, ...]) -> None:
    made = article(*parts)
    assert CAPTION not in made.paragraphs
    assert TEXT in made.paragraphs


def test_films_and_files() -> None:
    made = article(
        video(),
        marked("现场画面"),
        TEXT,
        Block(
            BlockKind.ATTACHMENT, WHERE, url="http://www.js.xinhuanet.com/a.pdf", label=" 附\n表 "
        ),
        video("w"),
    )
    assert made.videos == [
        Video("http://vod.news.cn/v.mp4", "现场画面", 0),
        Video("http://vod.news.cn/w.mp4", None, 1),
    ]
    assert [(a.title, a.position) for a in made.attachments] == [("附 表", 1)]
    assert made.paragraphs == [TEXT]


def test_a_page_with_only_a_film_has_no_body_and_no_flag() -> None:
    made = article(video())
    assert (made.body, made.paragraphs, made.flags) == (None, [], [])
    assert len(made.videos) == 1


def test_blanks_in_an_address_are_escaped() -> None:
    made = article(Block(BlockKind.IMAGE, WHERE, url=" http://www.js.xinhuanet.com/a b.jpg "))
    assert made.images[0].url == "http://www.js.xinhuanet.com/a%20b.jpg"


def test_media_without_an_address_are_left_out() -> None:
    made = article(TEXT, Block(BlockKind.IMAGE, WHERE), Block(BlockKind.VIDEO, WHERE))
    assert (made.images, made.videos) == ([], [])


@pytest.mark.parametrize(
    "credit",
    [
        "新华社记者 张三 摄",
        "新华社记者张三摄",
        "新华社发（张三摄）",
        "新华社发(张 三 摄)",
        "新华社发",
        "（新华社发）",
        "（新华社记者 张三 摄）",
        "新华社记者张三、李四摄",
        "新华社资料照片",
        "本报记者 张三 摄",
        "某某日报记者 张三 摄",
        "（张三 摄）",
        "（主办方供图）",
        "图片来源：某某网",
        "摄影：张三",
        "新华社/法新（张三摄）",
        "新华社特约记者 阿不都·热合曼 摄",
        "张三 摄",
        "张三、李小四 摄影",
        "新华社记者张三摄（资料照片）",
        "新华社/路透",
        "受访者供图",
        "某县融媒体中心供图",
        "图片由受访者提供",
        "图据某某新闻",
        "（人民视觉）",
        "[新华社记者 张三 摄]",
        "张三摄 新华网发",
        "新华网 张三 摄",
        "新华社发 漫画 张三作",
        "新华社记者 张三 编制",
    ],
)
def test_credits(credit: str) -> None:
    assert is_credit(credit)
    assert credit_at_end("整治后的河道。" + credit) == credit
    made = article(TEXT, image(), credit, MORE)
    assert made.images == [Image(image().url or "", None, credit, 1)]
    assert made.paragraphs == [TEXT, MORE]


@pytest.mark.parametrize(
    "line",
    [
        "新华社记者张三、李四",
        "本报记者 张三 摄影报道",
        "摄影展昨天开幕",
        "他负责供图",
        "图据此修改",
        "新华社发展迅速",
        "张三说，这是他拍摄的",
        "（记者张三）",
        TEXT,
    ],
)
def test_no_credits(line: str) -> None:
    assert not is_credit(line)
    assert article(TEXT, image(), line, MORE).paragraphs == [TEXT, line, MORE]


def test_what_a_text_near_a_picture_may_open() -> None:
    assert is_legend("图为新修的步道")
    assert not is_legend("地图为证")
    assert opens_section("一、河道整治")
    assert not opens_section("一条步道")
    assert opens_story("新华社照片，南京，9月28日")
    assert not opens_story("新华社的照片")
