"""docs/two-machines.md as it is typed: on two checkouts that share a server and a bucket alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from crawler.data_dir import lines_of, reports_of, warcs_of
from crawler.shared_storage.s3 import S3Place
from tests.conftest import PROJECT
from tests.postgres import Postgres, is_installed
from tests.tooling.markdown import blocks, is_of_machines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.s3 import S3Server
    from tests.site import Site

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not is_installed(), reason="PostgreSQL is not installed"),
]

HOME = "/srv/xinhua-archive"


@pytest.fixture
def server() -> Iterator[Postgres]:
    postgres = Postgres(password="the superuser's")
    yield postgres
    postgres.close()


class Machine:
    """A checkout with what the page has been told of it: where database and storage really are."""

    def __init__(self, folder: Path, database: str, storage: str, env: dict[str, str]) -> None:
        self.folder = folder
        self._env = env
        self._places = {
            "db.example.org:5432": database,
            "@db.example.org": f"@{database}",
            "http://storage.example.org:9000": storage,
            HOME: f"'{folder}'",
            "scrapy work": "scrapy work -s DOWNLOAD_DELAY=0",
        }
        shutil.copytree(
            PROJECT / "crawler", folder / "crawler", ignore=shutil.ignore_patterns("__pycache__")
        )
        locks = PROJECT.glob("requirements*.lock")
        for path in (*locks, PROJECT / "Makefile", PROJECT / "scrapy.cfg"):
            shutil.copy(path, folder)
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(os.path.dirname(sys.executable))  # noqa: PTH120

    def run(self, text: str) -> str:
        """Run a block there; what it printed."""
        for told, real in self._places.items():
            text = text.replace(told, real)
        text = re.sub("^make ", "make --dry-run ", text, flags=re.MULTILINE)
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", text], cwd=self.folder, env=os.environ | self._env,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_the_page_from_its_first_command_to_its_last(
    server: Postgres, s3: S3Server, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = [block.text for block in blocks("sh") if is_of_machines(block)]
    database, install, bucket, crawls, work, again, status = page
    env = site.environment | {"no_proxy": "127.0.0.1"}
    address, storage = f"127.0.0.1:{server.port}", f"http://127.0.0.1:{s3.port}"
    a, b = (Machine(tmp_path / name, address, storage, env) for name in ("a place", "b"))
    superuser = server.environment | {"PGPASSWORD": "the superuser's"}
    subprocess.run(["/bin/sh", "-eu", "-c", database], env=os.environ | superuser, check=True)

    def on_both(text: str) -> list[str]:
        with ThreadPoolExecutor(2) as pool:
            return [*pool.map(lambda machine: machine.run(text), (a, b))]

    on_both(install)
    a.run(bucket)
    assert a.run(crawls) == "2 jobs put (crawl)\n"
    on_both(work)
    data = [machine.folder / "data" for machine in (a, b)]
    runs = {path.name for one in data for path in reports_of(one)}
    assert len(runs) == 2
    b.run(again)
    on_both(work)
    told = on_both(status)
    assert [text.count("files done;") for text in told] == [2, 2]
    counts = {text.splitlines()[-1] for text in told}
    assert len(counts) == 1, counts
    assert counts.pop().endswith(": all sound")
    # each has the WARC files of its own runs alone, and both have all lines
    warcs = [{path.name for path in warcs_of(one)} for one in data]
    assert not warcs[0] & warcs[1]
    lines = [{path.name for path in lines_of(one)} for one in data]
    assert lines[0] == lines[1]
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    place = S3Place("archive", "xinhua")
    assert {name.rpartition("/")[2] for name in place.names("warc")} >= warcs[0] | warcs[1]
    assert place.has("exports/all.csv")
    # put again, all of it is done
    assert b.run(again).count("0 jobs put") == 2
