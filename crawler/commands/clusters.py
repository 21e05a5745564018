"""`scrapy clusters`: who carried a text first, and who copied, cut or extended it.

Exit codes: 0 done, also when there is no copy; 1 a published line is damaged, or the list is of
another archive; 2 usage, no archive; 3 stopped by a signal, the next one goes on; 5 the disk fails;
75 another process is at it.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.clusters.clusters import clusters
from crawler.clusters.index import CLUSTERS, moment_of
from crawler.commands.base_command import ProjectCommand, bytes_bar, day, print_json, printable
from crawler.data_dir import clusters_file, lines_of
from crawler.exit_codes import ERROR, LOCKED
from crawler.line_index import BusyError, LineIndexError
from crawler.storage import is_writable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from crawler.clusters.clusters import Cluster, Copy, Text
    from crawler.line_index import Update


class Command(ProjectCommand, ScrapyCommand):
    def short_desc(self) -> str:
        return "Say who carried a text first, and who copied, cut or extended it"

    def long_desc(self) -> str:
        return (
            "Bring the list of copies, state/clusters.sqlite in the data folder, up to what is "
            "published, and print the clusters, the newest first. Where the folder can't be "
            "written, all of it is worked out anew each time."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add(
            "--since",
            type=day,
            metavar="DAY",
            help="with an article of that day or later (Beijing)",
        )
        add("--json", action="store_true", help="the same for programs")
        add("--rebuild", action="store_true", help="make the list anew")

    def execute(self, args: list[str], opts: Namespace) -> None:
        if args:
            raise UsageError("clusters takes no arguments")
        data_dir = self.archive()
        path = clusters_file(data_dir)
        try:
            if is_writable(path):
                done, found = _found(path, data_dir, rebuild=opts.rebuild)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    done, found = _found(Path(folder) / path.name, data_dir, rebuild=False)
        except BusyError as error:
            self.say(error, LOCKED)
            return
        except LineIndexError as error:
            self.say(error, ERROR)
            return
        if opts.since:
            since = moment_of(opts.since)
            found = [one for one in found if one.newest >= since]
        if opts.json:
            print_json({"clusters": [_object(one) for one in found]}, indent=1)
        else:
            for one in found:
                print(printable(_said(one)))
            copies = sum(len(one.copies) for one in found)
            print(f"{len(found)} texts were carried again, by {copies} articles")
        for problem in done.damaged:
            self.say(f"{problem}; run `scrapy verify`", ERROR)


def _found(path: Path, data_dir: Path, *, rebuild: bool) -> tuple[Update, list[Cluster]]:
    with bytes_bar(lines_of(data_dir)) as bar:
        done = CLUSTERS.update(path, data_dir, bar.update, rebuild=rebuild)
    with closing(CLUSTERS.open(path)) as database:
        return done, clusters(database)


def _object(cluster: Cluster) -> dict[str, Any]:
    return {
        "first": _text(cluster.first),
        "copies": [
            _text(copy.text)
            | {
                "relation": copy.relation,
                "share": round(copy.share, 3),
                "of_first": round(copy.of_first, 3),
            }
            for copy in cluster.copies
        ],
        "quoted_by": [_text(text) for text in cluster.quoted_by],
    }


def _text(text: Text) -> dict[str, Any]:
    return {
        "id": text.article,
        "version": text.version,
        "published_at": text.published_at,
        "region": text.region,
        "source": text.source,
        "title": text.title,
        "url": text.url,
    }


def _said(cluster: Cluster) -> str:
    rows = [_line(cluster.first, "")]
    rows += [_line(copy.text, f"  {_relation(copy)} ") for copy in cluster.copies]
    rows += [_line(text, "  quoted by ") for text in cluster.quoted_by]
    return "\n".join([*rows, ""])


def _relation(copy: Copy) -> str:
    if copy.relation == "cut":
        return f"cut to {copy.of_first:.0%}"
    if copy.relation == "extended":
        return f"extended, {copy.share:.0%} of it"
    return copy.relation


def _line(text: Text, what: str) -> str:
    at = (text.published_at or "")[:16].replace("T", " ") or "no time"
    said = (at, text.region or "-", text.source or "-", text.title or text.url, text.article)
    return what + " · ".join(said)
