from __future__ import annotations

import io
import json
from typing import Any

from crawler.export_formats.json_ld import json_ld_columns, news_article, write_json_ld
from tests.export_formats.lines import LATER, LINES, gone, published

HEAD = {"@context", "@type", "publisher"}


def test_what_the_line_says() -> None:
    lines = [*LINES, gone(LINES[0])]
    file = io.BytesIO()
    assert write_json_ld(published(*lines), file) == len(lines)
    found = [json.loads(line) for line in file.getvalue().splitlines()]
    for one, line in zip(found, lines, strict=True):
        assert (one["@context"], one["@type"]) == ("https://schema.org", "NewsArticle")
        assert one.get("headline") == line["title"]
        assert one.get("articleBody") == line["body"]
        assert [p["name"] for p in one.get("author", [])] == [p["name"] for p in line["reporters"]]
        assert [i["contentUrl"] for i in one.get("image", [])] == [i["url"] for i in line["images"]]
        assert one["spatialCoverage"]["name"] == line["region"]["name"]
        assert all(value not in (None, "", []) for value in one.values())
        assert set(one) <= HEAD | set(json_ld_columns())
    assert [one["creativeWorkStatus"] for one in found[-2:]] == ["Published", "Withdrawn"]
    assert set.union(*map(set, found)) > HEAD


def test_a_day_stays_a_day() -> None:
    """The page says no more: midnight would be made up."""
    moment = {"published_at": "2017-09-28T00:00:00+08:00"}
    day = news_article(LINES[0] | moment | {"published_precision": "day"})
    minute = news_article(LINES[0] | moment | {"published_precision": "minute"})
    assert (day["datePublished"], minute["datePublished"]) == ("2017-09-28", moment["published_at"])


def test_every_state_of_an_article_has_a_name_of_its_own() -> None:
    states: list[dict[str, Any]] = [
        LINES[0],
        gone(LINES[0]),
        LINES[0] | {"fetched_at": LATER, "revision": 1},
        LINES[0] | {"fetched_at": LATER, "revision": 2},
    ]
    assert len({news_article(state)["@id"] for state in states}) == len(states)
