"""`scrapy fixture add|accept|refresh`: archived pages kept as tests of the extraction.

Nothing is fetched. Exit codes: 1 the page isn't archived, holds nothing to keep, or a fixture is
not (or not any more) what was accepted; 2 usage; 5 the ledger can't be read or the disk failed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import fixtures, urls
from crawler.commands.base_command import (
    ProjectCommand,
    open_ledger,
    printable,
    sentence,
)
from crawler.data_dir import PROJECT
from crawler.exit_codes import ERROR, OK
from crawler.fixtures import Difference, Fixture, FixtureError
from crawler.layouts import AcceptedLayouts
from crawler.shown_text import shown
from crawler.views.text_diff import difference

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_PLACE = re.compile(r"(.+):([0-9]{1,15})", re.ASCII | re.DOTALL)
_URL = re.compile(r"https?://", re.IGNORECASE)


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "add <url|warc:offset> | accept <name> ... | refresh [name ...]"

    def short_desc(self) -> str:
        return "Keep archived pages and their records as tests"

    def long_desc(self) -> str:
        return (
            "add: keep an article's captures, found by its address in the archive or by file and "
            "offset. accept: make the record today's code derives the expected one. refresh: show "
            "what differs from the accepted records; changes nothing."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--name", metavar="NAME", help="add: call it so (default: region-id)")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        self.folder = PROJECT / str(self.given["FIXTURES_DIR"])
        self.accepted = AcceptedLayouts.of(self.data_dir)
        action, *rest = args or [""]
        if opts.name is not None and (action != "add" or not _NAME.fullmatch(opts.name)):
            raise UsageError("--name goes with add: letters, digits, . _ -")
        try:
            if action == "add" and len(rest) == 1:
                self._add(rest[0], opts.name)
            elif action == "accept" and rest:
                for fixture in self._named(rest):
                    fixture.accept()
                    print(f"{fixture.name}: accepted")
            elif action == "refresh":
                self._refresh(
                    self._named(rest) if rest else fixtures.load(self.folder, self.accepted)
                )
            else:
                raise UsageError(f"fixture {self.syntax()}")
        except FixtureError as error:
            self.say(error, ERROR)

    def _add(self, target: str, name: str | None) -> None:
        places = self._archived(target) if _URL.match(target) else [_place(target)]
        fixture = fixtures.add(self.folder, places, name, self.accepted)
        self._show(fixture, fixture.differences())
        print(f"{fixture.name}: added to {shown(self.folder)}; if all that is right: ", end="")
        print(f"scrapy fixture accept {fixture.name}")

    def _archived(self, url: str) -> list[tuple[Path, int]]:
        """Where the captures of the article's newest content stand."""
        article = urls.article(url)
        if article is None:
            raise UsageError(f"{printable(url)} is no article's address")
        data_dir = self.data_dir
        with open_ledger(self.given) as ledger:
            known = ledger.articles.get(article.id)
        if known is None or not known.warc_pages:
            raise FixtureError(
                f"{printable(url)} is not archived in {shown(data_dir)}; "
                f"fetch it with: scrapy crawl xinhua -a urls={printable(article.url)}"
            )
        return [fixtures.place(data_dir, pointer) for pointer in known.warc_pages]

    def _named(self, names: list[str]) -> list[Fixture]:
        known = {fixture.name: fixture for fixture in fixtures.load(self.folder, self.accepted)}
        unknown = [name for name in names if name not in known]
        if unknown:
            message = f"no fixture {', '.join(unknown)} in {shown(self.folder)}"
            raise UsageError(message)
        return [known[name] for name in names]

    def _refresh(self, chosen: list[Fixture]) -> None:
        different = 0
        for fixture in chosen:
            try:
                found = fixture.differences()
            except FixtureError as error:
                self.say(error, ERROR)
                different += 1
                continue
            if found:
                different += 1
                self._show(fixture, found)
        print(f"{len(chosen)} fixtures, {different} different")
        self.exitcode = ERROR if different else OK

    def _show(self, fixture: Fixture, found: list[Difference]) -> None:
        is_new = fixture.expected() is None
        print(f"{fixture.name}{': not accepted yet' if is_new else ''}")
        for one in found:
            if not (is_new and one.derived in (None, [], "")):
                print(printable("\n".join(f"    {line}" for line in _lines(one, is_new=is_new))))


def _place(target: str) -> tuple[Path, int]:
    found = _PLACE.fullmatch(target)
    if found is None:
        message = f"{sentence(target)} is neither an address nor FILE:OFFSET of a WARC record"
        raise UsageError(message)
    if not Path(found[1]).is_file():
        message = f"there is no file {shown(found[1])}: give its path from {shown(Path.cwd())}"
        raise UsageError(message)
    return Path(found[1]), int(found[2])


def _lines(one: Difference, *, is_new: bool) -> Iterator[str]:
    """A difference as lines: texts by paragraph and character, else both values."""
    if not is_new and one.key == "paragraphs" and isinstance(one.derived, list):
        yield f"{one.key}:"
        yield from (f"    {line}" for line in difference(one.expected, one.derived))
        return
    if not is_new:
        yield f"- {one.key}: {json.dumps(one.expected, ensure_ascii=False)}"
    yield f"+ {one.key}: {json.dumps(one.derived, ensure_ascii=False)}"
