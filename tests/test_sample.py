"""The committed sample: its lines are what today's code makes of its WARC, its manifest is true."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from crawler import extraction
from crawler.archive.pointers import read_page
from crawler.items import HISTORY_KEYS, KEYS, WarcPointer, as_record
from tests.conftest import PROJECT
from tests.processes import defects

SAMPLE = PROJECT / "data" / "sample"
LINES: list[dict[str, Any]] = [
    json.loads(line)
    for path in sorted(SAMPLE.glob("jsonl/*/*/*.jsonl"))
    for line in path.read_text().splitlines()
]
MADE_BY_THE_PAGE = [key for key in KEYS if key not in HISTORY_KEYS | {"extractor_version"}]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["layout"])
def test_a_line_follows_from_the_archive(line: dict[str, Any]) -> None:
    pointers = [WarcPointer(**pointer) for pointer in line["warc_pages"] or [line["warc"]]]
    record = as_record(extraction.extract([read_page(SAMPLE, pointer) for pointer in pointers]))
    again = json.loads(json.dumps(record))
    different = {
        key: (line[key], again[key]) for key in MADE_BY_THE_PAGE if line[key] != again[key]
    }
    assert different == {}, "extraction changed: if that is meant, run `make sample`"


def test_the_manifest_lists_the_files() -> None:
    (report,) = [json.loads(path.read_text()) for path in SAMPLE.glob("runs/*.json")]
    listed = {row["path"]: row["sha256"] for row in report["files"]}
    found = {
        path.relative_to(SAMPLE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in SAMPLE.glob("[jw]*/*/*/*")
    }
    assert listed == found
    assert len(LINES) >= 7


def test_it_is_sound() -> None:
    assert defects(SAMPLE) == []
