"""WACZ files: what is in them, byte for byte; what py-wacz and our own reader make of them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.archive.cdxj import index_lines
from crawler.archive.reader import WarcError, read_records
from crawler.data_dir import warcs_of
from crawler.export_formats.wacz import Package, page_wacz, page_warc, write_wacz
from tests import scrapy_process
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SAMPLE = PROJECT / "data" / "sample"
(PUBLISHED,) = SAMPLE.glob("jsonl/*/*/*.jsonl")
LINES = [json.loads(line) for line in PUBLISHED.read_bytes().splitlines()]
PAGED = [line for line in LINES if line["warc_pages"]]
GBK = [line for line in LINES if line["encoding"]["used"] == "gb18030"]
VALIDATOR = PROJECT / ".venv-wacz" / "bin" / "wacz"


def package(data_dir: Path = SAMPLE) -> Package:
    return Package.of(data_dir, "a title", warcs_of(data_dir))


def written(what: Package | None = None) -> bytes:
    output = io.BytesIO()
    write_wacz(what or package(), output)
    return output.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert zipped.testzip() is None
        for info in zipped.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
        return {name: zipped.read(name) for name in zipped.namelist()}


def test_only_large_members_have_fields_of_64_bits() -> None:
    """ReplayWeb.page takes a local header for as long as the directory says."""
    data = written()
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        for info in zipped.infolist():
            name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
            assert (name, extra, info.extra) == (len(info.filename), 0, b"")


def test_members_and_their_digests() -> None:
    found = members(written())
    (warc,) = warcs_of(SAMPLE)
    assert [*found] == [
        f"archive/{warc.name}", "indexes/index.cdxj", "pages/pages.jsonl",
        f"jsonl/{PUBLISHED.name}", "format/DATA_FORMAT.md", "format/article-1.schema.json",
        "format/article.schema.json", "datapackage.json", "datapackage-digest.json",
    ]  # fmt: skip
    assert found[f"archive/{warc.name}"] == warc.read_bytes()
    assert found["indexes/index.cdxj"].decode() == "".join(index_lines(warc))
    assert found[f"jsonl/{PUBLISHED.name}"] == PUBLISHED.read_bytes()
    assert found["format/DATA_FORMAT.md"] == (PROJECT / "DATA_FORMAT.md").read_bytes()
    described = json.loads(found["datapackage.json"])
    assert (described["profile"], described["wacz_version"]) == ("data-package", "1.1.1")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", described["created"])
    assert {one["path"] for one in described["resources"]} == {*found} - {
        "datapackage.json", "datapackage-digest.json",
    }  # fmt: skip
    for one in described["resources"]:
        assert one["bytes"] == len(found[one["path"]])
        assert one["hash"] == f"sha256:{hashlib.sha256(found[one['path']]).hexdigest()}"
    assert len({one["name"] for one in described["resources"]}) == len(described["resources"])
    digest = hashlib.sha256(found["datapackage.json"]).hexdigest()
    said = json.loads(found["datapackage-digest.json"])
    assert said == {"path": "datapackage.json", "hash": f"sha256:{digest}"}


def test_pages_are_those_of_the_lines() -> None:
    head, *pages = map(json.loads, members(written())["pages/pages.jsonl"].splitlines())
    assert (head["format"], head["hasText"]) == ("json-pages-1.0", True)
    assert [(one["url"], one["ts"], one["title"], one["text"]) for one in pages] == [
        (line["url"], line["fetched_at"], line["title"], line["body"]) for line in LINES
    ]
    assert len({one["id"] for one in pages}) == len(pages)


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*"):
        os.utime(path, (0, 0))
    assert written() == written(package(tmp_path / "copy"))
    (line,) = PAGED[:1]
    assert b"".join(page_wacz(SAMPLE, line)) == b"".join(page_wacz(tmp_path / "copy", line))


def two_runs(data_dir: Path) -> None:
    """The sample twice, the second under another run's name, with an index out of order to it."""
    shutil.copytree(SAMPLE, data_dir)
    run = PUBLISHED.name.removeprefix("xinhua-").removesuffix(".jsonl")
    other = f"{run[:-4]}ffff"
    for path in [*data_dir.glob(f"*/*/*/xinhua-{run}*")]:
        copy = path.with_name(path.name.replace(run, other))
        data = path.read_bytes()
        copy.write_bytes(
            data if path.suffix == ".gz" else data.replace(run.encode(), other.encode())
        )


def test_the_index_of_several_files_is_sorted(tmp_path: Path) -> None:
    two_runs(tmp_path / "data")
    found = members(written(package(tmp_path / "data")))
    lines = found["indexes/index.cdxj"].splitlines()
    assert lines == sorted(lines)
    names = {json.loads(line.split(b" ", 2)[2])["filename"] for line in lines}
    assert names == {path.name for path in warcs_of(tmp_path / "data")}
    assert len(names) == 2
    assert len(found["pages/pages.jsonl"].splitlines()) == 1 + 2 * len(LINES)


def test_pages_of_other_files_are_left_out(tmp_path: Path) -> None:
    """A run that began in the month before has lines that point into WARCs of both."""
    shutil.copytree(SAMPLE, tmp_path / "data")
    (path,) = (tmp_path / "data").glob("jsonl/*/*/*.jsonl")
    elsewhere = LINES[0] | {"warc": LINES[0]["warc"] | {"file": "warc/2001/01/xinhua-other"}}
    gone = LINES[1] | {"warc": None, "title": None, "body": None}
    lines = [elsewhere, gone, *LINES[2:]]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    found = members(written(package(tmp_path / "data")))
    assert len(found["pages/pages.jsonl"].splitlines()) == 1 + len(LINES) - 2


