"""The syntax of queries, and what isn't syntax."""

from __future__ import annotations

import pytest

from crawler.search.query import MOST_CHARACTERS, MOST_WORDS, QueryError, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("南京", [(None, "南京")]),
        (" 南京　大桥\t", [(None, "南京"), (None, "大桥")]),
        ('"in  China" 港', [(None, "in china"), (None, "港")]),
        ("source:新华社 记者", [("source", "新华社"), (None, "记者")]),
        ('source："新华 社"', [("source", "新华社")]),
        (
            "title:春 caption:图 subtitle:副",
            [("title", "春"), ("caption", "图"), ("subtitle", "副")],
        ),
        ('"', [(None, '"')]),
        ('说"好', [(None, '说"好')]),
        ('"好', [(None, '"好')]),
        ('""', [(None, '""')]),
        ("source:", [(None, "source:")]),
        (
            "year:2017 MONTH：２０１７-09 region:js",
            [
                ("facet", "year=2017"),
                ("facet", "month=2017-09"),
                ("facet", "region=js"),
            ],
        ),
        (
            "year:17 month:2017 region:",
            [
                (None, "year:17"),
                (None, "month:2017"),
                (None, "region:"),
            ],
        ),
        ("NEAR(南京 -大桥* %", [(None, "near(南京"), (None, "-大桥*"), (None, "%")]),
        ("a OR b AND NOT c", [(None, word) for word in ("a", "or", "b", "and", "not", "c")]),
        ("😀", [(None, "😀")]),
        ("南\x00京", [(None, "南京")]),
        ("", []),
        (" 　\n", []),
    ],
)
def test_words(text: str, expected: list[tuple[str | None, str]]) -> None:
    found = terms(text)
    assert found is not None
    assert [(word.field, word.spellings[0]) for word in found] == expected


def test_what_no_text_can_hold() -> None:
    assert terms("\x00") is None
    assert terms("\u200b \ufeff") is None


def test_bounds() -> None:
    assert terms("水" * MOST_CHARACTERS)
    for text in ("水" * 10_000, "水 " * (MOST_WORDS + 1)):
        with pytest.raises(QueryError, match="at most") as told:
            terms(text)
        assert told.value.values[0] in {MOST_CHARACTERS, MOST_WORDS}
