"""`scrapy reextract --correct`: what it writes and prints, and what it refuses."""

from __future__ import annotations

import fcntl
import json
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from crawler.data_dir import ledger_file, lines_of, reports_of
from crawler.exporters.jsonl import line_schema
from crawler.extractor_version import extractor_version
from crawler.items import CORRECTABLE_KEYS
from crawler.ledger.ledger import Ledger
from crawler.ledger.rebuild import rebuild
from tests.processes import defects
from tests.reextraction.older import OLDER, all_lines, make_older, tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunScrapy

Done = subprocess.CompletedProcess[str]


def older(number: int, line: dict[str, Any]) -> dict[str, Any]:
    """Three titles and one summary were read otherwise once."""
    if number < 3:
        return {"title": f"旧{line['title']}"}
    return {"summary": "旧摘要"} if number == 3 else {}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    make_older(tmp_path / "data", older)
    return tmp_path / "data"


def stored(data_dir: Path) -> list[Any]:
    """The rows of all articles and their lines."""
    with closing(Ledger.open(ledger_file(data_dir), read_only=True)) as ledger:
        articles = ledger.articles.every(regions=None, limit=999)
        return [(one, ledger.articles.versions(one.id)) for one in articles]


def test_a_dry_run_tells_and_writes_nothing(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    before = tree(data_dir)

    done = scrapy_cmd("reextract", "--correct", "--dry-run", data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    count = len(all_lines(data_dir))
    assert f"{count} lines looked at, 3 would be corrected: title 3" in done.stdout
    for line in all_lines(data_dir)[:3]:
        assert f"{line['id']} version 1, revision 1: {line['url']}" in done.stdout
    assert "[-旧-]" in done.stdout
    assert tree(data_dir) == before


def test_a_run_writes_what_differs_once(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    before = all_lines(data_dir)
    published = set(lines_of(data_dir))

    done = scrapy_cmd("reextract", "--correct", "-j", "2", data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    assert f"{len(before)} lines looked at, 3 corrected: title 3" in done.stderr
    (path,) = set(lines_of(data_dir)) - published
    lines = [json.loads(raw) for raw in path.read_bytes().splitlines()]
    run_id = lines[0]["run_id"]
    assert [line["line"] for line in lines] == [f"{run_id}:{n}" for n in (1, 2, 3)]
    for line, was in zip(lines, before, strict=False):
        Draft202012Validator(line_schema()).validate(line)
        assert line["title"] == was["title"][1:]
        kept = ("id", "version", "status", "fetched_at", "previous_sha256", "changed", "warc")
        assert [line[key] for key in kept] == [was[key] for key in kept]
        assert line["revision"] == 1
        assert line["corrects"] == {
            "line": was["line"],
            "keys": ["title"],
            "reason": f"read by extractor {extractor_version()}, before by {OLDER}",
        }
    _check_report(data_dir, run_id)
    assert defects(data_dir) == []

    again = scrapy_cmd("reextract", "--correct", data_dir=data_dir)

    assert again.returncode == 0, again.stderr
    assert f"{len(before)} lines looked at, 0 corrected\n" in again.stderr
    assert len(all_lines(data_dir)) == len(before) + 3
    assert defects(data_dir) == []


def _check_report(data_dir: Path, run_id: str) -> None:
    told = json.loads((data_dir / "runs" / f"{run_id}.json").read_bytes())
    assert told["corrections"] == {
        "fields": [], "looked_at": 8, "written": 3, "keys": {"title": 3}, "left": {},
    }  # fmt: skip
    assert (told["exit_code"], told["reason"], told["urls_seen"]) == (0, "finished", 0)
    assert told["command"] == "scrapy reextract --correct -j 2"
    assert [row["path"] for row in told["files"]] == [
        f"jsonl/{run_id[:4]}/{run_id[4:6]}/xinhua-{run_id}.jsonl"
    ]


def test_readers_show_revisions_and_a_lost_ledger_has_them_again(
    data_dir: Path, scrapy_cmd: RunScrapy
) -> None:
    first = all_lines(data_dir)[0]
    assert scrapy_cmd("reextract", "--correct", data_dir=data_dir).returncode == 0

    history = scrapy_cmd("history", first["id"], data_dir=data_dir)
    explained = scrapy_cmd("explain", first["url"], data_dir=data_dir)
    status = scrapy_cmd("status", "--json", data_dir=data_dir)

    assert "Version 1, revision 1, live" in history.stdout
    assert f"A correction: read by extractor {extractor_version()}" in history.stdout
    assert "[-旧-]" in history.stdout
    assert "Version 1, revision 1, corrected in run" in explained.stdout
    # a correction is no crawl: the last run stays the one that asked the site
    assert json.loads(status.stdout)["last"]["run_id"] == first["run_id"]
    before = stored(data_dir)
    for path in (data_dir / "state").glob("ledger.sqlite*"):
        path.unlink()
    assert rebuild(data_dir, ledger_file(data_dir)).problems == []
    assert stored(data_dir) == before
    assert defects(data_dir) == []


def test_a_key_can_be_named(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    done = scrapy_cmd("reextract", "--correct", "--fields", "summary,flags", data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    assert "4 corrected: summary 1, title 3" in done.stderr
    assert [line["corrects"]["keys"] for line in all_lines(data_dir)[-4:]] == [
        ["title"], ["title"], ["title"], ["summary"],
    ]  # fmt: skip
    assert defects(data_dir) == []


def test_records_that_are_missing_are_alarms(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    for path in data_dir.glob("warc/*/*/*.warc.gz"):
        path.rename(path.with_suffix(".away"))

    done = scrapy_cmd("reextract", "--correct", data_dir=data_dir)
    dry = scrapy_cmd("reextract", "--correct", "--dry-run", data_dir=data_dir)

    assert (done.returncode, dry.returncode) == (3, 3)
    count = len(all_lines(data_dir))
    assert f"{count} lines looked at, 0 corrected" in done.stderr
    assert (
        f"left as they are though they aren't read as they say: {count} unreadable" in done.stderr
    )
    told = json.loads(reports_of(data_dir)[-1].read_bytes())
    assert (told["exit_code"], len(told["alarms"])) == (3, count)
    assert "can't be corrected" in told["alarms"][0]
    assert "Traceback" not in done.stderr + dry.stderr


def test_a_line_that_the_ledger_does_not_know_is_an_alarm(
    data_dir: Path, scrapy_cmd: RunScrapy
) -> None:
    (path,) = lines_of(data_dir)
    path.write_bytes(path.read_bytes().replace("旧摘要".encode(), "伪摘要".encode()))

    done = scrapy_cmd("reextract", "--correct", data_dir=data_dir)

    assert done.returncode == 3
    assert "3 corrected: title 3" in done.stderr
    assert "aren't read as they say: 1 not_in_ledger" in done.stderr


def test_a_setting_that_is_none_is_one_line(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    before = tree(data_dir)

    done = scrapy_cmd("reextract", "--correct", "-s", "CHECKPOINT_SECONDS=soon", data_dir=data_dir)

    assert done.returncode == 2
    assert "CHECKPOINT_SECONDS: a number" in done.stderr
    assert tree(data_dir) == before


def test_another_run_holds_the_folder(data_dir: Path, scrapy_cmd: RunScrapy) -> None:
    with (data_dir / "state" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = tree(data_dir)
        done = scrapy_cmd("reextract", "--correct", data_dir=data_dir)
        dry = scrapy_cmd("reextract", "--correct", "--dry-run", data_dir=data_dir)
        assert tree(data_dir) == before
    assert done.returncode == 75
    assert "another run holds" in done.stderr
    assert dry.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--correct", "--fields", "titel"], "did you mean title?"),
        (["--correct", "--fields", ""], f"is none of {', '.join(CORRECTABLE_KEYS)}"),
        (["--correct", "--fields", "title,version"], "'version' is none of"),
        (["--fields", "title", "a.warc.gz"], "--fields goes with --correct"),
        (["--dry-run"], "--dry-run goes with --correct"),
        (["--correct", "a.warc.gz"], "takes no WARC files"),
        (["--correct", "-o", "a.jsonl"], "takes no -o"),
        (["--correct"], "there is no archive in"),
        (["--correct", "--dry-run"], "there is no archive in"),
    ],
    ids=range(9),
)
def test_what_makes_no_sense_is_one_line(
    tmp_path: Path, scrapy_cmd: RunScrapy, arguments: list[str], said: str
) -> None:
    done = scrapy_cmd("reextract", *arguments, data_dir=tmp_path / "nothing")

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "nothing").exists()
