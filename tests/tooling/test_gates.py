"""The import contracts are shown failing: each meets a copy of the package with one fault."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and the tools' settings, to be spoilt."""
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    shutil.copytree(
        PROJECT / "crawler", tmp_path / "crawler", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def import_linter(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


DIRECTIONS = "Stages import downwards and not each other"
PURITY = "Pages, pipelines and the ledger know no Scrapy, archive, network, clock"
LIBRARY = "The archive is a library that knows no Scrapy and no Twisted"


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("pages", "import scrapy", PURITY),
        ("pages", "from twisted.internet import reactor", PURITY),
        ("pipelines", "import socket", PURITY),
        ("ledger", "import time", PURITY),
        ("pages", "from crawler import pipelines", DIRECTIONS),
        ("pipelines", "from crawler import archive", PURITY),
        ("archive", "from crawler import ledger", DIRECTIONS),
        ("archive", "from crawler import urls", DIRECTIONS),
        ("archive", "from scrapy import Request", LIBRARY),
        ("ledger", "from crawler import pages", DIRECTIONS),
        ("exporters", "from crawler import spiders", DIRECTIONS),
        ("layouts", "from crawler import extraction", DIRECTIONS),
        ("lists", "import scrapy", PURITY),
        ("downloader", "from crawler import spiders", DIRECTIONS),
        ("regions", "from crawler import spiders", DIRECTIONS),
        ("archive", "from crawler import commands", DIRECTIONS),
    ],
)
def test_a_forbidden_import_is_found(copy: Path, module: str, imported: str, contract: str) -> None:
    (copy / "crawler" / module / "spoilt.py").write_text(f"{imported}\n")
    done = import_linter(copy)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
    assert f"crawler.{module}.spoilt" in done.stdout


def test_a_module_without_a_layer_is_found(copy: Path) -> None:
    (copy / "crawler" / "helpers.py").touch()
    done = import_linter(copy)
    assert done.returncode == 1
    assert "helpers" in done.stdout + done.stderr
