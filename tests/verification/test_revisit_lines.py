"""Lines of revisits in others' archives: `scrapy reextract` makes, `scrapy verify` proves them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from crawler.archive import compression
from crawler.archive.pointers import read_page
from crawler.items import WarcPointer, as_line
from crawler.verification import revisit_lines
from crawler.verification.jsonl_lines import verify_lines
from tests.reextraction import foreign
from tests.reextraction.foreign import DATE, LATER, OTHER_URL, Sink, lines_of, type_of

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.items import Page
    from tests.conftest import RunScrapy
    from tests.processes import Crawl

TIMES = [f"2025-06-0{day}T08:09:10Z" for day in range(1, 10)]


@dataclass
class Revisited:
    """An article archived once, and found unchanged later; at `elsewhere` as well."""

    folder: Path
    url: str
    elsewhere: str

    @property
    def files(self) -> list[str]:
        return [str(self.folder / name) for name in ("b.warc.gz", "a.warc.gz")]

    @property
    def output(self) -> Path:
        return self.folder / "out.jsonl"

    def lines(self, scrapy_cmd: RunScrapy, *options: str) -> tuple[list[tuple[str, ...]], str]:
        """File, address and time of the lines, all of which can be proved; and what is said."""
        done = scrapy_cmd("reextract", *self.files, "-o", str(self.output), *options)
        assert done.returncode == 0, done.stderr
        lines = lines_of(self.output)
        assert len({line["body"] for line in lines}) <= 1
        if lines:
            proof = scrapy_cmd("verify", str(self.output))
            assert (proof.returncode, proof.stdout.count("\n")) == (0, 1), proof.stdout
        made = [(line["warc"]["file"][-9], line["url"], line["fetched_at"]) for line in lines]
        return sorted(made), done.stderr.strip().partition(": ")[2]

    def findings(self, *folders: Path, **changed: str) -> list[str]:
        """What verify says of the lines, the last of them changed."""
        *others, line = lines_of(self.output)
        path = self.folder / "forged.jsonl"
        path.write_bytes(b"".join(map(as_line, [*others, line | changed])))
        found = verify_lines(path, self.folder / "data", folders).findings
        return [f"{one.code}: {one.message}" for one in found]


@pytest.fixture
def revisited(page: Page, tmp_path: Path) -> Revisited:
    original, later = Sink.new(), Sink.new()
    headers = [*type_of(page), ("Content-Length", str(len(page.body)))]
    digest = original.response(page.url, headers, page.body)
    original.revisit(page.url, digest, headers, date=TIMES[1])
    elsewhere = page.url.replace("www.", "news.")
    later.revisit(page.url, digest, headers, date=TIMES[2])
    later.revisit(elsewhere, digest, headers, date=TIMES[3])
    unknown = "sha1:" + "A" * 32  # it is found by its original's address and date
    later.revisit(elsewhere, unknown, headers, date=TIMES[4], of=f"<{page.url}>")
    later.revisit(elsewhere, unknown, headers, date=TIMES[5])  # nowhere
    later.revisit(page.url, digest, headers, date=TIMES[6], profile=foreign.NOT_MODIFIED)
    later.revisit(page.url, digest, headers, date=DATE)  # its own first look
    later.revisit(OTHER_URL, digest, headers, date=TIMES[7])
    (tmp_path / "a.warc.gz").write_bytes(original.bytes())
    (tmp_path / "b.warc.gz").write_bytes(later.bytes())
    return Revisited(tmp_path, page.url, elsewhere)


def test_each_revisit_gives_a_line_that_can_be_proved(
    revisited: Revisited, scrapy_cmd: RunScrapy
) -> None:
    """Of its own address and date; the bytes are those of the response it repeats."""
    here, there = revisited.url, revisited.elsewhere
    everything = sorted([
        ("a", here, DATE), ("a", here, TIMES[1]), ("a", here, TIMES[2]),
        ("a", there, TIMES[3]), ("a", there, TIMES[4]),
    ])  # fmt: skip
    said = "1 not_modified, 5 records, 1 repeated, 1 unresolved_revisit"
    assert revisited.lines(scrapy_cmd) == (everything, said)
    filtered = "7 filtered, 1 records"
    since = revisited.lines(scrapy_cmd, "--since", TIMES[4][:10], "--until", TIMES[4][:10])
    assert since == ([("a", there, TIMES[4])], filtered)  # its original isn't wanted itself
    before = revisited.lines(scrapy_cmd, "--until", DATE[:10])
    assert before == ([("a", here, DATE)], "6 filtered, 1 records, 1 repeated")
    host = there.split("/")[2]
    only_there = [("a", there, TIMES[3]), ("a", there, TIMES[4])]
    said = "5 filtered, 2 records, 1 unresolved_revisit"
    assert revisited.lines(scrapy_cmd, "--hosts", host) == (only_there, said)


def test_an_article_of_several_pages_found_unchanged(
    first: Crawl, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """Page 1 is elsewhere the second time, and so is page 2; both rest on revisits."""
    line = next(line for line in first.lines if line["warc_pages"] and "//www." in line["url"])
    pages = [read_page(first.data_dir, WarcPointer(**one)) for one in line["warc_pages"]]
    sink = Sink.new()
    for page in pages:
        sink.response(page.url, type_of(page), page.body)
    for page in pages:
        there = page.url.replace("//www.", "//news.")
        sink.revisit(there, "", type_of(page), of=page.url)
    path, output = tmp_path / "a.warc.gz", tmp_path / "out.jsonl"
    path.write_bytes(sink.bytes())
    done = scrapy_cmd("reextract", str(path), "-o", str(output))
    assert done.stderr.strip() == "1 files: 2 records"
    once, again = lines_of(output)
    assert (once["fetched_at"], again["fetched_at"]) == (DATE, LATER)
    assert again["page_urls"] == [one.replace("//www.", "//news.") for one in once["page_urls"]]
    assert (again["warc_pages"], again["body"]) == (once["warc_pages"], once["body"])
    assert verify_lines(output, tmp_path / "data").findings == []
    second = again["page_urls"][1]
    path.write_bytes(
        b"".join(
            one for one in members_of_file(path) if second.encode() not in gzip.decompress(one)
        )
    )
    (found,) = verify_lines(output, tmp_path / "data").findings
    assert (found.code, found.message.rpartition(" ")[2]) == ("line_mismatch", second)


def members_of_file(path: Path) -> list[bytes]:
    """A file's gzip members."""
    data = path.read_bytes()
    with path.open("rb") as file:
        return [data[one.offset : one.offset + one.length] for one in compression.members(file)]


