"""Published lines to export: the committed sample's, and what the tests make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crawler.export_formats.selection import PublishedLine
from crawler.items import KEYS_1
from tests.conftest import PROJECT

(PUBLISHED,) = (PROJECT / "data" / "sample").glob("jsonl/*/*/*.jsonl")
LINES: list[dict[str, Any]] = [
    json.loads(line) for line in PUBLISHED.read_text("utf-8").splitlines()
]
# After the sample was fetched, whenever it is made again.
LATER = "2099-01-02T12:00:00Z"
OBSERVED = {"at": "2099-01-01T12:00:00Z", "status": 404, "reason": "HTTP 404", "warc": None}


def gone(line: dict[str, Any]) -> dict[str, Any]:
    """The line of its withdrawal, without any content."""
    emptied = {key: [] if isinstance(line[key], list) else None for key in line}
    kept = ("schema_version", "id", "version", "url", "canonical_url", "region", "title",
            "first_seen_at", "extractor_version", "run_id", "codes")  # fmt: skip
    reason = {
        "reason": "HTTP 404",
        "first_observed_at": OBSERVED["at"],
        "confirmed_at": LATER,
        "observations": [OBSERVED, OBSERVED | {"at": LATER}],
        "last": {key: line[key] for key in ("version", "published_at", "source", "line")},
    }
    changed = {"status": "gone", "gone": reason, "fetched_at": LATER, "revision": 0,
               "line": f"{line['run_id']}:901"}  # fmt: skip
    return emptied | {key: line[key] for key in kept} | changed


def of_version_1(line: dict[str, Any]) -> dict[str, Any]:
    """The line as it was before lines had keys of their own."""
    return {key: line[key] for key in KEYS_1} | {"schema_version": 1}


def corrected(line: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The line's correction."""
    corrects = {"line": line["line"], "keys": list(values), "reason": "another extractor"}
    key = f"{line['run_id']}:902"
    return line | values | {"line": key, "revision": 1, "corrects": corrects}


def encoded(keys: dict[str, Any]) -> bytes:
    return json.dumps(keys, ensure_ascii=False).encode() + b"\n"


def published(*lines: dict[str, Any]) -> list[PublishedLine]:
    """The lines as they are read from a file."""
    return [
        PublishedLine(encoded(keys), keys, Path("a.jsonl"), number)
        for number, keys in enumerate(lines, start=1)
    ]


def write_archive(data_dir: Path) -> list[dict[str, Any]]:
    """Two published files: the sample's lines, then a withdrawal and a formula for a title.

    The lines in their order.
    """
    folder = data_dir / "jsonl" / "2026" / "11"
    folder.mkdir(parents=True)
    second = [gone(LINES[0]), LINES[1] | {"title": "=1+1", "fetched_at": LATER}]
    for name, lines in (("a", LINES), ("b", second)):
        (folder / f"xinhua-{name}.jsonl").write_bytes(b"".join(map(encoded, lines)))
    return [*LINES, *second]
