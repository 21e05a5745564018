"""Run reports as later runs read them, and what bounds them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from crawler.context import MOST_ALARMS, Context
from crawler.exporters.report import earlier_reports

if TYPE_CHECKING:
    from pathlib import Path

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def write(data_dir: Path, run_id: str, **values: Any) -> None:
    folder = data_dir / "runs"
    folder.mkdir(exist_ok=True)
    report = {"run_id": run_id, "reason": "finished", "narrowed": False} | values
    (folder / f"{run_id}.json").write_text(json.dumps(report))


def test_those_since_then_that_saw_all_of_their_regions(tmp_path: Path) -> None:
    write(tmp_path, "20260228T235959Z-0001")
    write(tmp_path, "20260301T000000Z-0002")
    write(tmp_path, "20260302T000000Z-0003", narrowed=True)
    write(tmp_path, "20260303T000000Z-0004", reason="killed")
    write(tmp_path, "20260304T000000Z-0005")
    found = [one["run_id"] for one in earlier_reports(tmp_path, since=SINCE)]
    assert found == ["20260301T000000Z-0002", "20260304T000000Z-0005"]


def test_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    """It must not keep every later run from its end."""
    write(tmp_path, "20260301T000000Z-0001")
    for number, content in enumerate((b"", b"\0" * 99, b"[]", b"{}", b'{"run_id": ')):
        (tmp_path / "runs" / f"2026030{2 + number}T000000Z-0000.json").write_bytes(content)
    assert len(earlier_reports(tmp_path, since=SINCE)) == 1


def test_alarms_are_bounded() -> None:
    none: Any = SimpleNamespace()
    context = Context(
        run_id="r", data_dir=none, arguments=none, regions={}, ledger=none, lists=none,
        archive=none, output=none, holds=none, schedule=(),
    )  # fmt: skip
    for number in range(MOST_ALARMS):
        context.alarm(f"page {number}")
    assert context.told_alarms() == context.alarms
    context.alarm("one more")
    context.alarm("and another")
    assert context.told_alarms()[-1] == "2 more, see the log"
    assert len(context.told_alarms()) == MOST_ALARMS + 1
