"""`-a urls=` takes any number of addresses in constant memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.incremental.conftest import FAST
from tests.processes import peak_kib

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.incremental.conftest import Archive

HOST = "www.js.xinhuanet.com"
MORE = 24 * 1024
"""KiB: what ten times as many addresses may add; all of them kept would add five times that."""


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
