"""Which captures a re-extraction wants, by region, host and day in Beijing."""

from __future__ import annotations

from datetime import date

import pytest

from crawler.reextraction.filter import Filter

JS = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
HE = "http://www.he.xinhuanet.com/2017-09/28/c_1121738858.htm"
LATE = "2017-09-28T15:59:59Z"
NEXT_DAY = "2017-09-28T16:00:00Z"
DAY = date(2017, 9, 28)


@pytest.mark.parametrize(
    ("wanted", "url", "at", "result"),
    [
        (Filter(), HE, None, True),
        (Filter(regions={"js"}), JS, LATE, True),
        (Filter(regions={"js"}), HE, LATE, False),
        (Filter(regions={"js"}), "http://www.example.org/", LATE, False),
        (Filter(hosts={"www.he.xinhuanet.com"}), HE, LATE, True),
        (Filter(hosts={"www.he.xinhuanet.com"}), JS, LATE, False),
        (Filter(until=DAY), JS, LATE, True),
        (Filter(until=DAY), JS, NEXT_DAY, False),
        (Filter(since=date(2017, 9, 29)), JS, NEXT_DAY, True),
        (Filter(since=date(2017, 9, 29)), JS, LATE, False),
        (Filter(since=DAY), JS, None, True),
        (Filter(since=DAY), JS, "no date", False),
    ],
)
def test_what_is_wanted(wanted: Filter, url: str, at: str | None, result: bool) -> None:
    assert wanted.wants(url, at) is result


def test_the_key_of_equal_filters_is_one() -> None:
    assert Filter(regions=["js", "he"]).key == Filter(regions=("he", "js")).key
    keys = {Filter(since=DAY).key, Filter(until=DAY).key, Filter().key, Filter(max_bytes=1).key}
    assert len(keys) == 4


def test_a_limit_of_size_leaves_nobody_out() -> None:
    assert not Filter(max_bytes=1).is_narrow
    assert Filter(hosts=["js.news.cn"]).is_narrow
