"""Clusters of published lines: who was first, what copies are, what is none."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawler.clusters.clusters import cluster_of
from crawler.clusters.index import CLUSTERS
from tests.clusters.carried import EXPECTED, LINES, A, C, carried, found, told
from tests.search.published import gone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("order", range(6))
def test_the_first_and_its_copies_in_whatever_order_they_came(order: int, tmp_path: Path) -> None:
    lines = list(LINES)
    random.Random(order).shuffle(lines)
    both = found(tmp_path, lines[:3], lines[3:5], lines[5:])
    assert sorted(map(told, both), reverse=True) == EXPECTED
    assert {text.article for one in both for text in one.quoted_by} == {"7"}


def test_the_shares(tmp_path: Path) -> None:
    both = {one.first.article: one for one in found(tmp_path, LINES)}
    shares = {one.text.article: (one.share, one.of_first) for one in both["1"].copies}
    assert shares["2"] == (1, 1)
    assert shares["3"][0] == 1
    assert 0.3 < shares["3"][1] < 0.7
    assert 0.4 < shares["4"][0] < 0.95
    assert shares["4"][1] == 1


def test_the_cluster_of_an_article(tmp_path: Path) -> None:
    found(tmp_path, LINES)
    with closing(CLUSTERS.open(tmp_path / "clusters.sqlite")) as database:
        for article in ("1", "2", "3", "4"):
            one = cluster_of(database, article)
            assert one
            assert told(one) == EXPECTED[1]
        assert cluster_of(database, "7") is None
        assert cluster_of(database, "8") is None
        assert cluster_of(database, "none") is None


def test_versions_of_an_article_are_no_copies_of_each_other(tmp_path: Path) -> None:
    versions = [carried(1, A, 8), carried(1, [*A, *C[:1]], 8, version=2), gone(1, "题", "2026")]
    assert found(tmp_path, versions) == []
    (one,) = found(tmp_path / "b", [*versions, carried(2, A, 9)])
    assert told(one) == ("1", {"2": "copied"})


def test_one_that_states_its_day_alone_is_not_taken_to_be_first(tmp_path: Path) -> None:
    day = {"published_at": "2017-09-28T00:00:00+08:00", "published_precision": "day"}
    (one,) = found(tmp_path, [carried(1, A, 0, **day), carried(2, A, 9)])
    assert one.first.article == "2"
