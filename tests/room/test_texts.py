"""What the room says: all of it in both languages, nothing that nobody says."""

from __future__ import annotations

import re
from pathlib import Path

import crawler.room
from crawler.room.texts import LANGUAGES, table, texts, texts_for
from crawler.search.query import _REFUSALS

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


def test_the_language_is_the_first_that_is_asked_for() -> None:
    assert texts_for("").language == "zh"
    assert texts_for("fr, en-GB;q=0.3, zh;q=0.2").language == "en"
    assert texts_for("en;q=nan, zh").language == "zh"
    assert texts_for(",".join(["x"] * 1000)).language == "zh"
    assert texts("en")("version", 3) == "Version 3"
    assert texts("en").get("no_such_key", "x") == "x"