def test_a_line_of_no_revisit(revisited: Revisited, scrapy_cmd: RunScrapy) -> None:
    """Neither a date of nothing, nor one of another address, of a revisit that refers elsewhere,
    or of a 304; nor an address that is no article's."""
    revisited.lines(scrapy_cmd)
    made = {line["url"]: line for line in lines_of(revisited.output)}
    path = revisited.folder / "forged.jsonl"
    here, there = made[revisited.url], made[revisited.elsewhere]
    for line, at in ((here, 0), (there, 2), (here, 3), (there, 5), (here, 6)):
        path.write_bytes(as_line(line | {"fetched_at": TIMES[at]}))
        (found,) = verify_lines(path, revisited.folder / "data").findings
        assert (found.code, found.offset) == ("line_mismatch", 0)
        assert found.message.endswith(f"no revisit is found of {line['url']} at {TIMES[at]}")
    path.write_bytes(as_line(here | {"url": OTHER_URL, "fetched_at": TIMES[7]}))
    (found,) = verify_lines(path, revisited.folder / "data").findings
    assert (found.code, found.offset) == ("line_mismatch", 0)


def test_a_revisit_is_looked_for_beside_and_where_archives_are_given(
    revisited: Revisited, scrapy_cmd: RunScrapy
) -> None:
    revisited.lines(scrapy_cmd)
    assert revisited.findings() == []
    assert revisited.findings(title="x")[0].endswith("not what its record gives: title")
    away = revisited.folder / "away"
    away.mkdir()
    (revisited.folder / "b.warc.gz").rename(away / "b.warc.gz")
    assert [found[:13] for found in revisited.findings()] == ["line_mismatch"] * 3
    assert revisited.findings(away) == []
    (revisited.folder / "c.wacz").write_bytes(b"PK damaged")  # nothing stands there
    assert revisited.findings(away) == []


