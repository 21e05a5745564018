"""The spider's arguments: what is accepted, and the one clear line for everything else."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from crawler import arguments, clock
from crawler.arguments import ArgumentError, Arguments, parse
from crawler.regions import load

if TYPE_CHECKING:
    from pathlib import Path

ARTICLE = "http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm"
OTHER = "https://he.news.cn/xinwen/index.htm"
REGIONS = load()


def parsed(**spargs: str) -> Arguments:
    return parse(spargs, REGIONS)


def refused(**spargs: str) -> str:
    with pytest.raises(ArgumentError) as error:
        parsed(**spargs)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.fixture
def in_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """22:00 UTC on the 23rd is the 24th in Beijing."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 23, 22, tzinfo=UTC))
    monkeypatch.setattr(arguments, "now", clock.now)


def test_defaults() -> None:
    found = parsed()
    assert found == Arguments(regions=tuple(REGIONS))
    assert not found.regions_given
    assert not found.narrowed
    assert list(found.iter_urls()) == []


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("js", ("js",)),
        ("js,he", ("js", "he")),
        (" he , JS ", ("he", "js")),
        ("江苏", ("js",)),
        ("江苏，河北", ("js", "he")),
        ("js,江苏,Jiangsu", ("js",)),
        ("西藏,bt,local", ("tibet", "bt", "local")),
    ],
)
def test_regions(value: str, codes: tuple[str, ...]) -> None:
    found = parsed(regions=value)
    assert found.regions == codes
    assert found.regions_given
    assert not found.narrowed


def test_days(in_2026: None) -> None:
    found = parsed(since="2017-09-01", until="2017-09-30")
    assert (found.since, found.until) == (date(2017, 9, 1), date(2017, 9, 30))
    assert found.narrowed
    assert parsed(since="2017-09-01", until="2017-09-01").since == date(2017, 9, 1)
    assert parsed(since="2026-11-24").since == date(2026, 11, 24)
    assert parsed(until="2099-12-31").until == date(2099, 12, 31)


def test_limit() -> None:
    assert parsed(limit="5").limit == 5
    assert parsed(limit="5").narrowed


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("cdx:https://web.archive.org/cdx/search/cdx", "https://web.archive.org/cdx/search/cdx"),
        (" CDX: HTTP://127.0.0.1:8080/xinhua/cdx ", "http://127.0.0.1:8080/xinhua/cdx"),
        ("cdx:https://h.example/cdx?key=1#top", "https://h.example/cdx?key=1"),
    ],
)
def test_source(given: str, source: str) -> None:
    found = parsed(source=given)
    assert (found.source, found.recheck, found.narrowed) == (source, "none", True)


@pytest.mark.parametrize(
    "given",
    [
        "", "cdx", "cdx:", "https://web.archive.org/cdx/search/cdx", "cdx:web.archive.org/cdx",
        "cdx:ftp://h.example/cdx", "warc:http://h.example/", "cdx:/etc/passwd",
        "cdx:http://h.example:99999/cdx", "cdx:javascript:alert(1)",
    ],
)  # fmt: skip
def test_no_source(given: str) -> None:
    assert "the address of a CDX server" in refused(source=given)


def test_beside_a_source() -> None:
    given = "cdx:https://h.example/cdx"
    for name, value in (("lists", "http://www.js.xinhuanet.com/"), ("from_warc", "x")):
        assert f"{name} can't be given" in refused(**{"source": given, name: value})
    assert "recheck can't be given" in refused(source=given, recheck="all")
    assert "never sent" in refused(source="cdx:https://me:secret@h.example/cdx")
    assert "no web archive" in refused(source="cdx:http://www.js.xinhuanet.com/cdx")
    assert "longer" in refused(source=f"cdx:https://h.example/{'x' * 3000}")


def test_from_warc(tmp_path: Path) -> None:
    for name in ("b.warc.gz", "a.warc"):
        (tmp_path / name).touch()
    (tmp_path / "folder.warc").mkdir()
    found = parsed(from_warc=f"{tmp_path}/*.warc*")
    assert found.from_warc == (tmp_path / "a.warc", tmp_path / "b.warc.gz")
    assert found.recheck == "none"
    assert found.narrowed
    assert parsed(from_warc=f"{tmp_path}/**/b.*", recheck="none").from_warc == found.from_warc[1:]
    assert "no file matches" in refused(from_warc=f"{tmp_path}/c*")
    assert f"is a folder: give '{tmp_path}/**/*.warc.gz'" in refused(from_warc=f"{tmp_path}/")
    assert "no file matches" in refused(from_warc="")
    assert "recheck can't be given" in refused(from_warc=f"{tmp_path}/*", recheck="all")


