"""`scrapy explain URL`: everything the ledger knows of an address, in sentences.

Exit codes: 1 nothing is known of it, 2 it is out of scope, 5 the ledger can't be read.
"""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import urls
from crawler.clock import now
from crawler.commands.base_command import ProjectCommand, open_ledger, printable, sentence
from crawler.exit_codes import ERROR, STORAGE
from crawler.ledger.errors import LedgerError, NoLedgerError
from crawler.views.address import explain

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

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002
        if len(args) != 1:
            raise UsageError("explain takes one address", print_help=False)
        if not urls.in_scope(args[0]):
            message = f"{sentence(args[0])} is no address under xinhuanet.com or news.cn"
            raise UsageError(message, print_help=False)
        article = urls.article(args[0])
        url = article.url if article else urls.canonical(args[0])
        assert self.settings is not None
        try:
            with closing(open_ledger(self.settings)) as ledger:
                sentences = explain(ledger, url, urls.article_id(url), now())
        except NoLedgerError:
            sentences = []
        except LedgerError as error:
            self.say(error, STORAGE)
            return
        if sentences:
            sys.stdout.write(printable("\n".join([url, *sentences])) + "\n")
        else:
            print(f"Nothing is known of {printable(url)}.", file=sys.stderr)
            self.exitcode = ERROR
