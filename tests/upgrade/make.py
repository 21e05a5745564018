"""How `data-1f67a08.tar.gz` was made: `python -m tests.upgrade.make CHECKOUT`.

CHECKOUT is a worktree of commit 1f67a08 with the same `.venv`; its crawler writes the folder, the
loopback site is today's. Make it again only when tests/site writes other pages.
"""

from __future__ import annotations

import signal
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.upgrade.days import FOLDER, KEPT_UNTIL, crawl, site

# The step of that commit at which the run of day 0.9 is killed: what it found is in the ledger and
# no report was written.
KILL = {"XINHUA_KILL": "crawler.exporters.report:write_report:before:1"}


def main() -> int:
    checkout = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, site() as xinhua:
        data_dir = Path(folder) / "data"
        for day in (0, 0.9, 1.7, KEPT_UNTIL):
            xinhua.day = day
            is_killed = day == 0.9
            exitcode = crawl(
                xinhua, checkout, data_dir, "-a", f"recheck={'all' if day > 1 else 'due'}",
                "-s", "LIST_MAX_PAGES=9", env=KILL if is_killed else None,
            )  # fmt: skip
            assert exitcode in ({-signal.SIGKILL} if is_killed else {0, 3})
        with tarfile.open(FOLDER, "w:gz") as archive:
            for part in ("jsonl", "runs", "state", "warc"):
                archive.add(data_dir / part, f"data/{part}", filter=_anonymous)
    return 0


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    sys.exit(main())
