"""`scrapy export`: every format over real published lines, and what becomes of bad input."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pyarrow.parquet as pq
import pytest
from zyte_common_items import Article

from crawler.export_formats.parquet import arrow_schema, write_parquet
from crawler.export_formats.selection import PublishedLine

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "data" / "sample"
(PUBLISHED,) = SAMPLE.glob("jsonl/*/*/*.jsonl")
LINES = [json.loads(line) for line in PUBLISHED.read_text("utf-8").splitlines()]
OBSERVED = {"at": "2026-11-26T12:00:00Z", "status": 404, "reason": "HTTP 404", "warc": None}
GONE = {
    "reason": "HTTP 404",
    "first_observed_at": "2026-11-26T12:00:00Z",
    "confirmed_at": "2026-11-27T12:00:00Z",
    "observations": [OBSERVED, OBSERVED | {"at": "2026-11-27T12:00:00Z"}],
}


def gone(line: dict[str, Any]) -> dict[str, Any]:
    """The line of its withdrawal."""
    emptied = {key: [] if isinstance(line[key], list) else None for key in line}
    kept = ("schema_version", "id", "version", "url", "canonical_url", "region", "title",
            "first_seen_at", "extractor_version", "run_id")  # fmt: skip
    return emptied | {key: line[key] for key in kept} | {
        "status": "gone", "gone": GONE, "fetched_at": "2026-11-27T12:00:00Z",
        "codes": line["codes"],
    }  # fmt: skip


def as_line(keys: dict[str, Any]) -> PublishedLine:
    return PublishedLine(json.dumps(keys, ensure_ascii=False).encode() + b"\n", keys)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two published files: the sample's lines, then a withdrawal and a formula for a title."""
    folder = tmp_path / "data" / "jsonl" / "2026" / "11"
    folder.mkdir(parents=True)
    second = [gone(LINES[0]), LINES[1] | {"title": "=1+1", "fetched_at": "2026-11-27T12:00:00Z"}]
    for name, lines in (("a", LINES), ("b", second)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"xinhua-{name}.jsonl").write_text(text, "utf-8")
    return tmp_path / "data"


def export(archive: Path, *args: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "scrapy", "export", *args, "-s", f"DATA_DIR={archive}"]
    return subprocess.run(
        command, cwd=PROJECT, capture_output="stdout" not in more, timeout=60, check=False, **more
    )


def published(archive: Path) -> list[dict[str, Any]]:
    paths = sorted(archive.glob("jsonl/*/*/*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def test_parquet_keeps_every_field(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "all.parquet"
    done = export(archive, "--format", "parquet", "-o", str(output))
    assert done.returncode == 0, done.stderr
    assert b"10 of 10 lines in 2 files" in done.stderr
    names = arrow_schema().names
    assert pq.read_table(output).select(names).to_pylist() == published(archive)
    rows = duckdb.sql(
        f"SELECT id, published_beijing::VARCHAR, published_day::VARCHAR FROM '{output}'"
    ).fetchall()
    assert [
        (line["id"], (line["published_at"] or "")[:19].replace("T", " ") or None)
        for line in published(archive)
    ] == [row[:2] for row in rows]
    assert [row[2] for row in rows] == [row[1] and row[1][:10] for row in rows]


def test_the_parquet_schema_does_not_depend_on_the_data() -> None:
    """A file of withdrawals alone, all of whose fields are null, can be read with any other."""
    full, empty, none = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write_parquet(map(as_line, LINES), full)
    write_parquet([as_line(gone(LINES[0]))], empty)
    write_parquet([], none)
    schemas = [pq.read_schema(io.BytesIO(one.getvalue())) for one in (full, empty, none)]
    assert schemas[0] == schemas[1] == schemas[2]


def test_csv_is_for_spreadsheets(archive: Path) -> None:
    done = export(archive, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\xef\xbb\xbfid,version,")
    assert done.stdout.count(b"\r\n") >= 11
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8-sig"), newline="")))
    assert [row["id"] for row in rows] == [line["id"] for line in published(archive)]
    assert rows[-1]["title"] == "'=1+1"
    assert rows[0]["published_at"] == LINES[0]["published_at"][:19].replace("T", " ")
    assert rows[0]["body"] == LINES[0]["body"]
    assert (rows[-2]["status"], rows[-2]["gone_reason"]) == ("gone", "HTTP 404")


def test_json_ld_says_what_the_line_says(archive: Path) -> None:
    found = [json.loads(line) for line in export(archive, "--format", "jsonld").stdout.splitlines()]
    for one, line in zip(found, published(archive), strict=True):
        assert one["@type"] == "NewsArticle"
        assert one.get("headline") == line["title"]
        assert one.get("articleBody") == line["body"]
        assert [p["name"] for p in one.get("author", [])] == [p["name"] for p in line["reporters"]]
        assert None not in one.values()
    assert found[-2]["creativeWorkStatus"] == "Withdrawn"


def test_zyte_items_are_the_librarys(archive: Path) -> None:
    found = [json.loads(line) for line in export(archive, "--format", "zyte").stdout.splitlines()]
    for one, line in zip(found, published(archive), strict=True):
        item = Article.from_dict(one)
        assert (item.headline, item.articleBody) == (line["title"], line["body"])
        assert item.datePublished is None or item.datePublished.endswith("Z")


def test_text_is_one_document_an_article(archive: Path) -> None:
    done = export(archive, "--format", "text", "--region", "js")
    root = ElementTree.fromstring(b"<all>" + done.stdout + b"</all>")
    wanted = [line for line in LINES if line["region"]["code"] == "js" and line["body"]]
    assert [doc.get("id") for doc in root] == [line["id"] for line in wanted]
    for doc, line in zip(root, wanted, strict=True):
        lines = (doc.text or "").strip("\n").split("\n")
        assert lines == [line["title"], *(p.replace("\n", " ") for p in line["paragraphs"])]


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["--status", "gone"], lambda line: line["status"] == "gone"),
        (["--region", "河北"], lambda line: line["region"]["code"] == "he"),
        (["--layout", "Main2017,Cms2022"], lambda line: line["layout"] in ("Main2017", "Cms2022")),
        (["--since", "2021-01-01"], lambda line: (line["published_at"] or "") >= "2021"),
        (["--until", "2010-12-31"], lambda line: "0" < (line["published_at"] or "") < "2011"),
        (["--query", LINES[2]["title"][:6]], lambda line: LINES[2]["title"][:6] in str(line)),
        (["--source", LINES[0]["source"][:2]],
         lambda line: LINES[0]["source"][:2] in (line["source"] or "")),
    ],
)  # fmt: skip
def test_filters(archive: Path, args: list[str], wanted: Any) -> None:
    done = export(archive, "--format", "csv", *args)
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8-sig"), newline="")))
    expected = [line["id"] for line in published(archive) if wanted(line)]
    assert expected
    assert [row["id"] for row in rows] == expected


