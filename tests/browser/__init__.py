"""A real browser for tests: Debian's Chromium, driven by Playwright, and scripts of npm packages.

The packages are test tools in a folder of their own (`npm ci` here, which `make test` does);
nothing of them is shipped.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PACKAGES = Path(__file__).parent / "node_modules"

# As root, and in containers, Chromium can't make its own sandbox; and no host but loopback exists.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser, closed at the end. Skips the test where there is none, but never in CI."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium")
    if executable is None:
        absent("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def packaged(path: str) -> Path:
    """A file of an npm package, such as `axe-core/axe.min.js`. Skips as `launched` does."""
    file = PACKAGES / path
    if not file.exists():
        absent(f"{path} is not here: npm ci in {PACKAGES.parent}")
    return file


def absent(why: str) -> None:
    """Skip the test; fail it in CI, which must have everything."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