def test_no_index_is_made_of_a_file(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    for path in (tmp_path / "data").glob("warc/*/*/*.cdxj"):
        path.unlink()
    assert written(package(tmp_path / "data")) == written()


def test_more_than_four_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit that a ZIP file has without its 64-bit fields set low."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    data = written()
    monkeypatch.undo()
    (warc,) = warcs_of(SAMPLE)
    assert members(data)[f"archive/{warc.name}"] == warc.read_bytes()
    assert b"PK\x06\x06" in data  # the end of a ZIP64 directory


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    (warc,) = warcs_of(tmp_path / "data")
    with warc.open("r+b") as file:
        file.truncate(300_000_000)
    tracemalloc.start()
    try:
        with (tmp_path / "a.wacz").open("wb") as output:
            write_wacz(package(tmp_path / "data"), output)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert (tmp_path / "a.wacz").stat().st_size > 300_000_000


@pytest.mark.parametrize("line", [*PAGED, *GBK], ids=lambda line: line["id"])
def test_a_page_by_itself(line: dict[str, Any], tmp_path: Path) -> None:
    """Its records are those of the archive, byte for byte, and give the same line."""
    path = tmp_path / "page.warc.gz"
    path.write_bytes(b"".join(page_warc(SAMPLE, line)))
    (whole,) = warcs_of(SAMPLE)
    kinds = [record.kind for record in read_records(path)]
    pages = len(line["warc_pages"]) or 1
    assert kinds == ["warcinfo", *["response", "request", "metadata"] * pages]
    there = {record.record_id: record.block for record in read_records(whole)}
    for record in read_records(path):
        assert there[record.record_id] == record.block
    with path.open("rb") as file:
        uris = [
            one.rec_headers["WARC-Target-URI"]
            for one in ArchiveIterator(file, check_digests="raise")
            if one.rec_type == "response"
        ]
    assert uris == (line["page_urls"] or [line["url"]])
    (tmp_path / "page.wacz").write_bytes(whole_of(line))
    (again,) = lines_of(tmp_path / "page.wacz")
    of_page = ("id", "url", "title", "paragraphs", "page_urls", "encoding", "fetched_at")
    assert [again[key] for key in of_page] == [line[key] for key in of_page]


def whole_of(line: dict[str, Any]) -> bytes:
    return b"".join(page_wacz(SAMPLE, line))


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    output = path.with_suffix(".jsonl")
    done = scrapy_process.run("reextract", path, "-o", output, env=os.environ)
    assert done.returncode == 0, done.stderr
    return map(json.loads, output.read_bytes().splitlines())


def test_a_page_s_package_opens_with_it() -> None:
    (line,) = GBK[:1]
    found = members(whole_of(line))
    described = json.loads(found["datapackage.json"])
    assert (described["mainPageUrl"], described["mainPageDate"]) == (
        line["url"],
        line["fetched_at"],
    )
    assert described["title"] == line["title"]
    assert len(found["pages/pages.jsonl"].splitlines()) == 2
    assert len([name for name in found if name.startswith("archive/")]) == 1


def moved(line: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return line | {"warc": line["warc"] | keys, "warc_pages": []}


@pytest.mark.parametrize(
    "line",
    [
        moved(LINES[0], file="warc/2001/01/none.warc.gz"),
        moved(LINES[0], file="../outside.warc.gz"),
        moved(LINES[0], offset=LINES[0]["warc"]["offset"] + 1),
        moved(LINES[0], offset=10**9),
        moved(LINES[0], record_id="<urn:uuid:00000000-0000-0000-0000-000000000000>"),
    ],
    ids=["no file", "outside", "beside", "past the end", "another record"],
)
def test_a_page_that_is_not_there(line: dict[str, Any]) -> None:
    for make in (page_warc, page_wacz):
        with pytest.raises(WarcError):
            make(SAMPLE, line)


def test_a_damaged_page(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    (warc,) = warcs_of(tmp_path / "data")
    data = bytearray(warc.read_bytes())
    pointer = LINES[0]["warc"]
    middle = pointer["offset"] + pointer["length"] // 2
    data[middle : middle + 40] = b"\xff" * 40
    warc.write_bytes(data)
    with pytest.raises(WarcError):
        page_warc(tmp_path / "data", LINES[0])
    page_warc(tmp_path / "data", LINES[-1])


def validated(path: Path) -> str:
    if not VALIDATOR.exists():
        if os.environ.get("CI"):
            pytest.fail("no .venv-wacz")
        pytest.skip("no .venv-wacz: make test makes it")
    done = subprocess.run(
        [VALIDATOR, "validate", "-f", path], capture_output=True, text=True, check=False
    )
    return f"{done.returncode} {done.stdout}"


def test_the_validator_finds_them_valid(tmp_path: Path) -> None:
    two_runs(tmp_path / "data")
    made: Iterable[bytes] = (written(package(tmp_path / "data")), whole_of(GBK[0]))
    for number, data in enumerate(made):
        path = tmp_path / f"{number}.wacz"
        path.write_bytes(data)
        said = validated(path)
        assert said.startswith("0 "), said
        assert "the passed WACZ is valid" in said
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in members(data).items():
            zipped.writestr(name, content.replace(b"json-pages-1.0", b"json-pages-1.1"))
    assert "the passed WACZ is invalid" in validated(path)
