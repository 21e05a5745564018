"""Which files are meant, and that nothing is put twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawler.data_dir import lines_of, warcs_of
from crawler.jobs.enqueue import NoFilesError, listed_files, put_command, put_crawls
from tests.jobs.conftest import state

if TYPE_CHECKING:
    from crawler.jobs.database import JobsCluster
    from tests.processes import Crawl


def test_what_waits_already_is_not_put_again(cluster: JobsCluster) -> None:
    assert put_crawls(cluster, ["js", "he"], []) == 2
    assert put_crawls(cluster, ["js", "tj"], []) == 1
    # one that brings arguments of its own is another job
    assert [put_crawls(cluster, ["js"], ["limit=5"]) for _ in range(2)] == [1, 0]
    assert [put_command(cluster, "index") for _ in range(2)] == [1, 0]
    one: dict[str, Any] = {"words": ["--format", "csv"], "output": "a.csv"}
    assert [put_command(cluster, "export", **one) for _ in range(2)] == [1, 0]
    assert put_command(cluster, "export", **one | {"output": "b.csv"}) == 1
    assert state(cluster).waiting == {"crawl": 4, "export": 2, "index": 1}


def test_which_files_are_meant(first: Crawl) -> None:
    data_dir = first.data_dir
    warcs = [path.relative_to(data_dir).as_posix() for path in warcs_of(data_dir)]
    year, month = warcs[0].split("/")[1:3]

    def found(kind: str, *words: str) -> list[str]:
        return [file.name for file in listed_files(data_dir, kind, words)]

    lines = [path.relative_to(data_dir).as_posix() for path in lines_of(data_dir)]
    assert found("reextract") == sorted(warcs)
    assert found("verify") == sorted([*warcs, *lines])
    for word in (year, f"{year}/{month}", first.run_ids[0], f"warc/{year}", str(data_dir / "warc")):
        assert found("reextract", word) == sorted(warcs), word
    assert found("reextract", warcs[1], warcs[0], warcs[1]) == sorted(warcs[:2])
    for word in ("1999", "warc/1999", "x", "../data2"):
        with pytest.raises(NoFilesError, match="no manifest lists files of"):
            found("reextract", word)
    with pytest.raises(NoFilesError, match="nothing is published"):
        listed_files(data_dir / "none", "verify", ())
