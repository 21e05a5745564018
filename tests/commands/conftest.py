"""A data folder whose ledger knows one article in four states, and its lines."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawler.items import as_line
from crawler.outcomes import Outcome
from tests.ledger.conftest import RUN, T0, at_site, gone_line, line
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from pathlib import Path

FILE = f"jsonl/2026/01/xinhua-{RUN}.jsonl"
ONE = at_site(1)
LINES = [
    line(1, paragraphs=["开闸放水。", "水到田头。"], body="开闸放水。\n\n水到田头。"),
    line(
        1, "2026-01-02T08:00:00Z", version=2, content_sha256="b" * 64,
        changed=["title", "body", "reporters"], title="春灌\x1b[2J开闸了",
        paragraphs=["开闸放水。", "水到村头田头。"], body="开闸放水。\n\n水到村头田头。",
        reporters=[{"name": "王小田", "role": "reporter"}],
    ),
    gone_line(version=2),
    line(1, "2026-01-04T08:00:00Z", version=2, status="restored", content_sha256="b" * 64),
]  # fmt: skip


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with closing(new_ledger(folder / "state" / "ledger.sqlite")) as ledger:
        ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
        ledger.addresses.see([ONE, at_site(2)], run_id=RUN, at=T0)
        for one in LINES:
            ledger.articles.add_line(one, jsonl=FILE)
        ledger.addresses.finish(ONE.url, Outcome.RESTORED, run_id=RUN, at=T0)
        ledger.commit()
    file = folder / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(as_line(one) for one in LINES))
    return folder
