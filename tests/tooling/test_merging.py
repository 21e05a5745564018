"""Merging two archives as docs/operations.md shows it: what comes of it is one sound archive."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import PROJECT
from tests.processes import crawl, defects
from tests.site import Site
from tests.tooling.markdown import blocks

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("-s", "DOWNLOAD_DELAY=0", "-a", "recheck=all")


def merge(ours: Path, theirs: Path) -> None:
    """Run the program and the commands of the document."""
    (program,) = [one.text for one in blocks("python") if "theirs" in one.text]
    (commands,) = [one.text for one in blocks("sh") if "before-merge" in one.text]
    program = program.replace("/srv/xinhua-archive/other/data", str(theirs))
    subprocess.run([sys.executable, "-c", program], cwd=ours.parent, check=True)
    shutil.rmtree(ours.parent / "before-merge", ignore_errors=True)
    for line in commands.splitlines():
        scrapy = line.replace(".venv/bin/scrapy", f"{shlex.quote(sys.executable)} -m scrapy")
        place = PROJECT if scrapy != line else ours.parent
        env = os.environ | {"XINHUA_DATA_DIR": str(ours), "PYTHONPATH": str(PROJECT)}
        subprocess.run(["/bin/sh", "-c", scrapy], cwd=place, env=env, check=True)


def test_two_archives_become_one(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "data", tmp_path / "other"
    with Site(regions=["js", "he"], articles=8) as site:
        for folder, region in ((ours, "js"), (theirs, "he")):
            crawl("-a", f"regions={region}", *QUICK, data_dir=folder, env=site.environment)
        site.day += 2
        crawl("-a", "regions=he", *QUICK, data_dir=theirs, env=site.environment)
        merge(ours, theirs)
        lines = [
            json.loads(line)
            for path in (ours / "jsonl").rglob("*.jsonl")
            for line in path.read_bytes().splitlines()
        ]
        assert {line["region"]["code"] for line in lines} == {"js", "he"}
        numbers = [json.loads(path.read_bytes())["seq"] for path in (ours / "runs").iterdir()]
        assert sorted(numbers) == [1, 2, 3]
        assert defects(ours) == []
        again = crawl("-a", "regions=js,he", *QUICK, data_dir=ours, env=site.environment)
        assert again.exitcode == 0, again.stderr
        assert not again.report["outcomes"].keys() & {"changed", "gone", "restored"}
        assert again.report["seq"] == 4
        assert defects(ours) == []
