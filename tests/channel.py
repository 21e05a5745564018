"""The archive of one channel through time: a site, a data folder, runs under a shifted clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawler.clock import BEIJING
from tests.conftest import PROJECT
from tests.processes import crawl
from tests.scrapy_process import CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.column_site import ColumnSite
    from tests.processes import Crawl
    from tests.site.server import Entry

FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "CHECKPOINT_SECONDS=0.2")


@dataclass
class Archive:
    """Runs over one data folder. For the product it is the site's simulated moment, a minute later
    each run and `ahead` of it; `asked` are the site's entries of the last run."""

    site: ColumnSite
    data_dir: Path
    asked: Sequence[Entry] = ()
    count: int = 0
    ahead: timedelta = timedelta()

    def env(self) -> dict[str, str]:
        """The environment of the next run."""
        self.count += 1
        moment = self.site.world.at.replace(tzinfo=BEIJING) + timedelta(minutes=self.count)
        moment += self.ahead
        return {
            "CLOCK_SHIFT": str((moment - datetime.now(UTC)).total_seconds()),
            **self.site.environment,
            "PYTHONPATH": str(CLOCK),
        }

    def run(self, *arguments: str, stdin: str | None = None, project: Path = PROJECT) -> Crawl:
        """One run to its end; its exit code is 0 or 3, or 4 when the site is out."""
        before = len(self.site.log)
        done = crawl(
            *FAST, *arguments,
            data_dir=self.data_dir, env=self.env(), stdin=stdin, project=project,
        )  # fmt: skip
        self.asked = self.site.log[before:]
        assert done.exitcode in {0, 3, 4}, done.stderr
        report = done.report
        assert sum(report["outcomes"].values()) == report["urls_seen"]
        return replace(done, asked=self.asked)

    def paths(self) -> list[str]:
        """What the last run asked for, robots.txt left out."""
        return [entry.path for entry in self.asked if entry.path != "/robots.txt"]

    def requests(self, url: str) -> list[Entry]:
        """The last run's requests for an address."""
        host, _, path = url.partition("://")[2].partition("/")
        return [one for one in self.asked if (one.host, one.path) == (host, f"/{path}")]

    def lines(self) -> list[dict[str, Any]]:
        """Every record published so far, in the order of the runs."""
        files = sorted(self.data_dir.glob("jsonl/*/*/*.jsonl"), key=lambda path: path.name)
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]

    def revisits(self, run_id: str) -> list[dict[str, str]]:
        """The WARC headers of a run's revisit records."""
        found: list[dict[str, str]] = []
        for path in sorted(self.data_dir.glob(f"warc/*/*/xinhua-{run_id}-*.warc.gz")):
            with path.open("rb") as file:
                records = ArchiveIterator(file, record_types=WarcRecordType.revisit)
                found += [dict(record.headers.items()) for record in records]
        return found
