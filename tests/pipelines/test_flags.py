"""The closed list of flags."""

from __future__ import annotations

from crawler.pipelines.flags import FlagName
from tests.conftest import PROJECT


def test_the_flags_are_documented() -> None:
    document = (PROJECT / "DATA_FORMAT.md").read_text()
    assert all(f"`{name}`" in document for name in FlagName)
