"""The codes of every command: those it is said to end with, and no others, from real causes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import pytest

import crawler.commands
from crawler.exit_codes import LOCKED, OF_COMMANDS
from tests.conftest import PROJECT
from tests.layouts.test_accepted import STORY
from tests.processes import ends_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.processes import Crawl

UNKNOWN = "http://www.js.xinhuanet.com/2001-01/01/c_1100000001.htm"

# What a test of its own brings about.
ELSEWHERE = {
    **{("crawl", code): "runner/test_exit_codes.py" for code in OF_COMMANDS["crawl"]},
    ("reextract", 3): "commands/test_reextract_correct.py",
    ("reextract", 75): "commands/test_reextract_correct.py",
    ("index", 1): "commands/test_index.py",
    ("index", 5): "commands/test_index.py",
    ("index", 75): "commands/test_index.py",
    ("clusters", 0): "commands/test_clusters.py",
    ("clusters", 1): "commands/test_clusters.py",
    ("clusters", 5): "commands/test_clusters.py",
    ("clusters", 75): "commands/test_clusters.py",
    ("serve", 0): "room/test_app.py",
    ("ledger", 0): "commands/test_ledger.py",
    ("ledger", 5): "commands/test_ledger.py",
    ("export", 1): "commands/test_export.py",
    **{("work", code): "commands/test_work.py" for code in (0, 1, 5)},
    **{("enqueue", code): "commands/test_work.py" for code in (0, 5)},
    ("survey", 0): "survey/test_acceptance.py",
    ("survey", 1): "survey/test_acceptance.py",
    ("survey", 3): "survey/test_surveying.py",
    ("survey", 4): "survey/test_surveying.py",
    ("fixture", 5): "commands/test_fixture.py",
    ("repair", 1): "commands/test_repair.py",
}


@pytest.fixture(scope="module")
def folders(first: Crawl, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Data folders: a sound one, one with a damaged ledger, one with an alarm, a damaged one, and
    one in which there is no archive."""
    place = tmp_path_factory.mktemp("codes")
    made = {"none": place / "none", "sound": place / "sound"}
    shutil.copytree(first.data_dir, made["sound"])
    for name in ("ledger", "alarm", "warc", "linked"):
        made[name] = place / name
        shutil.copytree(first.data_dir, made[name])
    (made["ledger"] / "state" / "ledger.sqlite").write_bytes(b"no database at all" * 999)
    report = next((made["alarm"] / "runs").iterdir())
    text = "region js is quiet"
    state = {"id": "quiet:js", "region": "js", "layout": None, "since": "2026-01-01T00:00:00Z",
             "is_new": True, "text": text}  # fmt: skip
    told = json.loads(report.read_text()) | {"alarms": [text], "alarm_states": [state]}
    report.write_text(json.dumps(told))
    for path in (made["warc"] / "warc").rglob("*.warc.gz"):
        path.write_bytes(path.read_bytes()[:-20])
    return made


# These need no archive, or are cases of their own.
_WITHOUT_ARCHIVE = ("crawl", "regions", "reextract", "fixture", "survey")


