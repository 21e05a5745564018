"""Published lines that carry the same texts, and the clusters of them."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING, Any

from benchmarks.chinese import Writer
from crawler.clusters.clusters import Cluster, clusters
from crawler.clusters.index import CLUSTERS
from tests.search.published import line, publish

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
