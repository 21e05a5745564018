"""The pairs of an index: corrections, crowded phrases, damage, and what stays after a kill."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawler import line_index
from crawler.clusters.clusters import clusters
from crawler.clusters.index import CLUSTERS
from tests.clusters.carried import EXPECTED, LINES, A, B, C, carried, found, told
from tests.search.published import publish

if TYPE_CHECKING:
    from pathlib import Path

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
