"""Ten kills in the middle of writes and at random moments; at night also at each named step."""

from __future__ import annotations

import json
import signal
from importlib import import_module
from operator import attrgetter
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.chaos.history import STEPS, History
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with Site(regions=["js"], articles=6, daily=2) as site:
        env = site.environment
        yield History(site, tmp_path / "data", env, Random(5))


@pytest.mark.nightly
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_every_step(history: History, when: str) -> None:
    """Half of the steps before and the other half after, in one history each."""
    steps = STEPS[::2] if when == "before" else STEPS[1::2]
    for n, step in enumerate(steps):
        for nth in (1 + n % 3, 1, 1):
            history.site.day += 0.7
            if history.kill_at(step, when, nth):
                break
        else:
            pytest.fail(f"{step} is never taken")
    history.finish()
    history.finish()
    assert len(history.kills) == len(steps)
    assert history.wrongs() == []


def test_ten_kills_in_writes_and_at_random_moments(history: History) -> None:
    for n in range(5):
        assert history.kill_at("os:write", "middle", 1 + 3 * n)
        history.site.day += 0.7
    history.survive(10)
    assert history.wrongs() == []


def test_kills_with_the_ledger_on_a_server(tmp_path: Path, new_database: Callable[[], str]) -> None:
    """In the middle of a write, before a commit and after one, while lines and endings are told."""
    with Site(regions=["js"], articles=6, daily=2) as site:
        env = {**site.environment, "XINHUA_LEDGER": new_database()}
        history = History(site, tmp_path / "data", env, Random(5))
        commit, tell = "LedgerConnection.commit", "Articles.add_lines"
        assert history.kill_at("os:write", "middle", 7)
        assert history.kill_at(f"crawler.ledger.articles:{tell}", "after", 2)
        history.site.day += 0.7
        assert history.kill_at(f"crawler.ledger.connection:{commit}", "before", 3)
        assert history.kill_at(f"crawler.ledger.connection:{commit}", "after", 3)
        for _ in range(2):
            history.finish()
        assert history.wrongs() == []


@pytest.mark.nightly
def test_stops_at_random_moments(history: History) -> None:
    """SIGTERM from the start of Python to the last rename."""
    for _ in range(6):
        assert not history.kill_after(history.rng.uniform(0.2, 4), signal.SIGTERM)
        history.site.day += 0.7
    history.finish()
    history.finish()
    assert history.wrongs() == []


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_where_it_is_said_to_be(step: str) -> None:
    module, _, name = step.partition(":")
    assert callable(attrgetter(name)(import_module(module)))


def test_a_loss_would_be_seen(history: History) -> None:
    history.finish()
    assert history.wrongs() == []
    path = min(history.data_dir.glob("jsonl/*/*/*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    lost = json.loads(lines[0])["id"]
    assert any(wrong.startswith(lost) and wrong.endswith("is lost") for wrong in history.wrongs())