def test_lists() -> None:
    found = parsed(lists=f"{OTHER}?page=2, http://www.js.xinhuanet.com//a.htm,{OTHER}")
    assert found.lists == (OTHER, "http://www.js.xinhuanet.com/a.htm")
    assert found.narrowed


@pytest.mark.parametrize(
    ("spargs", "message"),
    [
        ({"region": "js"}, "'region': unknown argument; did you mean regions?"),
        ({"depth": "3"}, "'depth': unknown argument (known: regions, since"),
        ({"x\ny" * 99: "1"}, "unknown argument"),
        ({"regions": "jiangso"}, "regions: unknown region 'jiangso'; did you mean js (江苏)"),
        ({"regions": "js,hi"}, "regions: unknown region 'hi'"),
        ({"regions": ""}, "regions: an item of '' is empty"),
        ({"regions": "js,"}, "regions: an item of 'js,' is empty"),
        ({"regions": "../../etc"}, "regions: unknown region"),
        ({"since": "yesterday"}, "since: a day such as 2017-09-28 is wanted, not 'yesterday'"),
        ({"since": "2017-9-1"}, "since: a day"),
        ({"since": "20170901"}, "since: a day"),
        ({"since": "2017-W35-5"}, "since: a day"),
        ({"since": "２０１７-09-01"}, "since: a day"),
        ({"since": "2017-09-01\n"}, "since: a day"),
        ({"since": ""}, "since: a day"),
        ({"since": "2017-02-29"}, "since: a day"),
        ({"until": "2017-13-01"}, "until: a day"),
        ({"since": "2017-10-01", "until": "2017-09-30"}, "since: 2017-10-01 is after until, 2017-"),
        (
            {"since": "2026-11-25"},
            "since: 2026-11-25 is in the future: it is 2026-11-24 in Beijing",
        ),
        ({"limit": "0"}, "limit: a number from 1 up is wanted, not '0'"),
        ({"limit": "-1"}, "limit: "),
        ({"limit": "1.5"}, "limit: "),
        ({"limit": "٣"}, "limit: "),
        ({"limit": "9" * 5000}, "limit: "),
        ({"limit": ""}, "limit: "),
        ({"lists": ""}, "lists: an item of '' is empty"),
        ({"lists": f"{OTHER},"}, "lists: an item of"),
        ({"lists": "xinwen/index.htm"}, "lists: 'xinwen/index.htm' is no address under"),
        ({"lists": "http://www.djxinhuanet.com/"}, "lists: 'http://www.djxinhuanet.com/' is no"),
        ({"lists": "http://ymnews.cn/"}, "lists: 'http://ymnews.cn/' is no address"),
        ({"lists": ARTICLE}, "is an article: give it with urls"),
        ({"urls": ""}, "urls: a file, addresses or - (standard input) is wanted"),
        ({"urls": "http://example.com/"}, "urls: 'http://example.com/' is no address under"),
        ({"urls": f"{ARTICLE},http://ymnews.cn/x"}, "urls: 'http://ymnews.cn/x' is no address"),
        ({"urls": f"{ARTICLE},"}, "urls: an item of"),
        ({"urls": f"{ARTICLE}\nx"}, "urls: "),
        ({"urls": "http://" + "a" * 100_000}, "urls: "),
        ({"urls": ARTICLE, "lists": OTHER}, "urls: lists can't be given beside exact addresses"),
        ({"urls": ARTICLE, "since": "2017-09-01"}, "urls: since can't be given"),
        ({"urls": ARTICLE, "until": "2017-09-01"}, "urls: until can't be given"),
        ({"urls": ARTICLE, "regions": "js"}, "urls: regions can't be given"),
        ({"urls": "no\0name"}, "urls: can't read 'no\\x00name': "),
        ({"urls": "n" * 5000}, "urls: can't read "),
    ],
)
def test_refused(in_2026: None, spargs: dict[str, str], message: str) -> None:
    assert message in refused(**spargs)


