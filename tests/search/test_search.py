"""What the index answers, held against reading all texts, and how hits are told."""

from __future__ import annotations

import random
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crawler.search.folding import fold
from crawler.search.index import INDEX
from crawler.search.search import (
    LONGEST,
    MOST_CHARACTERS,
    MOST_WORDS,
    PAGE_SIZE,
    Query,
    QueryError,
    SearchIndex,
    excerpt,
    marked,
    terms,
)
from tests.search.published import gone, line, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def indexed(tmp_path: Path) -> Callable[..., SearchIndex]:
    """Publish lines, run by run, and open the index of them."""

    def index(*runs: list[dict[str, Any]]) -> SearchIndex:
        for number, lines in enumerate(runs):
            publish(tmp_path, *lines, run=number)
            INDEX.update(tmp_path / "search.sqlite", tmp_path, lambda _: None)
        return SearchIndex.open(tmp_path / "search.sqlite", tmp_path)

    return index


def ids(index: SearchIndex, text: str, **narrowed: Any) -> list[str]:
    """The articles found, over all pages."""
    results = index.search(Query(text, **narrowed))
    pages = [results, *(index.search(Query(text, **narrowed), n + 2) for n in range(results.pages))]
    assert pages[-1].hits == ()
    found = [hit.article_id for page in pages for hit in page.hits]
    assert len(found) == results.count
    return found


# So few characters that substrings meet by chance, in all the widths and spellings.
_LETTERS = '水库放水开闸春灌長江蘇苏长ＧＤＰgdpC919、。“”—-%"*:() 　'


def test_answers_are_those_of_a_scan(indexed: Callable[..., SearchIndex]) -> None:
    chance = random.Random(14)
    lines = []
    for number in range(120):
        paragraphs = ["".join(chance.choices(_LETTERS, k=chance.randrange(40))) for _ in range(3)]
        title = "".join(chance.choices(_LETTERS, k=chance.randrange(1, 12)))
        region = chance.choice(["js", "he"])
        month = f"2017-{chance.randrange(8, 12):02}-{chance.randrange(1, 29):02}T00:00:00+08:00"
        lines.append(
            line(number, title, "\n\n".join(paragraphs), published_at=month,
                 region={"code": region, "name": region, "gb2260": None})
        )  # fmt: skip
    edits = [
        one | {"version": 2, "title": one["title"][::-1], "fetched_at": "2026-01-02T00:00:00Z"}
        for one in lines[::4]
    ]
    index = indexed(lines, edits)
    since, until = date(2017, 9, 1), date(2017, 10, 15)
    asked = 0
    while asked < 200:
        text = chance.choice(lines)["body"]
        start, length = chance.randrange(max(len(text) - 10, 1)), 1 + asked % 10
        query = text[start : start + length]
        if not query.strip() or any(one.isspace() for one in query) or query[0] == '"':
            continue
        asked += 1
        needle = fold(query)
        scanned = [
            one
            for one in (*lines, *edits)
            if needle in fold(one["title"]) or needle in fold(one["body"])
        ]
        expected = {one["id"] for one in scanned}
        assert set(ids(index, query)) == expected, query
        narrowed = {
            one["id"]
            for one in scanned
            if one["region"]["code"] == "he"
            and since.isoformat() <= one["published_at"][:10] <= until.isoformat()
        }
        found = ids(index, query, regions=frozenset({"he"}), since=since, until=until)
        assert set(found) == narrowed, query


def test_words_and_letters_together(indexed: Callable[..., SearchIndex]) -> None:
    index = indexed([line(1, "大桥通车", "春水"), line(2, "大桥", "秋"), line(3, "通车", "春")])
    assert ids(index, "大桥 春") == ["1"]
    assert ids(index, "春 通车") == ["3", "1"]
    assert ids(index, "春 通车", regions=frozenset({"js"})) == ["3", "1"]
    assert ids(index, "春 通车", regions=frozenset({"he"})) == []
    assert ids(index, "春 秋") == []
    assert ids(index, "大桥 通车") == ["1"]


