"""Nothing vanishes unseen: every visible character of the blocks ends in a field or removed[]."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import Article, Block, BlockKind
from crawler.pipelines.clean_text import clean
from tests.pipelines.drafts import MORE, NOTICE, TEXT, WHERE, article

LINES = (
    TEXT, MORE, *NOTICE, "(责任编辑: 丁某某 )", "作者：张三", "责任编辑：", "丁某某", "【纠错】",
    "+1", "相关链接", "某地新建步道完工", "来源：某某网", "2017年09月28日 12:53:36", "声明：",
    "新华社发（张三摄）", "图为河道。新华社记者 李四 摄", "新华社记者张三、李四", "1", "大 中 小",
    "更多", "本网", "未经授权不得转载。", "01007008001000000000000001111110112173885700",
    "“凡本网注明", "版权均属于",
)  # fmt: skip

_lines = st.one_of(
    st.sampled_from(LINES),
    st.text(
        alphabet="凡本网注明来源版权声明转载编辑：（）【】“”。，\n 　\u200b1９aＡ摄记者张三",
        max_size=40,
    ),
    st.text(max_size=30),
)
_texts = st.lists(_lines, min_size=1, max_size=4).flatmap(
    lambda lines: st.sampled_from(["", " ", "\n", "　"]).map(lambda glue: glue.join(lines))
)
_blocks = st.one_of(
    st.builds(
        lambda content, caption, apart, link: Block(
            BlockKind.TEXT,
            WHERE,
            text=content,
            is_caption=caption,
            is_set_apart=apart,
            is_link=link,
        ),
        _texts,
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    st.sampled_from(
        [
            Block(BlockKind.IMAGE, WHERE, url="http://www.js.xinhuanet.com/a.jpg"),
            Block(BlockKind.VIDEO, WHERE, url="http://vod.news.cn/v.mp4"),
        ]
    ),
)


def visible(text: str) -> Counter[str]:
    return Counter("".join(clean(text).split()))


def accounted(made: Article) -> Counter[str]:
    texts = [
        *made.paragraphs,
        *(removed.text for removed in made.removed),
        *(image.caption or "" for image in made.images),
        *(image.credit or "" for image in made.images),
        *(video.caption or "" for video in made.videos),
    ]
    return visible(" ".join(texts))


@settings(max_examples=400, deadline=None)
@given(st.lists(_blocks, max_size=8))
def test_every_visible_character_is_accounted_for(parts: list[Block]) -> None:
    made = article(*parts)
    printed = visible(" ".join(part.text for part in parts))
    assert not printed - accounted(made)


@settings(max_examples=200, deadline=None)
@given(st.lists(_blocks, max_size=8))
def test_nothing_is_invented_and_nothing_is_empty(parts: list[Block]) -> None:
    made = article(*parts)
    printed = visible(" ".join(part.text for part in parts))
    assert not visible(" ".join(made.paragraphs)) - printed
    assert not visible(" ".join(removed.text for removed in made.removed)) - printed
    assert all(made.paragraphs)
    assert all(removed.text and removed.rule and removed.where for removed in made.removed)
    assert made.body == ("\n\n".join(made.paragraphs) or None)


def test_a_lost_character_would_be_seen() -> None:
    made = article(TEXT)
    made.paragraphs = [TEXT[:-1]]
    assert visible(TEXT) - accounted(made)
