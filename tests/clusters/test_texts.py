"""Which texts are copies of each other."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from benchmarks.chinese import Writer
from benchmarks.clusters import _OTHER_TEMPLATES, _TEMPLATES, Edits, OtherEdits, template
from crawler.clusters.texts import Prepared, compare, plain_text, sample

CHANCE = random.Random(3)
STORY = Writer().body(CHANCE, 500)
EDITS = Edits(CHANCE, Writer()).kinds() | OtherEdits(CHANCE, Writer()).kinds()


def likeness(one: list[str], other: list[str]) -> tuple[int, bool]:
    prepared = [Prepared.of(plain_text("\n".join(text))) for text in (one, other)]
    assert compare(*prepared) == compare(*reversed(prepared))
    return compare(*prepared)


@pytest.mark.parametrize("kind", EDITS)
def test_a_copy_is_one_however_it_is_edited(kind: str) -> None:
    text = EDITS[kind](STORY)
    assert likeness(STORY, text)[1]
    shared = sample(plain_text("\n".join(STORY))).runs & sample(plain_text("\n".join(text))).runs
    assert len(shared) >= 2


def test_other_texts_are_none() -> None:
    for number in range(8):
        assert not likeness(STORY, Writer().line(number)["paragraphs"])[1]


@pytest.mark.parametrize("family", [*_TEMPLATES, *_OTHER_TEMPLATES])
def test_texts_of_a_template_are_none(family: str) -> None:
    texts = [template(CHANCE, family) for _ in range(40)]
    assert not any(likeness(one, other)[1] for one, other in pairwise(texts))
    assert likeness(texts[0], texts[0])[1]


def test_a_corrected_figure_makes_no_template() -> None:
    text = [
        "今年前三季度，全市生产总值增长8.1%，其中工业增加值增长7.9%，零售总额增长10.2%，",
        "城镇新增就业12.5万人，居民人均可支配收入31900元，比上年同期增加2300元。",
    ]
    assert likeness(text, [text[0].replace("8.1", "8.2"), text[1]])[1]


def test_the_plain_form() -> None:
    assert (
        plain_text("　　新華社南京9月28日电（记者 张三）\n\n“ＧＤＰ”_增长")
        == "新华社南京9月28日电记者张三gdp增长"
    )