def test_a_letter_that_most_rows_have_beside_a_word(indexed: Callable[..., SearchIndex]) -> None:
    """Then those rows are looked for that lack it."""
    lines = [line(number, "大桥通车", "春水" if number % 5 else "春") for number in range(30)]
    lines += [line(30 + number, "隧道", "春水") for number in range(5)]
    index = indexed([*lines, line(40, "大桥通车", "水", region=None)])
    edited = line(1, "大桥通车", "春", version=2, fetched_at="2026-01-02T00:00:00Z")
    for again in (False, True):
        if again:
            index = indexed([*lines, line(40, "大桥通车", "水", region=None)], [edited])
        with_water = {str(number) for number in range(30) if number % 5}
        assert set(ids(index, "大桥 水")) == {*with_water, "40"}
        assert set(ids(index, "大桥 水 春")) == with_water
        assert set(ids(index, "大桥 水", regions=frozenset({"js"}))) == with_water
        assert ids(index, "大桥 水", regions=frozenset({"he"})) == []
        assert set(ids(index, "大桥 水 year:2017")) == {*with_water, "40"}


def test_facets_among_the_words(indexed: Callable[..., SearchIndex]) -> None:
    newyear = {"published_at": "2018-01-01T00:30:00+08:00"}  # in UTC it is still the old one
    index = indexed([
        line(1, "大桥", "水"), line(2, "大桥", "水", **newyear),
        line(3, "大桥", "水", published_at=None, region=None),
    ])  # fmt: skip
    assert ids(index, "大桥 year:2017") == ids(index, "水 month:2017-09") == ["1"]
    assert ids(index, "year:2018") == ids(index, "大桥 水 month:2018-01") == ["2"]
    assert ids(index, "大桥 region:js") == ids(index, "region:js") == ["2", "1"]
    assert ids(index, "month:2017-10") == ids(index, "大桥 year:2017 year:2018") == []
    (hit,) = index.search(Query("year:2017")).hits
    assert (hit.snippet, [part.text for part in hit.title]) == ((), ["大桥"])


def test_a_word_ends_with_its_line(indexed: Callable[..., SearchIndex]) -> None:
    index = indexed([line(1, "开", "放水\n\n库满 in\n\nChina"), line(2, "水", "库")])
    assert ids(index, "水库") == []
    assert ids(index, '"in China"') == []
    assert ids(index, "in china") == ["1"]


def test_quoted_words_of_one_letter(indexed: Callable[..., SearchIndex]) -> None:
    texts = ("plan b", "plan c", "plan bravo", "vita plan", "plan", "a b c", "a b")
    index = indexed([line(number, text) for number, text in enumerate(texts)])
    for query in ("plan b", "a plan", "a b", "a b c", "n b", "b c", "plan"):
        expected = [str(number) for number, text in enumerate(texts) if query in text]
        assert sorted(ids(index, f'"{query}"')) == expected, query


def test_fields_of_their_own(indexed: Callable[..., SearchIndex]) -> None:
    picture = {"url": "http://js.news.cn/a.jpg", "caption": "闸门", "credit": None, "position": 0}
    index = indexed(
        [
            line(
                1,
                "水库",
                "放水",
                source="新华日报",
                images=[picture],
                subtitle="今春",
                kicker="聚焦",
            ),
            line(2, "新华日报", "闸门今春"),
        ]
    )
    assert ids(index, "source:新华") == ["1"]
    assert ids(index, "source:新") == ["1"]
    assert ids(index, "caption:闸门") == ["1"]
    assert ids(index, "subtitle:今春") == ids(index, "subtitle:聚焦") == ["1"]
    assert ids(index, "title:新华日报") == ids(index, "新华日报") == ["2"]
    assert ids(index, "source:新华日报 放水") == ["1"]


def test_an_article_is_one_hit_shown_as_its_newest_version_that_matches(
    indexed: Callable[..., SearchIndex],
) -> None:
    edited = line(1, "大桥通车", "隧道", version=2, fetched_at="2026-01-02T00:00:00Z")
    index = indexed([line(1, "大桥开工", "隧道")], [edited])
    (hit,) = index.search(Query("隧道")).hits
    assert (hit.version, hit.is_latest) == (2, True)
    (hit,) = index.search(Query("开工")).hits
    assert (hit.version, hit.is_latest) == (1, False)
    assert [part for part in hit.title if part.is_match] == [("开工", True)]
    assert index.search(Query("大桥")).count == 1


def test_withdrawn_ones_are_found_and_marked(indexed: Callable[..., SearchIndex]) -> None:
    restored = line(2, "隧道", "回来", status="restored", fetched_at="2026-01-03T00:00:00Z")
    index = indexed(
        [line(1, "隧道", "一"), line(2, "隧道", "二")],
        [gone(1, "隧道", "2026-01-02T00:00:00Z"), gone(2, "隧道", "2026-01-02T00:00:00Z")],
        [restored],
    )
    found = {hit.article_id: hit.is_gone for hit in index.search(Query("隧道")).hits}
    assert found == {"1": True, "2": False}
    assert ids(index, "回来") == ["2"]


