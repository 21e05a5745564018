"""`scrapy enqueue KIND …`: puts jobs into the queue of a cluster, which `scrapy work` takes.

Exit codes: 0 put, also where they wait already; 2 usage, a ledger that is on no server, a missing
extra; 5 the database can't be used.
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import regions
from crawler.archive.decode import largest_page
from crawler.arguments import ArgumentError, parse
from crawler.commands.base_command import ProjectCommand, print_json
from crawler.commands.export import Command as Export
from crawler.layouts import AcceptedLayouts
from crawler.shared_storage.folder import FolderPlace

if TYPE_CHECKING:
    from argparse import Namespace

    from scrapy.settings import Settings

    from crawler.jobs.database import JobsCluster
    from crawler.shared_storage.place import SharedPlace

KINDS = ("crawl", "reextract", "verify", "index", "export")

# Arguments of a crawl that mean the same on every machine, and go with a region.
_ARGUMENTS = ("since", "until", "lists", "recheck", "limit")


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return (
            "crawl [REGION ...] [-a NAME=VALUE ...] | reextract|verify [YEAR|MONTH|RUN|PATH ...]"
            " | index | export OPTIONS ..."
        )

    def short_desc(self) -> str:
        return "Put jobs into the queue of a cluster: crawls, re-extraction, verification, …"

    def long_desc(self) -> str:
        return (
            "crawl: of these regions, or of all; since, until, lists, recheck and limit as in "
            "`scrapy crawl`. reextract, verify: a job for each published file of these years "
            "(2017), months (2017/09), runs or paths, or of all. index: `scrapy index` on one of "
            "the machines. export: `scrapy export` with these options, of which -o is wanted. "
            "Workers (`scrapy work`) do them."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-a", dest="arguments", action="append", default=[], metavar="NAME=VALUE",
            help="of a crawl: since, until, lists, recheck, limit")  # fmt: skip
        add("--json", dest="as_json", action="store_true", help="say what was put as JSON")

    def process_options(self, args: list[str], opts: Namespace) -> None:
        # the options of an export aren't ours
        super().process_options(args[:1] if args[:1] == ["export"] else args, opts)

    def execute(self, args: list[str], opts: Namespace) -> None:
        kind = args[0] if args else ""
        if kind not in KINDS:
            problem = f"what, of {', '.join(KINDS)}?" if not kind else f"no job is called {kind!r}"
            raise UsageError(f"{problem} (`scrapy enqueue --help`)")
        if kind in ("reextract", "verify"):
            put, told = self._put_batch(kind, args[1:], opts)
        else:
            put, told = self._put(kind, args[1:], opts), {}
        if opts.as_json:
            print_json({"kind": kind, "put": put} | told)
        else:
            said = f"{put} {'job' if put == 1 else 'jobs'} put ({told.get('batch', kind)})"
            done = f": done already, in {told['output']}" if told.get("output") else _WAITS
            print(said + ("" if put else done))

    def _put_batch(
        self, kind: str, words: list[str], opts: Namespace
    ) -> tuple[int, dict[str, str | int | None]]:
        if opts.arguments:
            raise UsageError(f"-a belongs to crawl, not to {kind}")
        data_dir = self.data_dir
        cluster = self._cluster()
        from crawler.jobs.enqueue import NoFilesError, listed_files, put_batch
        from crawler.jobs.storing import replication_of

        place: SharedPlace = FolderPlace(data_dir)
        if replication := replication_of(self.given):
            replication.pull(datetime.fromtimestamp(0, UTC))
            place = replication.place
        try:
            files = listed_files(data_dir, kind, words)
        except NoFilesError as error:
            raise UsageError(str(error)) from error
        put = put_batch(
            cluster, kind, files,
            extractor=AcceptedLayouts.of(data_dir).version,
            max_bytes=largest_page(self.given.getint("DOWNLOAD_MAXSIZE")),
            has=place.has,
        )  # fmt: skip
        return put.put, {"batch": put.batch, "files": put.files, "output": put.output}

    def _put(self, kind: str, words: list[str], opts: Namespace) -> int:
        if kind != "crawl" and opts.arguments:
            raise UsageError(f"-a belongs to crawl, not to {kind}")
        if kind == "crawl":
            codes, arguments = _crawls(words, opts.arguments)
            cluster = self._cluster()
            from crawler.jobs.enqueue import put_crawls

            return put_crawls(cluster, codes, arguments)
        if words and kind == "index":
            raise UsageError(f"{kind} takes no argument {words[0]!r}")
        values = _export(words, self.settings) if kind == "export" else {}
        cluster = self._cluster()
        from crawler.jobs.enqueue import put_command

        return put_command(cluster, kind, **values)

    def _cluster(self) -> JobsCluster:
        from crawler.jobs import database

        url = database.server_of(self.data_dir, self.given["LEDGER"])
        return database.prepare(url)


_WAITS = ": it waits already"


def _crawls(names: list[str], arguments: list[str]) -> tuple[list[str], list[str]]:
    """The regions to crawl, and what else. Raises UsageError."""
    try:
        known = regions.load()
        codes = list(dict.fromkeys(regions.resolve(name).code for name in names)) or sorted(known)
        given = dict(one.partition("=")[::2] for one in arguments)
        for one in given:
            if one not in _ARGUMENTS:
                problem = f"-a {one}: a crawl job takes {', '.join(_ARGUMENTS)}"
                raise UsageError(problem)
        if "lists" in given and len(codes) != 1:
            raise UsageError("-a lists: name the one region that the lists are of")
        parse(given, known)
    except (regions.RegionError, ArgumentError) as error:
        raise UsageError(str(error)) from error
    return codes, arguments


def _export(words: list[str], settings: Settings | None) -> dict[str, str | list[str]]:
    """The options of an export but -o, and its file. Ends with 2 where `scrapy export` would, and
    without a file: a worker has no output to show."""
    command = Export()
    command.settings = settings
    parser = ArgumentParser(prog="scrapy export", allow_abbrev=False)
    command.add_options(parser)
    opts, rest = parser.parse_known_args(words)
    if rest:
        raise UsageError(f"export: unknown argument {rest[0]!r}")
    if opts.output is None:
        raise UsageError("export: a file is wanted with -o; a relative one is in exports/")
    only = ArgumentParser(allow_abbrev=False)
    only.add_argument("-o", action="append", dest="output")
    given, others = only.parse_known_args(words)
    return {"words": others, "output": given.output[-1]}
