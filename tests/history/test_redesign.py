"""A channel in a new design that no layout knows: archived articles neither change nor vanish."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawler.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive
    from tests.processes import Crawl


class Redesign:
    """Four runs: before it, two during it, one when the layout is known again."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        site = archive.site
        urls = [one["url"] for one in site.truth()["articles"] if not one["hidden"]]
        self.runs: list[Crawl] = []
        self.truths: list[dict[str, dict[str, Any]]] = []
        for day in (0, 8, 9, 10):
            site.day = day
            site.world.redesigns = {"zj": 8} if day in {8, 9} else {}
            self.truths.append({one["id"]: one for one in site.truth()["articles"]})
            arguments = ("-a", f"urls={','.join(urls)}", "-a", "recheck=all")
            self.runs.append(archive.run(*arguments))

    def ids(self, run: int, *forms: str | None) -> set[str]:
        """The articles that then stood (None) or were withdrawn in one of these forms."""
        return {
            identity
            for identity, truth in self.truths[run].items()
            if truth["form"] in forms and not truth["hidden"]
        }


@pytest.fixture(scope="module")
def redesign(archive_of: Callable[..., Archive]) -> Redesign:
    return Redesign(archive_of(regions=["zj"], articles=30))  # it sends no validators: no 304


def test_what_the_fallback_reads_is_no_version(redesign: Redesign) -> None:
    edited = {
        identity for identity in redesign.ids(3, None)
        if redesign.truths[3][identity]["version"] > redesign.truths[0][identity]["version"]
    }  # fmt: skip
    assert edited
    during = redesign.runs[1]
    assert during.lines == []
    outcomes = during.report["outcomes"]
    assert outcomes["unclaimed"] > 1
    assert len(during.report["unclaimed"]) == outcomes["unclaimed"]
    # of some pages the fallback reads all that the layout did
    standing = len(redesign.ids(1, None, "emptied"))
    assert outcomes["unclaimed"] + outcomes["unchanged"] == standing
    after = redesign.runs[3].lines
    assert {line["id"] for line in after if line["status"] == "live"} == edited
    for line in after:
        if line["status"] == "live":
            assert line["changed"] == redesign.truths[3][line["id"]]["versions"][-1]["changed"]


def test_a_page_that_only_the_fallback_finds_empty_is_no_sign(redesign: Redesign) -> None:
    emptied = redesign.ids(1, "emptied")
    assert emptied
    gone = {line["id"] for run in redesign.runs for line in run.lines if line["status"] == "gone"}
    assert not emptied & gone
    assert redesign.runs[3].report["outcomes"]["suspected"] >= len(emptied)
    with closing(Ledger.of(redesign.archive.data_dir, read_only=True)) as ledger:
        for identity in emptied:
            *during, after = [one.reason for one in ledger.observations.of_article(identity)]
            assert len(during) == 2
            assert after in {"empty", "emptied"}


def test_a_missing_page_is_told_by_pages_in_the_new_design_and_an_emptied_one_is_not(
    archive_of: Callable[..., Archive],
) -> None:
    """A 404 is none of the design's doing; a page without text may be."""
    archive = archive_of(regions=["zj"], articles=16, daily=0)
    site = archive.site
    live = [one for one in site.truth()["articles"] if not one["hidden"]]
    host = live[0]["url"].split("/")[2]
    there = [one["url"] for one in live if one["url"].split("/")[2] == host]
    missing, emptied, *_ = there
    everything = ("-a", f"urls={','.join(there)}", "-a", "recheck=all")
    assert archive.run(*everything).report["outcomes"] == {"published": len(there)}
    site.world.redesigns = {"zj": 0}
    for day in (1, 1.5):
        site.day = day
        site.fault("404", host=host, path="/" + missing.split("/", 3)[3])
        site.fault("empty", host=host, path="/" + emptied.split("/", 3)[3])
        outcomes = archive.run(*everything).report["outcomes"]
    assert outcomes["gone"] == 1
    gone = [line for line in archive.lines() if line["status"] == "gone"]
    assert [line["canonical_url"] for line in gone] == [missing]
