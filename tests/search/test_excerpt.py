"""Where a printed text matches a folded query."""

from __future__ import annotations

import pytest

from crawler.search.excerpt import LONGEST, excerpt, marked


def shown(text: str, *words: str) -> str:
    return "".join(f"[{part}]" if is_match else part for part, is_match in marked(text, words))


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("江蘇長江大橋", ["长江"], "江蘇[長江]大橋"),
        ("记者张　三报道", ["张三"], "记者[张　三]报道"),
        ("ＧＤＰ与gdp", ["gdp"], "[ＧＤＰ]与[gdp]"),
        ("in China now", ["in china"], "[in China] now"),
        ("水库放水", ["水库", "库放"], "[水库放]水"),
        ("<b>&", ["b"], "<[b]>&"),
        ("面积5㎡", ["5m"], "面积[5㎡]"),
        ("没有", ["这个"], "没有"),
        ("", ["水"], ""),
    ],
)
def test_marks(text: str, words: list[str], expected: str) -> None:
    assert shown(text, *words) == expected


def test_an_excerpt_is_short_and_around_the_first_match() -> None:
    text = "前" * 500 + "\n\n大桥通车\n\n" + "后" * 500
    parts = excerpt(text, ["大桥"])
    assert [part.text for part in parts if part.is_match] == ["大桥"]
    assert parts[0].text == parts[-1].text == "…"
    whole = "".join(part.text for part in parts)
    assert len(whole) == LONGEST + 2
    assert "\n" not in whole
    assert excerpt(text, ["隧道"]) == ()
