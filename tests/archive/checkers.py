"""Other people's checkers, as their command lines run them; what each says of one WARC."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
from argparse import Namespace
from typing import TYPE_CHECKING

from click.testing import CliRunner
from fastwarc.cli import main as fastwarc
from warcio.checker import Checker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WARCAT = shutil.which("warcat")


def warcio_check(path: Path) -> str | None:
    """`warcio check`: None when all is well, else what it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            status = Checker(Namespace(inputs=[str(path)], verbose=False)).process_all()
        except Exception as error:  # the checker's own crash is its verdict
            return f"{type(error).__name__}: {error}"
    return said.getvalue() if status else None


def fastwarc_check(path: Path) -> str | None:
    """`fastwarc check -p`: None when all is well, else what it says."""
    result = CliRunner().invoke(fastwarc, ["check", "-p", str(path)])
    if result.exit_code == 0 and "verified successfully" in result.output:
        return None
    return result.output or repr(result.exception)


def warcat_verify(path: Path) -> str | None:
    """`warcat verify`: None when all is well, else what it says."""
    assert WARCAT
    done = subprocess.run(
        [WARCAT, "verify", str(path)], capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else done.stdout + done.stderr


CHECKERS: dict[str, Callable[[Path], str | None]] = {
    "warcio": warcio_check,
    "fastwarc": fastwarc_check,
} | ({"warcat": warcat_verify} if WARCAT else {})
