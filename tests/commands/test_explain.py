"""`scrapy explain` and `scrapy history`, as processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import ONE
from tests.ledger.conftest import at_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy


def test_explain(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("explain", f"{ONE.url}?f=pc#top", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == ONE.url
    assert "ended as restored" in done.stdout
    assert "\x1b" not in done.stdout


def test_explain_the_unknown(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("explain", at_site(9).url, data_dir=data_dir)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Nothing is known of {at_site(9).url} in {data_dir}.\n"


def test_explain_for_programs(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("explain", ONE.url, "--json", data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert list(told) == [
        "data_dir", "url", "article_id", "address", "article", "versions", "observations",
        "also_at", "pictures", "list", "sentences",
    ]  # fmt: skip
    assert (told["data_dir"], told["url"]) == (str(data_dir), ONE.url)
    assert told["address"]["result"] == "restored"
    assert told["address"]["first_seen_at"] == "2026-01-01T08:00:00Z"
    assert told["article"]["status"] == "live"
    assert told["article"]["warc"]["offset"] == 100
    assert [row["version"] for row in told["versions"]] == [1, 2, 2, 2]
    assert (told["pictures"], told["list"]) == ([], None)
    text = scrapy_cmd("explain", ONE.url, data_dir=data_dir).stdout
    assert "\n".join([told["url"], *told["sentences"]]) + "\n" == text


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
