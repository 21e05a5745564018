"""`make demo`: crawls the loopback Xinhua by the ordinary command and shows what was written.

The site is this process's; it acts as the crawl's forward proxy, so host names are the real ones.
It tells the same day every time, so a second demo finds nothing new.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.site import Site

PROJECT = Path(__file__).resolve().parents[1]
DATA = Path("data", "demo")
REGIONS = ("js", "he")
COMMAND = (
    "crawl", "xinhua", "-a", f"regions={','.join(REGIONS)}",
    "-s", f"DATA_DIR={DATA}", "-s", "DOWNLOAD_DELAY=0.05", "--logfile", str(DATA / "crawl.log"),
)  # fmt: skip


def main() -> int:
    """Crawl, show, return the crawl's exit code."""
    os.chdir(PROJECT)
    DATA.mkdir(parents=True, exist_ok=True)
    earlier = set(DATA.rglob("*"))
    print(f"The loopback Xinhua plays {' and '.join(REGIONS)} on this machine. Crawling:")
    print(f"\n    scrapy {shlex.join(COMMAND)}\n", flush=True)
    with Site(regions=list(REGIONS)) as site:
        crawl = subprocess.run(
            [sys.executable, "-m", "scrapy", *COMMAND],
            env=os.environ | site.environment,
            check=False,
        )
    reports = sorted(set(DATA.glob("runs/*.json")) - earlier)
    if not reports:
        print(f"The crawl ended with exit code {crawl.returncode}; see {DATA / 'crawl.log'}.")
        return crawl.returncode or 1
    show(json.loads(reports[-1].read_text(encoding="utf-8")))
    return crawl.returncode


def show(report: dict[str, Any]) -> None:
    """Print a run: its files, its outcomes and one of its articles."""
    print(
        f"Run {report['run_id']} ended with exit code {report['exit_code']} and wrote in {DATA}/:\n"
    )
    for file in report["files"]:
        print(f"    {file['bytes']:>9,} bytes {file['records']:>5} records  {file['path']}")
    print(f"\nIts report, with the digests of these files: {DATA}/runs/{report['run_id']}.json")
    outcomes = ", ".join(f"{count} {name}" for name, count in report["outcomes"].items())
    print(f"Article addresses seen: {report['urls_seen']} ({outcomes}).")
    for alarm in report["alarms"]:
        print(f"Alarm: {alarm}")
    articles = [DATA / file["path"] for file in report["files"] if file["path"].endswith(".jsonl")]
    if not articles:
        print(
            "This run added nothing: every article the lists show is in the archive already"
            " (the WARC holds the lists, asked again)."
        )
        return
    with articles[0].open(encoding="utf-8") as lines:
        article = max(map(json.loads, lines), key=lambda one: sum(map(bool, one.values())))
    print("The article with the most to show:\n")
    print(json.dumps(article, ensure_ascii=False, indent=2))
    print(f"\nThe others are in {articles[0]}. Crawl again with `make demo`: it adds nothing.")


if __name__ == "__main__":
    sys.exit(main())
