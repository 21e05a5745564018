"""A site that answers everything alike for a while, robots.txt included: 404, or a page of its own
with status 200."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.nightly import at_night

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive


@pytest.mark.parametrize("fault", ["404", *map(at_night, ("error_page", "soft404", "empty"))])
def test_rules_that_an_outage_hides_are_obeyed_in_it_and_after(
    archive_of: Callable[..., Archive], fault: str
) -> None:
    """RFC 9309 lets a 404 stand for no rules, which would open what they forbid."""
    archive = archive_of(articles=12, daily=0)
    site = archive.site
    hidden = {one["url"] for one in site.truth()["articles"] if one["hidden"]}
    first = archive.run("-a", "regions=js")
    denied = first.report["outcomes"]["robots_denied"]
    assert denied > 0
    urls = ",".join(one["url"] for one in site.truth()["articles"])
    for day, during in ((1.5, True), (1.75, False)):  # the rules kept are too old by then
        site.faults.replace([])
        if during:
            site.fault(fault)
        site.day = day
        done = archive.run("-a", f"urls={urls}", "-a", "recheck=all")
        assert "/robots.txt" in {entry.path for entry in archive.asked}
        assert not [url for url in hidden if archive.requests(url)]
        assert done.report["outcomes"]["robots_denied"] == denied


def test_an_outage_of_the_whole_site_withdraws_nothing_of_hosts_without_lists(
    archive_of: Callable[..., Archive],
) -> None:
    """Few articles of such a host are looked at in a run: their number doesn't tell."""
    archive = archive_of(articles=30, daily=0)
    again = ("-a", "regions=js", "-a", "recheck=all")
    assert archive.run("-a", "regions=js").report["outcomes"]["published"] > 20
    archive.site.fault("404")
    for day in (1, 1.5):
        archive.site.day = day
        done = archive.run(*again)
        assert "gone" not in done.report["outcomes"]
    assert done.report["outcomes"]["suspected"] > 20
    archive.site.faults.replace([])
    archive.site.day = 2
    assert "gone" not in archive.run(*again).report["outcomes"]
