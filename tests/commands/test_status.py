"""`scrapy status` as a process; what it tells is held in tests/views/test_archive_status.py."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy


def test_an_archive_whose_last_run_is_long_ago(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    shown = scrapy_cmd("status", data_dir=data_dir)
    assert (shown.returncode, shown.stderr) == (3, "")
    assert " ".join(shown.stdout.split()).startswith(f"{data_dir} at")
    assert "owed      1 address" in shown.stdout
    told = json.loads(scrapy_cmd("status", "--json", data_dir=data_dir).stdout)
    assert (told["is_fine"], told["is_late"], told["last"]) == (False, True, None)
    assert told["owed"] == {"js": {"new": 1}}


def test_no_worker_is_on(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    done = scrapy_cmd("status", "--worker", data_dir=data_dir)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"no worker of {os.uname().nodename} was seen" in done.stderr
