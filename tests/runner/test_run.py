"""The end of a run, where an error of ours must not cost its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler

from crawler import alarms
from crawler.exit_codes import DEGRADED, ERROR, STORAGE
from crawler.layouts import NO_LAYOUTS
from crawler.runner.run import Run
from tests.run_parts import facts

if TYPE_CHECKING:
    from pathlib import Path


def ended(data_dir: Path) -> Run:
    none: Any = None
    run = Run(
        facts(data_dir=data_dir), none, none, none, none, none,
        replay=None, accepted=NO_LAYOUTS, lock=-1,
    )  # fmt: skip
    run.reason = "finished"
    return run


def report(**values: Any) -> dict[str, Any]:
    made = {
        "started_at": "2026-03-01T00:00:00Z",
        "finished_at": "2026-03-01T00:01:00Z",
        "watched": ["js"],
        "regions": {"js": {}},
        "lists": {"asked": 0, "answered": 0},
    }
    return made | values


def test_an_alarm_has_its_sentence_and_its_state(tmp_path: Path) -> None:
    run, made = ended(tmp_path), report(regions={"js": {"unknown_layout": 9}})
    run._watch(made)
    assert run._exit_code(made) == DEGRADED
    (state,) = made["alarm_states"]
    assert [state["text"]] == made["alarms"]
    assert (state["region"], state["is_new"], state["since"]) == ("js", True, made["started_at"])
    assert made["alarms_over"] == []


@pytest.mark.parametrize("values", [{"regions": {"js": {"published": "x"}}}, {"finished_at": 5}])
def test_alarms_that_can_not_be_worked_out(tmp_path: Path, values: dict[str, Any]) -> None:
    """Told as an alarm, beside what the run met; exit code 1, with a report."""
    run, made = ended(tmp_path), report(**values)
    run.publisher.alarm("js.news.cn was given up: HTTP 503")
    run._watch(made)
    assert made["alarms"][0] == "js.news.cn was given up: HTTP 503"
    assert made["alarms"][1].startswith("alarms could not be worked out")
    assert [state["text"] for state in made["alarm_states"]] == made["alarms"]
    assert run._exit_code(made) == ERROR


def test_a_bug_in_the_watch_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("title")

    monkeypatch.setattr(alarms, "raised", cast("Any", fail))
    run, made = ended(tmp_path), report()
    run._watch(made)
    assert run._exit_code(made) == ERROR
    assert "KeyError" not in "".join(made["alarms"])


def test_a_ledger_that_fails_before_there_is_an_engine(tmp_path: Path) -> None:
    """Whoever beats for the leases may meet it first; the run stops when the spider is opened."""
    run = ended(tmp_path)
    run._crawler = Crawler(Spider)
    run.publisher.stop = run._stop
    run.publisher.storage_failed("the server is gone")
    assert run._exit_code(report()) == STORAGE
