"""Which articles a survey asks for."""

from __future__ import annotations

from collections import Counter

from crawler import urls
from crawler.survey.crawl import sample_of


def old(year: int, number: int, host: str = "www.js.xinhuanet.com") -> str:
    return f"http://{host}/{year}-05/06/c_{1120000000 + number}.htm"


def test_hosts_and_years_take_turns() -> None:
    many = [old(2020, number) for number in range(100)]
    few = [old(2016, 500), old(2018, 501, "sz.xinhuanet.com")]
    found = sample_of([*many, *few, "http://www.js.xinhuanet.com/no/article.htm"], 12)
    assert len(found) == len(set(found)) == 12
    assert set(few) <= set(found)
    chosen = [many.index(url) for url in found if url in many]
    assert {0, 99} <= set(chosen)
    assert max(chosen) - min(chosen) == 99
    years = Counter(
        article.day.year for url in found if (article := urls.article(url)) and article.day
    )
    assert years == {2020: 10, 2016: 1, 2018: 1}
    assert sample_of(many[:3], 10) == [many[0], many[2], many[1]]
    assert sample_of([], 10) == []
