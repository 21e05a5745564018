"""Clusters of published lines: who was first, what copies are, what is none."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.chinese import Writer
from crawler import line_index
from crawler.clusters.clusters import Cluster, cluster_of, clusters
from crawler.clusters.index import CLUSTERS
from tests.search.published import gone, line, publish

if TYPE_CHECKING:
    from pathlib import Path

CHANCE = random.Random(8)
A, B, C, D = (Writer(seed).body(CHANCE, 400) for seed in (1, 2, 3, 4))


def carried(number: int, text: list[str], hour: int, **more: Any) -> dict[str, Any]:
    at = f"2017-09-28T{hour:02}:00:00+08:00"
    more = {"url": f"http://www.js.xinhuanet.com/c_{number}.htm", "published_at": at} | more
    return line(number, f"题{number}", "\n\n".join(text), **more)


def found(tmp_path: Path, *runs: list[dict[str, Any]]) -> list[Cluster]:
    for number, lines in enumerate(runs):
        publish(tmp_path, *lines, run=number)
        CLUSTERS.update(tmp_path / "clusters.sqlite", tmp_path, lambda _: None)
    with closing(CLUSTERS.open(tmp_path / "clusters.sqlite")) as database:
        return clusters(database)


def told(cluster: Cluster) -> tuple[str, dict[str, str]]:
    return cluster.first.article, {one.text.article: one.relation for one in cluster.copies}


LINES = [
    carried(1, A, 8),
    carried(2, A, 9, source="河北日报"),
    carried(3, A[: len(A) // 2], 10),
    carried(4, [*A, *D[:3]], 11),
    carried(5, B, 8),
    carried(6, B, 12),
    carried(7, ["综述。", *A, *B], 20),
    carried(8, C, 7),
]
EXPECTED = [
    ("5", {"6": "copied"}),
    ("1", {"2": "copied", "3": "cut", "4": "extended"}),
]


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


CORRECTED = [
    carried(2, C, 9, revision=1),  # it was another text
    carried(4, A, 11, revision=1),  # what follows was not its own
    carried(6, ["图为大桥。"], 12, revision=1),  # a caption
    carried(3, A, 10, revision=0),  # read again, but no later reading
]


@pytest.mark.parametrize("same_run", [True, False])
def test_a_correction_takes_its_lines_place(tmp_path: Path, same_run: bool) -> None:
    runs = [LINES + CORRECTED] if same_run else [LINES, CORRECTED]
    both = found(tmp_path, *runs)
    assert sorted(map(told, both)) == [
        ("1", {"3": "cut", "4": "copied"}),
        ("8", {"2": "copied"}),
    ]
    again = carried(6, B, 12, revision=2)
    assert found(tmp_path / "b", LINES, CORRECTED, [again])[0].first.article == "5"


def test_corrections_of_all_that_was_crowded(tmp_path: Path) -> None:
    """Runs that lead to as many texts as they may go on leading to these."""
    lines = [carried(number, A, number % 24) for number in range(40)]
    again = [{**one, "body": one["body"] + C[0], "revision": 1} for one in lines]
    (one,) = found(tmp_path, lines, again)
    assert len(one.copies) == 39


def test_one_that_states_its_day_alone_is_not_taken_to_be_first(tmp_path: Path) -> None:
    day = {"published_at": "2017-09-28T00:00:00+08:00", "published_precision": "day"}
    (one,) = found(tmp_path, [carried(1, A, 0, **day), carried(2, A, 9)])
    assert one.first.article == "2"


def test_more_copies_than_a_phrase_leads_to(tmp_path: Path) -> None:
    lines = [carried(number, A, number % 24) for number in range(60)]
    (one,) = found(tmp_path, lines[:20], lines[20:40], lines[40:])
    assert len(one.copies) == 59


def test_short_texts_are_left_out(tmp_path: Path) -> None:
    assert found(tmp_path, [carried(1, ["图为大桥。"], 8), carried(2, ["图为大桥。"], 9)]) == []


@pytest.mark.parametrize(
    "more", [{"body": 5}, {"published_at": "gestern"}, {"region": "js"}, {"version": None}]
)
def test_a_damaged_line_is_told(more: dict[str, Any], tmp_path: Path) -> None:
    publish(tmp_path, carried(1, A, 8), carried(2, A, 9) | more, carried(3, A, 10))
    done = CLUSTERS.update(tmp_path / "clusters.sqlite", tmp_path, lambda _: None)
    assert (done.lines, len(done.damaged)) == (2, 1)


def test_what_was_in_before_a_kill_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_index, "_COMMIT_BYTES", 1)
    publish(tmp_path, *LINES)
    read = []

    def progress(length: int) -> None:
        read.append(length)
        if len(read) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CLUSTERS.update(tmp_path / "clusters.sqlite", tmp_path, progress)
    done = CLUSTERS.update(tmp_path / "clusters.sqlite", tmp_path, lambda _: None)
    assert 0 < done.lines < len(LINES)
    with closing(CLUSTERS.open(tmp_path / "clusters.sqlite")) as database:
        assert sorted(map(told, clusters(database)), reverse=True) == EXPECTED
