"""Other people's checkers, as their command lines run them; what each says of WARCs.

warcat takes part where it is installed; it runs in a process of its own, for it warns a lot.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import subprocess
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from click.testing import CliRunner
from fastwarc.cli import main as fastwarc
from warcio.checker import Checker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# What a checker complains of, by file name; a file it accepts isn't there.
Verdicts = dict[str, str]


def warcio_check(paths: Sequence[Path]) -> Verdicts:
    """`warcio check`."""
    verdicts = {}
    for path in paths:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                status = Checker(Namespace(inputs=[str(path)], verbose=False)).process_all()
            except Exception as error:  # the checker's own crash is its verdict
                verdicts[path.name] = f"{type(error).__name__}: {error}"
                continue
        if status:
            verdicts[path.name] = said.getvalue()
    return verdicts


def fastwarc_check(paths: Sequence[Path]) -> Verdicts:
    """`fastwarc check -p`."""
    results = {
        path.name: CliRunner().invoke(fastwarc, ["check", "-p", str(path)]) for path in paths
    }
    return {
        name: result.output or repr(result.exception)
        for name, result in results.items()
        if result.exit_code or "verified successfully" not in result.output
    }


_WARCAT = """
import json, logging, os, sys
from warcat.tool import VerifyTool
logging.disable(logging.CRITICAL)
verdicts = {}
for path in sys.argv[1:]:
    try:
        tool = VerifyTool([path], preserve_block=False)
        tool.process()
        verdict = f"Problems: {tool.problems}" if tool.problems else None
    except Exception as error:
        verdict = f"{type(error).__name__}: {error}"
    if verdict:
        verdicts[os.path.basename(path)] = verdict
print(json.dumps(verdicts))
"""


def warcat_verify(paths: Sequence[Path]) -> Verdicts:
    """`warcat verify`."""
    command = [sys.executable, "-c", _WARCAT, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    verdicts: Verdicts = json.loads(done.stdout)
    return verdicts


CHECKERS: dict[str, Callable[[Sequence[Path]], Verdicts]] = {
    "warcio": warcio_check,
    "fastwarc": fastwarc_check,
}
if importlib.util.find_spec("warcat"):
    CHECKERS["warcat"] = warcat_verify
