"""What a ledger on a PostgreSQL server costs a crawl: statements on the wire and CPU a page.

    python -m benchmarks.ledger_server [--articles 1000] [--rounds 3]

The same crawl of the loopback site with a ledger in SQLite and on a server of its own, in turns.
Statements are those that the server logs between the first and the last answer; CPU is the crawl
process's own. A page is an article that was published.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

from tests.postgres import Postgres
from tests.site import Site

# A thousand articles of each are a thousand pages in all: a first crawl reads five pages of a list.
REGIONS = ["js", "he", "gz"]

_STATEMENT = re.compile(r"(?:statement|execute [^:]*): (.*)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger_server", description=__doc__)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", action="store_true", help="count statements by their kind")
    options = parser.parse_args()
    server = Postgres(log_statements=True)
    seconds: dict[str, list[float]] = {"sqlite": [], "postgresql": []}
    per_page: list[float] = []
    kinds: Counter[str] = Counter()
    try:
        with (
            Site(regions=REGIONS, articles=options.articles, daily=0) as site,
            tempfile.TemporaryDirectory() as folder,
        ):
            for number in range(options.rounds):
                for name, used in seconds.items():
                    url = server.url_of(server.create()) if name == "postgresql" else ""
                    logged = server.log.stat().st_size
                    data_dir = Path(folder, f"{name}{number}")
                    cpu, pages = _crawl(data_dir, site.environment, url)
                    used.append(cpu / pages * 1000)
                    if url:
                        statements = _statements(server, logged)
                        kinds += Counter(statements)
                        per_page.append(len(statements) / pages)
    finally:
        server.close()
    if options.kinds:
        for kind, count in kinds.most_common(40):
            print(f"{count / options.rounds:8.0f}  {kind}")
    ours, theirs = median(seconds["postgresql"]), median(seconds["sqlite"])
    print(f"{pages} pages, {options.rounds} rounds, medians")
    print(f"statements on the wire a page  {median(per_page):.2f}")
    print(f"CPU a page, SQLite             {theirs:.2f} ms")
    print(f"CPU a page, PostgreSQL         {ours:.2f} ms, {ours / theirs:.2f} times")
    return 0


def _crawl(data_dir: Path, env: dict[str, str], url: str) -> tuple[float, int]:
    """CPU seconds of a crawl and the articles it published."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    options = {"DOWNLOAD_DELAY": 0, "DOWNLOAD_DELAY_JITTER": 0, "LOG_LEVEL": "WARNING",
               "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "LEDGER": url}  # fmt: skip
    settings = [word for name, value in options.items() for word in ("-s", f"{name}={value}")]
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "xinhua", "-a", f"regions={','.join(REGIONS)}",
         *settings],
        env={**os.environ, **env, "XINHUA_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = json.loads(next(data_dir.glob("runs/*.json")).read_text())
    return used, report["outcomes"]["published"]


def _statements(server: Postgres, start: int) -> list[str]:
    with server.log.open("rb") as file:
        file.seek(start)
        logged = file.read().decode(errors="replace")
    found = [match[1] for match in map(_STATEMENT.search, logged.splitlines()) if match]
    return [" ".join(one.split())[:100] for one in found]


if __name__ == "__main__":
    sys.exit(main())
