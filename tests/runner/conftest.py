"""The busy site, and articles of its first host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import busy_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site import Site

site, no_faults = busy_site.site, busy_site.no_faults


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
