from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from crawler.export_formats.card import Card, certified_days
from crawler.export_formats.selection import BadLineError, Selection
from tests.export_formats.lines import LINES, gone

if TYPE_CHECKING:
    from pathlib import Path


def certify(data_dir: Path, day: str, **verdicts: str) -> None:
    """The certificate of a day, and a file on what was archived of it later."""
    path = data_dir / "coverage" / f"{day.replace('-', '/')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    regions = {code: {"verdict": verdict} for code, verdict in verdicts.items()}
    path.write_text(json.dumps({"day": day, "regions": regions}))
    path.with_suffix(".1.json").write_text(json.dumps({"day": day, "added": []}))


def test_the_card_says_what_is_in_the_file(tmp_path: Path) -> None:
    """Counts, coverage, schema, checksum, licence; and the text is Markdown with a head."""
    data = tmp_path / "news.csv.open"
    data.write_bytes(b"\0" * 1000)
    first, *_, last = sorted(line["published_at"][:10] for line in LINES)
    certify(tmp_path, first, he="complete", js="unknown")
    certify(tmp_path, last, he="incomplete")
    certify(tmp_path, "2099-01-01", he="complete")
    columns = {"id": "id", "reason": "gone.reason"}
    selection = Selection(latest=True, regions=frozenset({"js"}))
    with Card("csv", columns, tmp_path, selection, files=3) as card:
        for line in [*LINES, gone(LINES[0])]:
            card.add(line)
        said = card.markdown("news.csv", data, written=9)
    digest = hashlib.sha256(b"\0" * 1000).hexdigest()
    days = sorted(line["published_at"][:10] for line in LINES if line["region"]["code"] == "he")
    count = len(days) + (LINES[0]["region"]["code"] == "he")
    for row in (
        f"| news.csv | 1000 | {digest} |",
        f"| he | {count} | {days[0]} | {days[-1]} | 1 | 1 | 0 |",
        "| gone | 1 |",
        "| without a time | 1 |",
        f"| {LINES[0]['published_at'][:7]} | 1 |",
        "| `reason` | `gone.reason` |",
    ):
        assert row in said.splitlines(), said
    assert said.startswith("---\npretty_name: ")
    assert f"9 lines of {len(LINES)} articles" in said
    assert "the newest state of each article, regions js" in said
    assert re.search(r"## Licence\n\n.*belong to their publishers", said)
    assert "Left out" not in said


def test_lines_that_a_format_leaves_out_are_told(tmp_path: Path) -> None:
    data = tmp_path / "a"
    data.write_bytes(b"")
    with Card("text", {}, tmp_path, Selection(), files=1) as card:
        for line in (LINES[0], gone(LINES[0])):
            card.add(line)
        said = card.markdown("a", data, written=1)
    assert "1 lines of 1 articles" in said
    assert "Left out are 1 more, which have no text." in said


DAYS = date(2026, 9, 1), date(2026, 9, 30)


def test_days_are_counted_by_region_and_verdict(tmp_path: Path) -> None:
    certify(tmp_path, "2026-08-31", js="complete")
    certify(tmp_path, "2026-09-01", js="complete", he="unknown")
    certify(tmp_path, "2026-09-30", js="complete", he="incomplete")
    certify(tmp_path, "2026-10-01", js="complete")
    (tmp_path / "coverage" / "2026" / "09" / "31.json").write_text("")
    assert certified_days(tmp_path, *DAYS) == {
        "js": {"complete": 2},
        "he": {"unknown": 1, "incomplete": 1},
    }


def test_without_certificates_there_are_none(tmp_path: Path) -> None:
    assert certified_days(tmp_path, *DAYS) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"regions": {"js": 1}}'])
def test_a_damaged_certificate_is_named(tmp_path: Path, text: str) -> None:
    certify(tmp_path, "2026-09-02", js="complete")
    (tmp_path / "coverage" / "2026" / "09" / "02.json").write_text(text)
    with pytest.raises(BadLineError, match=r"02\.json: no certificate"):
        certified_days(tmp_path, *DAYS)
