"""What one run shares with the components Scrapy builds: the ledger, the open files, the arguments.

`run.py` makes the Context and attaches it to the crawler; a component asks for it in
`from_crawler`. Without one (`scrapy shell`, `scrapy fetch`) nothing is archived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scrapy.crawler import Crawler

    from crawler.archive.writer import WarcWriter
    from crawler.arguments import Arguments
    from crawler.exporters.jsonl import JsonlWriter
    from crawler.regions import Region
    from crawler.state.ledger import Ledger


@dataclass(slots=True)
class Context:
    """The open run. `alarms` are sentences for the report; any makes the exit code 3."""

    run_id: str
    data_dir: Path
    arguments: Arguments
    regions: Mapping[str, Region]
    ledger: Ledger
    archive: WarcWriter
    output: JsonlWriter
    alarms: list[str]
    storage_error: str | None = None

    def checkpoint(self) -> None:
        """Make all that was written so far durable: WARC, then JSONL, then the ledger (I3)."""
        self.archive.sync()
        self.output.sync()
        self.ledger.commit()


_contexts: WeakKeyDictionary[Crawler, Context] = WeakKeyDictionary()


def attach(crawler: Crawler, context: Context) -> None:
    _contexts[crawler] = context


def context_of(crawler: Crawler) -> Context | None:
    return _contexts.get(crawler)
