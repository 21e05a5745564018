"""Five simulated days under cron: several runs a day, edits, withdrawals, an outage, a kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulation.figures import simulate

if TYPE_CHECKING:
    from tests.simulation.figures import Figures


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return simulate(tmp_path_factory.mktemp("days") / "data", days=5, seed=3, outages=0.1)


def test_the_days_were_as_troubled_as_they_should_be(figures: Figures) -> None:
    troubles = {run.trouble.partition(" ")[0] for run in figures.runs}
    assert troubles == {"", "killed", "outage"}


@pytest.mark.parametrize("name", ["articles", "versions", "withdrawals"])
def test_all_that_could_be_seen_is_kept_and_all_that_is_kept_is_true(
    figures: Figures, name: str
) -> None:
    score = figures.scores[name]
    assert score.expected > 0
    assert score.missed == []
    assert score.wrong == []


def test_what_is_on_disk_is_sound(figures: Figures) -> None:
    assert figures.faults == []
