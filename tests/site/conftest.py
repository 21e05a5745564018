"""A site to read and one to spoil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.site import Site
from tests.site.channels import MAIN
from tests.site.reading import answered

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Seven channels on their fourth morning; for reading only."""
    with Site(regions=["js", "he", "tibet", "jl", "ln", "sx", MAIN], day=3.0) as site:
        yield site


@pytest.fixture(scope="module")
def truth(site: Site) -> dict[str, Any]:
    """What the site says of itself."""
    return answered(site, "http://control.test/truth")


@pytest.fixture
def own() -> Iterator[Site]:
    """A site that a test may spoil."""
    with Site(regions=["js", MAIN]) as site:
        yield site