def test_latest_is_the_state_of_each_article(archive: Path) -> None:
    """The greatest (fetched_at, revision), and a filter is held against that line."""
    corrected = LINES[2] | {"title": "改正", "revision": 1}
    extra = archive / "jsonl" / "2026" / "11" / "xinhua-0.jsonl"
    extra.write_text(json.dumps(corrected, ensure_ascii=False) + "\n", "utf-8")
    done = export(archive, "--format", "csv", "--latest")
    rows = {
        row["id"]: row
        for row in csv.DictReader(io.StringIO(done.stdout.decode("utf-8-sig"), newline=""))
    }
    assert len(rows) == len({line["id"] for line in LINES})
    assert rows[LINES[0]["id"]]["status"] == "gone"
    assert rows[LINES[1]["id"]]["title"] == "'=1+1"
    assert rows[LINES[2]["id"]]["title"] == "改正"
    assert rows[LINES[3]["id"]]["title"] == LINES[3]["title"]
    left = export(archive, "--format", "csv", "--latest", "--status", "live").stdout.decode()
    assert LINES[0]["id"] not in left


def test_a_card_stands_beside_the_file(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "news.csv"
    export(archive, "--format", "csv", "-o", str(output), "--latest")
    card = output.with_name("news.csv.md").read_text("utf-8")
    digest = subprocess.run(
        ["sha256sum", output], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert digest in card
    assert "the newest state of each article" in card
    assert "| gone | 1 |" in card
    assert not list(tmp_path.glob("*.open"))


def test_bad_input_is_one_line(archive: Path, tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    cases: list[tuple[Path, list[str], int, str]] = [
        (archive, ["--format", "parquet"], 2, "give a file with -o"),
        (archive, ["--format", "csv", "--region", "jss"], 2, "did you mean"),
        (archive, ["--format", "csv", "--since", "2020-13-01"], 2, "2017-09-28"),
        (archive, ["--format", "csv", "--status", "lost"], 2, "live, gone, restored"),
        (archive, ["--format", "csv", "--since", "2020-01-02", "--until", "2020-01-01"], 2,
         "is after until"),
        (missing, ["--format", "csv"], 2, f"no archive in {missing}"),
        (archive, ["--format", "csv", "--query", "没有这样的词"], 0, "nothing matches"),
        (archive, ["--format", "csv", "-o", str(tmp_path / "no" / "x.csv")], 5, "No such file"),
    ]  # fmt: skip
    for folder, args, code, said in cases:
        done = export(folder, *args)
        last = done.stderr.decode().strip().splitlines()[-1]
        assert (done.returncode, said in last) == (code, True), (args, done.stderr)
        assert b"Traceback" not in done.stderr


def test_a_damaged_line_is_told_and_nothing_written(archive: Path, tmp_path: Path) -> None:
    path = archive / "jsonl" / "2026" / "11" / "xinhua-a.jsonl"
    for damage in (path.read_bytes()[:-20], path.read_bytes().replace(b'{"schema', b'"schema', 1)):
        whole = path.read_bytes()
        path.write_bytes(damage)
        for form in ("csv", "parquet"):
            output = tmp_path / f"out.{form}"
            done = export(archive, "--format", form, "-o", str(output))
            assert done.returncode == 1, done.stderr
            assert b"xinhua-a.jsonl, line" in done.stderr
            assert not list(tmp_path.glob("out*"))
        path.write_bytes(whole)


def test_a_full_disk_and_a_missing_library(archive: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = export(archive, "--format", "csv", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 5, done.stderr
    assert b"Traceback" not in done.stderr
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError(name='pyarrow')\n", "utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    output = tmp_path / "x.parquet"
    done = export(archive, "--format", "parquet", "-o", str(output), env=environment)
    assert done.returncode == 2
    assert b"make install EXTRAS=export" in done.stderr
