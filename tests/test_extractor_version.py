"""The version of extraction moves with the code and data that decide what is read."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

import crawler
from crawler.extractor_version import PARTS, digest, extractor_version
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_extractor_version_names_release_and_code() -> None:
    assert re.fullmatch(rf"{re.escape(crawler.__version__)}\+[0-9a-f]{{12}}", extractor_version())


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "crawler", tmp_path / "crawler")
    return tmp_path / "crawler"


@pytest.mark.parametrize("part", PARTS)
def test_every_part_counts_for_the_version(copied: Path, part: str) -> None:
    before = digest(copied)
    path = copied / part
    with (path if path.is_file() else path / "__init__.py").open("a") as file:
        file.write("#\n")
    assert digest(copied) != before


def test_data_and_new_files_count_and_caches_don_t(copied: Path) -> None:
    before = digest(copied)
    assert before.startswith(extractor_version().partition("+")[2])
    (copied / "pipelines" / "__pycache__").mkdir(exist_ok=True)
    (copied / "pipelines" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (copied / "settings.py").write_text("")
    assert digest(copied) == before
    with (copied / "pipelines" / "boilerplate.toml").open("a") as file:
        file.write("\n")
    changed = digest(copied)
    assert changed != before
    (copied / "pages" / "new.toml").write_text("")
    assert digest(copied) not in (before, changed)
