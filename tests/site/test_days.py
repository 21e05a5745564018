"""Simulated days bring articles, edits, withdrawals, a new dress; nothing else changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.site import Site, World, expected, render
from tests.site.plan import FORMS
from tests.site.reading import an_article, bare, get, see

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site import Story

ROOT = "http://www.js.xinhuanet.com/"
_SECOND = timedelta(seconds=1)


def test_days_bring_articles_edits_and_withdrawals() -> None:
    world = World(regions=["js", "he", "zj", "gd"], articles=20, daily=2)
    seen: set[str] = set()
    for day in range(40):
        world.day = day + 0.99
        for key in world.channels:
            for plan in world.plans(key):
                before = [e for e in plan.events if e.at <= world.at]
                state = world.state(plan)
                assert state.version == 1 + sum(e.what == "edited" for e in before)
                seen |= {e.what for e in before} | {state.form}
    assert {"edited", "withdrawn", "restored", "boilerplate"} <= seen
    assert seen >= set(FORMS)
    assert len(world.plans("js")) == 20 + 40 * 2


@pytest.mark.parametrize("form", FORMS)
def test_a_withdrawn_article_shows_as_planned(form: str) -> None:
    with Site(articles=30, day=30) as site:
        for key in site.world.channels:
            for plan in site.world.plans(key):
                if site.world.form(plan) != form:
                    continue
                got = get(site, plan.task.url)
                statuses = {"404": 404, "410": 410, "front": 302, "skip": 302}
                assert got.status == statuses.get(form, 200)
                if form == "skip":
                    assert got.headers["location"].endswith("/webSkipping.htm")
                if form == "emptied":
                    story = site.world.state(plan).story
                    assert not [p for p in story.paragraphs if bare(p) in see(got.text).text]
                return
    raise AssertionError(form)


def rendered(story: Story) -> list[bytes]:
    """All pages of an article."""
    return [render(story.layout, story, n + 1) for n in range(len(story.page_urls) or 1)]


def test_an_edit_changes_what_it_says_and_dress_alone_changes_no_field() -> None:
    world = World(articles=30)
    world.day = 60
    edits = dresses = 0
    for key in world.channels:
        for plan in world.plans(key):
            for event in plan.events:
                before = world.state(plan, event.at.replace(microsecond=0) - _SECOND)
                after = world.state(plan, event.at)
                old, new = rendered(before.story), rendered(after.story)
                from_, to = expected(before.story), expected(after.story)
                changed = {name for name in to if from_[name] != to[name]} - {"paragraphs"}
                if event.what == "edited":
                    edits += 1
                    assert old != new
                    changed -= {"codes"}
                    if "body" in after.changed:  # pictures may move with the text
                        changed -= {"images", "attachments"}
                    assert changed == set(after.changed)
                elif event.what == "boilerplate":
                    dresses += 1
                    assert old != new, before.story.layout
                    assert not changed
    assert edits > 20
    assert dresses > 20


def test_a_redesign_renames_everything_and_says_the_same(own: Site) -> None:
    article = an_article(own, region="js", layout="g3")
    before = get(own, article["url"]).text
    get(own, "http://control.test/redesign?region=js&day=2")
    assert get(own, article["url"]).text == before
    own.day = 2
    after = get(own, article["url"]).text
    assert 'id="title"' in before
    assert 'id="title"' not in after
    assert see(after).text == see(before).text
    assert an_article(own, region="js", layout="g3")["redesigned"]


def test_the_clock_moves_by_control_and_by_file(own: Site, tmp_path: Path) -> None:
    before = len(own.truth()["articles"])
    get(own, "http://control.test/set?day=5.5")
    assert own.day == 5.5
    assert len(own.truth()["articles"]) > before
    assert get(own, "http://control.test/set?day=soon").status == 400
    order = tmp_path / "control.json"
    with Site(regions=["js"], control_file=order) as site:
        assert get(site, ROOT).status == 200
        order.write_text('{"day": 2, "faults": [{"kind": "503", "host": "*.js.*"}]}', "utf-8")
        assert get(site, ROOT).status == 503
        assert site.day == 2
