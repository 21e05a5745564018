"""`scrapy explain` and `scrapy history`, as processes."""

from __future__ import annotations

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
