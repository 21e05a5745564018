"""The reference consumer follows an archive through time, kills and edits; its tables are the
ledger's."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.examples.following import PROGRAM, follow, ledger_tables, tables
from tests.export_formats.lines import LATER, LINES, encoded, gone
from tests.simulation.figures import simulate

if TYPE_CHECKING:
    from pathlib import Path

NEXT_DAY = "2099-01-03T12:00:00Z"
NIGHT = "2099-01-03T20:00:00Z"


def publish(
    data_dir: Path, name: str, seq: int | None, *lines: dict[str, Any], files: tuple[str, ...] = ()
) -> None:
    """A publication of these lines, after files that were published before."""
    path = f"jsonl/2026/11/xinhua-{name}.jsonl"
    (data_dir / path).parent.mkdir(parents=True, exist_ok=True)
    (data_dir / path).write_bytes(b"".join(map(encoded, lines)))
    rows = [{"path": one} for one in (*files, path, "sightings/2026/11/a.jsonl")]
    manifest: dict[str, Any] = {"files": rows} | ({} if seq is None else {"seq": seq})
    (data_dir / "runs").mkdir(exist_ok=True)
    (data_dir / "runs" / f"{name}.json").write_text(json.dumps(manifest))


def state(line: dict[str, Any]) -> tuple[bool, int, str]:
    return line["status"] == "gone", line["version"], line["fetched_at"]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """An article of schema version 1; it is edited, withdrawn, restored; its first text corrected.

    The order of publication is not that of the names, and a late file holds the oldest line.
    """
    old = LINES[0] | {"schema_version": 1}
    for key in ("line", "revision", "corrects"):
        old.pop(key, None)
    edited = LINES[0] | {"version": 2, "fetched_at": LATER, "title": "二", "line": "1:1"}
    withdrawn = gone(edited) | {"fetched_at": NEXT_DAY, "revision": 0}
    restored = edited | {"status": "restored", "fetched_at": NIGHT, "line": "1:3"}
    corrected = LINES[0] | {"title": "一", "revision": 1, "line": "1:4"}
    data_dir = tmp_path / "data"
    publish(data_dir, "a", None, old, LINES[1])
    publish(data_dir, "c-00000", 1, restored, corrected)
    publish(data_dir, "b", 2, withdrawn, edited)
    publish(data_dir, "c", 3, files=("jsonl/2026/11/xinhua-c-00000.jsonl",))
    return data_dir


def test_the_program_is_short_and_needs_nothing() -> None:
    text = PROGRAM.read_text("utf-8")
    assert len(text.splitlines()) <= 60
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert imports == ["import json", "import sqlite3", "import sys", "from pathlib import Path"]


def test_states_and_versions(published: Path, tmp_path: Path) -> None:
    name = LINES[0]["id"]
    assert follow(published, tmp_path / "f.sqlite") == 0
    states, texts = tables(tmp_path / "f.sqlite")
    assert states == {name: (False, 2, NIGHT), LINES[1]["id"]: state(LINES[1])}
    assert {key: title for key, (_, title) in texts.items()} == {
        (name, 1): "一", (name, 2): "二", (LINES[1]["id"], 1): LINES[1]["title"],
    }  # fmt: skip


def test_a_withdrawal_takes_no_text(published: Path, tmp_path: Path) -> None:
    line = gone(LINES[1]) | {"fetched_at": NIGHT}
    publish(published, "d", 4, line)
    follow(published, tmp_path / "f.sqlite")
    states, texts = tables(tmp_path / "f.sqlite")
    assert states[line["id"]] == (True, 1, NIGHT)
    assert texts[line["id"], 1] == (LINES[1]["content_sha256"], LINES[1]["title"])


def test_it_goes_on_where_it_stopped(published: Path, tmp_path: Path) -> None:
    """Nothing is read twice: what was taken may even have been moved away since."""
    follow(published, tmp_path / "f.sqlite")
    before = tables(tmp_path / "f.sqlite")
    for path in published.glob("jsonl/*/*/*"):
        path.unlink()
    assert follow(published, tmp_path / "f.sqlite") == 0
    assert tables(tmp_path / "f.sqlite") == before
    publish(published, "d", 4, gone(LINES[1]) | {"fetched_at": NIGHT})
    follow(published, tmp_path / "f.sqlite")
    assert tables(tmp_path / "f.sqlite")[0][LINES[1]["id"]][0]
    with closing(sqlite3.connect(tmp_path / "f.sqlite")) as database:
        assert database.execute("SELECT max(seq) FROM taken").fetchone() == (4,)


def test_a_kill_before_any_write(published: Path, tmp_path: Path) -> None:
    """It leaves the database between two publications, and the next run makes up for it."""
    follow(published, tmp_path / "whole.sqlite")
    whole = tables(tmp_path / "whole.sqlite")
    kills = 0
    for number in range(1, 100):
        database = tmp_path / f"{number}.sqlite"
        code = follow(published, database, kill_before=number)
        kills += code != 0
        follow(published, database)
        assert tables(database) == whole, number
        if code == 0:
            break
    assert kills > 15


@pytest.mark.nightly
def test_thirty_days_with_kills(tmp_path: Path) -> None:
    """Kills of the crawler, and every third time of the consumer, who looks after each run."""
    chance = Random(30)
    data_dir, database = tmp_path / "data", tmp_path / "f.sqlite"
    ends = []

    def look() -> None:
        kill = chance.randrange(1, 40) if chance.random() < 1 / 3 else None
        ends.append(follow(data_dir, database, kill_before=kill))

    figures = simulate(data_dir, days=30, seed=30, a_day=2, daily=3, kills=0.25, after_run=look)
    assert figures.faults == []
    assert sum(run.trouble.startswith("killed") for run in figures.runs) > 5
    assert ends.count(-9) > 5
    follow(data_dir, database)
    assert tables(database) == ledger_tables(data_dir)
    states, texts = tables(database)
    assert any(is_gone for is_gone, *_ in states.values())
    assert any(version > 1 for _, version in texts)