def cases(folders: dict[str, Path], line: dict[str, Any]) -> list[tuple[str, int, str, list[str]]]:
    """Command, code, data folder, arguments; `> FILE` at their end is stdout."""
    warc = str(min((folders["sound"] / "warc").rglob("*.warc.gz")))
    torn = str(min((folders["warc"] / "warc").rglob("*.warc.gz")))
    out = folders["none"].with_name("out")
    run = next((folders["sound"] / "runs").iterdir()).stem
    layout = folders["none"].with_name("layout.toml")
    layout.write_text(STORY)
    given = [
        ("status", 0, "sound", []),
        ("status", 3, "alarm", []),
        ("verify", 0, "sound", ["-j", "1"]),
        ("verify", 1, "warc", ["-j", "1"]),
        ("verify", 2, "sound", ["no/such/path"]),
        ("history", 0, "sound", [line["id"]]),
        ("history", 1, "sound", ["1100000001"]),
        ("history", 2, "sound", ["what?"]),
        ("explain", 0, "sound", [line["url"]]),
        ("explain", 1, "sound", [UNKNOWN]),
        ("explain", 2, "sound", ["http://example.org/"]),
        ("regions", 0, "sound", []),
        ("regions", 0, "none", []),
        ("regions", 2, "sound", ["atlantis"]),
        ("coverage", 0, "alarm", ["2001-01-01", "2001-01-02"]),
        ("coverage", 75, "locked", ["2001-01-01", "2001-01-02"]),
        ("export", 0, "sound", ["--format", "csv"]),
        ("export", 0, "sound", ["--format", "csv", "--query", "gibt es nicht"]),
        ("export", 2, "sound", ["--format", "gold"]),
        ("export", 5, "sound", ["--format", "csv", ">", "/dev/full"]),
        ("reextract", 0, "sound", ["-j", "1", warc]),
        ("reextract", 1, "sound", ["-j", "1", torn]),
        ("reextract", 2, "sound", ["no.warc.gz"]),
        ("reextract", 5, "sound", ["-j", "1", warc, ">", "/dev/full"]),
        ("fixture", 0, "sound", ["add", line["url"], "--name", "one", "-s", f"FIXTURES_DIR={out}"]),
        ("fixture", 1, "sound", ["add", UNKNOWN]),
        ("fixture", 2, "none", ["add", UNKNOWN]),
        ("index", 0, "sound", []),
        ("report", 0, "sound", ["-o", str(out / "report")]),
        ("serve", 2, "sound", ["--port", "a"]),
        ("wacz", 0, "sound", [run, "-o", str(out.with_suffix(".wacz"))]),
        ("wacz", 1, "sound", ["--month", "2001-01", "-o", str(out.with_suffix(".wacz"))]),
        ("wacz", 2, "sound", []),
        ("wacz", 5, "sound", [run, "-o", str(out / "no" / "folder" / "a.wacz")]),
        ("repair", 0, "sound", []),
        ("repair", 75, "locked", []),
        ("survey", 2, "none", ["--accept", warc]),
        ("survey", 75, "locked", ["--accept", str(layout)]),
        ("survey", 5, "ledger", ["--accept", str(layout)]),
        ("ledger", 2, "sound", ["move"]),
        ("ledger", 75, "locked", ["copy", "postgresql://nobody@127.0.0.1:9/none"]),
    ]
    needs = {"history": [line["id"]], "explain": [line["url"]], "export": ["--format", "csv"],
             "wacz": [run], "ledger": ["copy", "sqlite"], "verify": ["-j", "1"],
             "coverage": ["2001-01-01", "2001-01-02"]}  # fmt: skip
    without = [name for name in OF_COMMANDS if name not in _WITHOUT_ARCHIVE]
    given += [(name, 2, "none", needs.get(name, [])) for name in without]
    reading = (
        "status",
        "verify",
        "history",
        "explain",
        "regions",
        "report",
        "serve",
        "repair",
        "coverage",
    )
    given += [(name, 5, "ledger", needs.get(name, [])) for name in reading]
    return given


def test_every_command_ends_with_the_codes_that_are_told(
    folders: dict[str, Path], first: Crawl
) -> None:
    given = cases(folders, first.lines[0])
    told = {(name, code) for name, codes in OF_COMMANDS.items() for code in codes}
    assert {(name, code) for name, code, _, _ in given} | ELSEWHERE.keys() == told
    folders = folders | {"locked": folders["linked"]}
    commands = []
    for name, _, folder, words in given:
        split = words.index(">") if ">" in words else len(words)
        args = [name, *words[:split], "-s", f"DATA_DIR={folders[folder]}"]
        commands.append({"args": args} | ({"stdout": words[split + 1]} if words[split:] else {}))
    with (folders["locked"] / "state" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ends = ends_of(commands, os.environ)
    wrong = []
    for (name, code, folder, words), end in zip(given, ends, strict=True):
        lines = [line for line in end["err"].splitlines() if "%|" not in line]
        is_told = code in (0, 3) or name == "verify" or lines
        if end["code"] != code or "Traceback" in end["err"] or not is_told:
            wrong.append((name, code, folder, words, end))
    assert wrong == []


def test_tests_of_their_own_are_there() -> None:
    assert [file for file in ELSEWHERE.values() if not (PROJECT / "tests" / file).is_file()] == []


def test_every_command_is_told_of_in_one_table() -> None:
    names = {
        name
        for _, name, _ in iter_modules(crawler.commands.__path__)
        if hasattr(import_module(f"crawler.commands.{name}"), "Command")
    }
    assert names == OF_COMMANDS.keys()
    text = (PROJECT / "docs" / "operations.md").read_text()
    codes = sorted({code for one in OF_COMMANDS.values() for code in one})
    head = "| command | " + " | ".join(map(str, codes)) + " |\n"
    rows = [
        f"| `{name}` | " + " | ".join(of_one.get(code, "") for code in codes) + " |"
        for name, of_one in OF_COMMANDS.items()
    ]
    assert text.split(head)[1].splitlines()[1 : len(rows) + 1] == rows
    assert codes[-1] == LOCKED
