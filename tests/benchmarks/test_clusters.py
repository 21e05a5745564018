"""The evaluation of clusters finds the copies and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import clusters

if TYPE_CHECKING:
    import pytest


def test_copies_are_found_and_templates_are_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["clusters", "--articles", "600"])
    assert clusters.main() == 0, capsys.readouterr().out
    assert "; 0 chained" in capsys.readouterr().out
