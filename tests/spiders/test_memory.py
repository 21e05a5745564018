"""Any number of addresses, given or listed, takes constant memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.channel import FAST
from tests.processes import peak_kib

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive

HOST = "www.js.xinhuanet.com"

# KiB: what ten times as many addresses may add; all of them kept would add five times that.
MORE = 24 * 1024


def peak(archive: Archive, data_dir: Path, count: int, *arguments: str) -> int:
    """The peak of resident memory, in KiB, of a run over one article and so many addresses."""
    file = data_dir.with_suffix(".txt")
    (article,) = archive.site.truth()["articles"]
    urls = (f"http://{HOST}/2020-01/02/c_112{n:07}.htm" for n in range(count))
    with file.open("w") as lines:
        lines.writelines(f"{url}\n" for url in (article["url"], *urls))
    exitcode, kib = peak_kib(
        "-m", "scrapy", "crawl", "xinhua", "-a", f"urls={file}", *arguments, *FAST,
        env={**archive.env(), "XINHUA_DATA_DIR": str(data_dir)},
    )  # fmt: skip
    assert exitcode in {0, 3}
    (report,) = (data_dir / "runs").glob("*.json")
    told = json.loads(report.read_bytes())
    assert told["urls_seen"] == count + 1
    refused = "pending" if arguments else "robots_denied"
    assert told["outcomes"] == {"published": 1, refused: count}
    return kib


@pytest.mark.nightly
@pytest.mark.parametrize("arguments", [(), ("-a", "limit=1")], ids=["all", "past the limit"])
def test_ten_times_as_many_addresses_take_no_more_memory(
    archive_of: Callable[..., Archive], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """robots.txt or the limit refuses all but one, so that nothing is there to be kept but the
    addresses."""
    archive = archive_of(articles=1)
    archive.site.robots[HOST] = "User-agent: *\nDisallow: /2020-01/\n"
    few = peak(archive, tmp_path / "few", 1000, *arguments)
    many = peak(archive, tmp_path / "many", 10_000, *arguments)
    assert many - few < MORE


LISTS = "js.news.cn"

# On a page.
LINKS = 1000


def listed_peak(archive: Archive, data_dir: Path, pages: int) -> int:
    """The peak of a run that reads so many list pages and stops while their articles wait."""
    path = f"/{data_dir.name}.htm"
    for number in range(pages):
        links = "".join(
            f'<a href="http://{HOST}/2020-01/02/c_112{n:07}.htm">要闻</a>'
            for n in range(number * LINKS, (number + 1) * LINKS)
        )
        here = path if number == 0 else path.replace(".", f"_{number + 1}.")
        following = path.replace(".", f"_{number + 2}.")
        body = f'<html><body>{links}<a href="{following}">下一页</a></body></html>'
        archive.site.made[LISTS, here] = body.encode()
    exitcode, kib = peak_kib(
        "-m", "scrapy", "crawl", "xinhua", "-a", f"lists=http://{LISTS}{path}",
        "-s", "LIST_MAX_PAGES=1000", "-s", f"CLOSESPIDER_PAGECOUNT={pages + 2}", *FAST,
        env={**archive.env(), "XINHUA_DATA_DIR": str(data_dir)},
    )  # fmt: skip
    assert exitcode in {0, 3}
    (report,) = (data_dir / "runs").glob("*.json")
    told = json.loads(report.read_bytes())
    assert told["urls_seen"] == sum(told["outcomes"].values()) >= (pages - 2) * LINKS
    assert told["outcomes"]["pending"] >= told["urls_seen"] - 9
    return kib


@pytest.mark.nightly
def test_ten_times_as_many_listed_articles_take_no_more_memory(
    archive_of: Callable[..., Archive], tmp_path: Path
) -> None:
    """Their host asks for a minute between two requests: all of them wait."""
    archive = archive_of(articles=1)
    archive.site.robots[HOST] = "User-agent: *\nCrawl-delay: 60\n"
    few = listed_peak(archive, tmp_path / "few", 2)
    many = listed_peak(archive, tmp_path / "many", 20)
    assert many - few < MORE
