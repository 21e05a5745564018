"""`scrapy crawl xinhua`: Scrapy's own command, which here checks its arguments first, opens and
closes a run, and ends with the exit code of the run (docs/operations.md)."""

from __future__ import annotations

import argparse
import logging
import os
import sqlite3
import sys
from asyncio import Task
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from scrapy.commands import ScrapyHelpFormatter
from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.spiderloader import get_spider_loader
from sqlalchemy.engine import URL

from crawler import regions
from crawler.arguments import MEANINGS, ArgumentError, Arguments, parse
from crawler.clock import BEIJING, now
from crawler.commands.base_command import ProjectCommand, ends, refuse, sentence
from crawler.data_dir import folder_of, lock_file, search_index_file, told_file
from crawler.exit_codes import DEGRADED, LOCKED, OK, STORAGE, USAGE
from crawler.jobs import storing
from crawler.ledger.location import LedgerUrlError, locate
from crawler.line_index import LineIndexError
from crawler.notify import end_of_run
from crawler.run_lock import CannotStartError, take_lock
from crawler.runner import json_log, settings_check
from crawler.runner.crawl_hours import CrawlHours
from crawler.runner.process import stop_with
from crawler.runner.run import Run
from crawler.search.index import INDEX
from crawler.shown_text import masked_command, shown
from crawler.spiders.xinhua import XinhuaSpider
from crawler.storage import StorageError

if TYPE_CHECKING:
    from scrapy.settings import Settings

    from crawler.shared_storage.store import Replication


logger = logging.getLogger(__name__)


class Command(ProjectCommand, ScrapyCrawl):
    """Locks the data folder before anything is logged or made, opens the run before the reactor
    starts, closes it after the reactor stopped."""

    requires_crawler_process = True
    default_settings: ClassVar[dict[str, Any]] = {}
    _arguments: Arguments
    _lock: int

    def syntax(self) -> str:
        return "xinhua [-a NAME=VALUE ...] [-s NAME=VALUE ...] [options]"

    def short_desc(self) -> str:
        return "Crawl the regional channels of Xinhua and archive what is new or changed"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.formatter_class = _HelpFormatter
        parser.epilog = _help()

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        pidfile = opts.pidfile
        if args == [XinhuaSpider.name]:
            # Scrapy would write it before the lock is held: a second run its own number
            opts.pidfile = None
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
        # a log on a full disk is told once, by `_check_log`
        logging.raiseExceptions = False
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
            hours = CrawlHours.of(settings["CRAWL_HOURS"])
            if hours and not self._arguments.from_warc and hours.end(now()) is None:
                local = now().astimezone(BEIJING)
                why = f"it is {local:%H:%M} in Beijing, outside CRAWL_HOURS {hours}"
                _end_at_once(settings, f"scrapy {self.name}: {why}: nothing is done")
            where = locate(folder_of(settings), settings["LEDGER"])
            self._lock = take_lock(folder_of(settings), is_shared=isinstance(where, URL))
            settings_check.check_log(settings)
        except (ArgumentError, settings_check.ConfigurationError, regions.RegionError) as error:
            refuse(self.name, error, USAGE)
        except LedgerUrlError as error:
            refuse(self.name, f"LEDGER: {error}", USAGE)
        except CannotStartError as error:
            if error.exitcode == LOCKED:
                self._meet_lock(settings, error)
            refuse(self.name, error, error.exitcode)
        # a run that meets the lock tells since when it is held
        os.utime(self._lock)

    def _meet_lock(self, settings: Settings, error: CannotStartError) -> NoReturn:
        """End because another run is on. Nothing is printed for cron, unless that run has been on
        for longer than LOCK_MAX_AGE; then as often as alarms are."""
        data_dir = folder_of(settings)
        since = end_of_run.told_at(lock_file(data_dir)) or now()
        told = told_file(data_dir, "lock")
        told_at = end_of_run.told_at(told)
        is_old = now() - since >= timedelta(hours=settings.getfloat("LOCK_MAX_AGE"))
        repeat = timedelta(hours=settings.getfloat("ALARM_REPEAT"))
        is_told = told_at is not None and told_at >= since and now() - told_at < repeat
        if not sys.stderr.isatty() and (not is_old or is_told):
            sys.exit(LOCKED)
        if is_old:
            with suppress(OSError):
                told.touch()
        local = since.astimezone(BEIJING)
        refuse(self.name, f"{error}, begun {local:%Y-%m-%d %H:%M} (Beijing)", LOCKED)

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if args != [XinhuaSpider.name]:
            ScrapyCrawl.run(self, args, opts)
            return
        assert self.settings is not None
        assert self.crawler_process is not None
        replication = storing.begin(self.settings)
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
            # a signal that comes before Scrapy handles them: the run is closed all the same
            with suppress(SystemExit):
                crawler = self._create_crawler(XinhuaSpider)
                run.watch(crawler)
                if end_of_run.is_unsigned(self.settings):
                    signed = self.settings["CONTACT"]
                    logger.warning("CONTACT is not set: requests are signed %s", signed)
                end_of_run.ping_start(self.settings)
                crawling = self.crawler_process.crawl(crawler)
                assert isinstance(crawling, Task)
                crawling.add_done_callback(_tell_of)
                self.crawler_process.start()
            _check_log()
        except OSError as error:
            # only the log's comes here: the run takes all others
            problem = f"the log can't be written: {error.strerror}"
            run.publisher.storage_error = run.publisher.storage_error or problem
            print(f"scrapy {self.name}: {problem}", file=sys.stderr)
        self.exitcode = run.close(has_failed=self.crawler_process.bootstrap_failed)
        failure = run.publisher.storage_error
        if run.report is None:
            why = failure or "an unexpected error: the log has it"
            end_of_run.tell_unpublished(run.run_id, self.exitcode, why, self.settings)
        else:
            data_dir = folder_of(self.settings)
            end_of_run.tell(
                run.report, data_dir, self.settings, is_first=run.is_first, problem=failure
            )
            if self.settings.getbool("INDEX_AFTER_CRAWL"):
                _index(self.settings)
        if replication:
            self._share(replication)

    def _share(self, replication: Replication) -> None:
        """Publish in STORE what runs in this folder published. What fails is told, and done by the
        next one."""
        try:
            replication.push()
        except StorageError as error:
            logger.error("%s", error)
            self.say(f"what was published is here, and not in STORE yet: {error}", STORAGE)


