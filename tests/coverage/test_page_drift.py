"""Drift over runs of a real crawl: pages of a new form are told of by the second run they meet."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.column_site import ColumnSite

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.site.answer import Answer
    from tests.site.server import Entry

EXAMPLE = re.compile(r"(http://\S+) \((warc/\S+) at (\d+)\)")


@pytest.fixture
def swollen(monkeypatch: pytest.MonkeyPatch) -> set[float]:
    """From the least of these days on an article has thrice as much markup around the same text."""
    days: set[float] = set()
    answer = ColumnSite._answer

    def larger(site: ColumnSite, entry: Entry, target: str) -> Answer:
        given = answer(site, entry, target)
        if not (days and site.day >= min(days) and target.endswith("/c.html")):
            return given
        noise = Random(target).randbytes(9000).hex()
        body = given.body.replace(b"</body>", f"<!-- {noise} --></body>".encode())
        return replace(given, body=body)

    monkeypatch.setattr(ColumnSite, "_answer", larger)
    return days


def test_a_new_form_of_the_pages(archive_of: Callable[..., Archive], swollen: set[float]) -> None:
    archive = archive_of(articles=0, daily=30)
    told = {}
    swollen.add(7.5)
    for day in (3.5, 6.5, 7.5, 8.5):
        archive.site.day = day
        done = archive.run("-a", "regions=js")
        told[day] = [one for one in done.report["alarm_states"] if one["id"].startswith("drift:")]
    assert {day for day, alarms in told.items() if alarms} == {8.5}
    (alarm,) = told[8.5]
    assert alarm["id"].endswith(":page_bytes:up")
    assert (alarm["region"], alarm["is_new"]) == ("js", True)
    examples = EXAMPLE.findall(alarm["text"])
    assert len(set(examples)) == 3
    lines = {(one["url"], one["warc"]["file"], one["warc"]["offset"]) for one in archive.lines()}
    assert {(url, name, int(offset)) for url, name, offset in examples} <= lines
