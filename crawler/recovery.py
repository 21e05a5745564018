"""Start-up recovery: what a killed run left is cut, closed, published and told to the ledger (I4).

WARC first, then JSONL: a line is kept only when the record it points at is there.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from crawler.archive.reader import WarcError, read_page
from crawler.archive.recovery import cut_jsonl, recover_warcs
from crawler.durable import publish
from crawler.items import WarcPointer

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.state.ledger import Ledger

logger = logging.getLogger(__name__)


def recover(data_dir: Path, ledger: Ledger) -> list[str]:
    """Mend and publish every `.open` file under `data_dir`. Returns what was done, in sentences.

    Idempotent. The lines of a recovered JSONL file are applied to the ledger and committed.
    """
    did = [
        f"published {done.path.name} of a run that was cut off ({done.cut} bytes cut)"
        for done in recover_warcs(data_dir)
    ]
    for path in sorted(data_dir.glob("jsonl/*/*/*.jsonl.open")):
        did.append(_recover_jsonl(data_dir, path, ledger))
    return did
