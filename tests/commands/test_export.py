"""`scrapy export`: what it writes where, and what becomes of bad input.

In this process where that tells the same; as a process of its own where a signal, the environment
or the output matter.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pyarrow.parquet as pq
import pytest
from scrapy.cmdline import execute
from scrapy.utils.project import get_project_settings

from tests import scrapy_process
from tests.conftest import PROJECT
from tests.export_formats.lines import LINES, encoded, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMATS = ["parquet", "csv", "jsonld", "zyte", "text"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write_archive(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def export(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run the command in this process: its exit code and the last line on stderr."""
    monkeypatch.chdir(PROJECT)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGHUP)]

    def run(data_dir: Path, *args: str) -> tuple[int, str]:
        argv = ["scrapy", "export", *args, "-s", f"DATA_DIR={data_dir}"]
        with pytest.raises(SystemExit) as ended:
            execute(argv, get_project_settings())
        said = capfd.readouterr().err
        assert "Traceback" not in said
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.strip().splitlines()[-1]

    yield run
    for number, handler in before:
        signal.signal(number, handler)


def start(
    data_dir: Path, *args: str, stdout: BinaryIO | int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    words = ("export", *args, "-s", f"DATA_DIR={data_dir}")
    return scrapy_process.start(
        *words, env=os.environ, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_and_its_card(
    archive: Path, tmp_path: Path, export: Callable[..., tuple[int, str]], form: str
) -> None:
    output = tmp_path / f"news.{form}"
    count = 9 if form == "text" else 10
    assert export(archive, "--format", form, "-o", str(output)) == (
        0, f"{count} of 10 lines in 2 files",
    )  # fmt: skip
    card = output.with_name(f"news.{form}.md").read_text("utf-8")
    assert sha256(output.read_bytes()).hexdigest() in card
    assert f"{count} lines of {len(LINES)} articles" in card
    assert sorted(tmp_path.iterdir()) == sorted(
        [archive, output, output.with_name(f"news.{form}.md")]
    )


def test_a_file_of_before_is_replaced(
    archive: Path, tmp_path: Path, export: Callable[..., tuple[int, str]]
) -> None:
    output = tmp_path / "news.csv"
    output.write_text("before")
    output.with_name("news.csv.md").write_text("before")
    output.with_name("news.csv.open").write_text("of a killed export")
    filters = ["--latest", "--status", "gone", "--region", LINES[0]["region"]["name"]]
    said = export(archive, "--format", "csv", "-o", str(output), *filters)
    assert said == (0, "1 of 10 lines in 2 files")
    assert output.read_text("utf-8-sig").count(LINES[0]["id"]) >= 1
    assert "status gone" in output.with_name("news.csv.md").read_text("utf-8")
    assert not output.with_name("news.csv.open").exists()


def test_without_a_match_the_file_is_whole_and_empty(
    archive: Path, tmp_path: Path, export: Callable[..., tuple[int, str]]
) -> None:
    output = tmp_path / "none.parquet"
    query = ["--query", "没有这样的词"]
    said = export(archive, "--format", "parquet", "-o", str(output), *query)
    assert said == (0, "0 of 10 lines in 2 files; nothing matches")
    assert pq.read_table(output).num_rows == 0
    assert output.with_name("none.parquet.md").exists()


def test_an_archive_without_a_line(tmp_path: Path, export: Callable[..., tuple[int, str]]) -> None:
    (tmp_path / "data" / "runs").mkdir(parents=True)
    said = export(tmp_path / "data", "--format", "csv")
    assert said == (0, "0 of 0 lines in 0 files; nothing is published yet")


def test_bad_input_is_one_line(
    archive: Path, tmp_path: Path, export: Callable[..., tuple[int, str]]
) -> None:
    inside = archive / "jsonl" / "2026" / "11" / "xinhua-a.jsonl"
    before = inside.read_bytes()
    cases: list[tuple[Path, list[str], int, str]] = [
        (archive, ["--format", "parquet"], 2, "give a file with -o"),
        (archive, ["--format", "xlsx"], 2, "invalid choice: 'xlsx'"),
        (archive, [], 2, "--format"),
        (archive, ["--format", "csv", "--region", "jss"], 2, "did you mean"),
        (archive, ["--format", "csv", "--since", "2020-13-01"], 2, "2017-09-28"),
        (archive, ["--format", "csv", "--status", "lost"], 2, "live, gone, restored"),
        (archive, ["--format", "csv", "--since", "2020-01-02", "--until", "2020-01-01"], 2,
         "is after until"),
        (archive, ["--format", "csv", "more"], 2, "'more'"),
        (archive, ["--format", "csv", "-o", str(tmp_path)], 2, "is a folder"),
        (archive, ["--format", "csv", "-o", str(inside)], 2, "the archive's own files"),
        (archive, ["--format", "csv", "-o", str(tmp_path / "no" / "x.csv")], 5, "No such file"),
        (archive, ["--format", "csv", "-o", "/dev/full"], 5, "writing /dev/full: No space left"),
        (tmp_path / "nothing", ["--format", "csv"], 2, f"{tmp_path}/nothing"),
    ]  # fmt: skip
    for folder, args, code, said in cases:
        ended, last = export(folder, *args)
        assert (ended, said in last) == (code, True), (args, last)
    assert inside.read_bytes() == before
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("wrong", [{"images": 7}, {"id": []}, {"published_at": 2017}])
def test_a_damaged_line_is_told_and_nothing_written(
    archive: Path,
    tmp_path: Path,
    export: Callable[..., tuple[int, str]],
    form: str,
    wrong: dict[str, object],
) -> None:
    extra = archive / "jsonl" / "2026" / "11" / "xinhua-c.jsonl"
    extra.write_bytes(encoded(LINES[0]) + encoded(LINES[1] | wrong))
    output = tmp_path / f"out.{form}"
    code, said = export(archive, "--format", form, "-o", str(output))
    # Text and columns that a format has no use for are not looked at.
    if code == 0:
        assert form == "text"
        assert wrong == {"images": 7}
        return
    assert code == 1
    assert "xinhua-c.jsonl, line 2: does not fit the schema" in said
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_leaves_nothing(
    archive: Path, tmp_path: Path, export: Callable[..., tuple[int, str]], form: str
) -> None:
    """Here a file may grow to some bytes only."""
    output = tmp_path / f"out.{form}"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        code, said = export(archive, "--format", form, "-o", str(output))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert (code, said) == (5, f"scrapy export: writing {output}: File too large")
    assert list(tmp_path.iterdir()) == [archive]


def test_stdout_and_devices(archive: Path) -> None:
    whole, device = (
        start(archive, "--format", "jsonld", *words).communicate()[0]
        for words in ((), ("-o", "/dev/stdout"))
    )
    assert [json.loads(line)["identifier"] for line in whole.splitlines()][:8] == [
        line["id"] for line in LINES
    ]
    assert device == whole
    assert Path("/dev/stdout").is_symlink()
    with (
        Path("/dev/full").open("wb") as full,
        start(archive, "--format", "csv", stdout=full) as process,
    ):
        _, said = process.communicate()
    assert process.returncode == 5, said
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("number", "code", "left"),
    [(signal.SIGTERM, 3, []), (signal.SIGHUP, 3, []), (signal.SIGKILL, -9, ["out.csv.open"])],
    ids=["SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_an_interrupted_export_leaves_nothing_that_looks_finished(
    archive: Path, tmp_path: Path, number: signal.Signals, code: int, left: list[str]
) -> None:
    """Stopped while it reads a FIFO among the published files, when half is written."""
    pipe = archive / "jsonl" / "2026" / "11" / "xinhua-c.jsonl"
    os.mkfifo(pipe)
    output = tmp_path / "out.csv"
    process = start(archive, "--format", "csv", "-o", str(output))
    with pipe.open("wb") as writer:
        writer.write(encoded(LINES[0]) * 2000)
        writer.flush()
        deadline = time.monotonic() + 30
        partial = output.with_name("out.csv.open")
        while not (partial.exists() and partial.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert b"Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir() if path != archive) == left
