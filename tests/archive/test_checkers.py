"""Tools that aren't ours accept what we archive; what a tool itself misreads stands in a list."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.archive.checkers import CHECKERS
from tests.archive.damage import DAMAGE
from tests.archive.kinds import KINDS
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.archive.crawled import Crawled

MISREAD: dict[tuple[str, str], str] = {
    # fastwarc looks for CRLF CRLF only, so it finds no payload after a head of bare line feeds
    ("fastwarc", "bare-lf"): "Failed records",
    # fastwarc computes a revisit's payload digest over the empty rest of its block
    ("fastwarc", "not-modified-revisit"): "Failed records",
    ("fastwarc", "identical-revisit"): "Failed records",
    # fastwarc refuses heads that have no end within 32 KiB
    ("fastwarc", "long-head"): "Maximum header length exceeded",
    ("fastwarc", "endless-head"): "Maximum header length exceeded",
    ("fastwarc", "endless-line"): "Maximum header length exceeded",
    # warcio sets an attribute that today's brotli objects don't take
    ("warcio", "brotli"): "AttributeError",
    # warcat reads revisit digests as fastwarc does, and stops at lines without a colon
    ("warcat", "not-modified-revisit"): "Problems: 1",
    ("warcat", "identical-revisit"): "Problems: 1",
    ("warcat", "bare-lf"): "ValueError",
    ("warcat", "no-colon"): "ValueError",
    ("warcat", "cut-head"): "ValueError",
    ("warcat", "not-http"): "ValueError",
}


def complaints_of(checker: str, crawled: Crawled, folder: Path) -> dict[str, str]:
    """What a checker says of the exchanges, each a file of its own, by kind."""
    data = crawled.warc.read_bytes()
    warcinfo = crawled.records[0]
    names = [name for name, kind in KINDS.items() for _ in range(kind.exchanges)]
    paths = []
    for number, (name, exchange) in enumerate(zip(names, crawled.exchanges, strict=True)):
        parts = [warcinfo, exchange.response, exchange.request, exchange.metadata]
        path = folder / f"{name}.{number}.warc.gz"
        path.write_bytes(
            b"".join(data[part.offset : part.offset + part.length] for part in parts if part)
        )
        paths.append(path)
    return {name.partition(".")[0]: says for name, says in CHECKERS[checker](paths).items()}


@pytest.mark.parametrize("checker", CHECKERS)
def test_every_exchange_passes(checker: str, crawled: Crawled, tmp_path: Path) -> None:
    complaints = complaints_of(checker, crawled, tmp_path)
    expected = {name: says for (tool, name), says in MISREAD.items() if tool == checker}
    assert complaints.keys() == expected.keys(), complaints
    for name, says in expected.items():
        assert says in complaints[name]


@pytest.mark.parametrize("checker", CHECKERS)
def test_checkers_do_fail(checker: str, crawled: Crawled, tmp_path: Path) -> None:
    exchange = crawled.of("plain")[0][1]
    assert exchange.response is not None
    data = crawled.warc.read_bytes()[exchange.response.offset :][: exchange.response.length]
    path = tmp_path / "damaged.warc.gz"
    path.write_bytes(gzip.compress(gzip.decompress(data).replace(b" 200 OK", b" 404 OK")))
    assert CHECKERS[checker]([path]).keys() == {path.name}


@pytest.mark.nightly
def test_the_tables_that_show_all_this() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.archive"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert f"{len(KINDS)} of {len(KINDS)} kinds of exchange are archived byte for byte" in said
    for checker in CHECKERS:
        misread = sum(tool == checker for tool, _ in MISREAD)
        assert f"{checker} accepts {len(KINDS) - misread} of {len(KINDS)} kinds" in said
    (row,) = [line.split() for line in said if line.startswith("bad_block_digest-wrong ")]
    assert row[1:] == ["found"] * len(CHECKERS) + ["bad_block_digest"]
    (row,) = [line.split() for line in said if line.startswith("bad_ip-form ")]
    assert row[1:] == ["-"] * len(CHECKERS) + ["bad_ip"]
    assert any(line.endswith(f"scrapy verify {len(DAMAGE)}") for line in said)
