"""Workers in network namespaces: one frozen and woken, one killed; at night."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.chaos.cluster import Chaos
from tests.postgres import is_installed

if TYPE_CHECKING:
    from pathlib import Path


def _has_namespaces() -> bool:
    apart = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    return subprocess.run([*apart, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.nightly
def test_a_frozen_worker_and_a_killed_one(tmp_path: Path) -> None:
    if not (is_installed() and _has_namespaces()):
        pytest.skip("no PostgreSQL, or no network namespaces")
    chaos = Chaos(1, tmp_path, apart=0)
    chaos.play(["freeze", "kill"], gone=0)
    assert chaos.wrong == []
    assert [row["event"] for row in chaos.told] == ["freeze", "kill"]
