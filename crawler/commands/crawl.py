"""`scrapy crawl xinhua`: Scrapy's own command, which here checks its arguments first, opens and
closes a run, and ends with the exit code of the run (docs/operations.md)."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.spiderloader import get_spider_loader

from crawler import regions
from crawler.arguments import ArgumentError, Arguments, parse
from crawler.commands.base_command import ProjectCommand, ends, refuse
from crawler.data_dir import folder_of
from crawler.exit_codes import DEGRADED, USAGE
from crawler.file_name_escapes import shown
from crawler.masking import masked_command
from crawler.notify import end_of_run
from crawler.run_lock import CannotStartError, take_lock
from crawler.runner import json_log, settings_check
from crawler.runner.process import stop_with
from crawler.runner.run import Run
from crawler.spiders.xinhua import XinhuaSpider

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings


class Command(ProjectCommand, ScrapyCrawl):
    """Locks the data folder before anything is logged or made, opens the run before the reactor
    starts, closes it after the reactor stopped."""

    requires_crawler_process = True
    default_settings: ClassVar[dict[str, Any]] = {}
    _arguments: Arguments
    _lock: int

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        pidfile = opts.pidfile
        if args == [XinhuaSpider.name]:
            opts.pidfile = None  # a second run must not put its own number into it
        super().process_options(args, opts)
        assert self.settings is not None
        if unnamed := [word for word in args[1:] if "=" in word]:
            refuse(self.name, f"{unnamed[0]}: write -a {unnamed[0]}", USAGE)
        if args != [XinhuaSpider.name]:
            if args and args[0] not in (known := get_spider_loader(self.settings).list()):
                refuse(self.name, f"unknown spider {args[0]!r} (known: {', '.join(known)})", USAGE)
            return
        _leave_out_dumps()
        stop_with(DEGRADED)
        logging.raiseExceptions = False  # a log on a full disk is told once, by `_check_log`
        with ends(self.name):
            self._check(self.settings, opts)
            if pidfile:
                _note_pid(pidfile)
        if self._arguments.from_warc:
            _cut_off(self.settings)
        if self.settings.getbool("LOG_JSON"):
            json_log.install(self.settings)

    def _check(self, settings: Settings, opts: argparse.Namespace) -> None:
        try:
            self._arguments = parse(opts.spargs, regions.load())
            settings_check.check(settings)
            self._lock = take_lock(folder_of(settings))
            settings_check.check_log(settings)
        except (ArgumentError, settings_check.ConfigurationError, regions.RegionError) as error:
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
                command=shown(masked_command(["scrapy", "crawl", *sys.argv[1:]])),
            )
        except CannotStartError as error:
            refuse(self.name, error, error.exitcode)
        try:
            with suppress(SystemExit):  # a signal before Scrapy takes them: closed as after one
                crawler = self._create_crawler(XinhuaSpider)
                run.watch(crawler)
                end_of_run.ping_start(self.settings)
                self.crawler_process.crawl(crawler)
                self.crawler_process.start()
            _check_log()
        except OSError as error:  # the log's: all others end in the run
            problem = f"the log can't be written: {error.strerror}"
            run.publisher.storage_error = run.publisher.storage_error or problem
            print(f"scrapy {self.name}: {problem}", file=sys.stderr)
        self.exitcode = run.close(has_failed=self.crawler_process.bootstrap_failed)
        if run.report is None:
            end_of_run.ping_end(self.settings, self.exitcode)
        else:
            data_dir = folder_of(self.settings)
            end_of_run.tell(run.report, data_dir, self.settings, is_first=run.is_first)


# What Scrapy logs of its settings and parts at every start, by logger. The settings may be secrets.
_DUMPS = {
    "scrapy.addons": "Enabled ",
    "scrapy.crawler": "Overridden settings",
    "scrapy.middleware": "Enabled ",
    "scrapy.utils.log": "Versions",
}


def _leave_out_dumps() -> None:
    """Keep these out of the log; the report has the versions."""
    for name, start in _DUMPS.items():
        logging.getLogger(name).addFilter(partial(_is_no_dump, start))


def _is_no_dump(start: str, record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(start)


def _check_log() -> None:
    """Raises OSError when lines wait for room on the disk of the log."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.flush()


def _note_pid(file: str) -> None:
    try:
        # a FIFO that nobody reads would wait for ever
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK
        descriptor = os.open(file, flags, 0o666)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        os.close(descriptor)
    except OSError as error:
        refuse("crawl", f"can't write {file!r}: {error.strerror}", USAGE)


def _cut_off(settings: Settings) -> None:
    """Set a replay's settings: archives for the network, no host to be considerate of or to report
    on, and lists read as far as they are archived."""
    handler = "crawler.downloader.replay.ReplayHandler"
    middlewares = settings.getdict("DOWNLOADER_MIDDLEWARES")
    polite = (
        "crawler.downloader.robots.RobotsMiddleware",
        "crawler.downloader.backoff.BackoffMiddleware",
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
