"""A data folder with a year of hourly runs of all regions: reports, ledger, certificates.

`python -m tests.room.year FOLDER [--days N]` writes one, to measure `scrapy report` with; it has no
WARC and no lines.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from crawler import regions
from crawler.clock import BEIJING, iso
from crawler.data_dir import ledger_file, lines_name, report_file
from crawler.ledger.ledger import Ledger
from crawler.ledger.schema import articles, versions

UNTIL = datetime(2026, 9, 13, 4, tzinfo=UTC)
_LAYOUTS = ("Cms2022", "CmsRegional2022", "News2021", "Regional2014", "fallback")
_FIELDS = ("title", "published_at", "source", "body", "reporters", "editors")
_CHUNK = 5000


def make(folder: Path, *, days: int = 365, a_day: int = 24, articles_a_day: int = 12) -> None:
    """Write it. The same numbers give the same folder."""
    rng = Random(1)
    codes = sorted(regions.load())
    start = UNTIL - timedelta(days=days)
    (folder / "runs").mkdir(parents=True)
    (folder / "jsonl").mkdir()
    rows, ids = [], []
    for day in range(days):
        date = start + timedelta(days=day)
        for hour in range(a_day):
            _write_report(folder, date + timedelta(hours=hour * 24 / a_day), codes, rng)
        for number, code in enumerate(codes):
            count = 0 if rng.random() < 0.02 else rng.randrange(1, 2 * articles_a_day)
            for place in range(count):
                one = f"{10**9 + day * 40_000 + number * 1000 + place}"
                at = date.astimezone(BEIJING) + timedelta(minutes=place)
                ids.append(one)
                rows.append(_article(one, code, at))
        _write_certificate(folder, date, codes, rng)
    ledger = Ledger.open(ledger_file(folder), fresh=True)
    for first in range(0, len(rows), _CHUNK):
        chunk = rows[first : first + _CHUNK]
        ledger.connection.write(articles.insert(), [article for article, _ in chunk])
        ledger.connection.write(versions.insert(), [version for _, version in chunk])
    ledger.commit()
    ledger.close()


def _article(one: str, code: str, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    url = f"http://www.{code}.xinhuanet.com/c_{one}.htm"
    moment = at.astimezone(UTC)
    run = f"{at:%Y%m%d}T000000Z-0000"
    article = {
        "article_id": one, "url": url, "canonical_url": url, "region": code, "status": "live",
        "state_at": moment, "version": 1, "number": 1, "published_at": at.isoformat(),
        "first_seen_at": moment, "last_checked_at": moment,
    }  # fmt: skip
    version = {
        "article_id": one, "number": 1, "version": 1, "status": "live", "fetched_at": moment,
        "title": f"第{one}号", "changed": [], "warc_pages": (), "jsonl": lines_name(run),
        "line_sha256": "0" * 64, "run_id": run,
    }  # fmt: skip
    return article, version


def _write_report(folder: Path, at: datetime, codes: list[str], rng: Random) -> None:
    run = f"{at:%Y%m%dT%H%M%SZ}-{rng.randrange(16**4):04x}"
    published = rng.randrange(5, 40)
    outcomes = {"published": published, "known": 900, "not_modified": 60, "robots_denied": 3}
    report = {
        "run_id": run, "started_at": iso(at), "finished_at": iso(at + timedelta(minutes=17)),
        "command": "scrapy crawl xinhua", "narrowed": False,
        "exit_code": 3 if rng.random() < 0.05 else 5 if rng.random() < 0.003 else 0,
        "reason": "finished", "urls_seen": sum(outcomes.values()), "outcomes": outcomes,
        "regions": {code: {"published": 1, "known": 25, "not_modified": 2} for code in codes},
        "watched": ["", *codes], "lists": {"asked": 800, "answered": 790, "failed": 10},
        "layouts": {name: rng.randrange(1, published) for name in _LAYOUTS},
        "unclaimed": [f"http://www.js.xinhuanet.com/odd/{n}.htm" for n in range(3)],
        "fields": {"Cms2022": {"records": published, **dict.fromkeys(_FIELDS, published - 1)}},
        "region_fields": {
            code: {"Cms2022": {"records": 1, **dict.fromkeys(_FIELDS, 1)}} for code in codes
        },
        "hosts": {
            f"www.{code}.{domain}": {
                "requests": rng.randrange(10, 60), "median_gap_seconds": rng.randrange(20, 35) / 10,
                "not_modified": 5, "bytes_saved": 250_000, "waits_obeyed": 0,
            }
            for code in codes for domain in ("xinhuanet.com", "news.cn")
        },
        "alarms": ["a page of js is read by no layout"],
        "alarm_states": [{
            "id": "unclaimed:js", "region": "js", "layout": None, "since": iso(at), "is_new": True,
            "text": "a page of js is read by no layout",
        }],
        "alarms_over": [],
        "files": [
            {"path": f"warc/{at:%Y/%m}/xinhua-{run}-00000.warc.gz", "sha256": "0" * 64,
             "bytes": published * 120_000, "records": published * 3},
            {"path": lines_name(run), "sha256": "0" * 64, "bytes": published * 5_000,
             "records": published},
        ],
        "versions": {"crawler": "1.0.0"},
    }  # fmt: skip
    report_file(folder, run).write_text(json.dumps(report, ensure_ascii=False))


def _write_certificate(folder: Path, at: datetime, codes: list[str], rng: Random) -> None:
    verdicts = rng.choices(("complete", "incomplete", "unknown"), (96, 3, 1), k=len(codes))
    told = {
        code: {
            "verdict": verdict, "reasons": [] if verdict == "complete" else ["an address is owed"],
            "seen": rng.randrange(5, 40), "archived": rng.randrange(5, 40), "refused": [],
            "owed": [], "implied": [], "sources": {"alive": 9, "dead": []},
            "hours_without_look": [], "found_later": [],
        }
        for code, verdict in zip(codes, verdicts, strict=True)
    }  # fmt: skip
    day = at.astimezone(BEIJING)
    path = folder / "coverage" / f"{day:%Y/%m/%d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    certificate = {
        "schema_version": 1, "day": f"{day:%Y-%m-%d}", "number": 0,
        "closed": iso(at + timedelta(days=3)), "run_id": "", "regions": told,
    }  # fmt: skip
    path.write_text(json.dumps(certificate))


def main() -> int:
    """Write the folder that is named."""
    parser = ArgumentParser(prog="python -m tests.room.year", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=365)
    args = parser.parse_args()
    make(args.folder, days=args.days)
    return 0


if __name__ == "__main__":
    sys.exit(main())
