"""`scrapy survey [REGION…]`: first contact with the site, or with a new design of it.

One polite pass over the regions' roots, columns and a sample of articles; its folder can be sent to
a developer. With `--from-warc` archives are looked at instead. `--accept FILE` makes a proposed
layout one of the archive's. Exit codes: 1 an error of ours, or the layout to accept claims pages of
another; 2 usage, a file that is no layout, a name that is taken; 3 stopped by a signal; 4 no list
answered; 5 the disk or the ledger failed; 75 a layout is to be accepted and a run holds the folder.
"""

from __future__ import annotations

import glob
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import regions
from crawler.clock import BEIJING, now
from crawler.commands.base_command import ProjectCommand, count, printable, sentence
from crawler.data_dir import layout_name
from crawler.exit_codes import DEGRADED, ERROR, NO_LISTS, OK, STORAGE
from crawler.layouts.accepted import LayoutError, read_bounded
from crawler.runner import settings_check
from crawler.runner.crawl_hours import CrawlHours
from crawler.shown_text import masked_command, shown
from crawler.survey import acceptance, report, surveying

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from crawler.survey.crawl import Passed

# Lists beside its roots, and articles, that are asked for in a region.
COLUMNS = 40
ARTICLES = 40


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "[REGION ...] [--from-warc GLOB] [-o FOLDER] | --accept FILE"

    def short_desc(self) -> str:
        return "Look at a site for the first time: hosts, lists, layouts, and layouts to propose"

    def long_desc(self) -> str:
        return (
            "Asks the regions' roots, columns and a sample of articles once, as politely as a "
            "crawl, and writes one folder that can be sent to a developer: WARC, report, and a "
            "proposed layout for each kind of page that no layout claims. The archive is left "
            "alone."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-o", dest="output", type=Path, metavar="FOLDER", help="write there (a new folder)")
        add("--columns", type=count, default=COLUMNS, metavar="N", help="lists of a region")
        add("--articles", type=count, default=ARTICLES, metavar="N", help="articles of a region")
        add("--from-warc", metavar="GLOB", help="look at these archives, without network")
        add("--accept", type=Path, metavar="FILE", help="make this layout one of the archive's")

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            settings_check.check(self.given)
        except settings_check.ConfigurationError as error:
            raise UsageError(str(error)) from error
        if opts.accept:
            if args or opts.from_warc or opts.output:
                raise UsageError("--accept takes a file and nothing else")
            self._accept(self.given, opts.accept)
            return
        folder = self._folder(self.given, opts.output)
        if opts.from_warc:
            if args:
                raise UsageError("--from-warc looks at all that the archives hold: no REGION")
            warcs = sorted(map(Path, glob.glob(opts.from_warc, recursive=True)))  # noqa: PTH207 - of any root
            warcs = [path for path in warcs if path.is_file()]
            if not warcs:
                raise UsageError(f"no file matches {shown(opts.from_warc)}")
            self._tell(self.given, surveying.survey_archives(self.given, folder, warcs))
            return
        try:
            chosen = surveying.chosen_regions(args)
        except regions.RegionError as error:
            raise UsageError(str(error)) from error
        hours = CrawlHours.of(self.given["CRAWL_HOURS"])
        if hours and hours.end(now()) is None:
            local = now().astimezone(BEIJING)
            print(f"it is {local:%H:%M} in Beijing, outside CRAWL_HOURS {hours}: nothing is done")
            return
        limits = surveying.Limits(opts.columns, opts.articles)
        told = surveying.survey_network(self.given, folder, chosen, limits)
        self._tell(self.given, told)

    def _folder(self, settings: Settings, output: Path | None) -> Path:
        """Where the survey goes: a folder that isn't there yet, or is empty."""
        folder = output.absolute() if output else surveying.default_folder(settings)
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise UsageError(f"{shown(folder)} is there already: a survey has a folder of its own")
        return folder

    def _tell(self, settings: Settings, told: surveying.Surveyed) -> None:
        print(printable("\n".join(report.text_lines(told.told))))
        proposals = [group.proposal for group in told.survey.groups if group.proposal]
        print(f"\nWritten to {shown(told.folder)}: {report.JSON_NAME}, {report.TEXT_NAME}", end="")
        print(f", {len(told.passed.warcs)} WARC" if told.passed else "", end="")
        print(f", {len(proposals)} proposed layouts in {report.PROPOSALS}/.")
        if told.passed:
            print(
                "The folder can be sent to a developer as it is: it holds what the site sent and "
                "nothing of yours\nbut CONTACT, which stands in every request: "
                f"{printable(settings['CONTACT'])}"
            )
        if proposals:
            print("A proposal that is right: scrapy survey --accept FILE")
        if told.passed:
            self._end(told.passed)

    def _end(self, passed: Passed) -> None:
        """The exit code of a pass, and why."""
        if passed.note:
            print(sentence(f"scrapy survey: {passed.note}"), file=sys.stderr)
        if passed.storage_error:
            self.say(passed.storage_error, STORAGE)
        elif passed.error:
            self.say(passed.error, ERROR)
        elif passed.reason == "shutdown":
            self.say("stopped by a signal; what was seen is written", DEGRADED)
        elif passed.lists and not passed.answered_lists:
            self.say("no list answered", NO_LISTS)
        else:
            self.exitcode = OK

    def _accept(self, settings: Settings, file: Path) -> None:
        try:
            content = read_bounded(file)
            layout = acceptance.read_proposal(content)
        except OSError as error:
            raise UsageError(f"{shown(file)}: {error.strerror or error}") from error
        except LayoutError as error:
            raise UsageError(f"{shown(file)} is not accepted: {error}") from error
        typed = shown(masked_command(["scrapy", "survey", *sys.argv[1:]]))
        try:
            accepted, found = acceptance.accept(settings, layout, content, typed)
        except LayoutError as error:
            raise UsageError(f"{shown(file)} is not accepted: {error}") from error
        if found.refused:
            for one in found.conflicts:
                print(sentence(f"{one.url}  {one.where}: {one.why}"))
            pages = "a page" if found.refused == 1 else f"{found.refused} pages"
            why = f"it claims {pages} that it must not"
            self.say(f"{layout.name} is not accepted: {why}", ERROR)
            return
        path = self.data_dir / layout_name(layout.name)
        print(f"{layout.name} is accepted: {shown(path)}")
        print(f"It claims {found.claimed} of {found.pages} pages of fixtures and of the archive.")
        print(f"Pages are now read by extractor {accepted.version}.")
        print("`scrapy reextract --correct` reads again what the fallback has read.")
