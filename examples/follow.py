"""Keeps the articles of an xinhua-archive in a database of one's own, up to what is published now.

    python examples/follow.py DATA_DIR DATABASE.sqlite

Call it as often as you like, also while a crawl is on: it goes on after what it took last, and a
kill leaves the database between two publications. `articles` has the states, `versions` the texts.
"""

import json
import sqlite3
import sys
from pathlib import Path

TABLES = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS taken (name PRIMARY KEY, seq);
CREATE TABLE IF NOT EXISTS articles (id PRIMARY KEY, status, version, fetched_at, revision);
CREATE TABLE IF NOT EXISTS versions (id, version, title, published_at, line, fetched_at, revision,
    PRIMARY KEY (id, version));
"""
# A line may come late, and more than once: the one with the greatest (fetched_at, revision) stays.
NEWER = "WHERE (excluded.fetched_at, excluded.revision) > (fetched_at, revision)"
STATE = f"""INSERT INTO articles VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, version = excluded.version, fetched_at = excluded.fetched_at,
    revision = excluded.revision {NEWER}"""
TEXT = f"""INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, version) DO UPDATE
    SET title = excluded.title, published_at = excluded.published_at, line = excluded.line,
    fetched_at = excluded.fetched_at, revision = excluded.revision {NEWER}"""


def follow(data_dir: Path, database: sqlite3.Connection) -> None:
    """Take what was published since the last time: manifests of parts, and reports of runs."""
    database.executescript(TABLES)
    taken = {name for (name,) in database.execute("SELECT name FROM taken")}
    feed = []
    for path in (path for path in data_dir.glob("runs/*.json") if path.name not in taken):
        manifest = json.loads(path.read_text("utf-8"))
        files = [file["path"] for file in manifest["files"] if file["path"].startswith("jsonl/")]
        feed.append((manifest.get("seq") or 0, path.name, files))
    # `seq` is the order of publication; the reports of early runs have none and come first.
    for seq, name, files in sorted(feed):
        with database:  # the lines and how far we are, or nothing
            for path in (path for path in files if path not in taken):
                for text in (data_dir / path).read_text("utf-8").split("\n")[:-1]:
                    take(json.loads(text), text, database)
            done = [(one, seq) for one in (name, *files)]
            database.executemany("INSERT OR IGNORE INTO taken VALUES (?, ?)", done)
        taken.update(files)


def take(line: dict, text: str, database: sqlite3.Connection) -> None:
    """Upsert a line. Lines of schema version 1 have no revision; a gone line has no text."""
    key, order = (line["id"], line["version"]), (line["fetched_at"], line.get("revision", 0))
    database.execute(STATE, (line["id"], line["status"], line["version"], *order))
    if line["status"] != "gone":
        database.execute(TEXT, (*key, line["title"], line["published_at"], text, *order))


if __name__ == "__main__":
    follow(Path(sys.argv[1]), sqlite3.connect(sys.argv[2]))
