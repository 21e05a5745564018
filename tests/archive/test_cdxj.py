"""Our index is what an indexer that isn't ours prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.archive import cdxj

if TYPE_CHECKING:
    from tests.archive.crawled import Crawled


def test_index_is_what_cdxj_indexer_prints(crawled: Crawled) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "cdxj-indexer", "-s", crawled.warc.name],
        cwd=crawled.warc.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    path = cdxj.write_index(crawled.warc)
    assert path.name == crawled.warc.name.replace(".warc.gz", ".cdxj")
    assert path.read_text() == done.stdout
    assert len(done.stdout.splitlines()) == sum(bool(ex.response) for ex in crawled.exchanges)
