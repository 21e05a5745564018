"""A site that answers 404 to everything for a while, robots.txt included."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.incremental.conftest import Archive


def test_rules_that_an_outage_hides_hold_again_after_it(
    archive_of: Callable[..., Archive],
) -> None:
    """RFC 9309 lets a 404 stand for no rules; kept for a day, that opens what they forbid."""
    archive = archive_of(articles=12, daily=0)
    site = archive.site
    hidden = {one["id"] for one in site.truth()["articles"] if one["hidden"]}
    first = archive.run("-a", "regions=js")
    assert first.report["outcomes"]["robots_denied"] > 0
    site.day = 1.5  # the rules kept are too old by then
    urls = ",".join(one["url"] for one in site.truth()["articles"])
    site.fault("404")
    archive.run("-a", f"urls={urls}", "-a", "recheck=all")
    assert "/robots.txt" in {entry.path for entry in archive.asked}
    site.faults.replace([])
    site.day = 1.75
    again = archive.run("-a", f"urls={urls}")
    assert "/robots.txt" in {entry.path for entry in archive.asked}
    assert again.report["outcomes"]["robots_denied"] > 0
    assert not hidden & {line["id"] for line in archive.lines()}
