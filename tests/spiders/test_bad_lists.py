"""Lists that are none, or no end of them, over the wire: what becomes of each is counted, bounded
and told. What the readers of lists make of such answers is in tests/lists."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.column_site import HOST
from tests.spiders.test_list_sources import articles_of, page, path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.processes import Crawl

NODE = "http://qc.wa.news.cn"
API = "/nodeart/list?nid=11{}&pgnum={}&cnt=2&tp=1&orderby=1"

# No article of ours, or no address: none of it is asked for.
FOREIGN = [
    "javascript:location='http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm'",
    "data:text/html,<a href='/2017-09/28/c_1121738857.htm'>x</a>",
    "vbscript:x", "file:///2017-09/28/c_1121738857.htm", "ftp://js.news.cn/2017-09/28/c_112.htm",
    "http://example.org/2017-09/28/c_1121738857.htm",
    "http://www.djxinhuanet.com/2017-09/28/c_1121738857.htm",
    "http://js.news.cn.example.org/2017-09/28/c_1121738857.htm",
    "http://js.news.cn@example.org/2017-09/28/c_1121738857.htm",
    "http://js.news.cn:8080/2017-09/28/c_1121738857.htm",
    "http://127.0.0.1/2017-09/28/c_1121738857.htm",
]  # fmt: skip


@dataclass(frozen=True)
class Bad:
    """A list: its first page's address and bodies by path; how many of its pages are asked for,
    whether it is counted as unreadable, how many of its links are refused."""

    url: str
    bodies: dict[tuple[str, str], bytes]
    asked: int = 1
    is_unreadable: bool = False
    refused: int = 0


def plain(name: str, *bodies: bytes, **told: int | bool) -> Bad:
    """A list on the channel's own host, of pages `name.htm`, `name_2.htm`, …"""
    paths = [f"/lb/{name}{'' if n == 1 else f'_{n}'}.htm" for n in range(1, len(bodies) + 1)]
    made = {(HOST, path): body for path, body in zip(paths, bodies, strict=True)}
    return Bad(f"http://{HOST}{paths[0]}", made, **told)  # type: ignore[arg-type]


def data(name: str, body: bytes, **told: int | bool) -> Bad:
    """A data file."""
    path = f"/lb/ds_{name * 16}.json"
    return Bad(f"http://{HOST}{path}", {(HOST, path): body}, **told)  # type: ignore[arg-type]


def api(node: int, *bodies: bytes, **told: int | bool) -> Bad:
    """A node of the list API."""
    made = {
        (NODE.partition("//")[2], API.format(node, number)): body
        for number, body in enumerate(bodies, 1)
    }
    return Bad(NODE + API.format(node, 1), made, **told)  # type: ignore[arg-type]


def rows_of(urls: list[str]) -> list[dict[str, str]]:
    return [{"LinkUrl": url, "Title": "要闻"} for url in urls]


def bad_lists(urls: list[str]) -> dict[str, Bad]:
    """Each of its kind; `urls` are articles that exist."""
    many = [f"/2017-09/28/c_11{n:08}.htm" for n in range(100_000)]
    of_data = [{"title": "要闻", "publishUrl": url} for url in urls[4:6]]
    error = "<html><head><title>502</title></head><body>稍后再试</body></html>".encode()
    answer = json.dumps({"status": 0, "data": {"list": rows_of(urls[6:8])}, "totalnum": 9}).encode()
    return {
        "a pager that goes on for ever": plain(
            "endless", *(page([urls[n + 8]], f"endless_{n + 2}.htm") for n in range(9)), asked=5
        ),
        "pages that say the same": plain(
            "same", *(page(urls[:2], f"same_{n + 2}.htm") for n in range(9)), asked=2
        ),
        "100,000 links": plain("many", page(many, ""), is_unreadable=True),
        "links of no use": plain("foreign", page([*FOREIGN, urls[2]], "")),
        "nothing but links of no use": plain("none", page(FOREIGN, ""), is_unreadable=True),
        "broken JSON": data("0c", json.dumps({"datasource": of_data}).encode()[:-9],
                            is_unreadable=True),
        "HTML for a data file": data("0d", error, is_unreadable=True),
        "HTML for the list API": api(7001, error, is_unreadable=True),
        "JSON cut in the list API": api(7002, b"(" + answer[:-9], is_unreadable=True),
        "no data, says the list API": api(
            7003, b'({"status":-1,"data":null,"info":"no data"})', is_unreadable=True
        ),
        "no data, says a data file": data("0e", b'{"code":404,"msg":"no data"}',
                                          is_unreadable=True),
    }  # fmt: skip


class BadLists:
    """One crawl over all of them."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.lists = bad_lists(articles_of(archive))
        for bad in self.lists.values():
            archive.site.made |= bad.bodies
        urls = ",".join(bad.url for bad in self.lists.values())
        self.done: Crawl = archive.run("-a", f"lists={urls}", "-a", "regions=js")


@pytest.fixture(scope="module")
def crawled(archive_of: Callable[..., Archive]) -> BadLists:
    return BadLists(archive_of(articles=40))


def test_what_is_no_list_is_counted_and_keeps_the_rest_from_nothing(crawled: BadLists) -> None:
    told = crawled.done.report
    assert told["lists"] == {
        "asked": len(crawled.lists), "answered": len(crawled.lists), "failed": 0,
        "unreadable": sum(bad.is_unreadable for bad in crawled.lists.values()),
    }  # fmt: skip
    assert told["links_refused"] == sum(bad.refused for bad in crawled.lists.values())
    assert set(told["outcomes"]) == {"published"}
    # they never were lists: nothing that an operator must hear of
    assert (crawled.done.exitcode, told["alarms"]) == (0, [])
    hosts = {entry.host for entry in crawled.archive.asked}
    assert not {host for host in hosts if "example" in host or "dj" in host or "127" in host}


@pytest.mark.parametrize("name", list(bad_lists([""] * 40)))
def test_no_list_is_paged_without_end(crawled: BadLists, name: str) -> None:
    bad = crawled.lists[name]
    host = bad.url.split("/")[2]
    stem = path_of(bad.url).partition(".")[0].partition("&pgnum")[0]
    asked = {
        entry.path for entry in crawled.archive.asked
        if entry.host == host and entry.path.startswith((f"{stem}.", f"{stem}_", f"{stem}&"))
    }  # fmt: skip
    assert len(asked) == bad.asked
