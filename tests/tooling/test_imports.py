"""What import-linter can't say: who may ask clock and network, and what the site may import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PURE = ("pages", "pipelines", "state")


def imported(source: str) -> Iterator[str]:
    """Dotted names of all that a module imports, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (f"{node.module}." if node.module else "")
            yield from (f"{prefix}{alias.name}" for alias in node.names)


def asks_outside(source: str) -> bool:
    """Whether a module gets at `crawler.clock.now` or `urllib.request`, in whatever way."""
    clock = {"crawler.clock.now", "crawler.clock", "crawler.clock.*"}
    return any(name in clock or name.startswith("urllib.request") for name in imported(source))


def leans_on_the_crawler(source: str) -> bool:
    """Whether a module of `tests/site` imports the crawler, or climbs out of its folder."""
    return any(
        name == "crawler" or name.startswith(("crawler.", "..")) for name in imported(source)
    )


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("stage", PURE)
def test_pure_stages_take_times_as_arguments(stage: str) -> None:
    asking = [
        path.name for path in modules(PROJECT / "crawler" / stage) if asks_outside(path.read_text())
    ]
    assert asking == []


def test_the_loopback_site_shares_no_belief_with_the_crawler() -> None:
    paths = modules(PROJECT / "tests" / "site")
    assert paths
    assert [path.name for path in paths if leans_on_the_crawler(path.read_text())] == []


@pytest.mark.parametrize(
    "source",
    [
        "from crawler.clock import now",
        "from crawler import clock",
        "from crawler.clock import *",
        "import urllib.request",
        "from urllib.request import urlopen",
    ],
)
def test_asking_clock_or_network_is_found(source: str) -> None:
    assert asks_outside(source)
    assert not asks_outside("from crawler.clock import BEIJING\nfrom urllib.parse import urljoin")


@pytest.mark.parametrize(
    "source",
    ["import crawler", "from crawler.urls import canonical", "from ...crawler import urls"],
)
def test_leaning_on_the_crawler_is_found(source: str) -> None:
    assert leans_on_the_crawler(source)
    assert not leans_on_the_crawler("from . import articles\nfrom tests.site import truth")
