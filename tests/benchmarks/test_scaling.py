"""The benchmark of a cluster runs, and what workers make is what one process makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import scaling

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Postgres


@pytest.mark.nightly
def test_a_batch_by_one_worker_and_by_two(
    postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scaling.reextract(postgres, 3, tmp_path)
    told = capsys.readouterr().out
    assert "reextract, 2 workers: 3 files in" in told
    assert "the same bytes: True" in told
