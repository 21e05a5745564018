"""`scrapy explain URL`: everything the ledger knows of an address, in sentences.

Exit codes: 1 nothing is known of it, 2 it is out of scope or there is no archive in the folder, 5
the ledger can't be read.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import urls
from crawler.clock import now
from crawler.commands.base_command import (
    ProjectCommand,
    open_ledger,
    print_json,
    printable,
    sentence,
)
from crawler.exit_codes import ERROR
from crawler.shown_text import shown
from crawler.views.address import explain, facts_of

if TYPE_CHECKING:
    import argparse


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "<url>"

    def short_desc(self) -> str:
        return "Say everything the ledger knows of an address"

    def long_desc(self) -> str:
        return (
            "When and where an article or list address was first seen, how each attempt ended, "
            "what is owed, which versions of the article are archived and where their bytes are."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="the same for programs")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("explain takes one address")
        if not urls.in_scope(args[0]):
            message = f"{sentence(args[0])} is no address under xinhuanet.com or news.cn"
            raise UsageError(message)
        article = urls.article(args[0])
        url = article.url if article else urls.canonical(args[0])
        data_dir = self.data_dir
        with open_ledger(self.given) as ledger:
            sentences = explain(ledger, url, urls.article_id(url), now())
            facts = facts_of(ledger, url, urls.article_id(url)) if opts.json else {}
        if not sentences:
            where = sentence(shown(data_dir))
            print(f"Nothing is known of {printable(url)} in {where}.", file=sys.stderr)
            self.exitcode = ERROR
        elif opts.json:
            print_json({"data_dir": shown(data_dir), **facts, "sentences": sentences}, indent=1)
        else:
            print(printable("\n".join([url, *sentences])))
