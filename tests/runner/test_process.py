"""Streams that are closed, and a signal before there is a crawl; `test_signals.py` stops crawls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

_PRINTS = """
import os, signal, sys
signal.signal(int(sys.argv[2]), signal.SIG_DFL)  # nohup has it ignored
for number in (0, 1, 2):
    os.close(number)
from crawler.runner.process import open_streams, stop_with
open_streams()
print("into nothing")
first = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
os.write(first, str(first).encode())
stop_with(7)
os.kill(os.getpid(), int(sys.argv[2]))
"""


def test_what_is_printed_goes_into_no_file_of_ours(tmp_path: Path) -> None:
    """The next file that is opened would have the number of a closed stream."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        told = tmp_path / number.name
        words = [sys.executable, "-c", _PRINTS, str(told), str(int(number))]
        done = subprocess.run(words, cwd=PROJECT, env=dict(os.environ), check=False)
        assert done.returncode == 7
        assert int(told.read_text()) > 2
