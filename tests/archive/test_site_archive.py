"""What tools that aren't ours make of a crawled site's archive: checkers, an indexer, and pywb.

pywb replays every answer of the site, and every kind of exchange.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from http.client import HTTPResponse
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from crawler.archive import cdxj
from crawler.archive.reader import read_records
from tests.archive.checkers import CHECKERS
from tests.archive.kinds import GZIPPED, KINDS, LONG, TEXT, ZSTD
from tests.archive.wayback import Wayback, wayback
from tests.processes import crawl
from tests.site import Site

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.archive.crawled import Crawled
    from tests.site.server import Entry

# Between them every layout, data files, the list API, both encodings.
REGIONS = ("js", "he", "tibet", "hlj", "local")

Capture = dict[str, Any]


@dataclass(frozen=True)
class Archived:
    """What the site sent, in the order of its log, and the folder that holds the archive."""

    folder: Path
    log: list[Entry]
    truth: list[dict[str, Any]]


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    """Two crawls: of everything, and three days later of everything once more."""
    folder = tmp_path_factory.mktemp("pywb")
    with Site(regions=REGIONS, wire=True) as site:
        env = site.environment
        for day in (0, 3):
            site.day = day
            done = crawl(
                "-a", f"regions={','.join(REGIONS)}", "-a", "recheck=all",
                "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=ERROR",
                data_dir=folder / "data", env=env,
            )  # fmt: skip
            assert done.exitcode in {0, 3}, done.stderr
        return Archived(folder, list(site.log), site.truth()["articles"])


@pytest.fixture(scope="module")
def replayed(archived: Archived) -> Iterator[Wayback]:
    with wayback(archived.folder) as running:
        yield running


def captures_of(folder: Path) -> dict[str, list[Capture]]:
    """The lines of the indexes by URL, each with `key` and `timestamp`, in the order of capture."""
    found: defaultdict[str, list[Capture]] = defaultdict(list)
    for path in sorted(folder.rglob("*.cdxj")):
        for line in path.read_text().splitlines():
            key, timestamp, entry = line.split(" ", 2)
            capture = json.loads(entry) | {"key": key, "timestamp": timestamp}
            found[capture["url"]].append(capture)
    for captures in found.values():
        captures.sort(key=lambda one: (one["timestamp"], one["filename"], int(one["offset"])))
    return found


class _Sent:
    """Bytes in a socket's place."""

    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)

    def makefile(self, *_: object) -> BytesIO:
        return self._file


def read(sent: bytes) -> tuple[int, bytes]:
    """Status and decoded body of an answer, read by the standard library."""
    response = HTTPResponse(cast("socket.socket", _Sent(sent)))
    response.begin()
    body = response.read()
    return response.status, gzip.decompress(body) if b"gzip" in sent[:1000] else body


def test_every_answer_of_the_site_is_replayed_as_it_was_sent(
    archived: Archived, replayed: Wayback
) -> None:
    captures = captures_of(archived.folder)
    asked: Counter[str] = Counter()
    sent: defaultdict[tuple[str, str], set[tuple[int, bytes]]] = defaultdict(set)
    wanted = []
    for entry in archived.log:
        url = f"{entry.scheme}://{entry.host}{entry.path}"
        capture = captures[url][asked[url]]
        asked[url] += 1
        place = (capture["key"], capture["timestamp"])  # http, https and www are one to an index
        sent[place].add(read(entry.sent))
        wanted.append((capture["timestamp"], url, place))
    assert asked == {url: len(found) for url, found in captures.items()}
    assert sum(len(answers) > 1 for answers in sent.values()) < len(sent) / 20
    for timestamp, url, place in wanted:
        assert replayed.replay(timestamp, url) in sent[place], (timestamp, url)


