"""Every hole is named and no complete day doubted: some days, at night sixty."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.simulation.certificates import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.certificates import Certified


def check(certified: Certified) -> None:
    assert certified.faults == []
    assert set(certified.certificates) >= set(certified.days)
    assert certified.missed == []
    assert certified.doubted == []
    # each day that isn't complete is told of once
    told = {
        f"coverage:{day}"
        for (day, _), verdict in certified.verdicts.items()
        if verdict != "complete"
    }
    assert set(certified.alarms) >= {key for key in told if date.fromisoformat(key[9:]) in set(
        certified.days
    )}  # fmt: skip
    assert set(certified.alarms.values()) == {1}


def test_few_days(tmp_path: Path) -> None:
    """An outage over which short lists overflow, and a kill of the run that closes its day."""
    certified = simulate(
        tmp_path / "data", days=6, a_day=1, outages=[(2, 3)], dead_from=99, kill_at=4,
        regions=["he"],
    )  # fmt: skip
    check(certified)
    verdicts = [certified.verdicts[day, "he"] for day in certified.days]
    assert verdicts == ["incomplete", "complete"]


@pytest.mark.nightly
def test_some_days(tmp_path: Path) -> None:
    """An outage of two days and a half over which short lists overflow."""
    certified = simulate(
        tmp_path / "data", days=8, a_day=2, outages=[(1.4, 4.0)], dead_from=99, kill_at=4.5
    )
    check(certified)
    verdicts = {certified.verdicts[day, "he"] for day in certified.days}
    assert verdicts >= {"complete", "incomplete"}


@pytest.mark.nightly
def test_sixty_days(tmp_path: Path) -> None:
    certified = simulate(
        tmp_path / "data", days=60, a_day=3,
        outages=[(9.3, 9.7), (17.3, 20.1), (33.0, 33.4), (41.4, 44.4)],
        dead_from=50, kill_at=27,
    )  # fmt: skip
    check(certified)
    assert {verdict for (_, region), verdict in certified.verdicts.items() if region == "he"} >= {
        "complete", "incomplete",
    }  # fmt: skip
    assert "unknown" in {
        verdict
        for (day, region), verdict in certified.verdicts.items()
        if region == "zj" and day >= date(2026, 10, 20)
    }