def test_a_correction_takes_the_place_of_what_it_corrects(
    indexed: Callable[..., SearchIndex],
) -> None:
    lines = [line(1, "隧道", "错字", schema_version=2, revision=0), line(2, "错字")]
    edited = line(1, "隧道", "新文", version=2, fetched_at="2026-01-02T00:00:00Z")
    corrected = line(1, "隧道", "对字", schema_version=2, revision=1)
    index = indexed([*lines, edited], [corrected])
    assert ids(index, "错字") == ["2"]
    (hit,) = index.search(Query("对字")).hits
    assert (hit.version, hit.is_latest) == (1, False)
    (hit,) = index.search(Query("隧道")).hits
    assert hit.version == 2
    index.close()


def test_newest_first_twenty_a_page(indexed: Callable[..., SearchIndex]) -> None:
    index = indexed([line(number, "大桥") for number in range(45)])
    pages = [index.search(Query("大桥"), page) for page in (1, 2, 3, 4, 0, 10**9)]
    assert [(one.count, one.pages) for one in pages] == [(45, 3)] * 6
    assert [len(one.hits) for one in pages] == [PAGE_SIZE, PAGE_SIZE, 5, 0, 0, 0]
    assert [hit.article_id for one in pages for hit in one.hits] == [
        str(number) for number in range(44, -1, -1)
    ]


def test_filters_alone_and_articles_without_a_time(indexed: Callable[..., SearchIndex]) -> None:
    beijing = "2017-10-01T00:30:00+08:00"
    index = indexed(
        [line(1, "一"), line(2, "二", published_at=None), line(3, "三", published_at=beijing,
         region=None)]
    )  # fmt: skip
    assert ids(index, "") == ["3", "1", "2"]
    assert ids(index, "", since=date(2017, 9, 28), until=date(2017, 9, 28)) == ["1"]
    assert ids(index, "", since=date(2017, 10, 1)) == ["3"]
    assert ids(index, "", until=date(9999, 12, 31)) == ["3", "1"]
    assert ids(index, "", since=date(1, 1, 1)) == ["3", "1"]
    assert ids(index, "", regions=frozenset({"js"})) == ["1", "2"]
    assert ids(index, "三", regions=frozenset({"xx"})) == []
    with pytest.raises(QueryError, match="no region"):
        ids(index, "三", regions=frozenset({'x" OR "y'}))


@pytest.mark.parametrize("text", ["%", '"', "NEAR(", "\x00", "😀", "*", "^", "'", "\\", "{x} : y"])
def test_what_looks_like_syntax_is_text(text: str, indexed: Callable[..., SearchIndex]) -> None:
    index = indexed([line(1, f"甲{text}乙", text), line(2, "甲乙")])
    assert ids(index, text) == ([] if text == "\x00" else ["1"])
    assert ids(index, f"{text}乙") == (["2", "1"] if text == "\x00" else ["1"])


def test_bounds(indexed: Callable[..., SearchIndex]) -> None:
    index = indexed([line(1, "水" * 600)])
    assert ids(index, "水" * 500) == ["1"]
    with pytest.raises(QueryError):
        index.search(Query("水" * 10_000))


def test_a_line_that_can_not_be_read_leaves_a_hit_without_text(
    indexed: Callable[..., SearchIndex], tmp_path: Path
) -> None:
    index = indexed([line(1, "大桥")])
    (path,) = tmp_path.glob("jsonl/*/*/*")
    path.unlink()
    (hit,) = index.search(Query("大桥")).hits
    assert (hit.article_id, hit.title, hit.snippet) == ("1", (), ())


def test_the_newest_run(indexed: Callable[..., SearchIndex]) -> None:
    assert indexed([line(1, "一")], [line(2, "二")]).newest_run == "20260102T000000Z-0002"


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


def test_a_query_has_bounds() -> None:
    assert terms("水" * MOST_CHARACTERS)
    for text in ("水" * 10_000, "水 " * (MOST_WORDS + 1)):
        with pytest.raises(QueryError, match="at most") as told:
            terms(text)
        assert told.value.values[0] in {MOST_CHARACTERS, MOST_WORDS}


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
