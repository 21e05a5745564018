"""One simulated day under cron; at night nine, with outages, kills and a new design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.history import STEPS
from tests.examples.following import follow, ledger_tables, tables
from tests.simulation.figures import simulate
from tests.simulation.troubles import OUTAGES, Trouble, plan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.figures import Figures


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    data_dir = tmp_path_factory.mktemp("days") / "data"
    return simulate(data_dir, days=9, seed=10, a_day=2, daily=4, outages=0.1)


def test_one_day(tmp_path: Path) -> None:
    """Every article that a list shows is kept, nothing else is, what is on disk is sound, and who
    follows the archive has what the ledger has."""
    data_dir, database = tmp_path / "data", tmp_path / "followed.sqlite"
    figures = simulate(
        data_dir, days=1, seed=10, a_day=3, daily=4, after_run=lambda: follow(data_dir, database)
    )
    assert tables(database) == ledger_tables(data_dir)
    articles = figures.scores["articles"]
    assert (len(figures.runs), articles.expected > 8) == (3, True)
    assert [
        (name, one.missed, one.wrong)
        for name, one in figures.scores.items()
        if one.wrong or one.missed
    ] == []
    assert figures.faults == []


@pytest.mark.nightly
def test_the_days_were_as_troubled_as_they_should_be(figures: Figures) -> None:
    troubles = {run.trouble.partition(" ")[0] for run in figures.runs}
    assert troubles == {"", "killed", "outage"}
    assert figures.unclaimed > 0


def test_troubles_are_planned_by_the_seed_alone() -> None:
    runs, shares = 240, {"outages": 0.06, "kills": 0.12}
    planned = plan(runs, seed=1, **shares)
    assert planned == plan(runs, seed=1, **shares) != plan(runs, seed=2, **shares)
    kinds = {trouble.outage["kind"] for trouble in planned if trouble.outage}
    assert kinds == {outage["kind"] for outage in OUTAGES}
    steps = {trouble.kill.rsplit(":", 2)[0] for trouble in planned if trouble.kill}
    assert steps == set(STEPS)
    quiet = Trouble()
    assert [planned[0], planned[1], planned[-1]] == [quiet] * 3


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["articles", "versions", "withdrawals"])
def test_all_that_could_be_seen_is_kept_and_all_that_is_kept_is_true(
    figures: Figures, name: str
) -> None:
    score = figures.scores[name]
    assert score.expected > 0
    assert score.missed == []
    assert score.wrong == []


@pytest.mark.nightly
def test_what_is_on_disk_is_sound(figures: Figures) -> None:
    assert figures.faults == []
