"""What the checks between lines need of each line, kept on disk while a folder is verified.

In: lines as parsed. Out: a LineSummary of each, written to a file of its own by the process that
read the line, then handed out article by article from one temporary database.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.clock import iso
from crawler.data_dir import FILE_PREFIX
from crawler.items import CORRECTABLE_KEYS
from crawler.ledger import line_rows
from crawler.outcomes import Outcome
from crawler.pipelines.normalisation import FlagName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TABLES = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;
CREATE TABLE lines (
    article_id BLOB, fetched_at TEXT, revision INTEGER, version INTEGER, jsonl TEXT, offset INTEGER,
    line TEXT, digest TEXT, summary TEXT
);
BEGIN;
"""


class LineSummary(NamedTuple):
    """One line: where it stands and what other lines and the ledger must agree with.

    Times are UTC as in the line; `row`, `state` and `content` are what the ledger learns of it
    (`crawler.ledger.line_rows`), their times as text. `outcome` is the one the run counts it as,
    None for a correction, and `is_own_capture` says that its records are of that run, as those of
    a replay aren't. `last` is that of a gone line.
    `again_sha256` is the content digest that today's code gives, None where it gives none.
    """

    number: int
    offset: int
    id: str
    fetched_at: str
    first_seen_at: str | None
    also_at: list[str]
    canonical_url: str
    url: str
    title: str | None
    source: str | None
    last: dict[str, Any] | None
    previous_sha256: str | None
    is_own_capture: bool
    outcome: str | None
    discovered_from: list[Any] | None
    observations: list[list[Any]]
    row: dict[str, Any]
    state: dict[str, Any]
    content: dict[str, Any]
    again_sha256: str | None
    jsonl: str

    @property
    def status(self) -> str:
        return str(self.row["status"])

    @property
    def version(self) -> Any:
        return self.row["version"]

    @property
    def is_gone(self) -> bool:
        return self.status == "gone"

    @property
    def line(self) -> str | None:
        """Its own key, None in schema version 1."""
        key: str | None = self.row["line"]
        return key

    @property
    def is_captured(self) -> bool:
        """Whether it is of a capture of another web archive."""
        return self.row["archive"] is not None

    @property
    def revision(self) -> int:
        return int(self.row["revision"])

    @property
    def corrects(self) -> dict[str, Any] | None:
        corrects: dict[str, Any] | None = self.row["corrects"]
        return corrects


def summary_of(
    line: Mapping[str, Any],
    jsonl: str,
    *,
    number: int,
    offset: int,
    derived: Mapping[str, Any] | None,
) -> LineSummary:
    """Sum up a line of the file `jsonl`; `derived` is what today's code makes of its pages. Raises
    TypeError, KeyError, ValueError, AttributeError where its values aren't of the format."""
    row = _plain(line_rows.version(line, 0, jsonl))
    _check_history(row)
    content = _plain(line_rows.content(line, 0))
    state = _plain(line_rows.state(line, ()))
    for values, dropped in ((row, "number"), (content, "number"), (state, "next_check_at")):
        del values[dropped]
    found = line["discovered_from"]
    file = line["warc"]["file"] if line["warc"] else ""
    is_gone = line["status"] == "gone"
    return LineSummary(
        number=number,
        offset=offset,
        id=str(line["id"]),
        fetched_at=row["fetched_at"],
        first_seen_at=_plain(line_rows.first(line))["first_seen_at"]
        if line["first_seen_at"]
        else None,
        also_at=[str(url) for url in line["also_at"]],
        canonical_url=str(line["canonical_url"]),
        url=str(line["url"]),
        title=line["title"],
        source=line["source"],
        last=line["gone"].get("last") if is_gone else None,
        previous_sha256=line["previous_sha256"],
        is_own_capture=is_gone or f"/{FILE_PREFIX}{line['run_id']}-" in file,
        outcome=outcome_of(line),
        discovered_from=[found["url"], found["position"], found["title"]] if found else None,
        observations=[_plain(one) for one in map(_observed, line_rows.observations(line))],
        row=row,
        state=state,
        content=content,
        again_sha256=derived["content_sha256"] if derived else None,
        jsonl=jsonl,
    )


