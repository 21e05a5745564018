"""A layout is accepted, or refused for a page; what an archive with accepted layouts is like."""

from __future__ import annotations

import fcntl
import json
from contextlib import closing
from hashlib import md5
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from crawler.clock import now
from crawler.data_dir import ledger_file, new_run_id
from crawler.extractor_version import extractor_version
from crawler.layouts.accepted import AcceptedLayouts, LayoutError
from crawler.ledger.ledger import Ledger
from crawler.ledger.rebuild import rebuild
from crawler.ledger.rows import RunKind
from crawler.run_lock import CannotStartError
from crawler.runner.recovery import recover
from crawler.storage import open_path
from crawler.survey import acceptance
from tests.layouts.test_accepted import STORY
from tests.processes import defects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive
    from tests.conftest import RunScrapy


def renamed(name: str) -> str:
    """An id or class as the site's redesign has it."""
    return "n" + md5(name.encode()).hexdigest()[:8]


# The regional template of 2022 in a dress that nobody has seen.
NEW = f"""
name = "NewDress2026"
[claims]
marks = ["#{renamed("detailContent")}", "#{renamed("title")}"]
foreign = [".{renamed("head-line")}"]
[selectors]
title = ["h1#{renamed("title")} > span:first-child"]
time = [".{renamed("info")} .{renamed("time")}"]
source = [".{renamed("sourceText")}"]
body = ["#{renamed("detail")}"]
[furniture]
cut = ["#{renamed("articleEdit")}"]
"""


