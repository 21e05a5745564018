"""`scrapy history ID|URL`: the versions of an article and what changed from each to the next.

Reads the ledger for where the lines are and the published JSONL for what they say. Exit codes: 1
the article isn't known or a line isn't where it should be, 2 not an id or address, or no archive in
the folder, 5 the ledger can't be read.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import urls
from crawler.clock import iso
from crawler.commands.base_command import (
    ProjectCommand,
    open_ledger,
    print_json,
    printable,
    sentence,
)
from crawler.exit_codes import ERROR, OK
from crawler.exporters.jsonl import lines_with
from crawler.pipelines.content_digest import changed_fields
from crawler.shown_text import shown
from crawler.views.text_diff import of_fields

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.ledger.rows import VersionRow

_ID = re.compile(r"[0-9]{5,12}|[0-9a-f]{32}|[0-9a-f]{64}", re.ASCII)


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "<id|url>"

    def short_desc(self) -> str:
        return "Show the versions of an article and what changed between them"

    def long_desc(self) -> str:
        return (
            "Each version of the article, oldest first, with the changed fields: [-taken out-] "
            "and {+put in+}, character by character, unchanged paragraphs left out. Numbers tell "
            "in which order versions were learnt: captures of web archives bring older ones later."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="whole lines for programs")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("history takes one article id or address")
        article_id = _article_id(args[0])
        data_dir = self.data_dir
        with open_ledger(self.given) as ledger:
            rows = ledger.articles.versions(article_id)
        if not rows:
            where = sentence(shown(data_dir))
            print(f"No article {article_id} is archived in {where}.", file=sys.stderr)
            self.exitcode = ERROR
            return
        records = [
            lines_with(data_dir, row.jsonl, [row.line_sha256]).get(row.line_sha256) for row in rows
        ]
        if opts.json:
            print_json(_object(data_dir, article_id, rows, records), indent=1)
        else:
            head = f"Article {article_id} in {shown(data_dir)}\n\n"
            print(printable(head + "\n".join(_history(rows, records))))
        self.exitcode = ERROR if None in records else OK


def _object(
    data_dir: Path, article_id: str, rows: list[VersionRow], records: list[dict[str, Any] | None]
) -> dict[str, Any]:
    """The history for programs; docs/operations.md has its keys."""
    return {
        "data_dir": shown(data_dir),
        "id": article_id,
        "lines": [
            {
                "version": row.version,
                "revision": row.revision,
                "status": row.status,
                "fetched_at": iso(row.fetched_at),
                "changed": list(row.changed),
                "run_id": row.run_id,
                "archive": row.archive,
                "file": row.jsonl,
                "line": record,
            }
            for row, record in zip(rows, records, strict=True)
        ],
    }


def _article_id(given: str) -> str:
    if _ID.fullmatch(given):
        return given
    if not urls.in_scope(given):
        message = f"{sentence(given)} is neither an article id nor an address of the site"
        raise UsageError(message)
    return urls.article_id(given)


def _history(rows: list[VersionRow], records: list[dict[str, Any] | None]) -> Iterator[str]:
    before: dict[str, Any] | None = None
    has_captures = any(row.archive for row in rows)
    for row, record in zip(rows, records, strict=True):
        if before is not None:
            yield ""
        revision = f", revision {row.revision}" if row.revision else ""
        when = iso(row.fetched_at)
        whose = f", captured by {row.archive}" if row.archive else ""
        yield f"Version {row.version}{revision}, {row.status}, {when}{whose}, {row.jsonl}"
        if record is None:
            yield "    This line is missing from its file."
            continue
        if record["gone"]:
            yield from _withdrawal(record["gone"])
            continue
        if row.corrects:
            yield f"    A correction: {row.corrects['reason']}."
            if before is not None:
                yield from of_fields(row.corrects["keys"], before, record)
            before = record
            continue
        yield from _content(row, record, before, has_captures=has_captures)
        before = record


def _content(
    row: VersionRow, record: dict[str, Any], before: dict[str, Any] | None, *, has_captures: bool
) -> Iterator[str]:
    """A line with content, and what differs from the one before it in time."""
    if before is None:
        yield f"    {record['title'] or '(no title)'}"
        yield f"    {record['url']}"
        return
    # that one may have been learnt later
    changed = changed_fields(before, record) if has_captures else row.changed
    if not changed:
        yield "    The content is that of the version before."
    yield from of_fields(changed, before, record)


def _withdrawal(gone: dict[str, Any]) -> Iterator[str]:
    yield (
        f"    Withdrawn by the site ({gone['reason']}): first observed at "
        f"{gone['first_observed_at']}, confirmed at {gone['confirmed_at']}."
    )