def _check_history(row: Mapping[str, Any]) -> None:
    """Raise TypeError where what tells a line from others is not of the format."""
    revision, corrects = row["revision"], row["corrects"]
    if not isinstance(row["line"], str | None) or type(revision) is not int or revision < 0:
        raise TypeError("line or revision")
    if corrects is None:
        return
    if (
        tuple(corrects) != ("line", "keys", "reason")
        or not isinstance(corrects["line"], str | None)
        or not isinstance(corrects["reason"], str)
        or not set(corrects["keys"]) <= set(CORRECTABLE_KEYS)
    ):
        raise TypeError("corrects")


def outcome_of(line: Mapping[str, Any]) -> str | None:
    """The outcome with which a run counts the address that gave it this line; None for a
    correction, which no address gave."""
    if line.get("corrects"):
        return None
    if line["status"] in (Outcome.GONE, Outcome.RESTORED):
        return str(line["status"])
    if line["version"] != 1:
        return Outcome.CHANGED
    flags = {flag["flag"] for flag in line["flags"]}
    unread = (FlagName.UNKNOWN_LAYOUT, FlagName.AMBIGUOUS_LAYOUT)
    return next((str(flag) for flag in unread if flag in flags), Outcome.PUBLISHED)


def _observed(row: Mapping[str, Any]) -> list[Any]:
    return [row["at"], row["url"], row["status"], row["reason"], row["warc"]]


def _plain(value: Any) -> Any:
    """Rows as JSON holds them: times as text, pointers as lists."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "astimezone"):
        return iso(value)
    if hasattr(value, "record_id"):
        return [getattr(value, name) for name in value.__dataclass_fields__]
    return value


class Summaries:
    """The summaries of all lines that were read, kept on disk until `close`."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)

    def take(self, spool: Path) -> None:
        """Read the summaries that another process wrote of one file of lines, and remove its
        file."""
        with spool.open(encoding="utf-8") as file:
            self._database.executemany(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_entry, file)
            )
        spool.unlink()

    def close(self) -> None:
        """Free the disk space."""
        self._database.close()

    def by_article(self) -> Iterator[tuple[bytes, list[LineSummary]]]:
        """Each article's key with its lines, oldest first, each before its corrections; in the
        order of the keys. Of one second the version decides: two runs that began in one second have
        ids in any order."""
        rows = self._database.execute(
            "SELECT article_id, summary FROM lines"
            " ORDER BY article_id, fetched_at, revision, version, jsonl, offset"
        )
        for article_id, group in groupby(rows, key=lambda row: row[0]):
            yield article_id, [LineSummary(*json.loads(summary)) for _, summary in group]

    def sharing_keys(self) -> Iterator[list[LineSummary]]:
        """Groups of different lines that have the same key."""
        rows = self._database.execute(
            "SELECT line, summary FROM lines WHERE line IN ("
            " SELECT line FROM lines WHERE line IS NOT NULL GROUP BY line"
            " HAVING count(DISTINCT digest) > 1) ORDER BY line, jsonl, offset"
        )
        for _, group in groupby(rows, key=lambda row: row[0]):
            yield [LineSummary(*json.loads(summary)) for _, summary in group]


def key_of(article_id: str) -> bytes:
    """The key by which articles are sorted, here as in the ledger; any text has one."""
    return article_id.encode("utf-8", "surrogatepass")


def spooled(summary: LineSummary) -> str:
    """A summary as one line of a spool."""
    return json.dumps(summary) + "\n"


def _entry(text: str) -> tuple[bytes, str, int, int | None, str, int, str | None, str, str]:
    summary = LineSummary(*json.loads(text))
    version = summary.version if type(summary.version) is int else None
    return (
        key_of(summary.id), summary.fetched_at, summary.revision, version,
        _escaped(summary.jsonl), summary.offset, summary.line and _escaped(summary.line),
        summary.row["line_sha256"], text,
    )  # fmt: skip


def _escaped(name: str) -> str:
    """A file's name in a form that SQLite takes whatever its bytes are."""
    return json.dumps(name)
