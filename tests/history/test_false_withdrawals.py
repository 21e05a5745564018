"""Outages that look like withdrawals to each article: none of them writes a `gone` record.

Few articles are looked at, so their number doesn't tell, and both looks fall into the outage.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from crawler.ledger.ledger import Ledger
from tests.nightly import at_night
from tests.site.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.column_site import ColumnSite

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
        at_night(front_page_for_everything),
        at_night(soft_404_for_everything),
        at_night(sent_to_the_front),
        at_night(texts_are_elsewhere),
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
        with closing(Ledger.of(column.data_dir, read_only=True)) as ledger:
            row = ledger.articles.get(out[1]["id"])
            look = ledger.observations.of_article(out[1]["id"])[-1].at
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


def page_of(html: str, status: int = 200) -> Answer:
    return Answer(status, f"<html><head>{html}</html>".encode())


def to(location: str, status: int = 302) -> Answer:
    return Answer(status, b"", location=location)


# What stands before an article, and how a look at the article ends then. {path} is its path.
BEFORE: dict[str, tuple[Answer, str]] = {
    "script to itself": (page_of("<script>location.href='{path}?s=1'</script>"), "challenged"),
    "cookie, reload": (
        page_of("<script>document.cookie='a=1';location.reload()</script>"), "challenged",
    ),
    "cookie, front": (
        page_of("<script>document.cookie='a=1';location='/'</script>"), "challenged",
    ),
    "unreadable script": (page_of("<script>eval(function(p){{}}('0'))</script>"), "challenged"),
    "blank": (Answer(200, b" "), "challenged"),
    "captcha": (page_of("<title>安全验证</title><p>请完成安全验证</p>"), "challenged"),
    "blocked, 404": (page_of("<h1>404</h1><p>您的请求已被拦截</p>", 404), "challenged"),
    "blocked, then front": (
        page_of('<meta http-equiv="refresh" content="3;url=/"><p>访问被拦截</p>'), "challenged",
    ),
    "login": (to("http://passport.news.cn/?to=x"), "challenged"),
    "login of others": (to("http://login.example.org/"), "challenged"),
    "captcha on this host": (to("/captcha/index.htm"), "challenged"),
    "told the way back": (to("/?from=http%3A%2F%2Fwww.js.xinhuanet.com{path}"), "challenged"),
    **{
        f"HTTP {status}": (page_of("x", status), "challenged")
        for status in (403, 405)
    },
    "script to another": (page_of("<script>location='http://www.news.cn/a.htm'</script>"),
                          "script_redirect"),
    "garbled": (page_of("<p>" + "渡口\ue5e5\ufffd" * 40), "garbled"),
}  # fmt: skip
# What only an absent article gives.
ABSENT: dict[str, Answer] = {
    "404": page_of("<h1>404 Not Found</h1>", 404),
    "410": page_of("", 410),
    "soft": page_of("<title>新华网</title><p>对不起，您访问的页面不存在</p>"),
    "front": to("/"),
    "front of all": to("http://www.news.cn/index.htm", 301),
    "skipped": to("http://www.xinhuanet.com/webSkipping.htm"),
    "script to the front": page_of("<script>window.location.href='http://www.news.cn/'</script>"),
    "refresh to the front": page_of('<meta http-equiv="refresh" content="0;url=/">'),
}


def test_only_what_an_absent_article_gives_is_a_sign(archive_of: Callable[..., Archive]) -> None:
    """Each article of a host has another answer, two looks long; one is there."""
    archive = archive_of(regions=["js"], articles=120, daily=0)
    archive.run("-a", "regions=js")
    site = archive.site
    asked = [one for one in standing(archive) if len(one["expected"]["page_urls"]) < 2]
    kinds = [*BEFORE, *ABSENT, "there"]
    by_kind = dict(zip(kinds, asked, strict=False))
    assert len(by_kind) == len(kinds)
    for kind in kinds[:-1]:
        answer = BEFORE[kind][0] if kind in BEFORE else ABSENT[kind]
        path = path_of(by_kind[kind])
        location = answer.location and answer.location.format(path=path.replace("/", "%2F"))
        body = answer.body.replace(b"{path}", path.encode())
        site.made[(HOST, path)] = replace(answer, body=body, location=location)
    front = b"<title>x</title>" + b'<a href="/a.htm">front page</a>' * 20
    site.made[("www.news.cn", "/index.htm")] = front
    there = by_kind["there"]
    for day, looked in ((1, BEFORE), (1.4, BEFORE), (1.8, ABSENT), (2.2, ABSENT)):
        site.day = day
        urls = ",".join(one["url"] for one in (*(by_kind[kind] for kind in looked), there))
        archive.run(
            "-a", f"urls={urls}", "-a", "recheck=all", "-s", "RETRY_TIMES=0",
            "-s", "DOWNLOAD_DELAY=0",
        )  # fmt: skip
    with closing(Ledger.of(archive.data_dir, read_only=True)) as ledger:
        found = {kind: ledger.addresses.get(by_kind[kind]["url"]) for kind in BEFORE}
    outcomes = {kind: row and row.result for kind, row in found.items()}
    assert outcomes == {kind: outcome for kind, (_, outcome) in BEFORE.items()}
    gone = {line["id"] for line in archive.lines() if line["status"] == "gone"}
    names = {one["id"]: kind for kind, one in by_kind.items()}
    assert {names[one] for one in gone} == set(ABSENT)
