"""What surrounds the commands: names of any bytes, terminals of any encoding, pipes that close,
full disks, values of options. One sentence and a documented exit code, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from crawler.commands.base_command import count, day, region_codes
from crawler.exit_codes import OK, STORAGE, USAGE
from tests import scrapy_process
from tests.conftest import PROJECT
from tests.nightly import at_night
from tests.processes import ends_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE = PROJECT / "data" / "sample"

# A folder's name: bytes of GBK, a pattern's brackets, a line's end, what looks like an escape.
ODD = os.fsdecode(b"\xd0\xc2\xbb\xaa [1]\n%B0'")


def run(
    *arguments: str,
    data_dir: Path,
    shell: str = "",
    env: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    stdout: BinaryIO | int = subprocess.PIPE,
) -> subprocess.CompletedProcess[bytes]:
    """A command with bytes as its output; `shell` are redirections, with which a shell starts
    it."""
    environment = {**os.environ, "XINHUA_DATA_DIR": str(data_dir), **(env or {})}
    if not shell and not prefix:
        streams = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": subprocess.PIPE}
        with scrapy_process.start(*arguments, env=environment, **streams) as process:
            output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)
    command = [*prefix, sys.executable, "-m", "scrapy", *arguments]
    return subprocess.run(
        ["bash", "-c", f'"$@" {shell}', "-", *command],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )


def told(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on stderr."""
    text = done.stderr.decode()
    assert "Traceback" not in text
    (line,) = text.splitlines()
    return line


@pytest.fixture(scope="module")
def archive() -> Path:
    return next((SAMPLE / "warc").rglob("*.warc.gz"))