def test_lines_out_of_a_wacz_can_be_proved(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    package, output = tmp_path / "x.wacz", tmp_path / "out.jsonl"
    sink = Sink.new()
    sink.revisit(page.url, "", type_of(page))
    foreign.wacz(package, page, sink.bytes())
    assert scrapy_cmd("reextract", str(package), "-o", str(output)).returncode == 0
    lines = lines_of(output)
    assert [line["fetched_at"] for line in lines] == [DATE, DATE, LATER]
    done = scrapy_cmd("verify", str(output))
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout

    def findings(**changed: Any) -> list[str]:
        output.write_bytes(b"".join(as_line(line | changed) for line in lines))
        found = verify_lines(output, tmp_path / "data").findings
        return [f"{one.code}: {one.message}" for one in found]

    def pointing(file: str) -> list[str]:
        return findings(warc=lines[0]["warc"] | {"file": file})

    assert findings() == []
    assert [one.split(":")[0] for one in findings(fetched_at=TIMES[8])] == ["line_mismatch"] * 3
    name = f"{package}#archive/none.warc.gz"
    missing = f"bad_pointer: 3 lines point into {name}, which is not there"
    assert pointing(name) == [missing]
    for one in pointing("../x.wacz#archive/data.warc.gz"):
        assert one.endswith("the pointer leads out of the data folder")
    foreign.wacz(package, replace(page, body=b"another"))
    assert [one.split(":")[0] for one in findings()] == ["bad_pointer"] * 3
    package.write_bytes(b"no package")
    assert sum("which is not there" in one for one in findings()) == 2  # WARCs of the package


def test_lines_without_revisits_read_no_archive(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, output = tmp_path / "a.warc.gz", tmp_path / "out.jsonl"
    path.write_bytes(foreign.STYLES["wget.warc.gz"](page))
    assert scrapy_cmd("reextract", str(path), "-o", str(output)).returncode == 0

    def fail(_: Path) -> None:
        raise AssertionError

    monkeypatch.setattr(revisit_lines, "revisits_in", fail)
    assert verify_lines(output, tmp_path / "data").findings == []
    line = lines_of(output)[0]
    output.write_bytes(as_line(line | {"fetched_at": LATER}))
    with pytest.raises(AssertionError):
        verify_lines(output, tmp_path / "data")


def test_our_revisits_and_originals_are_passed_over(
    page: Page, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """They repeat what is published, and say so in no line."""
    headers = [*type_of(page), ("Content-Length", str(len(page.body)))]
    ours, others = Sink.new(software="xinhua-archive/1.0"), Sink.new()
    digest = ours.response(page.url, headers, page.body)
    ours.revisit(page.url, digest, headers)
    ours.revisit(page.url, digest, headers, date=TIMES[1], profile=foreign.NOT_MODIFIED)
    others.revisit(page.url, digest, headers, date=TIMES[2])
    files = [tmp_path / "ours.warc.gz", tmp_path / "others.warc.gz"]
    for path, sink in zip(files, (ours, others), strict=True):
        path.write_bytes(sink.bytes())
    output = tmp_path / "out.jsonl"
    done = scrapy_cmd("reextract", *map(str, files), "-o", str(output))
    assert done.stderr.strip() == "2 files: 2 not_modified, 1 records, 1 unresolved_revisit"
    (line,) = lines_of(output)
    assert line["fetched_at"] == DATE
    for date in (LATER, TIMES[1], TIMES[2]):
        output.write_bytes(as_line(line | {"fetched_at": date}))
        found = verify_lines(output, tmp_path / "data").findings
        assert [one.code for one in found] == ["line_mismatch"]
