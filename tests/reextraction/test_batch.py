"""Parts of a re-extraction: which stand already, and how they are put together."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.layouts import NO_LAYOUTS
from crawler.reextraction.batch import Job, join_parts, make_parts, parts_folder
from crawler.reextraction.one_warc import Filter

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
(WARC,) = SAMPLE.glob("warc/*/*/*.warc.gz")


def job(folder: Path, file: Path = WARC, wanted: Filter = Filter()) -> Job:  # noqa: B008 - frozen
    return Job.of(file, SAMPLE, folder, wanted, NO_LAYOUTS)


def test_a_part_is_of_its_input_and_its_filter(tmp_path: Path) -> None:
    file = tmp_path / "one.warc.gz"
    file.write_bytes(WARC.read_bytes())
    parts = {job(tmp_path, file).part, job(tmp_path, file).part}
    assert len(parts) == 1
    parts.add(job(tmp_path, file, Filter(hosts={"js.news.cn"})).part)
    os.utime(file, ns=(0, 0))
    parts.add(job(tmp_path, file).part)
    file.write_bytes(b"more" + WARC.read_bytes())
    parts.add(job(tmp_path, file).part)
    assert len(parts) == 4


def test_a_part_that_stands_is_not_made_again(tmp_path: Path) -> None:
    one = job(tmp_path)
    parts, tallies = make_parts([one], tmp_path, 1, quiet=True)
    assert [part.name for part in parts] == [one.part.name, "together.jsonl"]
    lines = one.part.read_bytes()
    assert lines.count(b"\n") + parts[1].read_bytes().count(b"\n") == sum(
        tally.counts["records"] for tally in tallies
    )
    one.part.write_bytes(b"{}\n")
    assert make_parts([one], tmp_path, 1, quiet=True)[1] == tallies
    assert one.part.read_bytes() == b"{}\n"
    one.tally.unlink()
    make_parts([one], tmp_path, 1, quiet=True)
    assert one.part.read_bytes() == lines


def test_a_small_file_is_one_span(tmp_path: Path) -> None:
    one = job(tmp_path)
    assert one.spans() == [one]
    assert replace(one, edges=(0, 9)).tally == one.tally


def test_parts_stay_until_their_output_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"

    def broken_off() -> None:
        with parts_folder(output) as folder:
            (folder / "a").write_bytes(b"one\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    with parts_folder(output) as folder:
        (folder / "b").write_bytes(b"two\n")
        join_parts(sorted(folder.iterdir()), output)
    assert output.read_bytes() == b"one\ntwo\n"
    assert sorted(tmp_path.iterdir()) == [output]
