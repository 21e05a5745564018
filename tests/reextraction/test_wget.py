"""`scrapy reextract` and a replay of what wget itself archived; skipped where there is no wget."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import crawl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy
    from tests.site import Site

WGET = shutil.which("wget")
pytestmark = pytest.mark.skipif(WGET is None, reason="wget is not installed")


@pytest.fixture(scope="module")
def truth(site: Site) -> dict[str, dict[str, Any]]:
    """By address, the articles of one page that a reader finds."""
    return {
        one["url"]: one
        for one in site.truth()["articles"]
        if one["url"].startswith("http:") and not one.get("hidden")
    }


@pytest.fixture(scope="module")
def archived(
    truth: dict[str, dict[str, Any]],
    proxy: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    """The same pages compressed on the wire, in an uncompressed file, and once more unchanged."""
    folder = tmp_path_factory.mktemp("wget")
    (folder / "urls").write_text("\n".join(truth))

    def wget(name: str, *options: str) -> Path:
        assert WGET
        subprocess.run(
            [WGET, "-q", "-i", "urls", "-O", os.devnull, f"--warc-file={name}", *options],
            cwd=folder, env={**os.environ, **proxy}, check=False,  # 8: some pages are errors
        )  # fmt: skip
        return next(folder.glob(f"{name}.warc*"))

    made = {
        "first": wget("first", "--warc-cdx", "--compression=gzip"),
        "plain": wget("plain", "--no-warc-compression"),
    }
    time.sleep(1)  # what is looked at again in the same second is the same look
    made["again"] = wget("again", "--warc-dedup=first.cdx", "--compression=gzip")
    return made


def titles(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["url"]: line["title"] for line in lines}


def test_its_archives_are_read(
    truth: dict[str, dict[str, Any]], archived: dict[str, Path], scrapy_cmd: RunScrapy,
    tmp_path: Path,
) -> None:  # fmt: skip
    found = {}
    for name in ("first", "plain"):
        done = scrapy_cmd("reextract", str(archived[name]))
        assert done.returncode == 0, done.stderr
        found[name] = titles([json.loads(line) for line in done.stdout.splitlines()])
    assert found["first"] == found["plain"]
    assert len(found["first"]) > 10
    for url, title in found["first"].items():
        assert title == truth[url]["expected"]["title"]
    output = tmp_path / "both.jsonl"
    archives = [str(archived[name]) for name in ("again", "first")]
    both = scrapy_cmd("reextract", *archives, "-o", str(output))
    assert both.returncode == 0, both.stderr
    assert "unresolved_revisit" not in both.stderr
    times: dict[str, int] = dict.fromkeys(found["first"], 0)
    for line in map(json.loads, output.read_bytes().splitlines()):
        times[line["url"]] += 1
        assert line["warc"]["file"] == archives[1]
    assert set(times.values()) == {2}  # all were unchanged the second time
    proof = scrapy_cmd("verify", str(output))
    assert (proof.returncode, proof.stdout.count("\n")) == (0, 1), proof.stdout
    done = crawl("-a", f"from_warc={archived['plain']}", data_dir=tmp_path / "data")
    assert done.exitcode == 0, done.stderr
    assert found["first"].items() >= titles(done.lines).items()
    assert len(done.lines) > 10
    assert scrapy_cmd("verify", data_dir=tmp_path / "data").returncode == 0
