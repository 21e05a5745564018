"""`scrapy explain` and `scrapy history`, as processes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawler.items import as_line
from crawler.ledger.ledger import Ledger
from crawler.outcomes import Outcome
from tests.ledger.conftest import RUN, T0, at_site, gone_line, line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy

FILE = f"jsonl/2026/01/xinhua-{RUN}.jsonl"
ONE = at_site(1)
LINES = [
    line(1, paragraphs=["开闸放水。", "水到田头。"], body="开闸放水。\n\n水到田头。"),
    line(
        1, "2026-01-02T08:00:00Z", version=2, content_sha256="b" * 64,
        changed=["title", "body", "reporters"], title="春灌\x1b[2J开闸了",
        paragraphs=["开闸放水。", "水到村头田头。"], body="开闸放水。\n\n水到村头田头。",
        reporters=[{"name": "王小田", "role": "reporter"}],
    ),
    gone_line(version=2),
    line(1, "2026-01-04T08:00:00Z", version=2, status="restored", content_sha256="b" * 64),
]  # fmt: skip


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with closing(Ledger.open(folder / "state" / "ledger.sqlite")) as ledger:
        ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
        ledger.addresses.see([ONE, at_site(2)], run_id=RUN, at=T0)
        for one in LINES:
            ledger.articles.add_line(one, jsonl=FILE)
        ledger.addresses.finish(ONE.url, Outcome.RESTORED, run_id=RUN, at=T0)
        ledger.commit()
    file = folder / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(as_line(one) for one in LINES))
    return folder


def test_explain(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("explain", f"{ONE.url}?f=pc#top", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == ONE.url
    assert "ended as restored" in done.stdout
    assert "\x1b" not in done.stdout


def test_explain_the_unknown(scrapy_cmd: RunScrapy, data_dir: Path, tmp_path: Path) -> None:
    for folder in (data_dir, tmp_path / "empty"):
        done = scrapy_cmd("explain", at_site(9).url, data_dir=folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Nothing is known of {at_site(9).url}.\n"
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("command", ["explain", "history"])
def test_bad_usage(scrapy_cmd: RunScrapy, command: str) -> None:
    done = scrapy_cmd(command, "http://djxinhuanet.com/2017-09/28/c_1121738857.htm")
    assert done.returncode == 2
    assert "djxinhuanet.com" in done.stderr + done.stdout
    assert scrapy_cmd(command).returncode == 2


@pytest.mark.parametrize("command", ["explain", "history"])
def test_a_damaged_ledger(scrapy_cmd: RunScrapy, data_dir: Path, command: str) -> None:
    (data_dir / "state" / "ledger.sqlite").write_bytes(b"garbage" * 999)
    done = scrapy_cmd(command, ONE.url, data_dir=data_dir)
    assert done.returncode == 5
    assert "To restore" in done.stderr


@pytest.mark.parametrize("name", [ONE.article_id, ONE.url])
def test_history(scrapy_cmd: RunScrapy, data_dir: Path, name: str) -> None:
    done = scrapy_cmd("history", name, data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == f"""\
Version 1, live, 2026-01-01T08:00:00Z, {FILE}
    春灌开闸
    {ONE.url}

Version 2, live, 2026-01-02T08:00:00Z, {FILE}
    title:
        春灌{{+\ufffd[2J+}}开闸{{+了+}}
    body:
        (1 unchanged paragraph)
        水到{{+村头+}}田头。
    reporters:
        {{+王小田 reporter+}}

Version 2, gone, 2026-01-03T08:00:00Z, {FILE}
    Withdrawn by the site (missing): first observed at 2026-01-03T01:00:00Z, \
confirmed at 2026-01-03T08:00:00Z.

Version 2, restored, 2026-01-04T08:00:00Z, {FILE}
    The content is that of the version before.
"""
    )


def test_history_of_a_run_that_is_not_closed(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    (data_dir / FILE).rename(data_dir / f"{FILE}.open")
    assert scrapy_cmd("history", ONE.article_id, data_dir=data_dir).returncode == 0


def test_history_without_its_lines(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    (data_dir / FILE).write_bytes(as_line(LINES[0]))
    done = scrapy_cmd("history", ONE.article_id, data_dir=data_dir)
    assert done.returncode == 1
    assert done.stdout.count("This line is missing from its file.") == 3


def test_history_of_the_unknown(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("history", "1120000009", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (1, "No article 1120000009 is archived.\n")
