"""Outages that look like withdrawals to each article: none of them writes a `gone` record.

Few articles are looked at, so their number doesn't tell, and both looks fall into the outage.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawler.state.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.incremental.columns import ColumnSite
    from tests.incremental.conftest import Archive

    Outage = Callable[[ColumnSite, list[dict[str, Any]]], None]

HOST = "www.js.xinhuanet.com"
EVERYTHING = ("-a", "regions=js", "-a", "recheck=all")


def path_of(one: dict[str, Any]) -> str:
    return "/" + one["url"].split("/", 3)[3]


def articles_are_missing(site: ColumnSite, articles: list[dict[str, Any]]) -> None:
    """Their servers are down; those of the lists are not."""
    for one in articles:
        site.fault("404", path=path_of(one))


def front_page_for_everything(site: ColumnSite, articles: list[dict[str, Any]]) -> None:
    """A CDN without its rules: status 200, many links, lists and robots.txt too."""
    rows = "".join(f'<li><a href="{one["url"]}">{one["id"]}</a></li>' for one in articles)
    page = (
        f"<html><head><title>新华网江苏频道</title></head><body><ul>{rows * 3}</ul></body></html>"
    )
    site.everywhere = page.encode()


def soft_404_for_everything(site: ColumnSite, articles: list[dict[str, Any]]) -> None:
    site.fault("soft404")


def sent_to_the_front(site: ColumnSite, articles: list[dict[str, Any]]) -> None:
    for one in articles:
        site.fault("redirect_front", path=path_of(one))


def texts_are_elsewhere(site: ColumnSite, articles: list[dict[str, Any]]) -> None:
    """A new design: the template is that of before, but a script fills it in."""
    site.world.form = lambda plan, at=None: "emptied"  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "outage",
    [
        articles_are_missing,
        front_page_for_everything,
        soft_404_for_everything,
        sent_to_the_front,
        texts_are_elsewhere,
    ],
)
def test_an_outage_of_eight_hours_withdraws_nothing(
    archive_of: Callable[..., Archive], outage: Outage
) -> None:
    """Up to five articles a host: what every one of them shows is the site's."""
    archive = archive_of(articles=16, daily=0)
    site = archive.site
    archive.run("-a", "regions=js")
    site.day = 1
    outage(site, site.truth()["articles"])
    first = archive.run(*EVERYTHING).report["outcomes"]
    assert first["suspected"] >= 8
    for day in (1.34, 1.7):
        site.day = day
        assert "gone" not in archive.run(*EVERYTHING).report["outcomes"]
    assert not [line for line in archive.lines() if line["status"] == "gone"]


@pytest.fixture(scope="module")
def column(archive_of: Callable[..., Archive]) -> Archive:
    archive = archive_of(articles=60, daily=0)
    archive.run("-a", "regions=js")
    return archive


def standing(archive: Archive) -> list[dict[str, Any]]:
    """The host's archived articles by address; nothing happens to them in the next weeks."""
    site, day = archive.site, archive.site.day
    site.day = 90
    eventful = {one["id"] for one in site.truth()["articles"] if one["history"]}
    site.day = day
    archived = {line["canonical_url"] for line in archive.lines()}
    return sorted(
        (
            one
            for one in site.truth()["articles"]
            if one["url"].startswith(f"http://{HOST}/")
            and one["url"] in archived
            and one["id"] not in eventful
        ),
        key=lambda one: str(one["url"]),
    )


def ends(archive: Archive, asked: list[dict[str, Any]]) -> dict[str, int]:
    """How a run ends that is to look again at some articles only."""
    urls = ",".join(one["url"] for one in asked)
    found: dict[str, int] = archive.run("-a", f"urls={urls}", "-a", "recheck=all").report[
        "outcomes"
    ]
    return found


