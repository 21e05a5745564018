"""Do five years of hourly runs make a run start later, or a command slower?

    python -m benchmarks.many_runs [--runs 43800] [--folder DIR]

Makes a data folder with a report, a JSONL, a WARC and an index of each run, and one of a single
run, then does the same in both, each in a process of its own: a whole crawl whose requests are
refused by loopback, `status`, `history`, `explain`, `regions`, `verify` of one run. Prints the user
and system time of each. Exits 1 if the crawl takes over 1 s more of it than in an empty folder, or
`status` over 2 s. The folder is kept where --folder is given, and taken as it is where it is there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from crawler.clock import iso, now
from crawler.data_dir import (
    INDEX_SUFFIX,
    WARC_SUFFIX,
    ledger_file,
    lines_name,
    lines_of,
    report_file,
    report_name,
    run_stamp,
    warc_name,
)
from crawler.items import Article, Http, RegionRef, WarcPointer, as_line, as_record
from crawler.ledger import line_rows
from crawler.ledger.ledger import Ledger
from crawler.ledger.schema import addresses, articles, publications, runs, versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

FIVE_YEARS = 5 * 365 * 24
# Seconds of CPU: what a crawl may take more than in an empty folder, and what `status` may take.
LATER, STATUS = 1.0, 2.0
# Reports of this time are read by runs and by `status`: they are as long as real ones.
READ_AGAIN = timedelta(days=40)
CHUNK = 1000
# So often is each measured; the least has the least of what other processes cost.
TIMES = 3

REGIONS = (
    "bj", "tj", "he", "sx", "nmg", "ln", "jl", "hlj", "sh", "js", "zj", "ah", "fj", "jx", "sd",
    "ha", "hb", "hn", "gd", "gx", "hq", "cq", "sc", "gz", "yn", "tibet", "sn", "gs", "qh", "nx",
)  # fmt: skip


class Hour:
    """The run of one hour, with the one article that it found."""

    def __init__(self, number: int, began: datetime) -> None:
        self.seq = number + 1
        self.began = began
        self.ended = began + timedelta(minutes=9)
        self.run_id = f"{run_stamp(began)}-{number % 65536:04x}"
        self.warc = warc_name(self.run_id, began, 0)
        self.jsonl = lines_name(self.run_id)
        article_id = f"{1100000000 + number}"
        region = REGIONS[number % len(REGIONS)]
        url = f"http://www.{region}.xinhuanet.com/{began:%Y-%m/%d}/c_{article_id}.htm"
        self.line = as_record(Article(
            id=article_id,
            url=url,
            canonical_url=url,
            region=RegionRef(region, region, "320000"),
            layout="Main2017",
            extractor_version="1.0",
            fetched_at=iso(began),
            first_seen_at=iso(began),
            title=f"各地春耕备耕有序推进第{number}号",
            published_at=f"{began:%Y-%m-%d}T08:00:00+08:00",
            published_precision="second",
            body="春耕备耕有序推进。" * 40,
            paragraphs=["春耕备耕有序推进。" * 40],
            content_sha256=hashlib.sha256(article_id.encode()).hexdigest(),
            http=Http(200, '"e1"', None),
            run_id=self.run_id,
            warc=WarcPointer(self.warc, 300, 9000, f"<urn:uuid:{number:032}>", "sha1:A", "a" * 64),
        ))  # fmt: skip

    def report(self, files: Sequence[dict[str, Any]], *, is_long: bool) -> dict[str, Any]:
        """The report of the run; those that nobody reads again are short."""
        counts = {"published": 1, "known": 840, "unchanged": 12}
        codes = REGIONS if is_long else REGIONS[:1]
        names = ("records", "title", "published_at", "source", "editors", "body", "channel")
        layouts = {
            layout: dict.fromkeys(names, 3) for layout in ("Main2017", "Cms2022", "News2021")
        }
        return {
            "run_id": self.run_id,
            "started_at": iso(self.began),
            "finished_at": iso(self.ended),
            "command": "scrapy crawl xinhua",
            "narrowed": False,
            "exit_code": 0,
            "reason": "finished",
            "urls_seen": sum(counts.values()) * len(codes),
            "outcomes": {name: count * len(codes) for name, count in counts.items()},
            "regions": dict.fromkeys(codes, counts),
            "watched": [*codes],
            "lists": {"asked": 400, "answered": 400, "failed": 0, "unreadable": 0},
            "unclaimed": [],
            "fields": layouts,
            "region_fields": dict.fromkeys(codes, layouts),
            "fallback": {},
            "hosts": {
                f"www.{code}.xinhuanet.com": {
                    "requests": 90, "median_gap_seconds": 2.4, "not_modified": 10,
                    "bytes_saved": 100000, "waits_obeyed": 0,
                }
                for code in codes
            },
            "alarms": [],
            "alarm_states": [],
            "alarms_over": [],
            "seq": self.seq,
            "parts": 0,
            "corrections": None,
            "files": list(files),
            "versions": {"crawler": "1.0"},
        }  # fmt: skip


def make(data_dir: Path, count: int) -> None:
    """The folder that so many hourly runs leave, the last an hour ago, in seconds."""
    last = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    hours = [Hour(number, last - timedelta(hours=count - 1 - number)) for number in range(count)]
    folders: set[Path] = set()
    written: dict[bytes, Path] = {}
    for hour in hours:
        contents = {
            hour.jsonl: as_line(hour.line),
            hour.warc: b"\x1f\x8b" + bytes(510),
            hour.warc.removesuffix(WARC_SUFFIX) + INDEX_SUFFIX: b"",
        }
        rows = []
        for name, content in contents.items():
            first = written.setdefault(content, data_dir / name)
            if first == data_dir / name:
                _write(first, content, folders)
            else:
                _make_folder(data_dir / name, folders)
                os.link(first, data_dir / name)  # what is the same is not written again
            digest = hashlib.sha256(content).hexdigest()
            rows.append({"path": name, "sha256": digest, "bytes": len(content), "records": 1})
        told = hour.report(rows, is_long=last - hour.began < READ_AGAIN)
        report = json.dumps(told, ensure_ascii=False, indent=1).encode()
        _write(report_file(data_dir, hour.run_id), report, folders)
    _fill(data_dir, hours)


def _make_folder(path: Path, folders: set[Path]) -> None:
    if path.parent not in folders:
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.add(path.parent)


def _write(path: Path, content: bytes, folders: set[Path]) -> None:
    _make_folder(path, folders)
    with open(path, "wb") as file:  # noqa: PTH123 - Path.open costs as much as the writing
        file.write(content)


def _fill(data_dir: Path, hours: Sequence[Hour]) -> None:
    with closing(Ledger.open(ledger_file(data_dir), fresh=True)) as ledger:
        for start in range(0, len(hours), CHUNK):
            chunk = hours[start : start + CHUNK]
            ledger.connection.write(insert(runs), [
                {
                    "run_id": one.run_id, "started_at": one.began, "finished_at": one.ended,
                    "command": "scrapy crawl xinhua", "exit_code": 0, "reason": "finished",
                    "counts": {"published": 1},
                }
                for one in chunk
            ])  # fmt: skip
            ledger.connection.write(insert(publications), [
                {
                    "seq": one.seq, "path": report_name(one.run_id), "run_id": one.run_id,
                    "part": None, "published_at": one.ended,
                }
                for one in chunk
            ])  # fmt: skip
            lines = [(one.line, one.jsonl) for one in chunk]
            ledger.connection.write(
                insert(versions), [line_rows.version(line, 1, jsonl) for line, jsonl in lines]
            )
            ledger.connection.write(
                insert(addresses), [line_rows.addresses(line)[0] for line, _ in lines]
            )
            ledger.connection.write(insert(articles), [
                line_rows.first(line) | line_rows.state(line, ()) | line_rows.content(line, 1)
                for line, _ in lines
            ])  # fmt: skip
        ledger.commit()


def commands(data_dir: Path) -> dict[str, list[str]]:
    """What is done in a folder, with its newest line, by what it is called."""
    line = json.loads(lines_of(data_dir)[-1].read_bytes())
    return {
        "status": ["status"],
        "history": ["history", line["id"]],
        "explain": ["explain", line["url"]],
        "regions": ["regions"],
        "verify of a run": ["verify", "-j", "1", line["run_id"]],
    }


def cpu(data_dir: Path, *arguments: str, env: dict[str, str] | None = None) -> float:
    """The user and system seconds of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        env={**os.environ, "XINHUA_DATA_DIR": str(data_dir), **(env or {})},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def crawl(data_dir: Path) -> float:
    """A crawl whose every request is refused: what is left is its start and its end."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
        return cpu(
            data_dir, "crawl", "xinhua", "-a", "urls=http://www.js.xinhuanet.com/c_1199999999.htm",
            "-s", "RETRY_TIMES=0", env={"http_proxy": proxy},
        )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Makes the folders, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_runs", description=__doc__)
    parser.add_argument("--runs", type=int, default=FIVE_YEARS)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        many, few = args.folder or Path(temporary, "many"), Path(temporary, "few")
        if not many.is_dir():
            began = perf_counter()
            make(many, args.runs)
            seconds = perf_counter() - began
            print(f"a folder of {args.runs} runs was made in {seconds:.0f} s", flush=True)
        make(few, 1)
        found = {}
        for folder in (few, many):
            for what, arguments in commands(folder).items():
                found[what, folder] = min(cpu(folder, *arguments) for _ in range(TIMES))
        found["crawl", few] = min(crawl(Path(temporary, f"empty-{n}")) for n in range(TIMES))
        found["crawl", many] = min(crawl(many) for _ in range(TIMES))
        print(f"{'CPU seconds':20}{'1 run':>8}{'many':>8}{'more':>8}")
        for what in dict.fromkeys(what for what, _ in found):
            one, other = found[what, few], found[what, many]
            print(f"{what:20}{one:8.2f}{other:8.2f}{other - one:8.2f}")
        later = found["crawl", many] - found["crawl", few]
        return int(later > LATER or found["status", many] > STATUS)


if __name__ == "__main__":
    sys.exit(main())