def test_an_archive_with_an_accepted_layout(
    archive_of: Callable[..., Archive], scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    archive = archive_of(regions=["zj"], articles=30)
    archive.site.world.redesigns = {"zj": 0}
    articles = [one for one in archive.site.truth()["articles"] if one["layout"] == "g6_regional"]
    urls = [one["url"] for one in articles]
    first = archive.run("-a", f"urls={','.join(urls[:3])}")
    assert first.report["outcomes"] == {"unknown_layout": 3}
    assert {line["extractor_version"] for line in first.lines} == {extractor_version()}
    file = tmp_path / "new.toml"
    file.write_text(NEW)

    done = scrapy_cmd("survey", "--accept", str(file), data_dir=archive.data_dir)

    assert (done.returncode, done.stderr) == (0, "")
    kept = archive.data_dir / "layouts" / "NewDress2026.toml"
    assert kept.read_text() == NEW
    accepted = AcceptedLayouts.of(archive.data_dir)
    assert f"extractor {accepted.version}" in done.stdout
    assert accepted.version != extractor_version()
    reports = [json.loads(path.read_text()) for path in archive.data_dir.glob("runs/*.json")]
    name = "layouts/NewDress2026.toml"
    (report,) = (one for one in reports if name in [row["path"] for row in one["files"]])
    assert (report["exit_code"], report["reason"], report["urls_seen"]) == (0, "finished", 0)
    # lines of before are those of another extractor
    assert defects(archive.data_dir) == []

    later = archive.run("-a", f"urls={','.join(urls[3:])}")
    assert later.report["outcomes"] == {"published": len(urls) - 3}
    assert later.report["layouts"] == {"NewDress2026": len(urls) - 3}
    by_url = {one["url"]: one["expected"] for one in articles}
    for line in later.lines:
        assert line["extractor_version"] == accepted.version
        expected = by_url[line["url"]]
        assert (line["title"], line["published_at"], line["source"]) == (
            expected["title"], expected["published_at"], expected["source"],
        )  # fmt: skip
    assert defects(archive.data_dir) == []

    corrected = scrapy_cmd("reextract", "--correct", "-j", "2", data_dir=archive.data_dir)
    assert corrected.returncode == 0, corrected.stderr
    newest = archive.lines()[-3:]
    assert {line["url"] for line in newest} == set(urls[:3])
    assert {line["layout"] for line in newest} == {"NewDress2026"}
    warcs = [str(path) for path in archive.data_dir.glob("warc/*/*/*.warc.gz")]
    again = scrapy_cmd("reextract", "-j", "2", *warcs, data_dir=archive.data_dir)
    assert {json.loads(line)["layout"] for line in again.stdout.splitlines()} == {"NewDress2026"}
    assert defects(archive.data_dir) == []

    ledger_file(archive.data_dir).unlink()
    rebuild(archive.data_dir, ledger_file(archive.data_dir))
    assert defects(archive.data_dir) == []

    _spoil(kept, archive, urls)


def _spoil(kept: Path, archive: Archive, urls: list[str]) -> None:
    """Whatever was done to the file, `verify` tells, and no page is read without it in silence."""
    kept.write_text(NEW + "\n")
    assert {one.code for one in defects(archive.data_dir)} == {"manifest_mismatch"}
    kept.write_text(NEW.replace("body", "corpus"))
    assert {one.code for one in defects(archive.data_dir)} == {"bad_layout", "manifest_mismatch"}
    with pytest.raises(AssertionError, match="accepted layout"):
        archive.run("-a", f"urls={urls[0]}")
    kept.unlink()
    assert {one.code for one in defects(archive.data_dir)} == {"missing_file"}
    kept.write_text(NEW)
    kept.with_name("Story2030.toml").write_text(STORY)
    assert {one.code for one in defects(archive.data_dir)} == {"orphan_file"}


def test_a_layout_that_claims_a_page_of_another(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    file = tmp_path / "wide.toml"
    wide = STORY.replace('["main.story", "h1.headline"]', '["#p-detail"]')
    wide = wide.replace('body = ["main.story"]', 'body = ["#p-detail"]')
    file.write_text(wide.replace('phrases = ["Story"]', ""))

    done = scrapy_cmd("survey", "--accept", str(file))

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Story2030 is not accepted: it claims" in done.stderr
    named = done.stdout.splitlines()
    assert any("Main2017 claims it" in line for line in named)
    assert all(line.startswith("http://") and "fixture" in line for line in named)
    assert not (tmp_path / "data" / "layouts").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"\xff", "is not accepted: it is no UTF-8"),
        (b"name = ", "is not accepted: it is no TOML"),
        (b" " * 300_000, "more than 262144 bytes"),
        (STORY.replace("Story2030", "../../x").encode(), "is not accepted: name is"),
        (STORY.replace("Story2030", "main2017").encode(), "a layout main2017 already, in the code"),
        (STORY.replace("Story2030", "Fallback").encode(), "a layout Fallback already, in the code"),
        (STORY.replace("main.story", "p:has(:has(b))").encode(), "':has(:has(b))'"),
        (STORY.replace("[claims]", '[claims]\nregex = "(a+)+$"').encode(), "no key 'regex'"),
    ],
)  # fmt: skip
def test_a_file_that_is_refused(
    content: bytes | None, why: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from scrapy.cmdline import execute

    file = tmp_path / "layout.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        execute(["scrapy", "survey", "--accept", str(file), "-s", f"DATA_DIR={tmp_path}/data"])
    assert ended.value.code == 2
    err = capfd.readouterr().err
    assert why in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def accept(data_dir: Path, content: str) -> None:
    """As the command does."""
    settings = Settings({
        "DATA_DIR": str(data_dir), "FIXTURES_DIR": str(data_dir / "fixtures"), "LEDGER": "",
        "DISK_MIN_FREE": 0, "RECHECK_SCHEDULE": [],
    })  # fmt: skip
    raw = content.encode()
    acceptance.accept(settings, acceptance.read_proposal(raw), raw, "scrapy survey --accept FILE")


def test_a_name_that_was_accepted_and_a_folder_that_is_held(tmp_path: Path) -> None:
    accept(tmp_path, STORY)
    with pytest.raises(LayoutError, match="a layout Story2030 already, accepted and never changed"):
        accept(tmp_path, STORY.replace("Story2030", "STORY2030"))
    assert defects(tmp_path) == []
    with (tmp_path / "state" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CannotStartError, match="another run holds"):
            accept(tmp_path, STORY)


@pytest.mark.parametrize("is_published", [False, True])
def test_a_run_that_was_killed_over_it(tmp_path: Path, is_published: bool) -> None:
    accept(tmp_path, STORY)
    killed = tmp_path / "layouts" / "Other2030.toml"
    (killed if is_published else open_path(killed)).write_text(
        STORY.replace("Story2030", "Other2030")
    )
    with closing(Ledger.open(ledger_file(tmp_path))) as ledger:
        ledger.runs.start(new_run_id(now()), now(), "scrapy survey", RunKind.LAYOUTS)
        ledger.commit()
        recover(tmp_path, ledger, [])

    assert defects(tmp_path) == []
    assert len(AcceptedLayouts.of(tmp_path)) == 1 + is_published
    assert list(killed.parent.glob("*.open")) == []
