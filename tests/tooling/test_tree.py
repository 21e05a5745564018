"""The documents that say where things stand know all of them, and nothing else."""

from __future__ import annotations

import re
import subprocess

from tests.conftest import PROJECT

CRAWLER = PROJECT / "crawler"
NAME = re.compile(r"`((?:\w+/)*(?:\w+/|\w+\.(?:py|toml|json|css)))`")

# Folders that are told of by one row: a file is found by its name.
BY_NAME = (
    "commands/", "layouts/", "pipelines/", "export_formats/", "regions/", "room/",
    "verification/", "jobs/", "shared_storage/", "history/", "lists/", "survey/",
)  # fmt: skip

# What a module beside it is about, and is named for.
WITHOUT_ROW = {
    "pages/errors.py", "ledger/certificates.py", "ledger/dump.py", "ledger/measures.py",
}  # fmt: skip


def named(text: str) -> set[str]:
    found = {
        name
        for name in NAME.findall(text)
        if not name.startswith(("tests/", "docs/", "deploy/", "examples/"))
    }
    return found - {"crawler/", "pyproject.toml"}


def modules() -> set[str]:
    return {
        path.relative_to(CRAWLER).as_posix()
        for path in CRAWLER.rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }


def test_every_folder_and_root_file_is_in_the_tree() -> None:
    tree = named((PROJECT / "docs" / "decisions" / "tree.md").read_text())
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in CRAWLER.iterdir()
        if path.name not in ("__init__.py", "__pycache__", "py.typed")
    }
    assert there - tree == set()
    assert {name for name in tree if not (CRAWLER / name).exists()} <= {"sightings/"}


def test_every_module_is_found_by_what_one_would_change() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    table = text.partition("## To change")[2].partition("\n## ")[0]
    rows = named(table)
    missing = {name for name in modules() - rows if not name.startswith(BY_NAME)}
    assert missing - WITHOUT_ROW == set()
    assert {name for name in rows if not (CRAWLER / name).exists()} == set()


def test_what_there_is_to_make_names_what_is_there() -> None:
    """Of paths one of which isn't there pytest runs none, and says so with one worker only."""
    targets = re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    told = subprocess.run(
        ["make", "-n", "-s", *targets], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    paths = set(re.findall(r"\btests/[\w/.-]*\w", told.stdout))
    modules = set(re.findall(r"-m ((?:tests|benchmarks)[\w.]*)", told.stdout))
    assert len(paths) > 10 < len(modules)
    assert {path for path in paths if not (PROJECT / path).exists()} == set()
    places = {name: PROJECT / name.replace(".", "/") for name in modules}
    there = {name for name, at in places.items() if at.is_dir() or at.with_suffix(".py").exists()}
    assert modules - there == set()


def test_the_glossary_is_short_and_in_no_word_twofold() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    table = text.partition("## Words")[2].partition("\n## ")[0]
    words = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[1:]
    assert len(words) == len(set(words)) <= 30
