"""What two looks at a list's first page differ in."""

from __future__ import annotations

import pytest

from crawler.coverage.placements import MOST_PLACED, changes
from crawler.ledger.rows import Placement
from crawler.lists.links import ListLink


def link(number: int, title: str | None = "要闻", position: int = 1) -> ListLink:
    url = f"http://js.news.cn/2026-03/05/c_112{number:07}.htm"
    return ListLink(url, url, title, position)


def placed(number: int, headline: str | None = "要闻") -> Placement:
    return Placement(link(number).url, headline)


@pytest.mark.parametrize(
    ("before", "now", "appeared", "gone"),
    [
        ([], [link(1), link(2)], [1, 2], []),
        ([placed(1)], [link(1)], [], []),
        ([placed(1)], [link(1, position=7)], [], []),
        ([placed(1), placed(2)], [link(3), link(1)], [3], [placed(2)]),
        ([placed(1)], [link(1, "另题")], [1], [placed(1)]),
        ([placed(1, None)], [link(1, None)], [], []),
        ([placed(1)], [], [], [placed(1)]),
    ],
)
def test_changes(
    before: list[Placement], now: list[ListLink], appeared: list[int], gone: list[Placement]
) -> None:
    found = changes(before, now)
    assert [one.url for one in found.appeared] == [link(number).url for number in appeared]
    assert found.gone == set(gone)


def test_a_page_of_a_hundred_thousand_links_is_followed_in_part() -> None:
    assert len(changes([], [link(n) for n in range(100_000)]).appeared) == MOST_PLACED
