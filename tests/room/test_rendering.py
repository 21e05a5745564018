"""The room's words: all of them in both languages, none that nobody says; who gets which."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import crawler.room
from crawler.coverage.verdicts import Implied, RegionDay, judge
from crawler.items import Page
from crawler.ledger.rows import HoleKind
from crawler.outcomes import Outcome
from crawler.room.rendering import LANGUAGES, local, reworded, table, texts, texts_for
from crawler.search.search import _REFUSALS
from crawler.spiders.article_answers import (
    _STANDS_INSTEAD,
    NoDraft,
    led_away,
    read_first_page,
)
from tests.coverage.test_verdicts import DAY, ROOT, hole, owed

ROOM = Path(crawler.room.__file__).parent

# Beginnings of keys that are put together of a name in a line, an event, a verdict or a status.
COMPOSED = (
    "field_",
    "role_",
    "flag_",
    "event_",
    "verdict_",
    "kind_",
    "error_",
    "certificate_",
    "relation_",
    "alarm_",
    "reason_",
)
REFUSALS = {"query_too_many_words"}
KINDS = {
    "edited",
    "restored",
    "withdrawn",
    "corrected",
    "video",
    "attachment",
    "today",
    "yesterday",
}


def test_both_languages_have_the_same_keys() -> None:
    assert set(table()) == set(LANGUAGES)
    assert list(table()["zh"]) == list(table()["en"])
    for key, text in table()["zh"].items():
        holes = re.findall(r"\{\d\}", text)
        assert set(holes) == set(re.findall(r"\{\d\}", table()["en"][key])), key


def test_one_thing_is_no_more() -> None:
    counts = [texts("en")("articles_count", count) for count in (0, 1, 2)]
    assert counts == ["0 articles", "1 article", "2 articles"]


def test_every_text_that_is_asked_for_is_there_and_no_other() -> None:
    sources = [*(ROOM / "templates").glob("*.html"), *ROOM.glob("*.py")]
    said = "\n".join(path.read_text() for path in sources)
    asked = set(re.findall(r"\bt\(['\"]([a-z_0-9]+)['\"]", said))
    keys = set(table()["zh"])
    assert asked - keys - {one for one in asked if one.endswith("_")} == set()
    quoted = set(re.findall(r"['\"]([a-z_0-9]+)['\"]", said))
    of_one = {key for key in keys if key.removesuffix("_one") in asked}
    unused = keys - asked - quoted - KINDS - REFUSALS - of_one
    assert {one for one in unused if not one.startswith(COMPOSED)} == set()


def test_every_kind_of_alarm_has_a_heading_and_every_refusal_a_sentence() -> None:
    code = "\n".join(path.read_text() for path in ROOM.parent.rglob("*.py"))
    kinds = set(re.findall(r'Alarm\(\s*f?"([a-z_]+)', code))
    kinds |= set(re.findall(r'\b(?:key|HOST) = f?"([a-z_]+)(?:_\{kind\})?:', code))
    kinds = {kind for kind in kinds if f"alarm_{kind}" not in table()["zh"]}
    assert kinds <= {"unclaimed"}
    assert set(_REFUSALS) <= set(table()["zh"])


def withdrawals() -> list[str]:
    """What withdrawals of today are founded on."""
    page = Page("http://js.news.cn/", 404, (), b"", "2026-03-05T00:00:00Z", None)
    missing = read_first_page(page, is_archived=True)
    assert isinstance(missing, NoDraft)
    return [missing.detail, led_away(page).detail, *_STANDS_INSTEAD, "emptied"]


def reasons() -> list[str]:
    """What a certificate says of a day of which everything is in doubt."""
    day = RegionDay(
        "js", DAY, owed=[owed(None), owed(Outcome.TIMEOUT)], doubted={ROOT: 3},
        implied=[Implied(replace(hole(ROOT, kind), missing=4), False) for kind in HoleKind],
    )  # fmt: skip
    found = judge(day)[1]
    found += judge(replace(day, is_watched=False))[1] + judge(replace(day, is_read_since=False))[1]
    assert len(set(found)) == 2 + len(HoleKind) + 3
    return found


def test_sentences_of_published_files_are_said_in_the_readers_language() -> None:
    for sentence in (*withdrawals(), *reasons()):
        said = re.sub(r"https?://\S+", "", reworded(sentence, texts("zh")))
        words = set(re.findall(r"[A-Za-z_]+", said))
        assert words <= {"HTTP", "LIST_MAX_PAGES", "since", Outcome.TIMEOUT}, sentence
    assert reworded("HTTP 404", texts("zh")) == "服务器回答 HTTP 404"
    gap = f"{ROOT} showed none of its last articles any more: a gap between "
    assert reworded(gap + "2026-03-04T16:00:00Z and 2026-03-05T01:00:00Z", texts("en")) == (
        gap + "2026-03-05 00:00 and 2026-03-05 09:00"
    )
    said = reworded("read by extractor 1.1, before by 1.0", texts("zh"))
    assert said == "由读取程序 1.1 重新读取，以前是 1.0"
    assert reworded("something else", texts("zh")) == "something else"


def test_the_language_is_the_first_that_is_asked_for() -> None:
    assert texts_for("").language == "zh"
    assert texts_for("fr, en-GB;q=0.3, zh;q=0.2").language == "en"
    assert texts_for("en;q=nan, zh").language == "zh"
    assert texts_for(",".join(["x"] * 1000)).language == "zh"
    assert texts("en")("version", 3) == "Version 3"
    assert texts("en").get("no_such_key", "x") == "x"


def test_times_are_beijings() -> None:
    assert local("2026-09-12T16:05:00Z") == "2026-09-13 00:05"
    assert local("2026-09-12T16:05:00", "clock") == "16:05"
    assert local("yesterday") == "yesterday"
