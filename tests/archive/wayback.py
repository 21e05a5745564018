"""pywb as a process of its own, in its own venv: what it replays of an archive of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.tooling.markdown import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = PROJECT / ".venv-pywb" / "bin" / "python"

# What its command `wayback` does, but on a free port.
_SERVE = """
from gevent.monkey import patch_all; patch_all()
import sys
from pywb.apps.frontendapp import FrontEndApp
from pywb.utils.geventserver import GeventServer, RequestURIWSGIHandler
app = FrontEndApp(config_file="config.yaml")
server = GeventServer(app, hostname="127.0.0.1", handler_class=RequestURIWSGIHandler)
print("port", server.port, flush=True)
sys.stdout = sys.stderr
server.join()
"""

_CLOSE = {"Connection": "close"}


class Wayback:
    """A running pywb with the collection `xinhua`."""

    def __init__(self, port: int) -> None:
        self.port = port

    def replay(self, timestamp: str, url: str) -> tuple[int, bytes]:
        """Status and body of a capture as archived, nothing rewritten (`id_`)."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", f"/xinhua/{timestamp}id_/{url}", headers=_CLOSE)
            response = connection.getresponse()
            return response.status, response.read()


@contextmanager
def wayback(folder: Path) -> Iterator[Wayback]:
    """pywb over the archive in `folder`/data, set up as docs/operations.md says.

    Without pywb's venv the test is skipped, on CI it fails.
    """
    if not PYTHON.exists():
        if os.environ.get("CI"):
            pytest.fail("pywb is not installed: `make test` installs it in .venv-pywb")
        pytest.skip("pywb is not installed: `make .venv-pywb/.installed`")
    (program,) = [block.text for block in blocks("python") if "config.yaml" in block.text]
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
    log = folder / "pywb.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [PYTHON, "-c", _SERVE], cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as pywb,
    ):
        assert pywb.stdout
        try:
            said = next((line for line in pywb.stdout if line.startswith("port ")), None)
            assert said, log.read_text()
            yield Wayback(int(said.split()[1]))
        finally:
            pywb.kill()
