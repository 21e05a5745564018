"""The counts of a run that corrects, as it counts them and from what a killed one left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawler.exporters.corrections import CorrectionCounts, corrections_in

if TYPE_CHECKING:
    from pathlib import Path


def test_corrections_are_counted_by_key() -> None:
    counts = CorrectionCounts(("summary",), looked_at=9)
    counts.add(("title", "body"))
    counts.add(("body",))
    counts.left["empty"] += 2
    assert counts.as_json() == {
        "fields": ["summary"], "looked_at": 9, "written": 2, "keys": {"body": 2, "title": 1},
        "left": {"empty": 2},
    }  # fmt: skip


def test_those_of_a_killed_run_are_in_its_files(tmp_path: Path) -> None:
    rows = []
    for number, keys in enumerate((["title"], ["title", "body"])):
        name = f"jsonl/2026/01/xinhua-r-{number:05}.jsonl"
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"corrects": {"keys": keys}}) + "\n")
        rows.append({"path": name})
    rows.append({"path": "sightings/2026/01/xinhua-r.jsonl"})

    assert corrections_in(tmp_path, rows) == {
        "fields": [], "looked_at": None, "written": 2, "keys": {"body": 1, "title": 2}, "left": {},
    }  # fmt: skip
