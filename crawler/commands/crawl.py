"""`scrapy crawl xinhua`: Scrapy's own command, with arguments checked first, a run around it and
honest exit codes (docs/operations.md)."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from crawler import regions
from crawler.arguments import ArgumentError, parse
from crawler.run import CannotStartError, Run
from crawler.spiders.xinhua import XinhuaSpider

if TYPE_CHECKING:
    import argparse


class Command(ScrapyCrawl):
    """Opens the run before the reactor starts and closes it after the reactor stopped."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args != [XinhuaSpider.name]:
            super().run(args, opts)
            return
        assert self.settings is not None
        assert self.crawler_process is not None
        try:
            registry = regions.load()
            arguments = parse(opts.spargs, registry)
        except (ArgumentError, regions.RegionError) as error:
            raise UsageError(str(error), print_help=False) from error
        command = shlex.join(["scrapy", *sys.argv[1:]])
        try:
            run = Run.open(self.settings, arguments, registry, command)
        except CannotStartError as error:
            print(error, file=sys.stderr)
            self.exitcode = error.exitcode
            return
        crawler = self._create_crawler(XinhuaSpider)
        run.watch(crawler)
        self.crawler_process.crawl(crawler)
        self.crawler_process.start()
        self.exitcode = 1 if self.crawler_process.bootstrap_failed else 0
        self.exitcode = run.close() or self.exitcode
