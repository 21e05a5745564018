"""A long crawl publishes in parts: what readers see while it is on, after a kill, at its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from tests import scrapy_process
from tests.processes import crawl, defects

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site

SETTINGS = (
    "-a", "regions=js", "-s", "DOWNLOAD_DELAY=0.04", "-s", "DOWNLOAD_DELAY_JITTER=0",
    "-s", "CHECKPOINT_SECONDS=0.1", "-s", "PART_SECONDS=0.5", "-s", "WARC_MAX_BYTES=30000",
)  # fmt: skip
ENOUGH = 3  # parts, before something is looked at


class Follower:
    """A reader that knows nothing but `runs/`: each time it takes what is above its cursor."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.cursor = 0
        self.files: list[str] = []
        self.lines: list[dict[str, Any]] = []

    def follow(self) -> int:
        """Read on; how many manifests there are now."""
        manifests = self._listed()
        while [one["seq"] for one in manifests] != list(range(1, len(manifests) + 1)):
            manifests = self._listed()  # what came later was listed, what came before it not yet
        for manifest in manifests:
            if manifest["seq"] > self.cursor:
                self.cursor = manifest["seq"]
                for row in manifest["files"]:
                    if row["path"] not in self.files:
                        self._take(row)
        return len(manifests)

    def _listed(self) -> list[dict[str, Any]]:
        manifests = [json.loads(path.read_bytes()) for path in self.data_dir.glob("runs/*.json")]
        return sorted(manifests, key=lambda one: int(one["seq"]))

    def _take(self, row: dict[str, Any]) -> None:
        self.files.append(row["path"])
        content = (self.data_dir / row["path"]).read_bytes()
        assert len(content) == row["bytes"]
        if row["path"].startswith("jsonl/"):
            self.lines += map(json.loads, content.splitlines())


def begin(data_dir: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return scrapy_process.start(
        "crawl", "xinhua", *SETTINGS,
        env={**os.environ, **env, "XINHUA_DATA_DIR": str(data_dir)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(reader: Follower, manifests: int, process: subprocess.Popen[bytes]) -> None:
    while reader.follow() < manifests:
        assert process.poll() is None, "the run was too short"
        time.sleep(0.1)


def test_a_run_in_parts(site: Site, data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    reader = Follower(data_dir)
    process = begin(data_dir, dict(site.environment))
    try:
        wait_for(reader, ENOUGH, process)
        process.send_signal(signal.SIGSTOP)  # or a slow machine finds it over
        done = scrapy_cmd("verify", data_dir=data_dir)
        assert done.returncode == 0, done.stdout
        run_id = reader.lines[0]["run_id"]  # which has no report yet
        assert scrapy_cmd("verify", run_id, data_dir=data_dir).returncode == 0
        status = json.loads(scrapy_cmd("status", "--json", data_dir=data_dir).stdout)
        process.send_signal(signal.SIGCONT)
        assert status["running"]["parts"] >= ENOUGH
        (pointed,) = {type(line["warc"]["offset"]) for line in reader.lines}
        assert pointed is int
        assert all((data_dir / line["warc"]["file"]).is_file() for line in reader.lines)
        known = len(reader.files)
        wait_for(reader, ENOUGH + 1, process)
        assert len(reader.files) > known
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()

    done = scrapy_cmd("verify", data_dir=data_dir)
    assert (done.returncode, "was killed" in done.stdout) == (0, True), done.stdout
    again = crawl(*SETTINGS, "-s", "DOWNLOAD_DELAY=0", data_dir=data_dir, env=site.environment)
    assert again.exitcode == 0, again.stderr
    assert defects(data_dir) == []
    reader.follow()
    folders = ("jsonl", "warc", "sightings")
    published = [path for folder in folders for path in data_dir.glob(f"{folder}/*/*/*")]
    assert {path.relative_to(data_dir).as_posix() for path in published} <= set(reader.files)
    ids = [line["id"] for line in reader.lines]
    assert len(ids) == len(set(ids))
    listed = [one for one in site.truth()["articles"] if one["listed_on"] and not one["hidden"]]
    assert {one["id"] for one in listed if one["state"] == "live"} == set(ids)
