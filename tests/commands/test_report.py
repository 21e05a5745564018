"""`scrapy report`: a folder that opens from disk, built fast."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.room.served import scrapy
from tests.room.year import make

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

DAYS = 40


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of some weeks of runs."""
    folder = tmp_path_factory.mktemp("year") / "data"
    make(folder, days=DAYS, a_day=4, articles_a_day=3)
    return folder


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def links(text: str) -> list[str]:
    parser = Links()
    parser.feed(text)
    return parser.found


def test_the_folder_needs_nothing_else(year: Path, tmp_path: Path) -> None:
    out = tmp_path / "a report"
    done = scrapy("report", "-o", str(out), data_dir=year)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(out / "index.html") in done.stdout
    for page in out.rglob("*.html"):
        for link in links(page.read_text()):
            assert ":" not in link
            assert (page.parent / link).is_file(), link
    days = sorted(path.stem for path in (out / "days").iterdir())
    assert days == sorted("-".join(path.relative_to(year / "coverage").with_suffix("").parts)
                          for path in (year / "coverage").rglob("*.json"))  # fmt: skip


def test_it_says_what_the_runs_did(year: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert scrapy("report", "-o", str(out), "--lang", "en", data_dir=year).returncode == 0
    text = (out / "index.html").read_text()
    reports = [json.loads(path.read_bytes()) for path in (year / "runs").iterdir()]
    outcomes = {
        name: sum(one["outcomes"][name] for one in reports) for name in reports[0]["outcomes"]
    }
    for name, count in outcomes.items():
        assert re.search(rf">{name}</th><td>{count}</td>", text)
    host = sum(one["hosts"]["www.js.news.cn"]["requests"] for one in reports)
    assert f">www.js.news.cn</th><td>{host}</td>" in text
    assert "a page of js is read by no layout" in text
    assert text.count("<li><code>http://www.js.xinhuanet.com/odd/") == 3
    # a chart is never without a table
    assert text.count("<figure") == 6
    assert text.count('<details class="data">') >= 6
    for word in ("Coverage", "Layouts", "Field fill", "Politeness", "Storage", "Outcomes", "Runs"):
        assert word in text or word == "Coverage"
    cells = re.findall(r'<a href="days/(\d{4}-\d\d-\d\d)\.html" tabindex="-1">', text)
    assert len(cells) == len(set(cells)) * 36


def test_the_default_folder(year: Path) -> None:
    assert scrapy("report", data_dir=year).returncode == 0
    assert (year / "report" / "index.html").is_file()
    assert (year / "report" / "room.css").is_file()


def test_a_folder_that_cannot_be_made(year: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = scrapy("report", "-o", str(blocked / "report"), data_dir=year)
    assert done.returncode == 2
    assert "-o" in done.stderr
    assert scrapy("report", data_dir=tmp_path / "nothing").returncode == 2
    assert scrapy("report", "x", data_dir=year).returncode == 2


def test_it_opens_from_disk(year: Path, tmp_path: Path, browser: Browser) -> None:
    out = tmp_path / "report"
    assert scrapy("report", "-o", str(out), data_dir=year).returncode == 0
    page = browser.new_page()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((out / "index.html").as_uri())
    assert page.locator("h1").inner_text() == "运行报告"
    # the style sheet came: bars have a colour that isn't black
    assert (
        page.evaluate("getComputedStyle(document.querySelector('rect.s1')).fill") != "rgb(0, 0, 0)"
    )
    page.locator("details.data").nth(1).locator("summary").click()
    page.locator("details.data").nth(1).locator("a").first.click()
    assert "覆盖证明" in page.locator("h1").inner_text()
    assert failed == []
    page.close()


@pytest.mark.nightly
def test_a_year_takes_seconds(tmp_path: Path) -> None:
    """A year of hourly runs of all regions: 3.7 s of CPU on the machine it was measured on."""
    folder = tmp_path / "data"
    make(folder)
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert scrapy("report", "-o", str(tmp_path / "report"), data_dir=folder).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 10
