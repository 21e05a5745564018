"""A data folder with all that a history can hold: edits, withdrawals, a return, a list walked.

Out: the folder as five runs under a shifted clock left it, with its ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.channel import Archive
from tests.column_site import HOST, Column, ColumnSite

if TYPE_CHECKING:
    from pathlib import Path

# Edited on the 12th; the first once more on the 24th, and the second has two pages.
EDITED = ("1125903784", "1121864064")
# Gone since the 4th and the 8th: one leads to the front page, the other's text was taken out.
WITHDRAWN = ("1128104384", "1123224544")
# Answers 404 for a while.
RETURNED = "1126343704"
# Nothing ever happens to it.
STANDING = "114623744"


def make_history(data_dir: Path) -> None:
    """Run the crawl on five days: all is new, three are missing, are gone, edits and a return."""
    with ColumnSite(regions=["js"], articles=30, daily=0, seed=5) as site:
        archive = Archive(site, data_dir)
        urls = {one["id"]: one["url"] for one in site.truth()["articles"]}
        chosen = [urls[one] for one in (*EDITED, *WITHDRAWN, RETURNED, STANDING)]
        site.columns = [Column("/lb/yw.htm", chosen, per_page=10)]
        archive.run("-a", f"lists=http://{HOST}/lb/yw.htm")
        again = ("-a", f"urls={','.join(chosen)}", "-a", "recheck=all")
        for day in (9, 9.5):
            site.day = day
            site.fault("404", path="/" + urls[RETURNED].split("/", 3)[3])
            archive.run(*again)
        site.faults.replace([])
        for day in (12.5, 24):
            site.day = day
            archive.run(*again)
