"""A site of Jiangsu alone with enough articles on one host to have many requests waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(regions=["js"], articles=100) as site:
        yield site


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test sets its own faults."""
    yield
    if "site" in request.fixturenames:
        site: Site = request.getfixturevalue("site")
        site.faults.replace([])
        site.robots.clear()


@pytest.fixture
def articles(site: Site) -> list[str]:
    """Addresses of articles on one host, all there and open to us."""
    return [
        one["url"]
        for one in site.truth()["articles"]
        if one["url"].startswith("http://www.js.xinhuanet.com/")
        and one["state"] == "live"
        and not one["hidden"]
        and one["kind"] == "text"
    ]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
