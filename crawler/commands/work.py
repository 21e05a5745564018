"""`scrapy work`: does the jobs of a cluster on this machine, until it is stopped.

Exit codes: 0 stopped, or with `--drain` all is done; 1 with `--drain`, jobs were given up; 2 usage,
a ledger that is on no server, a missing extra, a clock or a version that isn't the others'; 5 the
database can't be used.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.utils.log import configure_logging

from crawler import regions
from crawler.commands.base_command import ProjectCommand, count, region_codes
from crawler.exit_codes import ERROR
from crawler.layouts import AcceptedLayouts
from crawler.ledger import location
from crawler.ledger.errors import LedgerInUseError, NoLedgerError, OlderLedgerError
from crawler.ledger.ledger import Ledger
from crawler.runner import json_log, settings_check

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

# Regions that a worker crawls at a time: they wait for hosts.
CRAWLS = 8


class Command(ProjectCommand, ScrapyCommand):
    default_settings: ClassVar[dict[str, Any]] = {}

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Do the jobs of a cluster on this machine: crawls, re-extraction, verification, …"

    def long_desc(self) -> str:
        return (
            "Takes jobs from the queue in the ledger's PostgreSQL database, which any number of "
            "machines do side by side, and puts the crawls that are due (CRAWL_EVERY). A signal "
            "ends it: crawls publish what they have, other jobs are left to others."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-j", dest="jobs", type=_places, metavar="N", help="files and commands at a time "
            "(default: one a core; 0: none)")  # fmt: skip
        add("--crawls", type=_places, metavar="N", default=CRAWLS, help="regions crawled at a time "
            "(default: %(default)s; 0: none)")  # fmt: skip
        add("--regions", type=region_codes, metavar="CODES", help="put crawls of these regions "
            "when they are due (default: of all)")  # fmt: skip
        add("--drain", action="store_true", help="put no crawls; end when no job is left")

    def execute(self, args: list[str], opts: Namespace) -> None:
        if args:
            raise UsageError(f"unknown argument {args[0]!r}")
        jobs = (os.cpu_count() or 1) if opts.jobs is None else opts.jobs
        if not jobs and not opts.crawls:
            raise UsageError("-j 0 --crawls 0 leaves nothing to do")
        data_dir = self.data_dir
        try:
            self._work(data_dir, jobs, opts)
        except (settings_check.ConfigurationError, regions.RegionError) as error:
            raise UsageError(str(error)) from error

    def _work(self, data_dir: Path, jobs: int, opts: Namespace) -> None:
        from crawler.jobs import database, storing

        settings = self.given
        settings_check.check(settings)
        url = database.server_of(data_dir, settings["LEDGER"])
        cluster = database.prepare(url)
        database.check_clock(cluster)
        database.check_version(cluster, AcceptedLayouts.of(data_dir).version)
        _meet_ledger(data_dir, settings["LEDGER"])
        location.keep(data_dir, url)
        replication = storing.begin(settings)
        settings_check.check_log(settings)
        if settings.getbool("LOG_JSON"):
            json_log.install(settings)
        configure_logging(settings)
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        # what needs the extra is imported where that is known to be there
        from crawler.jobs.cadence import Cadence
        from crawler.jobs.processes import Commands
        from crawler.jobs.worker import Places, Worker

        codes = sorted(opts.regions or regions.load())
        cadence = Cadence.of(settings["CRAWL_EVERY"])
        worker = Worker(
            cluster,
            Places(opts.crawls, jobs, codes, cadence, drain=opts.drain),
            Commands(
                data_dir,
                settings["LEDGER"] or "",
                settings["STORE"] or "",
                _options(opts),
                replication,
            ),
        )
        asyncio.run(worker.run())
        if opts.drain and worker.given_up:
            told = "1 job was" if worker.given_up == 1 else f"{worker.given_up} jobs were"
            names = "it" if worker.given_up == 1 else "them"
            self.say(f"{told} given up: `scrapy status` names {names}", ERROR)


def _meet_ledger(data_dir: Path, setting: str) -> None:
    """Make or migrate the ledger. Raises LedgerError where it can't be used; whoever writes to it
    at the moment has made it."""
    try:
        Ledger.of(data_dir, setting, read_only=True).close()
    except (NoLedgerError, OlderLedgerError):
        with suppress(LedgerInUseError):
            Ledger.of(data_dir, setting).close()


def _options(opts: Namespace) -> list[str]:
    """The options that commands which the worker calls get as well. What stands in the environment
    they have anyway; the ledger and the folder are told there."""
    told = ("LEDGER", "DATA_DIR", "STORE")
    given = [one for one in opts.set if one.partition("=")[0] not in told]
    options = [word for one in given for word in ("-s", one)]
    if opts.logfile:
        options += ["--logfile", os.path.abspath(opts.logfile)]  # noqa: PTH100 - it may be no path
    return [*options, *(["-L", opts.loglevel] if opts.loglevel else [])]


def _places(value: str) -> int:
    return 0 if value == "0" else count(value)