def test_the_answers_are_of_all_kinds(archived: Archived) -> None:
    heads = [entry.sent.partition(b"\r\n\r\n")[0] for entry in archived.log]
    zipped, chunked = (
        {number for number, head in enumerate(heads) if words in head}
        for words in (b"Content-Encoding: gzip", b"Transfer-Encoding: chunked")
    )
    assert zipped & chunked
    assert zipped - chunked
    assert chunked - zipped
    assert {entry.status for entry in archived.log} >= {200, 301, 304, 404}
    assert any(entry.scheme == "https" for entry in archived.log)
    fetched = {entry.path for entry in archived.log}
    read_ones = [one for one in archived.truth if "/" + one["url"].split("/", 3)[3] in fetched]
    assert {one["encoding"] for one in read_ones} == {"utf-8", "gb18030"}
    layouts = {one["layout"] for one in archived.truth}
    assert {one["layout"] for one in read_ones} == layouts
    assert layouts >= {"g2_hebei", "g2_main", "g3", "g4", "g5", "g6_main", "g6_regional"}
    found = captures_of(archived.folder).values()
    revisits = [one for captures in found for one in captures if one.get("mime") == "warc/revisit"]
    assert len(revisits) > 20


@pytest.mark.parametrize("checker", CHECKERS)
def test_checkers_accept_the_archive(checker: str, archived: Archived) -> None:
    """But for revisits, whose digests fastwarc and warcat take for those of the empty rest."""
    paths = sorted(archived.folder.glob("data/warc/*/*/*.warc.gz"))
    verdicts = CHECKERS[checker](paths)
    for path in paths:
        revisits = [one.record_id for one in read_records(path) if one.kind == "revisit"]
        said = verdicts.get(path.name, "")
        if checker == "warcio" or not revisits:
            assert said == ""
        elif checker == "fastwarc":
            assert sorted(re.findall(r"<urn:uuid:[^>]*>", said)) == sorted(revisits)
        else:
            assert said == f"Problems: {len(revisits)}"


def test_the_indexes_are_what_cdxj_indexer_prints(archived: Archived) -> None:
    indexes = sorted(archived.folder.glob("data/warc/*/*/*.cdxj"))
    assert len(indexes) == 2
    for path in indexes:
        done = subprocess.run(
            [Path(sys.executable).parent / "cdxj-indexer", "-s", f"{path.stem}.warc.gz"],
            cwd=path.parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert path.read_text() == done.stdout


# Kinds that pywb itself misreads, and how the body it gives begins.
MISREAD = {
    "chunk-trailers": TEXT + b"0\r\n",  # it takes the last chunk for text when trailers follow
    "gzip-members": LONG,  # it stops after the first member
    "x-gzip": GZIPPED,  # it knows this coding by its other name only
    # it undoes gzip and deflate where the label says so, and no transfer coding but chunked
    "gzip-unsaid": GZIPPED,
    "transfer-gzip": GZIPPED,
    "brotli": b"\x8b\x01\x80page\x03",
    "zstd": ZSTD,
    # it goes by the length, reads only CRLF and short extensions, and wants the last blank line
    "length-and-chunked": TEXT[:3],
    "chunks-of-lf": b"54\n",
    "chunk-extension-odd": b"54 ; ",
    "chunks-without-last-line": TEXT + b"0\r\n",
    # it fails on these heads, and on a 204 or 304 that says how long its body would be
    "status-without-blank": b"Internal Server Error",
    "name-no-token": b"Internal Server Error",
    "no-content-with-body": b"Internal Server Error",
    "not-modified-with-body": b"Internal Server Error",
}


def test_every_kind_of_exchange_is_replayed(crawled: Crawled, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "warc" / "2026" / "01"
    folder.mkdir(parents=True)
    shutil.copy(crawled.warc, folder)
    cdxj.write_index(folder / crawled.warc.name)
    captures = captures_of(folder)
    wrong: dict[str, bytes] = {}
    with wayback(tmp_path) as running:
        for name, kind in KINDS.items():
            if kind.end != "page":
                continue
            response = crawled.of(name)[-1][1].response
            assert response is not None
            (*_, capture) = captures[response.url or ""]
            status, body = running.replay(capture["timestamp"], capture["url"])
            if (status, body) != (kind.status, kind.body):
                wrong[name] = body
    assert wrong.keys() == MISREAD.keys()
    for name, beginning in MISREAD.items():
        assert wrong[name].startswith(beginning)
