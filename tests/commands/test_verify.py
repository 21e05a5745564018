"""`scrapy verify` accepts what a crawl published and finds what was changed afterwards."""

from __future__ import annotations

import fcntl
import gzip
import json
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from isal import isal_zlib

from crawler.items import as_line
from crawler.verification.scope import Scope
from crawler.verification.whole_archive import verify
from tests.archive.damage import Rec, make_holding
from tests.processes import crawl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.archive.damage import Holding
    from tests.conftest import RunScrapy
    from tests.site import Site

LISTS = "http://www.js.xinhuanet.com/"


@pytest.fixture(scope="module")
def crawled(site: Site, proxy: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("verify") / "data"
    done = crawl(
        "-a", f"lists={LISTS}", "-s", "DOWNLOAD_DELAY=0", "-s", "LOG_LEVEL=WARNING",
        data_dir=data_dir, env=proxy,
    )  # fmt: skip
    assert done.exitcode == 0, done.stderr
    assert any(line["warc_pages"] for line in done.lines)
    return data_dir


@pytest.fixture
def data_dir(crawled: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    folder = tmp_path / "data"
    shutil.copytree(crawled, folder)
    return folder


def only(data_dir: Path, pattern: str) -> Path:
    (path,) = data_dir.glob(pattern)
    return path


def jsonl(data_dir: Path) -> Path:
    return only(data_dir, "jsonl/*/*/*.jsonl")


def rewrite(data_dir: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the second line."""
    path = jsonl(data_dir)
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(lines[1])
    path.write_bytes(b"".join(map(as_line, lines)))


def codes(stdout: str) -> set[str]:
    return {line.split(": ")[1] for line in stdout.splitlines()[:-1]}


def test_what_a_crawl_published_is_sound(
    scrapy_cmd: RunScrapy, crawled: Path, tmp_path: Path
) -> None:
    whole = scrapy_cmd("verify", data_dir=crawled)
    assert (whole.returncode, whole.stdout.count("\n")) == (0, 1), whole.stdout
    count = len(jsonl(crawled).read_bytes().splitlines())
    assert f" 1 JSONL files, {count} lines, 1 manifests: all sound" in whole.stdout
    run = only(crawled, "runs/*.json").stem
    assert scrapy_cmd("verify", run, data_dir=crawled).stdout == whole.stdout
    assert scrapy_cmd("verify", str(crawled), "-j", "1").stdout == whole.stdout
    parts = scrapy_cmd("verify", str(crawled / "warc"), str(jsonl(crawled)), data_dir=crawled)
    assert parts.stdout == whole.stdout.replace("1 manifests", "0 manifests")


def test_without_a_ledger_lines_are_derived_all_the_same(
    scrapy_cmd: RunScrapy, data_dir: Path
) -> None:
    shutil.rmtree(data_dir / "state")
    assert scrapy_cmd("verify", data_dir=data_dir).returncode == 0


def test_a_ledger_that_cannot_be_read_is_storage(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    (data_dir / "state" / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert done.returncode == 5
    assert done.stderr.startswith("scrapy verify: The ledger ")
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_archive_holds_nothing_wrong(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    """A folder in which none was begun is another thing."""
    nowhere = scrapy_cmd("verify", data_dir=tmp_path / "none")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert f"there is no archive in {tmp_path / 'none'}: " in nowhere.stderr
    (tmp_path / "begun" / "runs").mkdir(parents=True)
    done = scrapy_cmd("verify", data_dir=tmp_path / "begun")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "0 WARCs, 0 records, 0 JSONL files, 0 lines, 0 manifests: all sound\n"


LINES: dict[str, tuple[Callable[[dict[str, Any]], None], set[str]]] = {
    "a word of the text": (
        lambda line: line.update(title="另一个标题"), {"line_mismatch", "ledger_mismatch"},
    ),
    "the pointer": (
        lambda line: line["warc"].update(offset=0), {"bad_pointer", "ledger_mismatch"},
    ),
    "a pointer of another kind": (lambda line: line["warc"].update(offset="0"), {"bad_line"}),
    "a pointer out of the folder": (
        lambda line: line["warc"].update(file="../../etc/passwd"),
        {"bad_pointer", "ledger_mismatch"},
    ),
    "no pointer": (lambda line: line.update(warc=None), {"bad_line"}),
    "a missing key": (lambda line: line.pop("summary"), {"bad_line"}),
    "the history": (lambda line: line.update(version=7), {"ledger_mismatch"}),
    "the id": (lambda line: line.update(id="0" * 32), {"line_mismatch", "not_in_ledger"}),
    "the run": (lambda line: line.update(run_id="x"), {"history_mismatch", "ledger_mismatch"}),
    "a record of another version": (
        lambda line: line.update(extractor_version="0+1", fetched_at="2020-01-01T00:00:00Z"),
        {"line_mismatch", "not_in_ledger", "missing_line"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LINES)
def test_a_tampered_line(what: str, data_dir: Path) -> None:
    change, expected = LINES[what]
    rewrite(data_dir, change)
    path = jsonl(data_dir)
    findings = verify(Scope.of(data_dir, [str(path)]), 1, quiet=True, is_busy=bool).findings
    assert {finding.code for finding in findings} == expected, findings
    for finding in findings:
        assert finding.file == path
        if finding.code != "missing_line":
            assert finding.offset == path.read_bytes().index(b"\n") + 1
            assert finding.message.startswith("line 2: ")


def test_a_line_written_otherwise(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    path = jsonl(data_dir)
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.dumps(json.loads(first)).encode() + b"\n" + rest + b'{"id": ')
    done = scrapy_cmd("verify", str(path), data_dir=data_dir)
    assert done.returncode == 1
    assert codes(done.stdout) == {"line_mismatch", "bad_line"}
    assert done.stdout.startswith(f"{path.relative_to(data_dir)} at 0: line_mismatch: line 1: ")
    assert "not JSON" in done.stdout


def test_a_line_of_another_extractor_is_no_defect(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    shutil.rmtree(data_dir / "state")
    rewrite(data_dir, lambda line: line.update(extractor_version="0.0.1+0", summary="旧摘要"))
    done = scrapy_cmd("verify", str(jsonl(data_dir)), data_dir=data_dir)
    assert done.returncode == 0, done.stdout
    note, summary = done.stdout.splitlines()
    assert "line 2" in note
    assert note.endswith("extracted by 0.0.1+0, is now different: summary")
    assert "1 lines today's extractor reads otherwise (summary 1): all sound" in summary


def test_a_tampered_warc(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    """Digests and lengths are made to fit: only the line and the manifest tell."""
    path = only(data_dir, "warc/*/*/*.warc.gz")
    line = json.loads(jsonl(data_dir).read_bytes().splitlines()[0])
    at, length = line["warc"]["offset"], line["warc"]["length"]
    data = path.read_bytes()
    member = bytearray(data[at : at + length])
    member[length // 2] ^= 1
    path.write_bytes(data[:at] + bytes(member) + data[at + length :])
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert done.returncode == 1
    assert codes(done.stdout) >= {"damaged_member", "bad_pointer", "manifest_mismatch"}
    assert f"{path.relative_to(data_dir)} at {at}: damaged_member: " in done.stdout


def test_a_plain_change_in_a_warc(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    path = only(data_dir, "warc/*/*/*.warc.gz")
    data = path.read_bytes()
    line = json.loads(jsonl(data_dir).read_bytes().splitlines()[0])
    at, length = line["warc"]["offset"], line["warc"]["length"]
    plain = gzip.decompress(data[at : at + length]).replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 KO")
    path.write_bytes(data[:at] + gzip.compress(plain) + data[at + length :])
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert codes(done.stdout) >= {"bad_block_digest", "bad_pointer", "index_mismatch"}


def test_missing_and_stray_files(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    lines = jsonl(data_dir)
    lines.rename(lines.with_name("xinhua-other.jsonl"))
    warc = only(data_dir, "warc/*/*/*.warc.gz")
    (warc.parent / "xinhua-x-00000.warc.gz.open").touch()
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert done.returncode == 1
    assert codes(done.stdout) == {
        "missing_file", "orphan_file", "open_file", "history_mismatch", "ledger_mismatch",
    }  # fmt: skip
    warc.unlink()
    done = scrapy_cmd("verify", only(data_dir, "runs/*.json").stem, data_dir=data_dir)
    assert codes(done.stdout) == {"missing_file"}
    assert "defects: 2 missing_file" in done.stdout


def test_a_lost_warc_is_one_line_however_many_point_there(
    scrapy_cmd: RunScrapy, data_dir: Path
) -> None:
    warc = only(data_dir, "warc/*/*/*.warc.gz")
    warc.unlink()
    count = len(jsonl(data_dir).read_bytes().splitlines())
    done = scrapy_cmd("verify", str(jsonl(data_dir)), data_dir=data_dir)
    assert done.returncode == 1
    finding, summary = done.stdout.splitlines()
    assert finding.endswith(f"bad_pointer: {count} lines point into {warc}, which is not there")
    assert summary.endswith(f"{count} lines, 0 manifests: defects: 1 bad_pointer")


def test_a_report_that_does_not_add_up(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    report = only(data_dir, "runs/*.json")
    told = json.loads(report.read_bytes())
    told["outcomes"]["published"] += 1
    report.write_text(json.dumps(told))
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert codes(done.stdout) == {"bad_manifest", "manifest_mismatch", "ledger_mismatch"}
    assert f"not to {told['urls_seen']}" in done.stdout


def test_the_lines_of_a_reextraction(
    scrapy_cmd: RunScrapy, data_dir: Path, crawled: Path, tmp_path: Path
) -> None:
    """They have no run; their records may be anywhere."""
    output = tmp_path / "again.jsonl"
    for warc in (only(data_dir, "warc/*/*/*.warc.gz"), only(crawled, "warc/*/*/*.warc.gz")):
        scrapy_cmd("reextract", str(warc), "-o", str(output), data_dir=data_dir)
        done = scrapy_cmd("verify", str(output), data_dir=data_dir)
        assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout
    output.write_bytes(output.read_bytes().replace(b'"title":"', b'"title":"x', 1))
    done = scrapy_cmd("verify", str(output), data_dir=data_dir)
    assert codes(done.stdout) == {"line_mismatch"}


def test_a_run_that_is_on_is_no_defect(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    warc = only(data_dir, "warc/*/*/*.warc.gz")
    (warc.parent / "xinhua-x-00000.warc.gz.open").touch()
    with (data_dir / "state" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert scrapy_cmd("verify", data_dir=data_dir).returncode == 0


def bad_files(holding: Holding) -> dict[str, tuple[bytes, str]]:
    """By name: a file that a person may take for an archive, and what is said of it."""
    good = holding.warc.read_bytes()
    plain = [record.plain() for record in holding.records]
    parts = [record.member() for record in holding.records]
    starts = [sum(map(len, parts[:number])) for number in range(len(parts))]
    lying = plain[2].replace(b"Content-Length: ", b"Content-Length: 9", 1)
    head = plain[1].partition(b"\r\n\r\n")[0]
    at = head.index(b"Content-Length: ") + len(b"Content-Length: ")
    packer = isal_zlib.compressobj(wbits=31)
    huge = [packer.compress(head[:at] + b"%d\r\n\r\n" % 2**31)]
    huge += [packer.compress(bytes(2**20)) for _ in range(2**11)]
    huge += [packer.compress(b"\r\n\r\n"), packer.flush()]
    endless = Rec(list(holding.records[1].fields), b"")
    endless.replace_block(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9999)
    lines = b"<html>a page</html>\n" * 99
    return {
        "truncated.warc.gz": (b"".join(parts)[:-9], f" at {starts[-1]}: torn_tail: "),
        "twice.warc.gz": (b"".join(parts * 2), f" at {len(b''.join(parts))}: second_warcinfo: "),
        "page.warc.gz": (lines, " at 0: not_gzip: no gzip member begins here"),
        "empty.warc.gz": (b"", " at 0: empty_file: "),
        "plain.warc": (b"".join(plain), " at 0: not_gzip: no gzip member begins here"),
        "zstd.warc.zst": (b"\x28\xb5\x2f\xfd" + lines, " at 0: not_gzip: "),
        "packed-twice.warc.gz": (gzip.compress(good), " at 0: bad_record: "),
        "lying.warc.gz": (
            b"".join([*parts[:2], gzip.compress(lying), *parts[3:]]),
            f" at {starts[2]}: bad_length: ",
        ),
        "huge.warc.gz": (
            b"".join([parts[0], *huge, *parts[1:-1], parts[-1][:-9]]),
            f" at {len(parts[0])}: too_large: ",
        ),
        "endless.warc.gz": (
            b"".join([parts[0], endless.member(), *parts[2:]]),
            f" at {starts[1]}: bad_http: ",
        ),
    }  # fmt: skip


def test_what_is_no_archive_of_ours(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    (tmp_path / "sound").mkdir()
    (tmp_path / "bad").mkdir()
    cases = bad_files(make_holding(tmp_path / "sound"))
    for name, (data, _) in cases.items():
        (tmp_path / "bad" / name).write_bytes(data)
    done = scrapy_cmd("verify", str(tmp_path / "bad"), data_dir=tmp_path / "none")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for name, (_, said) in cases.items():
        told = [line for line in done.stdout.splitlines() if f"/{name} at " in line]
        assert any(said in line for line in told), (name, told)
    behind = [line for line in done.stdout.splitlines() if "/huge.warc.gz at " in line]
    assert any(": torn_tail: " in line for line in behind), "the rest was not read"


def test_a_ledger_that_cannot_be_read(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    with sqlite3.connect(data_dir / "state" / "ledger.sqlite") as database:
        database.execute("DROP TABLE versions")
    database.close()
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert done.returncode == 5
    assert "The ledger" in done.stderr


def test_an_older_ledger_is_passed_over(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    """An archive is proved before the crawl that migrates its ledger."""
    with sqlite3.connect(data_dir / "state" / "ledger.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.close()
    done = scrapy_cmd("verify", data_dir=data_dir)
    assert done.returncode == 0, done.stdout
    note, summary = done.stdout.splitlines()
    assert "not held against the ledger" in note
    assert summary.endswith("all sound")


def test_what_is_not_there_is_exit_2(scrapy_cmd: RunScrapy, crawled: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.touch()
    for name in ("20260101T000000Z-0000", str(tmp_path / "no"), str(other), str(tmp_path)):
        done = scrapy_cmd("verify", name, data_dir=crawled)
        assert done.returncode == 2, name
        assert "Traceback" not in done.stderr


def test_the_verdict_as_json(scrapy_cmd: RunScrapy, data_dir: Path) -> None:
    def verdict() -> tuple[int, dict[str, Any]]:
        done = scrapy_cmd("verify", "--json", data_dir=data_dir)
        return done.returncode, json.loads(done.stdout)

    exitcode, sound = verdict()
    assert (exitcode, sound["findings"], sound["notes"], sound["fields"]) == (0, [], [], {})
    assert sound["counts"]["lines"] == len(jsonl(data_dir).read_bytes().splitlines())
    index = only(data_dir, "warc/*/*/*.cdxj")
    index.unlink()
    exitcode, broken = verdict()
    assert exitcode == 1
    found = {finding["code"]: finding for finding in broken["findings"]}
    assert set(found) == {"missing_index", "missing_file"}
    assert found["missing_file"]["file"] == str(index.relative_to(data_dir))
    assert set(found["missing_file"]) == {"file", "offset", "code", "message"}