@pytest.fixture(scope="module")
def article() -> dict[str, Any]:
    (file, *_) = sorted((SAMPLE / "jsonl").rglob("*.jsonl"))
    record: dict[str, Any] = json.loads(file.read_bytes().splitlines()[0])
    return record


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its ledger made again, in a folder with an odd name."""
    folder = tmp_path_factory.mktemp("odd") / ODD / "data"
    shutil.copytree(SAMPLE, folder)
    done = run("repair", "--ledger", data_dir=folder)
    assert (done.returncode, done.stderr) == (OK, b"")
    return folder


def commands(archive: Path, article: dict[str, Any]) -> list[list[str]]:
    return [
        ["regions"], ["regions", "--json"], ["history", article["id"]],
        ["explain", article["url"]], ["verify", "-j", "1"], ["verify", "-j", "1", "--json"],
        ["reextract", "-j", "1", str(archive)],
    ]  # fmt: skip


# --- names ---------------------------------------------------------------------------------------


def test_a_data_folder_and_archives_named_by_any_bytes(
    data_dir: Path, archive: Path, tmp_path: Path
) -> None:
    """Replayed, logged, published and verified there."""
    odd = tmp_path / ODD
    odd.mkdir()
    (odd / f"{ODD}.warc.gz").write_bytes(archive.read_bytes())
    folder = odd / "data"
    log = folder / f"{ODD}.log"
    pattern = f"from_warc={odd}/{ODD}.warc.gz"
    done = run("crawl", "xinhua", "-a", pattern, "--logfile", str(log), data_dir=folder)
    assert (done.returncode, done.stdout) == (OK, b"")
    (began,) = [one for one in done.stderr.decode().splitlines() if "began an archive" in one]
    assert r"\xd0»\xaa [1]\n%B0" in began
    (report,) = (folder / "runs").iterdir()
    assert r"\xd0»\xaa [1]\n%B0" in json.loads(report.read_bytes())["command"]
    assert run("verify", "-j", "1", data_dir=folder).returncode == OK
    assert run("verify", "-j", "1", str(folder), data_dir=data_dir).returncode == OK


def test_lines_of_an_archive_named_by_any_bytes_point_at_it(
    data_dir: Path, archive: Path, tmp_path: Path
) -> None:
    odd = tmp_path / f"{ODD}.warc.gz"
    odd.write_bytes(archive.read_bytes())
    output = tmp_path / f"{ODD}.jsonl"
    done = run("reextract", "-j", "1", str(odd), "-o", str(output), data_dir=data_dir)
    assert done.returncode == OK
    lines = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert lines
    assert {Path(line["warc"]["file"]).name for line in lines} == {"%D0»%AA [1]\n%25B0'.warc.gz"}
    proved = run("verify", "-j", "1", str(output), data_dir=data_dir)
    assert proved.returncode == OK, proved.stdout


def test_a_name_that_is_missing_is_told_on_one_line(data_dir: Path) -> None:
    done = run("reextract", f"{ODD}.warc.gz", data_dir=data_dir)
    assert done.returncode == USAGE
    assert r"no such file: \xd0»\xaa [1]\n%B0'.warc.gz" in done.stderr.decode()


# --- output --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(7))
def test_a_full_disk_under_the_output(
    data_dir: Path, archive: Path, article: dict[str, Any], number: int
) -> None:
    command = commands(archive, article)[number]
    with Path("/dev/full").open("wb") as full:
        done = run(*command, data_dir=data_dir, stdout=full)
    assert done.returncode == STORAGE
    assert told(done) == (
        f"scrapy {command[0]}: the output can't be written: No space left on device"
    )


@pytest.mark.parametrize("number", [1, 2, 6])
def test_a_pipe_that_is_closed(
    data_dir: Path, archive: Path, article: dict[str, Any], number: int
) -> None:
    command = commands(archive, article)[number]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = run(*command, data_dir=data_dir, stdout=closed)
    assert done.returncode == STORAGE
    assert told(done) == f"scrapy {command[0]}: the output was closed before all was written"


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_streams_that_are_closed_or_full(data_dir: Path, closed: str) -> None:
    done = run("regions", data_dir=data_dir, shell=closed)
    assert done.returncode == (STORAGE if "full" in closed else OK)
    assert done.stderr == b""


@pytest.mark.parametrize("encoding", ["gbk", at_night("ascii"), at_night("latin-1")])
def test_a_terminal_of_another_encoding(
    data_dir: Path, archive: Path, article: dict[str, Any], encoding: str
) -> None:
    env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C",
           "PYTHONCOERCECLOCALE": "0"}  # fmt: skip
    env = {**os.environ, "XINHUA_DATA_DIR": str(data_dir)} | env
    asked = commands(archive, article)[:4]
    for command, end in zip(asked, ends_of(asked, env), strict=True):
        assert (end["code"], end["err"]) == (OK, "")
        text = end["out"].encode("latin-1").decode(encoding)
        if "--json" in command:
            assert any(region["name"] == "江苏" for region in json.loads(text))
        elif command == ["regions"]:
            assert ("江苏" if encoding == "gbk" else r"\u6c5f\u82cf") in text


def test_a_region_is_known_by_its_name_in_any_locale(data_dir: Path, archive: Path) -> None:
    env = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = run(
        "reextract", "-j", "1", str(archive), "--regions", "江苏", data_dir=data_dir, env=env
    )
    assert done.returncode == OK, done.stderr


# --- files ---------------------------------------------------------------------------------------


def test_output_to_what_is_no_file(data_dir: Path, archive: Path, tmp_path: Path) -> None:
    """Never put in its place."""
    os.mkfifo(tmp_path / "fifo")
    for output in (tmp_path, tmp_path / "fifo", Path("/dev/full")):
        done = run("reextract", "-j", "1", str(archive), "-o", str(output), data_dir=data_dir)
        assert done.returncode == USAGE
        assert f"-o {output} is no file" in done.stderr.decode()
    assert (tmp_path / "fifo").is_fifo()


def test_what_waits_for_somebody_at_its_other_end(
    data_dir: Path, archive: Path, tmp_path: Path
) -> None:
    """Is no file, and is told instead of waited for."""
    folder = tmp_path / "data"
    shutil.copytree(data_dir, folder)
    fifos = [
        tmp_path / "fifo", folder / "runs" / "20990101T000000Z-0000.json",
        next((folder / "warc").rglob("*.warc.gz")).with_name("xinhua-x-00000.warc.gz"),
    ]  # fmt: skip
    for fifo in fifos:
        os.mkfifo(fifo)
    proved = run("verify", "-j", "1", data_dir=folder)
    assert (proved.returncode, proved.stderr) == (1, b"")
    for fifo in fifos[1:]:
        assert fifo.name in proved.stdout.decode()
    replay = ("crawl", "xinhua", "-a", f"from_warc={archive}")
    for arguments in (
        [*replay, "--logfile", str(fifos[0])],
        [*replay, "--pidfile", str(fifos[0])],
        ["crawl", "xinhua", "-a", f"from_warc={fifos[0]}"],
    ):
        done = run(*arguments, data_dir=tmp_path / "other")
        assert done.returncode == USAGE
        assert "fifo" in told(done)


def test_a_log_on_a_full_disk(archive: Path, tmp_path: Path) -> None:
    """Told once, and the run is published."""
    replay = ("crawl", "xinhua", "-a", f"from_warc={archive}")
    done = run(*replay, "--logfile", "/dev/full", data_dir=tmp_path / "data")
    assert done.returncode == STORAGE
    first, *block = done.stderr.decode().splitlines()
    assert first.startswith("scrapy crawl: the log can't be written: ")
    assert "exit code 5" in block[0]
    (report,) = (tmp_path / "data" / "runs").iterdir()
    assert json.loads(report.read_bytes())["exit_code"] == STORAGE


def test_what_may_not_be_read(data_dir: Path, archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.warc.gz").write_bytes(archive.read_bytes())
    folder.chmod(0)
    user = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
    if os.geteuid():
        user = ()
    mere = run("reextract", "-j", "1", str(folder / "a.warc.gz"), data_dir=data_dir, prefix=user)
    ledger = run("regions", data_dir=folder, prefix=user)
    folder.chmod(0o700)
    for done in (mere, ledger):
        assert done.returncode == STORAGE
        assert "Permission denied" in told(done)


def test_output_to_a_full_disk(data_dir: Path, archive: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        output = str(disk / "lines.jsonl")
        done = run("reextract", "-j", "1", str(archive), "-o", output, data_dir=data_dir)
        kept = run("fixture", "add", f"{archive}:0", "-s", f"FIXTURES_DIR={disk}/f",
                   data_dir=data_dir)  # fmt: skip
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert done.returncode == STORAGE
    assert "full" in told(done) or "No space" in told(done)
    assert "Traceback" not in kept.stderr.decode()


def test_values() -> None:
    assert count("12") == 12
    assert day("2017-09-28") == date(2017, 9, 28)
    assert region_codes("js,河北") == {"js", "he"}


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "", "two", "٣"])
def test_no_numbers(value: str) -> None:
    with pytest.raises(ArgumentTypeError, match="from 1 up"):
        count(value)


@pytest.mark.parametrize("value", ["2017-02-30", "20170928", "2017-9-28", "", "yesterday"])
def test_no_days(value: str) -> None:
    with pytest.raises(ArgumentTypeError, match="a day such as 2017-09-28"):
        day(value)


def test_no_region() -> None:
    with pytest.raises(ArgumentTypeError, match="zz"):
        region_codes("js,zz")