def test_one_page_asked_for_in_an_outage_of_its_host_is_not_withdrawn(column: Archive) -> None:
    """No list is asked. The articles beside it are, and they are missing too."""
    site = column.site
    site.day = 10
    one = standing(column)[8]
    site.fault("404", host=HOST)
    assert ends(column, [one]) == {"suspected": 1}
    site.day = 10.5
    assert ends(column, [one]) == {"suspected": 3}
    assert len(column.paths()) == 3
    site.faults.replace([])
    site.fault("404", path=path_of(one))  # it was true of this one
    site.day = 11.1
    found = ends(column, [one])
    assert found.pop("gone") == 1
    assert sum(found.values()) == 2
    first, *witnesses = (f"http://{HOST}{path}" for path in column.paths())
    assert first == one["url"]
    assert min(witnesses) < one["url"] < max(witnesses)
    (line,) = [
        line for line in column.lines() if (line["id"], line["status"]) == (one["id"], "gone")
    ]
    assert len(line["gone"]["observations"]) == 3
    site.faults.replace([])


def test_no_witness_is_asked_for_where_another_article_is_there(column: Archive) -> None:
    site = column.site
    site.day = 14
    one, other = standing(column)[12], standing(column)[15]
    site.fault("404", path=path_of(one))
    assert ends(column, [one, other]) == {"suspected": 1, "not_modified": 1}
    site.day = 14.5
    assert ends(column, [one, other]) == {"gone": 1, "not_modified": 1}
    site.faults.replace([])


def test_no_witness_is_asked_for_where_a_limit_is_given(column: Archive) -> None:
    site = column.site
    site.day = 16
    one = standing(column)[14]
    site.fault("404", path=path_of(one))
    assert ends(column, [one]) == {"suspected": 1}
    site.day = 16.5
    asked = ("-a", f"urls={one['url']}", "-a", "recheck=all", "-a", "limit=1")
    assert column.run(*asked).report["outcomes"] == {"suspected": 1}
    assert column.paths() == [path_of(one)]
    site.day = 17.5
    assert ends(column, [one])["gone"] == 1
    site.faults.replace([])


def test_what_may_be_an_outage_is_looked_at_ever_more_seldom(column: Archive) -> None:
    """Each wait is as long as the suspicion is old, at least six hours."""
    site, ages, waits = column.site, [], []
    out = standing(column)[9:12]
    site.fault("404", host=HOST)
    site.day = 20
    for _ in range(5):
        assert ends(column, out)["suspected"] >= len(out)
        path = column.data_dir / "state" / "ledger.sqlite"
        with closing(Ledger.open(path, read_only=True)) as ledger:
            row = ledger.article(out[1]["id"])
            look = ledger.observations(out[1]["id"])[-1].at
        assert row is not None
        assert row.next_check_at is not None
        assert row.suspected_at is not None
        ages.append((look - row.suspected_at).total_seconds() / 3600)
        waits.append((row.next_check_at - look).total_seconds() / 3600)
        site.day += waits[-1] / 24 + 0.01
    assert waits == pytest.approx([max(6, age) for age in ages], abs=0.01)
    assert waits[-1] > 48
    site.faults.replace([])


def test_the_only_article_of_its_host_is_judged_by_those_of_others(
    archive_of: Callable[..., Archive],
) -> None:
    archive = archive_of(articles=16, daily=0)
    site = archive.site
    archive.run("-a", "regions=js", "-a", "limit=1")
    (line,) = archive.lines()
    alone = {"id": line["id"], "url": line["canonical_url"]}
    other = next(
        one for one in site.truth()["articles"]
        if one["url"].split("/")[2] != line["canonical_url"].split("/")[2] and not one["hidden"]
    )  # fmt: skip
    assert archive.run("-a", f"urls={other['url']}").report["outcomes"] == {"published": 1}
    site.fault("404")
    for day in (1, 1.5):
        site.day = day
        assert "gone" not in ends(archive, [alone])
    site.faults.replace([])
    site.fault("404", path=path_of(alone))
    site.day = 2.5
    assert ends(archive, [alone, other]) == {"gone": 1, "not_modified": 1}
