from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crawler.export_formats.certified import certified_days
from crawler.export_formats.selection import BadLineError
from tests.export_formats.test_card import certify

if TYPE_CHECKING:
    from pathlib import Path

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
