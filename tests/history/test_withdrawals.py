"""Outages and mass removals: what is never confirmed, what is once others answer, what returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tests.column_site import Column
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.processes import Crawl

HOST = "www.js.xinhuanet.com"
SCHEMA = PROJECT / "crawler" / "exporters" / "article.schema.json"
SEVEN_HOURS = 7 / 24


class Story:
    """Ten articles of one host through an outage, a mass removal and a return."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.truths = sorted(self.standing(HOST)[:10], key=lambda one: str(one["url"]))
        self.others = [self.standing(host)[0] for host in ("js.news.cn", "www.js.news.cn")]
        self.runs: dict[str, Crawl] = {}

    def standing(self, host: str) -> list[dict[str, Any]]:
        """Articles of a host, of one page, to which nothing happens for a long time."""
        site = self.archive.site
        site.day = 90
        eventful = {one["id"] for one in site.truth()["articles"] if one["history"]}
        site.day = 0
        return [
            one
            for one in site.truth()["articles"]
            if one["url"].startswith(f"http://{host}/")
            and not one["hidden"]
            and one["id"] not in eventful
            and len(one["expected"]["page_urls"]) < 2
        ]

    def run(self, name: str, faults: dict[str, Any] | None = None, *spare: int) -> Crawl:
        """A run seven hours after the last; the faults hit all but the articles `spare`."""
        site = self.archive.site
        site.faults.replace([])
        for kind, options in (faults or {}).items():
            for number, truth in enumerate(self.truths):
                if number not in spare:
                    path = "/" + truth["url"].split("/", 3)[3]
                    site.fault(kind, host=HOST, path=path, **options)
        site.day += SEVEN_HOURS
        urls = ",".join(one["url"] for one in self.truths)
        done = self.archive.run("-a", f"urls={urls}", "-a", "recheck=all")
        self.runs[name] = done
        return done

    def outcomes(self, name: str) -> dict[str, int]:
        found: dict[str, int] = self.runs[name].report["outcomes"]
        return found


@pytest.fixture(scope="module")
def story(archive_of: Callable[..., Archive]) -> Story:
    story = Story(archive_of(regions=["js"], articles=60))
    story.run("first")
    story.run("down", {"404": {}})
    story.run("still down", {"soft404": {}})
    story.run("removed", {"404": {}}, 7, 8, 9)
    story.run("still removed", {"404": {}}, 0, 7, 8, 9)
    return story


def test_an_outage_makes_suspects(story: Story) -> None:
    assert story.outcomes("first") == {"published": 10}
    assert story.outcomes("down") == {"suspected": 10}


def test_an_outage_confirms_nothing(story: Story) -> None:
    """All were suspected seven hours before: it is the host that is down."""
    assert story.outcomes("still down") == {"suspected": 10}
    assert story.runs["still down"].lines == []


def test_a_mass_removal_is_recorded_once_others_answer(story: Story) -> None:
    outcomes = story.outcomes("removed")
    assert outcomes.pop("gone") == 7
    assert outcomes == {"not_modified": 3}
    removed = story.runs["removed"]
    assert {line["id"] for line in removed.lines} == {one["id"] for one in story.truths[:7]}
    for line in removed.lines:
        assert line["status"] == "gone"
        assert [one["reason"] for one in line["gone"]["observations"]] == [
            "HTTP 404", "soft_404", "HTTP 404",
        ]  # fmt: skip


def test_gone_records_are_what_the_contract_says(story: Story) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    for line in story.archive.lines():
        assert not list(validator.iter_errors(line))


def test_what_comes_back_is_restored_and_what_does_not_stays_gone(story: Story) -> None:
    (line,) = story.runs["still removed"].lines
    assert (line["id"], line["status"]) == (story.truths[0]["id"], "restored")
    assert (line["version"], line["changed"], line["gone"]) == (1, [], None)
    first = next(one for one in story.runs["first"].lines if one["id"] == line["id"])
    assert line["content_sha256"] == line["previous_sha256"] == first["content_sha256"]
    assert story.outcomes("still removed") == {"not_modified": 3, "restored": 1, "unchanged": 6}


def test_a_gone_article_that_a_list_shows_is_looked_at_again(story: Story) -> None:
    """Only when it was not looked at for a day."""
    archive = story.archive
    archive.site.faults.replace([])
    archive.site.columns = [Column("/lb/yw.htm", [one["url"] for one in story.truths[:3]])]
    arguments = ("-a", f"lists=http://{HOST}/lb/yw.htm")
    soon = archive.run(*arguments)
    assert soon.report["outcomes"] == {"known": 3}
    archive.site.day += 2
    archive.site.columns[0].note = "改版"
    later = archive.run(*arguments)
    assert later.report["outcomes"] == {"known": 1, "restored": 2}
    assert {line["id"] for line in later.lines} == {one["id"] for one in story.truths[1:3]}


def test_no_answer_is_no_sign(story: Story) -> None:
    """However often: 5xx, a broken connection, a firewall's page, robots.txt, DNS."""
    archive, site = story.archive, story.archive.site
    answers = dict(zip(("503", "reset", "error_page"), story.truths[7:], strict=True))
    urls = ",".join(one["url"] for one in (*answers.values(), *story.others))
    site.faults.replace([])
    site.day += 2
    assert archive.run("-a", f"urls={urls}", "-a", "recheck=all").report["outcomes"] == {
        "not_modified": 3, "published": 2,
    }  # fmt: skip
    for kind, truth in answers.items():
        site.fault(kind, host=HOST, path="/" + truth["url"].split("/", 3)[3])
    site.fault("dns", host="js.news.cn")
    site.fault("500", host="www.js.news.cn", path="/robots.txt")
    for _ in range(2):
        site.day += 2  # the kept robots.txt is too old by then
        once = ("-s", "RETRY_TIMES=0")
        done = archive.run("-a", f"urls={urls}", "-a", "recheck=all", *once)
        assert done.lines == []
        assert not {"suspected", "gone"} & set(done.report["outcomes"])
        assert sum(done.report["outcomes"].values()) == 5
        assert done.report["outcomes"]["robots_unreachable"] == 2
