"""`make screenshots`: the room as pictures, wide and narrow, light and dark, in both languages, to
be looked at.

The archive is the loopback site's, as in the tests; the report is also made as a folder.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.browser import launched
from tests.room.served import Trap, make_archive, pages_of, scrapy, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROJECT = Path(__file__).resolve().parents[2]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": WIDE, "color_scheme": "light", "locale": "zh-CN"},
    "wide-dark": {"viewport": WIDE, "color_scheme": "dark", "locale": "zh-CN"},
    "narrow": {"viewport": NARROW, "color_scheme": "light", "locale": "zh-CN"},
    "narrow-dark": {"viewport": NARROW, "color_scheme": "dark", "locale": "zh-CN"},
    "wide-english": {"viewport": WIDE, "color_scheme": "light", "locale": "en-GB"},
    "narrow-dark-english": {"viewport": NARROW, "color_scheme": "dark", "locale": "en-GB"},
}


def shoot(browser: Browser, pages: dict[str, str], report: Path, folder: Path) -> int:
    """Take each page in each look, all of it, and the report's in the look's language; the number
    of pictures."""
    for look, options in LOOKS.items():
        context = browser.new_context(**options)
        page = context.new_page()
        own = report / options["locale"][:2] / "index.html"
        for name, address in (pages | {"report": own.as_uri()}).items():
            page.goto(address)
            page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
        context.close()
    return len(LOOKS) * (len(pages) + 1)


def main() -> int:
    """Make the archive, serve it, take the pictures."""
    parser = ArgumentParser(prog="python -m tests.room.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=PROJECT / "build" / "screenshots")
    parser.add_argument("--data-dir", type=Path, help="an archive that is there already")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        trap = Trap()
        data_dir = args.data_dir or make_archive(Path(temporary) / "data", trap.base)
        report = Path(temporary) / "report"
        for language in ("zh", "en"):
            folder = str(report / language)
            scrapy("report", "-o", folder, "--lang", language, data_dir=data_dir).check_returncode()
        with serving(data_dir) as room, launched() as browser:
            pages = {name: room.base + path for name, path in pages_of(room).items()}
            count = shoot(browser, pages, report, args.folder)
    sys.stdout.write(f"{count} pictures in {args.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
