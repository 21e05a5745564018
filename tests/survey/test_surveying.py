"""A survey as a user makes it: two layouts are taken away, the site is surveyed, the proposals are
accepted, and pages that were not used for them are read."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.cmdline import execute

from crawler.archive.reader import read_records
from crawler.layouts.accepted import AcceptedLayouts, parse_layout
from tests.conftest import PROJECT
from tests.processes import crawl
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import RunScrapy

WITHHELD = {"Main2017": "g4", "Cms2022": "g6_main"}
CONTACT = "somebody@archive.example"
FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0")


@dataclass
class Survey:
    """A site whose two layouts the project doesn't know, and what a survey of it has left; whether
    it made a data folder."""

    site: Site
    project: Path
    folder: Path
    done: subprocess.CompletedProcess[str]
    has_data: bool

    @property
    def report(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return told

    def scrapy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return scrapy(self.project, self.site, *arguments)


def scrapy(project: Path, site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ, **site.environment, "XINHUA_CONTACT": CONTACT,
        "XINHUA_DATA_DIR": str(project / "data"),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=project, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survey]:
    project = tmp_path_factory.mktemp("operators-own-folder")
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "crawler", project / "crawler", ignore=leave_out)
    shutil.copytree(PROJECT / "tests" / "fixtures" / "pages", project / "tests/fixtures/pages")
    shutil.copy(PROJECT / "scrapy.cfg", project)
    with (project / "crawler" / "layouts" / "__init__.py").open("a") as file:
        file.write(f"\nLAYOUTS = tuple(o for o in LAYOUTS if o.name not in {list(WITHHELD)})\n")
    with Site(regions=["js", "local"], articles=70, daily=0, seed=7) as site:
        site.robots["zj.news.cn"] = "User-agent: *\nDisallow: /\n"
        site.fault("503", host="www.js.news.cn")
        folder = project / "sent"
        done = scrapy(
            project, site, "survey", "js", "local", "-o", str(folder), "--articles", "45", *FAST
        )
        yield Survey(site, project, folder, done, (project / "data").exists())


def test_what_it_says(survey: Survey) -> None:
    assert survey.done.returncode == 0, survey.done.stderr
    out = survey.done.stdout
    assert str(survey.folder) in out
    assert "can be sent to a developer" in out
    assert f"CONTACT, which stands in every request: {CONTACT}" in out
    told = survey.report
    assert told["regions"] == ["js", "local"]
    assert told["reason"] == "finished"
    answers = told["hosts"]["www.js.xinhuanet.com"]["answers"]
    assert set(answers) >= {"200"}
    refused = told["hosts"]["www.js.news.cn"]
    assert refused["failures"]["robots_unreachable"] > 0
    assert told["robots"]["http://www.js.news.cn/robots.txt"]["allows"] is None
    assert told["robots"]["http://www.js.xinhuanet.com/robots.txt"]["status"] in {200, 404}
    kinds = {one["kind"] for sources in told["sources"].values() for one in sources}
    assert kinds >= {"root", "column", "datasource"}
    articles = told["articles"]
    assert sum(row["pages"] for row in articles["layouts"].values()) > 50
    assert round(sum(row["share"] for row in articles["layouts"].values()), 2) == 1
    assert articles["layouts"]["fallback"]["pages"] == sum(
        cluster["pages"] for cluster in told["clusters"]
    )
    assert (survey.folder / "report.txt").read_text().splitlines()[0].startswith("Survey of js, l")
    listed = {row["path"] for row in told["files"]}
    found = {
        path.relative_to(survey.folder).as_posix()
        for path in survey.folder.rglob("*") if path.is_file()
    }  # fmt: skip
    assert listed == found - {"report.json"}
    assert not list(survey.folder.rglob("*.open"))


def test_nothing_of_the_operator_is_in_it_but_contact(survey: Survey) -> None:
    assert not survey.has_data
    names = [str(survey.project), survey.project.name, socket.gethostname(), survey.site.proxy_url]
    names += [f"127.0.0.1:{survey.site.port}", f":{survey.site.port}", str(PROJECT)]
    texts = [path.read_text() for path in survey.folder.rglob("*.*") if path.suffix != ".gz"]
    (warc,) = survey.folder.glob("warc/*.warc.gz")
    records = list(read_records(warc))
    heads = [repr(record.block) for record in records if record.kind != "response"]
    for name in names:
        assert not [text for text in [*texts, *heads] if name in text], name
    assert not [text for text in texts if CONTACT in text]
    assert all(CONTACT in repr(one.block) for one in records if one.kind in {"request", "warcinfo"})


def _norm(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_proposals_read_what_they_were_not_made_of(survey: Survey) -> None:
    used = {one["url"] for c in survey.report["clusters"] for one in _tried(c)}
    proposals = sorted((survey.folder / "layouts").glob("*.toml"))
    assert len(proposals) == len(WITHHELD)
    for path in proposals:
        done = survey.scrapy("survey", "--accept", str(path))
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    names = {parse_layout(path.read_bytes()).name for path in proposals}
    unused = {
        one["url"]: one
        for one in survey.site.truth()["articles"]
        if one["layout"] in WITHHELD.values() and one["url"] not in used
        and "www.js.news.cn" not in one["url"]
    }  # fmt: skip
    assert len(unused) > 30
    data_dir = survey.project / "data"

    done = crawl(
        "-a", f"urls={','.join(unused)}", *FAST,
        data_dir=data_dir, env=survey.site.environment, project=survey.project,
    )  # fmt: skip

    wrong = []
    for line in done.lines:
        one = unused[line["url"]]
        expected = one["expected"]
        right = [
            line["layout"] in names,
            line["title"] == expected["title"],
            line["published_at"] == expected["published_at"],
            line["source"] == expected["source"],
            _norm("".join(line["paragraphs"])) == _norm("".join(expected["paragraphs"])),
        ]
        wrong += [(line["url"], right)] if not all(right) else []
        for notice in one["removed"]:
            assert len(notice) < 8 or _norm(notice) not in _norm(line["body"] or "")
    assert len(done.lines) > 30
    assert len(wrong) <= 0.05 * len(done.lines), wrong[:5]
    verified = survey.scrapy("verify", "-j", "2")
    assert verified.returncode == 0, verified.stdout
    assert len(AcceptedLayouts.of(data_dir)) == len(WITHHELD)


def _tried(cluster: dict[str, Any]) -> list[dict[str, Any]]:
    tried: list[dict[str, Any]] = cluster["proposal"]["tried"] if cluster["proposal"] else []
    return tried


def test_who_gets_the_folder_can_look_again(survey: Survey) -> None:
    again = survey.folder.with_name("again")
    warcs = f"{survey.folder}/warc/*.warc.gz"
    shutil.rmtree(survey.project / "data", ignore_errors=True)
    done = survey.scrapy("survey", "--from-warc", warcs, "-o", str(again))
    assert done.returncode == 0, done.stderr
    told = json.loads((again / "report.json").read_text())
    assert told["reason"] == "archives"
    for key in ("sources", "robots", "articles", "clusters", "not_understood"):
        assert told[key] == survey.report[key]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("js", "-o", "."), "is there already"),
        (("--from-warc", "no/such/*.gz"), "no file matches"),
        (("--from-warc", "x.gz", "js", "-o", "new"), "no REGION"),
        (("atlantis", "-o", "new"), "unknown region"),
        (("--columns", "0"), "a number from 1 up"),
        (("--accept", "x", "js"), "takes a file and nothing else"),
    ],
)  # fmt: skip
def test_what_is_no_survey(
    arguments: tuple[str, ...], why: str, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "file").touch()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    with pytest.raises(SystemExit) as ended:
        execute(["scrapy", "survey", *arguments, "-s", f"DATA_DIR={tmp_path}/data"])
    err = capfd.readouterr().err
    assert (ended.value.code, len(err.splitlines())) == (2, 1), err
    assert why in err
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_site_that_is_out(scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
        done = scrapy_cmd(
            "survey", "js", "-o", str(tmp_path / "out"), *FAST,
            env={"http_proxy": proxy, "https_proxy": proxy, "no_proxy": ""},
        )  # fmt: skip
    assert done.returncode == 4
    assert done.stderr.splitlines() == ["scrapy survey: no list answered"]
    told = json.loads((tmp_path / "out" / "report.json").read_text())
    assert told["hosts"]["www.js.xinhuanet.com"]["failures"]
    assert proxy.partition("//")[2] not in json.dumps(told)


@pytest.mark.nightly
def test_one_that_is_stopped(tmp_path: Path) -> None:
    with Site(regions=["js"], articles=30, daily=0) as site:
        folder = tmp_path / "out"
        running = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "survey", "js", "-o", str(folder),
             "-s", "DOWNLOAD_DELAY=1"],
            cwd=PROJECT, env={**os.environ, **site.environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while len(site.log) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 3, err
    assert "stopped by a signal; what was seen is written" in err
    assert json.loads((folder / "report.json").read_text())["reason"] == "shutdown"
    assert "Written to" in out
