"""What breaks the contract becomes null with a flag, and never an exception."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crawler.items import Article, Block, BlockKind, Evidence, Image, Person, Video
from crawler.pipelines.identity import begin_article
from crawler.pipelines.validate import LONGEST, MOST, validate
from tests.pipelines.drafts import TEXT, WHERE, article, draft, evidence, page, whole


def validated(**fields: Any) -> Article:
    current = begin_article(draft(), [page()], "1")
    return validate(replace(current, article=replace(whole(), flags=[], **fields))).article


def test_a_good_article_passes_unchanged() -> None:
    assert validated() == whole()


@pytest.mark.parametrize("name", sorted(LONGEST))
@pytest.mark.parametrize("bad", ["", " ", "x\x00", "x" * 10_000])
def test_bad_texts(name: str, bad: str) -> None:
    made = validated(**{name: bad})
    assert getattr(made, name) is None
    assert made.flags[0].flag == "invalid_value"
    assert made.flags[0].detail.startswith(name)


def test_without_a_source_nothing_is_said_of_reprints() -> None:
    made = validated(source="x" * 100)
    assert (made.source, made.source_raw, made.is_reprint) == (None, None, None)


@pytest.mark.parametrize("bad", ["2017-09-28", "2017-09-28T12:53:36Z", "gestern"])
def test_bad_times(bad: str) -> None:
    made = validated(published_at=bad)
    assert (made.published_at, made.published_precision, made.published_raw) == (None, None, None)
    assert validated(modified_at=bad).modified_at is None


def test_a_precision_outside_the_vocabulary() -> None:
    made = validated(published_precision="hour")
    assert (made.published_at, made.published_precision) == (None, None)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("reporters", Person("张三", "editor")),  # type: ignore[arg-type]
        ("reporters", Person("张", "reporter")),
        ("reporters", Person("张" * 50, "reporter")),
        ("editors", ""),
        ("images", Image("javascript:alert(1)", None, None, 0)),
        ("images", Image("http://[", None, None, 0)),
        ("images", Image("http://a/" + "x" * 5000, None, None, 0)),
        ("videos", Video("//a/b", None, 0)),
        ("keywords", ""),
        ("channel", ""),
    ],
)
def test_bad_items_leave_their_list(name: str, bad: Any) -> None:
    good = getattr(whole(), name)
    made = validated(**{name: [*good, bad]})
    assert getattr(made, name) == good
    assert [flag.flag for flag in made.flags] == ["invalid_value"]


@pytest.mark.parametrize("name", sorted(MOST))
def test_lists_are_bounded(name: str) -> None:
    made = validated(**{name: getattr(whole(), name) * (MOST[name] + 1)})
    assert len(getattr(made, name)) == MOST[name]
    assert made.flags


def test_positions_lie_within_the_text() -> None:
    made = validated(images=[Image("http://a.news.cn/a.jpg", None, None, 99)])
    assert made.images[0].position == len(made.paragraphs)


def test_page_caused_nonsense_through_all_steps() -> None:
    made = article(
        TEXT,
        Block(BlockKind.IMAGE, WHERE, url="data:image/png;base64,AAAA"),
        title=Evidence("长" * 10_000, "h1"),
        sources=evidence("来源：" + "某" * 1000),
        times=evidence("0000-00-00 00:00:00"),
        editors=evidence("责任编辑：" + "丁" * 1000),
    )
    assert (made.title, made.source, made.published_at, made.editors) == (None, None, None, [])
    assert made.images == []
    assert {flag.flag for flag in made.flags} == {"invalid_value"}
