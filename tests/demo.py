"""`make demo`: crawls the loopback Xinhua by the ordinary command and shows what was written.

The site is this process's; it acts as the crawl's forward proxy, so host names are the real ones.
It tells the same day every time, so a second demo finds nothing new. It ends with what fits a
screen of 24 lines: the run in a few lines, and one article as a person reads it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tests.site import Site

PROJECT = Path(__file__).resolve().parents[1]
DATA = Path("data", "demo")
REGIONS = ("js", "he")
COMMAND = (
    "crawl", "xinhua", "-a", f"regions={','.join(REGIONS)}", "-s", f"DATA_DIR={DATA}",
    "-s", "CONTACT=archive@example.org", "-s", "DOWNLOAD_DELAY=0.05",
    "--logfile", str(DATA / "crawl.log"),
)  # fmt: skip
LINES, COLUMNS = 24, 80

# What does not begin a line in Chinese. Two of them at most stand together.
CLOSING = "。，、；：？！”’）》】…"


def main() -> int:
    """Crawl, show, return the crawl's exit code."""
    os.chdir(PROJECT)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    DATA.mkdir(parents=True, exist_ok=True)
    earlier = set(DATA.rglob("*"))
    print(f"The loopback Xinhua plays {' and '.join(REGIONS)} on this machine. Crawling:\n")
    print(f"    scrapy {' '.join(COMMAND[:6])} \\")
    print(f"        {' '.join(COMMAND[6:10])} \\\n        {' '.join(COMMAND[10:])}\n", flush=True)
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
    print("\n".join(screen(json.loads(reports[-1].read_text(encoding="utf-8")))))
    return crawl.returncode


def screen(report: dict[str, Any]) -> list[str]:
    """The lines that the demo ends with: the run, an article of the archive, where to go on."""
    run = summary(report)
    onward = ["", "README.md, “Read it”, goes on from here. `make demo` again adds nothing."]
    room = LINES - len(run) - len(onward) - 1
    return [*run, "", *article(published(), room), *onward]


def summary(report: dict[str, Any]) -> list[str]:
    """The files of a run, how its addresses ended, and its alarms."""
    said = [f"Run {report['run_id']} ended with exit code {report['exit_code']}. {DATA}/ has of it"]
    said += [
        f"{file['bytes']:>9,} bytes {file['records']:>4}  {file['path']}"
        for file in report["files"]
    ]
    said.append(f"{'the report':>15} {'':4}  runs/{report['run_id']}.json")
    counts = sorted(report["outcomes"].items(), key=lambda one: -one[1])
    outcomes = ", ".join(f"{count} {name}" for name, count in counts)
    said += wrapped(f"Of article addresses it saw {report['urls_seen']}: {outcomes}.")
    for alarm in report["alarms"]:
        said += wrapped(f"Alarm: {alarm}")
    if not any(file["path"].startswith("jsonl/") for file in report["files"]):
        said.append("It added nothing: what the lists show is in the archive already.")
    return said


def published() -> list[dict[str, Any]]:
    """The articles in the archive that have a text, those with most to show first."""
    lines = [
        json.loads(line)
        for path in sorted(DATA.glob("jsonl/*/*/*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return sorted(
        (line for line in lines if line["body"]),
        key=lambda line: sum(map(bool, line.values())),
        reverse=True,
    )


def article(lines: list[dict[str, Any]], room: int) -> list[str]:
    """The first article that goes whole into so many lines; cut short when none does."""
    if not lines:
        return []
    texts = [readable(line) for line in lines]
    whole = [text for text in texts if len(text) <= room]
    return whole[0] if whole else [*texts[0][: room - 1], "…"]


def readable(line: dict[str, Any]) -> list[str]:
    """A line of the JSONL as a reader of the page sees it."""
    moment = (line["published_at"] or "").replace("T", " ")
    about = [
        moment[:10] if line["published_precision"] == "day" else moment[:16],
        line["source"] and f"来源：{line['source']}",
        line["region"] and line["region"]["name"],
    ]
    said = [
        *wrapped(line["kicker"]),
        *wrapped(line["title"]),
        *wrapped(line["subtitle"]),
        *wrapped("  ".join(filter(None, about))),
    ]
    for number, paragraph in enumerate([*line["paragraphs"], None]):
        for image in line["images"]:
            if image["position"] == number:
                caption, credit = image["caption"] or "", image["credit"] or ""
                said += wrapped(f"［图］{caption}{'' if credit in caption else credit}")
        said += wrapped(paragraph and f"　　{paragraph}")
    if line["editors"]:
        said += wrapped(f"（责任编辑：{'、'.join(line['editors'])}）")
    return [*said, *wrapped(line["url"])]


def wrapped(text: str | None) -> list[str]:
    """A text in lines of a screen's width, where a Chinese character takes two columns."""
    if not text:
        return []
    width = COLUMNS - cell_len("。”")
    lines = [line.plain.rstrip() for line in Text(text).wrap(Console(width=width), width)]
    for number in range(1, len(lines)):
        rest = lines[number].lstrip(CLOSING)
        lines[number - 1] += lines[number][: len(lines[number]) - len(rest)]
        lines[number] = rest
    return [line for line in lines if line]


if __name__ == "__main__":
    sys.exit(main())
