"""Every gate of `make check` is shown failing: each meets a copy of the project with one fault."""

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


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )


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
PURITY = "Pages, pipelines and the ledger know no Scrapy, no network and no clock"


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("pages", "import scrapy", PURITY),
        ("pages", "from twisted.internet import reactor", PURITY),
        ("pipelines", "import socket", PURITY),
        ("state", "import time", PURITY),
        ("pages", "from crawler import pipelines", DIRECTIONS),
        ("pipelines", "from crawler import archive", DIRECTIONS),
        ("archive", "from crawler import state", DIRECTIONS),
        ("state", "from crawler import pages", DIRECTIONS),
        ("exporters", "from crawler import spiders", DIRECTIONS),
        ("middlewares", "from crawler import extensions", DIRECTIONS),
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


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("from datetime import datetime\n\nAT = datetime.now()\n", "TID251"),
        ("import time\n\nAT = time.time()\n", "TID251"),
        ("from datetime import date\n\nAT = date.today()\n", "TID251"),
        ("from urllib.request import urlopen\n\nPAGE = urlopen\n", "TID251"),
        ('"""Prints."""\n\nprint("seen")\n', "T201"),
        ("import os\n", "F401"),
        ('WORDS = "' + "word " * 20 + '"\n', "E501"),
    ],
)
def test_lint_finds_it(copy: Path, code: str, rule: str) -> None:
    (copy / "crawler" / "spoilt.py").write_text(code)
    done = run(copy, "ruff", "check", "--no-cache", "crawler/spoilt.py")
    assert done.returncode == 1
    assert rule in done.stdout


def test_the_formatter_finds_it(copy: Path) -> None:
    (copy / "crawler" / "spoilt.py").write_text("a = {'x':1}\n")
    done = run(copy, "ruff", "format", "--no-cache", "--check", "crawler/spoilt.py")
    assert done.returncode == 1
    assert "spoilt.py" in done.stdout


def test_the_type_checker_finds_an_untyped_function(copy: Path) -> None:
    (copy / "crawler" / "spoilt.py").write_text("def double(x):\n    return 2 * x\n")
    done = run(copy, "mypy", "--cache-dir", "cache", "-p", "crawler.spoilt")
    assert done.returncode == 1
    assert "spoilt.py:1: error: Function is missing a type annotation" in done.stdout


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("import warnings\n\ndef test():\n    warnings.warn('old')\n", "UserWarning: old"),
        ("import pytest\n\n@pytest.mark.unheard\ndef test():\n    pass\n", "unheard"),
        (
            "import pytest\n\n@pytest.mark.xfail\ndef test():\n    pass\n",
            "[XPASS(strict)]",
        ),
    ],
)
def test_the_test_runner_finds_it(copy: Path, test: str, why: str) -> None:
    (copy / "tests").mkdir()
    (copy / "tests" / "test_spoilt.py").write_text(test)
    done = run(copy, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode in (1, 2)
    assert why in done.stdout
