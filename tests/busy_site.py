"""A site of Jiangsu alone with enough articles on one host to have many requests waiting.

A conftest takes both fixtures in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(regions=["js"], articles=100) as site:
        yield site


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test sets its own faults and rules."""
    yield
    if "site" in request.fixturenames:
        site: Site = request.getfixturevalue("site")
        site.faults.replace([])
        site.robots.clear()
