"""`-a urls=` and `-a limit=`: exactly these articles, however many, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.column_site import Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive

HOST = "www.js.xinhuanet.com"


@pytest.fixture(scope="module")
def archive(archive_of: Callable[..., Archive]) -> Archive:
    return archive_of(articles=60)


@pytest.fixture(scope="module")
def urls(archive: Archive) -> list[str]:
    return [
        one["url"] for one in archive.site.truth()["articles"]
        if one["state"] == "live" and not one["hidden"]
    ]  # fmt: skip


def test_a_file_with_comments_and_duplicates(
    archive: Archive, urls: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "urls.txt"
    file.write_text(f"# ours\n{urls[0]}\n\n{urls[1]}  # twice\n{urls[1]}#top\n{urls[0]}\n")
    done = archive.run("-a", f"urls={file}")
    assert done.report["outcomes"] == {"published": 2}
    assert done.report["lists"]["asked"] == 0
    # known ones are not asked for
    done = archive.run("-a", "urls=-", stdin=f"{urls[0]}\n{urls[1]}\n{urls[2]}\n")
    assert done.report["outcomes"] == {"known": 2, "published": 1}
    assert len(archive.paths()) == 1


def test_limit_publishes_so_many_and_owes_the_rest(archive: Archive, urls: list[str]) -> None:
    """Also those past the first chunk: every address given is seen. The next run takes them."""
    unknown = [f"http://{HOST}/2020-01/02/c_112{number:07}.htm" for number in range(150)]
    given = f"urls={','.join([*urls[3:11], *unknown])}"
    done = archive.run("-a", given, "-a", "limit=5")
    assert done.report["outcomes"] == {"published": 5, "pending": 153}
    archive.site.columns = [Column("/lb/yw.htm", [])]
    owed = archive.run("-a", "regions=js", "-a", "limit=3")
    assert owed.report["outcomes"]["published"] == 3
    assert {line["url"] for line in owed.lines} <= set(urls)


# --- one article, many addresses -----------------------------------------------------------------


def test_an_article_at_many_addresses_is_fetched_once(archive_of: Callable[..., Archive]) -> None:
    archive = archive_of(articles=60)
    articles = [one for one in archive.site.truth()["articles"] if not one["hidden"]]
    mobile = next(one for one in articles if any("://m." in url for url in one["addresses"]))
    paged = next(one for one in articles if any("?page=" in url for url in one["addresses"]))
    given = [url for one in (mobile, paged) for url in one["addresses"]]
    done = archive.run("-a", f"urls={','.join(given)}")
    assert {line["id"]: line["version"] for line in done.lines} == {mobile["id"]: 1, paged["id"]: 1}
    assert done.report["outcomes"]["published"] == 2
    assert done.report["outcomes"]["duplicate"] == done.report["urls_seen"] - 2
    assert len([entry for entry in archive.asked if entry.status == 200]) <= 3 + 1  # and robots.txt
    for line in done.lines:
        assert line["canonical_url"] not in line["also_at"]
        assert len(line["also_at"]) == done.report["urls_seen"] // 2 - 1 or line["also_at"]
        assert not [url for url in line["also_at"] if "?page=" in url or "/gate/big5/" in url]


def test_a_redirect_to_another_host_is_the_same_article(archive_of: Callable[..., Archive]) -> None:
    """Channels that send the bare host to www: one record, at the address that answered."""
    archive = archive_of(regions=["fj"], articles=20)
    one = next(
        one for one in archive.site.truth()["articles"]
        if one["url"].startswith("http://www.fj.") and not one["hidden"]
        and one["layout"].startswith("g3")
    )  # fmt: skip
    bare = one["url"].replace("http://www.", "http://")
    done = archive.run("-a", f"urls={bare}")
    hops = [entry.status for entry in archive.asked if not entry.path.startswith("/robots")]
    (line,) = done.lines
    assert line["id"] == one["id"]
    assert (set(hops), line["url"]) == ({301, 200}, one["url"])
    assert sorted({line["canonical_url"], *line["also_at"]}) == sorted({bare, line["url"]})
    again = archive.run("-a", f"urls={bare},{one['url']}", "-a", "recheck=none")
    assert archive.paths() == []
    assert set(again.report["outcomes"]) <= {"known", "duplicate"}


# --- several pages -------------------------------------------------------------------------------


def test_pages_of_an_article_are_published_together_or_not_at_all(
    archive_of: Callable[..., Archive],
) -> None:
    archive = archive_of(regions=["js", "he"], articles=60)
    site = archive.site
    several = [
        one for one in site.truth()["articles"]
        if len(one["expected"]["page_urls"]) > 1 and not one["hidden"]
    ]  # fmt: skip
    faulty = dict(zip(("404", "soft404", "redirect_front"), several, strict=False))
    assert len(faulty) == 3
    given = ("-a", f"urls={','.join(one['url'] for one in faulty.values())}")

    def spoil() -> None:
        for kind, one in faulty.items():
            site.fault(kind, path="/" + one["expected"]["page_urls"][1].split("/", 3)[3])

    spoil()
    done = archive.run(*given)
    assert done.lines == []
    assert done.report["outcomes"] == {"incomplete": 3}
    site.faults.replace([])
    site.day += 1  # owed again by the schedule of failures
    done = archive.run(*given)
    lines = {line["id"]: line for line in done.lines}
    for one in faulty.values():
        pages = len(one["expected"]["page_urls"])
        line = lines[one["id"]]
        assert len(line["page_urls"]) == len(line["warc_pages"]) == pages
    spoil()
    site.day += 8
    done = archive.run(*given, "-a", "recheck=all")  # no sign of a withdrawal either
    assert done.report["outcomes"] == {"incomplete": 3}
