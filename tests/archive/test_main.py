"""`python -m tests.archive`, as far as it can be asked without its proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.archive.__main__ import TABLES, main

if TYPE_CHECKING:
    import pytest


def test_it_begins_and_tells_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    told = capsys.readouterr().out
    assert all(f"[{table}]" in told for table in TABLES)
