"""Articles on several pages, and addresses that hold no page, by the real process: crawled, proved,
and extracted again from the archive."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crawler.reextraction import one_warc
from crawler.reextraction.one_warc import Filter, Tally
from tests.pages.paged import at, html, numbers, site_of
from tests.processes import defects
from tests.reextraction.foreign import Sink
from tests.site.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive
    from tests.processes import Crawl

FOLDER = "xinhuanet.com/2017-09/05/c_112160"
TREE = "<div>" * 30_000


def base(number: int, host: str = "js") -> str:
    """The addresses of one of the articles, without their endings."""
    return f"http://{host}.{FOLDER}{number:04}"


def of_its_own(number: int, site: dict[str, str]) -> dict[str, str]:
    """The pages with the article's number for that of the samples."""
    return {url: page.replace("1121600001", f"112160{number:04}") for url, page in site.items()}


ONLY_WWW = {at(base(1), 1): html(1, numbers(base(1, "www.js"), 3))} | {
    at(base(1, "www.js"), n): html(n, numbers(base(1, "www.js"), 3, of=n)) for n in (2, 3)
}
NAMES_WWW = site_of(base(2), 4, links=base(2, "www.js"))
FORBIDDEN = site_of(base(3), 2, links=base(3, "www.zj")) | site_of(base(3, "www.zj"), 2)
LACKING = {url: page for url, page in site_of(base(4), 4).items() if url != at(base(4), 3)}
LONG = site_of(base(5), 60)
SAME = dict.fromkeys(site_of(base(6), 3), html(1, numbers(base(6), 3)))
BACK = {at(base(7), 1): html(1, numbers(base(7), 2))}
PAGES = (ONLY_WWW, NAMES_WWW, FORBIDDEN, LACKING, LONG, SAME, BACK)

ENDINGS = {
    at(base(1), 1): "published",
    at(base(2), 1): "published",
    # another channel's page 2 is none of the article
    at(base(3), 1): "published",
    at(base(4), 1): "incomplete",
    at(base(5), 1): "too_large",
    at(base(6), 1): "incomplete",
    at(base(7), 1): "incomplete",
    at(base(8), 1): "not_html",
    at(base(9), 1): "not_html",
    at(base(10), 1): "too_deep",
    at(base(11), 1): "redirect_loop",
}


@pytest.fixture(scope="module")
def archive(archive_of: Callable[..., Archive]) -> Archive:
    archive = archive_of(articles=10)

    def put(url: str, made: bytes | Answer) -> None:
        host, _, path = url.partition("://")[2].partition("/")
        archive.site.made[(host, f"/{path}")] = made

    for number, site in enumerate(PAGES, start=1):
        for url, page in of_its_own(number, site).items():
            put(url, page.encode())
    put(at(base(7), 2), Answer(302, b"", location=at(base(7), 1)))
    put(at(base(8), 1), b"%PDF-1.4\n" + bytes(range(256)))
    put(at(base(9), 1), b'{"code": 403, "message": "blocked"}')
    put(at(base(10), 1), f"<html><body>{TREE}<p>x</p></body></html>".encode())
    put(at(base(11), 1), Answer(302, b"", location=at(base(11), 1)))
    return archive


@pytest.fixture(scope="module")
def done(archive: Archive) -> Crawl:
    return archive.run("-a", f"urls={','.join(ENDINGS)}")


def test_how_they_end(archive: Archive, done: Crawl) -> None:
    assert done.report["outcomes"] == Counter(ENDINGS.values())
    lines = {line["url"]: line for line in done.lines}
    assert set(lines) == {url for url, ending in ENDINGS.items() if ending == "published"}
    www = [at(base(1, "www.js"), n) for n in (2, 3)]
    assert lines[at(base(1), 1)]["page_urls"] == [at(base(1), 1), *www]
    assert lines[at(base(2), 1)]["page_urls"] == [at(base(2), n) for n in range(1, 5)]
    assert lines[at(base(3), 1)]["page_urls"] == []
    assert len(lines[at(base(2), 1)]["paragraphs"]) == 4
    assert defects(archive.data_dir) == []


def test_nothing_is_asked_for_in_vain(done: Crawl) -> None:
    """Not sixty pages of an article that is refused, and no host that nobody needs."""
    assert sum(FOLDER.partition("/")[2] + "0005" in entry.path for entry in done.asked) == 1
    assert {entry.host for entry in done.asked} == {"js.xinhuanet.com", "www.js.xinhuanet.com"}


def test_the_archive_gives_the_same_again(archive: Archive, done: Crawl) -> None:
    tally = Tally()
    (path,) = archive.data_dir.glob("warc/*/*/*.warc.gz")
    records = list(one_warc.reextract(path, path.name, Filter(), tally))
    assert sorted(record["url"] for record in records) == sorted(line["url"] for line in done.lines)
    assert {one["url"]: one["content_sha256"] for one in records} == {
        line["url"]: line["content_sha256"] for line in done.lines
    }
    names = set(ENDINGS.values()) - {"published", "redirect_loop"}
    assert names <= set(tally.counts)


def test_a_replay_ends_as_the_crawl_did(archive: Archive, done: Crawl, tmp_path: Path) -> None:
    (path,) = archive.data_dir.glob("warc/*/*/*.warc.gz")
    replay = replace(archive, data_dir=tmp_path / "data")
    again = replay.run("-a", f"from_warc={path}", "-a", f"urls={','.join(ENDINGS)}")
    assert again.report["outcomes"] == done.report["outcomes"]
    assert {line["url"]: line["page_urls"] for line in again.lines} == {
        line["url"]: line["page_urls"] for line in done.lines
    }
    assert replay.asked == []


def test_a_replay_of_an_archive_that_lacks_a_page(archive: Archive, tmp_path: Path) -> None:
    sink = Sink.new()
    for url in (at(base(2), n) for n in (1, 2, 4)):
        page = of_its_own(2, NAMES_WWW)[url].encode()
        sink.response(url, [("Content-Type", "text/html")], page)
    path = tmp_path / "others.warc.gz"
    path.write_bytes(sink.bytes())
    replay = replace(archive, data_dir=tmp_path / "data")
    again = replay.run("-a", f"from_warc={path}", "-a", f"urls={at(base(2), 1)}")
    assert again.report["outcomes"] == {"incomplete": 1}
    tally = Tally()
    assert list(one_warc.reextract(path, path.name, Filter(), tally)) == []
    assert tally.counts == {"incomplete": 1}


def test_the_next_run_waits_for_those_that_failed(archive: Archive, done: Crawl) -> None:
    again = archive.run("-a", f"urls={','.join(ENDINGS)}", "-a", "recheck=none")
    assert again.lines == []
    assert again.report["outcomes"] == {"known": 3, "pending": 8}