def test_addresses_on_the_command_line() -> None:
    found = parsed(urls=f"{ARTICLE}, {OTHER}", limit="1")
    assert list(found.iter_urls()) == [ARTICLE, OTHER]
    assert list(found.iter_urls()) == [ARTICLE, OTHER]
    assert found.urls is not None
    assert found.urls.count == 2
    assert found.narrowed


def test_file(tmp_path: Path) -> None:
    file = tmp_path / "网址 列表.txt"
    lines = ["# a comment", "", f"  {ARTICLE}\r", f"{OTHER}\t# why", f"{OTHER}#fragment", ARTICLE]
    file.write_bytes(b"\xef\xbb\xbf" + "\n".join(lines).encode())
    found = parsed(urls=str(file))
    assert list(found.iter_urls()) == [ARTICLE, OTHER, f"{OTHER}#fragment", ARTICLE]


def test_what_was_checked_is_what_is_crawled(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text(ARTICLE)
    found = parsed(urls=str(file))
    file.write_text("http://example.com/")
    assert list(found.iter_urls()) == [ARTICLE]


def test_a_file_without_addresses(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("# nothing today\n")
    assert refused(urls=str(file)) == f"urls: no address in '{file}'"


def test_an_address_without_its_scheme() -> None:
    bare = ARTICLE.removeprefix("http://")
    assert refused(urls=bare).endswith("No such file or directory; an address begins with http://")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{ARTICLE}\n# x\nhttp://example.com/\n".encode(), "line 3: 'http://example.com/' is no"),
        (f"{ARTICLE} {ARTICLE}".encode(), "line 1: 'http://www.js"),
        (b"\n\nhttp://he.news.cn/\xbd\xad.htm", "line 3: not UTF-8"),
        (b"\n" + b"x" * 70_000, "line 2: longer than any address"),
        (b"http://he.news.cn/\x00", "line 1: 'http://he.news.cn/\\x00' is no"),
        (b"\xff\xfeh\x00t\x00", "line 1: not UTF-8"),
    ],
)
def test_wrong_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "urls.txt"
    file.write_bytes(content)
    found = refused(urls=str(file))
    assert found.startswith("urls: '")
    assert "urls.txt', " in found
    assert message in found


@pytest.mark.parametrize(
    ("name", "reason"), [("absent.txt", "No such file or directory"), (".", "Is a directory")]
)
def test_unreadable_file(tmp_path: Path, name: str, reason: str) -> None:
    assert refused(urls=str(tmp_path / name)).endswith(f": {reason}")


def test_named_pipe(tmp_path: Path) -> None:
    """What a shell's <(…) gives: it can be read once only."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(f"{ARTICLE}\n{OTHER}\n",))
    writer.start()
    found = parsed(urls=str(pipe))
    writer.join()
    assert list(found.iter_urls()) == list(found.iter_urls()) == [ARTICLE, OTHER]


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, f"{ARTICLE}\n{OTHER}".encode())
    assert list(parsed(urls="-").iter_urls()) == [ARTICLE, OTHER]
    stdin(monkeypatch, b"x\n")
    assert refused(urls="-").startswith("urls: 'standard input', line 1: 'x' is no address")
    stdin(monkeypatch, b"")
    assert refused(urls="-") == "urls: no address in standard input"
    monkeypatch.setattr("sys.stdin", None)
    assert "no standard input" in refused(urls="-")


def test_other_arguments_are_checked_before_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdin(monkeypatch, b"x\n")
    assert refused(urls="-", limit="no").startswith("limit: ")


def test_many_addresses_take_constant_memory(tmp_path: Path) -> None:
    count = 40_000
    file = tmp_path / "urls"
    with file.open("w") as out:
        out.writelines(
            f"http://he.news.cn/2017-09/28/c_{1121000000 + i}.htm\n" for i in range(count)
        )
    tracemalloc.start()
    try:
        found = parsed(urls=str(file))
        assert sum(1 for _ in found.iter_urls()) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000 < file.stat().st_size


def test_readers_do_not_disturb_each_other(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    addresses = [f"http://he.news.cn/2017-09/28/c_{1121000000 + i}.htm" for i in range(3000)]
    file.write_text("\n".join(addresses))
    found = parsed(urls=str(file))
    pairs = zip(found.iter_urls(), found.iter_urls(), strict=True)
    assert [one for one, other in pairs if one == other] == addresses
