"""`scrapy crawl xinhua`: Scrapy's own command, with arguments checked first, a run around it and
honest exit codes (docs/operations.md)."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.spiderloader import get_spider_loader

from crawler import configuration, jsonlog, regions
from crawler.arguments import ArgumentError, Arguments, parse
from crawler.commands.output import ProjectCommand, ends, refuse
from crawler.data_folder import CannotStartError, claim, folder_of
from crawler.exitcodes import DEGRADED, USAGE
from crawler.filenames import shown
from crawler.process import stop_with
from crawler.run import Run
from crawler.spiders.xinhua import XinhuaSpider

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings


class Command(ProjectCommand, ScrapyCrawl):
    """Claims the data folder before anything is logged or made, opens the run before the reactor
    starts, closes it after the reactor stopped."""

    _arguments: Arguments
    _lock: int

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        pidfile = opts.pidfile
        if args == [XinhuaSpider.name]:
            opts.pidfile = None  # a second run must not put its own number into it
        super().process_options(args, opts)
        assert self.settings is not None
        if args != [XinhuaSpider.name]:
            if args and args[0] not in (known := get_spider_loader(self.settings).list()):
                refuse(self.name, f"unknown spider {args[0]!r} (known: {', '.join(known)})", USAGE)
            return
        stop_with(DEGRADED)
        with ends(self.name):
            self._check(self.settings, opts)
            if pidfile:
                _note_pid(pidfile)
        if self._arguments.from_warc:
            _cut_off(self.settings)
        if self.settings.getbool("LOG_JSON"):
            jsonlog.install(self.settings)

    def _check(self, settings: Settings, opts: argparse.Namespace) -> None:
        try:
            self._arguments = parse(opts.spargs, regions.load())
            configuration.check(settings)
            self._lock = claim(folder_of(settings))
            configuration.check_log(settings)
        except (ArgumentError, configuration.ConfigurationError, regions.RegionError) as error:
            refuse(self.name, error, USAGE)
        except CannotStartError as error:
            refuse(self.name, error, error.exitcode)

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if args != [XinhuaSpider.name]:
            ScrapyCrawl.run(self, args, opts)
            return
        assert self.settings is not None
        assert self.crawler_process is not None
        try:
            run = Run.open(
                self.settings,
                self._arguments,
                regions.load(),
                lock=self._lock,
                command=shown(shlex.join(["scrapy", "crawl", *sys.argv[1:]])),
            )
        except CannotStartError as error:
            refuse(self.name, error, error.exitcode)
        with suppress(SystemExit):  # a signal before Scrapy takes them: closed as after one
            crawler = self._create_crawler(XinhuaSpider)
            run.watch(crawler)
            self.crawler_process.crawl(crawler)
            self.crawler_process.start()
        self.exitcode = run.close(has_failed=self.crawler_process.bootstrap_failed)


def _note_pid(file: str) -> None:
    try:
        Path(file).write_text(f"{os.getpid()}\n")
    except OSError as error:
        refuse("crawl", f"can't write {file!r}: {error.strerror}", USAGE)


def _cut_off(settings: Settings) -> None:
    """Set a replay's settings: archives for the network, no host to be considerate of or to report
    on, and lists read as far as they are archived."""
    handler = "crawler.archive.replay.ReplayHandler"
    middlewares = settings.getdict("DOWNLOADER_MIDDLEWARES")
    polite = (
        "crawler.middlewares.robots.RobotsMiddleware",
        "crawler.middlewares.backoff.BackoffMiddleware",
    )
    values = {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOADER_MIDDLEWARES": middlewares | dict.fromkeys(polite),
        "DOWNLOAD_DELAY": 0,
        "EXTENSIONS": settings.getdict("EXTENSIONS")
        | {"crawler.extensions.politeness.Politeness": None},
        "LIST_MAX_PAGES": sys.maxsize,
    }
    settings.setdict(values, priority="cmdline")
