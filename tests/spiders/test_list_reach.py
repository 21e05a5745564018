"""How far back lists go, and which regions' lists are silent."""

from __future__ import annotations

from datetime import date

from crawler.lists.links import ListLink
from crawler.spiders.list_reach import ListReach


def link(day: str | None) -> ListLink:
    folder = f"{day[:7]}/{day[8:]}" if day else "a"
    url = f"http://www.js.xinhuanet.com/{folder}/c_1121600001.htm"
    return ListLink(url, url, "云溪镇", 1)


def test_regions_none_of_whose_lists_answered() -> None:
    reach = ListReach(None, None)
    for region in ("js", "he", None):
        reach.asked(region)
    reach.answered("js")
    assert (reach.silent(), reach.unreached()) == (["he"], {})


def test_days_no_list_went_back_to() -> None:
    reach = ListReach(date(2017, 9, 1), date(2017, 9, 30))
    for region in ("js", "he", "hn"):
        reach.asked(region)
    reach.read("js", [link("2017-09-29"), link("2017-09-11")])
    reach.read("he", [link("2017-09-29"), link("2017-08-31")])
    reach.read("hn", [link(None)])
    assert reach.unreached() == {
        "js": ["2017-09-01", "2017-09-10"],
        "hn": ["2017-09-01", "2017-09-30"],
    }
