"""`scrapy survey --accept FILE`: a layout as data becomes one of the archive's.

Exit codes: 1 the layout claims pages of another, which are named, and isn't accepted; 2 usage, a
file that is no layout, a name that is taken; 5 the ledger or the disk failed; 75 a run holds the
folder.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.commands.base_command import ProjectCommand, sentence
from crawler.data_dir import layout_name
from crawler.exit_codes import ERROR
from crawler.file_name_escapes import shown
from crawler.layouts.accepted import LayoutError, read_bounded
from crawler.masking import masked_command
from crawler.run_lock import CannotStartError
from crawler.runner import settings_check
from crawler.survey import acceptance

if TYPE_CHECKING:
    import argparse


class Command(ProjectCommand, ScrapyCommand):
    def syntax(self) -> str:
        return "--accept FILE"

    def short_desc(self) -> str:
        return "Accept a layout that was proposed"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--accept", type=Path, metavar="FILE", help="make this layout one of the archive's"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> None:
        if opts.accept is None or args:
            raise UsageError(f"survey {self.syntax()}")
        self._accept(opts.accept)

    def _accept(self, file: Path) -> None:
        try:
            settings_check.check(self.given)
            content = read_bounded(file)
            layout = acceptance.read_proposal(content)
            typed = shown(masked_command(["scrapy", "survey", *sys.argv[1:]]))
            accepted, found = acceptance.accept(self.given, layout, content, typed)
        except OSError as error:
            raise UsageError(f"{shown(file)}: {error.strerror or error}") from error
        except LayoutError as error:
            raise UsageError(f"{shown(file)} is not accepted: {error}") from error
        except settings_check.ConfigurationError as error:
            raise UsageError(str(error)) from error
        except CannotStartError as error:
            self.say(error, error.exitcode)
            return
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
