"""A forked command is what one that was started anew is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests import scrapy_process
from tests.conftest import PROJECT
from tests.nightly import at_night
from tests.scrapy_process import CLOCK, GUARD

if TYPE_CHECKING:
    from pathlib import Path

LOG = ("-s", "LOG_LEVEL=DEBUG", "-a", "lists=http://www.js.xinhuanet.com/no/")
NOBODY = {"http_proxy": "http://127.0.0.1:9"}


def both_ways(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, env: dict[str, str], **options: Any
) -> list[subprocess.CompletedProcess[str]]:
    done = []
    for how in ("", "new"):
        monkeypatch.setenv("SCRAPY_PROCESSES", how)
        done.append(scrapy_process.run(*arguments, env={**os.environ, **env}, **options))
    return done


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"], at_night(["status"]), ["history", "\udcd0", "-s", "DATA_DIR=/"],
        at_night(["crawl", "x"]),
    ],
)  # fmt: skip
def test_output_and_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    forked, new = both_ways(monkeypatch, *arguments, env={"XINHUA_DATA_DIR": str(tmp_path)})
    assert (forked.stdout, forked.stderr) == (new.stdout, new.stderr)
    assert forked.returncode == new.returncode


def test_its_environment_and_clock_are_its_own(tmp_path: Path) -> None:
    """Settings are read from the environment, and the clock is shifted by it."""
    for shift, paths in ((0, [GUARD]), (-864000, [CLOCK]), (864000, [CLOCK, GUARD])):
        data_dir = tmp_path / f"{shift}"
        env = {
            **os.environ, **NOBODY, "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "CLOCK_SHIFT": str(shift), "XINHUA_DATA_DIR": str(data_dir),
        }  # fmt: skip
        scrapy_process.run("crawl", "xinhua", *LOG, env=env)
        (report,) = data_dir.glob("runs/*.json")
        at = datetime.strptime(report.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert abs(at - datetime.now(UTC) - timedelta(seconds=shift)) < timedelta(minutes=1)


def test_it_is_our_child_and_takes_signals(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(20)
        proxy = f"http://127.0.0.1:{mute.getsockname()[1]}"
        env = {**os.environ, "http_proxy": proxy, "XINHUA_DATA_DIR": str(tmp_path)}
        for number, code in ((signal.SIGTERM, 3), (signal.SIGKILL, -signal.SIGKILL)):
            with scrapy_process.start(
                "crawl", "xinhua", *LOG, env=env,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                connection, _ = mute.accept()
                process.send_signal(number)
                connection.close()  # what is under way is awaited
                assert process.wait(20) == code


def test_what_must_begin_otherwise_does(tmp_path: Path) -> None:
    """Here by the encoding of its streams, which Python takes from the environment."""
    name = str(tmp_path / "没有")
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "XINHUA_DATA_DIR": name}
    done = scrapy_process.run("status", env=env)
    assert "没有" not in done.stderr
    assert "\\u6ca1" in done.stderr
    assert (
        "没有" in scrapy_process.run("status", env={**os.environ, "XINHUA_DATA_DIR": name}).stderr
    )


def test_a_shell_finds_a_program_that_is_forked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With its own folder, streams and exit code; where it must begin otherwise it does."""
    monkeypatch.setenv("SCRAPY_PROCESSES", "")
    script = """
        echo no/such.warc.gz | xargs "$0" reextract || echo "exit $?"
        PYTHONIOENCODING=ascii "$0" status -s DATA_DIR=没有 || echo "exit $?"
    """
    with scrapy_process.programs(tmp_path / "bin", PROJECT):
        done = subprocess.run(
            ["/bin/sh", "-c", script, str(tmp_path / "bin" / "scrapy")],
            cwd=PROJECT / "docs", capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.stdout.splitlines() == ["exit 123", "exit 2"]
    assert "no such file: no/such.warc.gz" in done.stderr
    assert "\\u6ca1" in done.stderr
