"""Feeds, sitemaps and the OpenSearch description, read by others' code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

import feedparser
import pytest

from crawler.room.feeds import ATOM, OPENSEARCH, SITEMAP

if TYPE_CHECKING:
    from tests.room.served import Served

FEEDS = ("/changes.atom", "/regions/js/feed.atom", f"/search.atom?q={quote('社区')}&region=js")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


@pytest.mark.parametrize("path", FEEDS)
def test_feeds_are_valid_atom(room: Served, path: str) -> None:
    """RFC 4287: a feed has an id, a title, a date and an author (4.1.1), an entry too (4.1.2), ids
    are of one entry (4.2.6); a feed links to itself."""
    answer = room.get(path)
    assert answer.headers["content-type"] == "application/atom+xml"
    read = feedparser.parse(answer.body)
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    assert read.feed.title
    assert read.feed.author
    (own,) = [one for one in read.feed.links if one.rel == "self"]
    assert own.href == room.base + path
    root = ET.fromstring(answer.body)
    assert root.tag == f"{{{ATOM}}}feed"
    entries = root.findall(f"{{{ATOM}}}entry")
    assert entries
    ids = [one.findtext(f"{{{ATOM}}}id") for one in entries]
    assert len(set(ids)) == len(ids)
    for one in (root, *entries):
        updated = one.findtext(f"{{{ATOM}}}updated") or ""
        assert DATE.fullmatch(updated)
        assert (one.findtext(f"{{{ATOM}}}id") or "").startswith("tag:")
    for one in read.entries[:5]:
        assert one.link.startswith(room.base + "/")
        assert room.get(one.link.removeprefix(room.base)).status == 200


def test_changes_are_told_apart(room: Served) -> None:
    entries = feedparser.parse(room.get("/changes.atom").body).entries
    terms = {entry.tags[0].term for entry in entries}
    assert terms == {"edited", "withdrawn", "restored"}
    later = [line for line in room.lines if line["version"] > 1 or line["status"] != "live"]
    assert len(entries) == len(later)


def test_the_sitemap_lists_every_article_once(room: Served) -> None:
    index = ET.fromstring(room.get("/sitemap.xml").body)
    maps = [one.text or "" for one in index.iter(f"{{{SITEMAP}}}loc")]
    found: list[str] = []
    for address in maps:
        answer = room.get(address.removeprefix(room.base))
        assert answer.status == 200
        found += [one.text or "" for one in ET.fromstring(answer.body).iter(f"{{{SITEMAP}}}loc")]
    assert len(found) == len(set(found))
    articles = {one for one in found if "/articles/" in one}
    assert articles == {f"{room.base}/articles/{line['id']}" for line in room.lines}
    assert f"{room.base}/days/2026-09-12" in found
    assert f"Sitemap: {room.base}/sitemap.xml" in room.get("/robots.txt").text


def test_the_opensearch_description_leads_to_the_search(room: Served) -> None:
    root = ET.fromstring(room.get("/opensearch.xml").body)
    assert root.tag == f"{{{OPENSEARCH}}}OpenSearchDescription"
    assert 0 < len(root.findtext(f"{{{OPENSEARCH}}}ShortName") or "") <= 16
    for url in root.iter(f"{{{OPENSEARCH}}}Url"):
        path = url.attrib["template"].removeprefix(room.base)
        path = path.replace("{searchTerms}", quote("社区")).replace("{startPage?}", "1")
        answer = room.get(path)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(url.attrib["type"])
