"""What needs an extra says how to install it, in a venv that has the runtime's packages alone."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

import pytest

from tests.export_formats.lines import write_archive
from tests.processes import ends_of
from tests.tooling.test_requirements import read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a venv with links to what `requirements.lock` pins."""
    folder = tmp_path_factory.mktemp("runtime") / ".venv"
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in read("requirements.lock"):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # of another platform
        for top in {path.parts[0] for path in found.files or () if path.parts[0] != ".."}:
            link = packages / top
            if top != "__pycache__" and not link.exists():
                link.symlink_to(found.locate_file(top))
    return folder / "bin" / "python"


def test_the_line_that_installs_it(python: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / "data")
    server = "LEDGER=postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    cases: list[tuple[list[str], int, str]] = [
        (["export", "--format", "parquet", "-o", str(tmp_path / "x")], 2, "EXTRAS=export"),
        (["export", "--format", "zyte"], 2, "EXTRAS=export"),
        (["serve"], 2, "EXTRAS=room"),
        (["report"], 2, "EXTRAS=room"),
        (["history", "1121738857", "-s", server], 2, "EXTRAS='cluster'"),
        (["work", "-s", server], 2, "EXTRAS='cluster'"),
        (["enqueue", "crawl", "-s", server], 2, "EXTRAS='cluster'"),
        (["export", "--format", "csv", "-o", str(tmp_path / "x.csv")], 0, "10 of 10 lines"),
    ]
    env = os.environ | {"XINHUA_DATA_DIR": str(tmp_path / "data")}
    ends = ends_of([arguments for arguments, _, _ in cases], env, python=python)
    for (_, code, said), end in zip(cases, ends, strict=True):
        assert (end["code"], said in end["err"]) == (code, True), end
        assert len(end["err"].splitlines()) == 1
        assert not end["out"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "x.csv", "x.csv.md"]
    assert (
        sys.prefix
        not in subprocess.run(
            [python, "-c", "import sys; print(sys.path)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