def _tell_of(crawling: Task[None]) -> None:
    """Log why a crawl couldn't begin, but a disk or ledger that failed: that is told already."""
    error = None if crawling.cancelled() else crawling.exception()
    if error is not None and not isinstance(error, StorageError):
        logger.error("the crawl couldn't begin", exc_info=error)


def _index(settings: Settings) -> None:
    """Bring the search index up to date. The run is over: what fails is told, and `scrapy index`
    does it later."""
    try:
        done = INDEX.update(search_index_file(settings), folder_of(settings), lambda _: None)
        problems = done.damaged
    except (LineIndexError, StorageError, OSError, sqlite3.Error) as error:
        problems = [f"the search index isn't up to date: {error}"]
    for problem in problems:
        logging.getLogger(__name__).error("%s", problem)
        print(f"scrapy crawl: {sentence(problem)}", file=sys.stderr)


class _HelpFormatter(ScrapyHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Scrapy's, which leaves the lines of what stands below the options as they are."""


# Settings that most operators look for, and what each does.
_SETTINGS = {
    "DATA_DIR": "where everything is written (also XINHUA_DATA_DIR)",
    "CONTACT": "your address, for the site's operators (also XINHUA_CONTACT)",
    "DOWNLOAD_DELAY": "seconds between two requests to one host",
    "CRAWL_HOURS": "hours of the day, Beijing time, in which to crawl: 22-6",
    "BANDWIDTH_MAX": "bytes a second of the whole run",
    "METRICS_FILE": "Prometheus textfile, written at the end",
    "PING_URL": "called at start and end, as healthchecks.io has it",
    "WEBHOOK_URL": "gets the closing block as JSON",
}
_EXAMPLES = """\
  scrapy crawl xinhua -s CONTACT=me@example.org
  scrapy crawl xinhua -a regions=js,he -a since=2017-09-01 -a until=2017-09-30
  scrapy crawl xinhua -a urls=http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm
  scrapy crawl xinhua -a 'from_warc=old/warc/**/*.warc.gz' -s DATA_DIR=data/again
"""


def _help() -> str:
    """What stands below the options: arguments, settings, examples."""
    arguments = "".join(f"  {name:<10} {meaning}\n" for name, meaning in MEANINGS.items())
    settings = "".join(f"  {name:<15} {meaning}\n" for name, meaning in _SETTINGS.items())
    return (
        f"Arguments, each after -a\n========================\n{arguments}\n"
        f"Settings, each after -s\n=======================\n{settings}"
        "  and more: docs/operations.md\n\n"
        "A relative DATA_DIR is the project's, other files are taken from where you are.\n\n"
        f"Examples\n========\n{_EXAMPLES}\n"
        "Exit codes: 0 done, 1 error, 2 usage, 3 alarms or stopped, 4 no list answered,\n"
        "5 storage, 75 another run holds the data folder."
    )


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


def _end_at_once(settings: Settings, text: str) -> NoReturn:
    """End with 0 and say why: in the log where that is a file and nobody is there to read."""
    if sys.stderr.isatty() or not settings["LOG_FILE"] or not settings.getbool("LOG_ENABLED"):
        print(text, file=sys.stderr)
    else:
        settings_check.check_log(settings)
        record = logging.LogRecord(__name__, logging.INFO, "", 0, text, (), None)
        form = logging.Formatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
        if settings.getbool("LOG_JSON"):
            form = json_log.JsonFormatter()
        with Path(settings["LOG_FILE"]).open("a", encoding="utf-8") as log:
            log.write(form.format(record) + "\n")
    sys.exit(OK)


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
        "BANDWIDTH_MAX": 0,
        "CRAWL_HOURS": "",
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "DOWNLOADER_MIDDLEWARES": middlewares | dict.fromkeys(polite),
        "DOWNLOAD_DELAY": 0,
        "EXTENSIONS": settings.getdict("EXTENSIONS")
        | {"crawler.extensions.politeness.Politeness": None},
        "LIST_MAX_PAGES": sys.maxsize,
    }
    settings.setdict(values, priority="cmdline")
