"""ARCHIVE_IMAGES: pictures after all articles of the run, within a budget, each with its line."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from warcio.archiveiterator import ArchiveIterator

from crawler.downloader.failures import _KINDS, _OUTCOMES
from crawler.exporters.pictures import KEYS
from crawler.outcomes import OWED_NOW, PictureOutcome
from tests.channel import FAST
from tests.column_site import HOST
from tests.conftest import PROJECT
from tests.nightly import at_night
from tests.processes import crawl, defects
from tests.scrapy_process import KILLER
from tests.site.answer import Answer
from tests.site.reading import get

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive
    from tests.conftest import RunScrapy
    from tests.processes import Crawl

SCHEMA = json.loads((PROJECT / "crawler" / "exporters" / "picture.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
ON = ("-s", "ARCHIVE_IMAGES=True")

Line = dict[str, Any]


def picture_lines(data_dir: Path, run_id: str = "*") -> list[Line]:
    """The lines of a run's file, or of all, each held against the schema."""
    files = sorted(data_dir.glob(f"images/*/*/xinhua-{run_id}.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
    for line in lines:
        VALIDATOR.validate(line)
    return lines


def shown_by(lines: list[Line]) -> set[tuple[str, int, str]]:
    """The pictures that articles show: id, version, address."""
    return {
        (line["id"], line["version"], image["url"])
        for line in lines for image in line["images"] or ()
    }  # fmt: skip


def test_the_schema_has_the_keys_in_their_order() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert (tuple(SCHEMA["properties"]), SCHEMA["required"]) == (KEYS, list(KEYS))
    assert SCHEMA["additionalProperties"] is False
    assert SCHEMA["properties"]["outcome"]["enum"] == list(PictureOutcome)


def test_every_failure_of_a_request_has_an_outcome_of_pictures() -> None:
    failures = {outcome for _, outcome in _OUTCOMES} | set(_KINDS.values())
    assert {str(one) for one in failures - OWED_NOW} <= set(PictureOutcome)


def with_pictures(archive: Archive) -> list[dict[str, Any]]:
    """Articles of one page that show pictures."""
    return [
        one for one in archive.site.truth()["articles"]
        if one["state"] == "live" and not one["hidden"] and one["expected"]["images"]
        and one["url"].startswith("http://") and len(one["expected"]["page_urls"]) < 2
    ]  # fmt: skip


class Pictures:
    """A run that archives none; then one whose budget is too small, one that goes on, one that has
    nothing to do."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        before = next(one["url"] for one in with_pictures(archive))
        self.without = archive.run("-a", f"urls={before}")
        self.asked_without = list(archive.paths())
        self.runs: list[Crawl] = []
        self.asked: list[list[str]] = []
        for budget in (3, 1000, 1000):
            arguments = ("-a", "regions=js", *ON, "-s", f"IMAGE_BUDGET={budget}")
            self.runs.append(archive.run(*arguments))
            self.asked.append(list(archive.paths()))
        self.shown = shown_by([line for run in self.runs for line in run.lines])


@pytest.fixture(scope="module")
def pictures(archive_of: Callable[..., Archive]) -> Pictures:
    return Pictures(archive_of(articles=20))


def test_off_by_default_and_then_nothing_is_owed(pictures: Pictures) -> None:
    assert shown_by(pictures.without.lines)
    assert not [path for path in pictures.asked_without if path.endswith(".jpg")]
    assert pictures.without.report["pictures"] is None
    assert not [row for row in pictures.without.report["files"] if "images/" in row["path"]]
    told = {one["article_id"] for one in picture_lines(pictures.archive.data_dir)}
    assert not told & {line["id"] for line in pictures.without.lines}


def test_what_is_over_the_budget_is_fetched_by_the_next_run(pictures: Pictures) -> None:
    data_dir = pictures.archive.data_dir
    first, second, third = (run.report["pictures"] for run in pictures.runs)
    shown = pictures.shown
    assert len(shown) >= 5
    told = [picture_lines(data_dir, run.report["run_id"]) for run in pictures.runs]
    assert [len(lines) for lines in told] == [3, len(shown) - 3, 0]
    assert {(one["article_id"], one["version"], one["url"]) for lines in told for one in lines} == (
        shown
    )
    assert first["noted"] == len(shown)
    assert (first["outcomes"], first["owed"]) == ({"archived": 3}, len(shown) - 3)
    assert (second["noted"], second["owed"]) == (0, 0)
    assert second["bytes"] == sum(one["size"] for one in told[1])
    assert third == {"noted": 0, "outcomes": {}, "bytes": 0, "owed": 0}
    assert [run.exitcode for run in pictures.runs] == [0, 0, 0]


def test_they_come_after_all_articles(pictures: Pictures) -> None:
    first = [path for path in pictures.asked[0] if path.endswith((".jpg", ".htm", ".html"))]
    places = [number for number, path in enumerate(first) if path.endswith(".jpg")]
    assert places == [*range(len(first) - 3, len(first))]
    every = Counter(path for paths in pictures.asked for path in paths if path.endswith(".jpg"))
    assert set(every.values()) == {1}


def test_a_line_points_at_its_bytes(pictures: Pictures) -> None:
    data_dir = pictures.archive.data_dir
    lines = picture_lines(data_dir)
    assert tuple(lines[0]) == KEYS
    for line in lines:
        with (data_dir / line["warc"]["file"]).open("rb") as file:
            file.seek(line["warc"]["offset"])
            record = next(iter(ArchiveIterator(file)))
            body = record.content_stream().read()
            assert record.rec_headers["WARC-Target-URI"] == line["fetched_url"] == line["url"]
        assert (len(body), hashlib.sha256(body).hexdigest()) == (line["size"], line["sha256"])
        assert line["type"] == "image/jpeg"
    indexes = "".join(path.read_text() for path in data_dir.glob("warc/*/*/*.cdxj"))
    assert all(f'"url": "{line["url"]}"' in indexes for line in lines)
    assert defects(data_dir) == []


def test_they_are_in_the_manifest(pictures: Pictures) -> None:
    report = pictures.runs[0].report
    (row,) = [row for row in report["files"] if row["path"].startswith("images/")]
    data = (pictures.archive.data_dir / row["path"]).read_bytes()
    assert (row["records"], row["bytes"]) == (3, len(data))
    assert row["sha256"] == hashlib.sha256(data).hexdigest()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(100))
AT = f"http://{HOST}/pics/"

# A picture's address, what it answers (None: it isn't to be asked for), how it ends.
ODD: list[tuple[str, Answer | None, str]] = [
    (f"{AT}ok.jpg", Answer(200, PNG), "archived"),
    (f"{AT}moved.jpg", Answer(302, b"", location=f"{AT}there.gif"), "archived"),
    (f"{AT}drawn.jpg", Answer(200, b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "archived"),
    (f"{AT}page.jpg", Answer(200, b"<html><body>404</body></html>", "image/jpeg"), "not_picture"),
    (f"{AT}blank.jpg", Answer(200, b"", "image/jpeg"), "not_picture"),
    (f"{AT}gone.jpg", Answer(404, b"<html></html>"), "missing"),
    (f"{AT}error.jpg", Answer(500, b"<html></html>"), "http_error"),
    (f"{AT}loop.jpg", Answer(302, b"", location=f"{AT}loop.jpg"), "redirect_loop"),
    (f"{AT}leads.jpg", Answer(302, b"", location="http://pics.example.org/a.jpg"),
     "refused_address"),
    (f"http://{HOST}/no/a.jpg", None, "robots_denied"),
    (f"{AT}huge.jpg", Answer(200, JPEG + bytes(400_000), "image/jpeg"), "too_large"),
    ("http://cdn.example.org/a.jpg", None, "refused_address"),
    ("http://www.djxinhuanet.com/a.jpg", None, "refused_address"),
    ("http://127.0.0.1/a.jpg", None, "refused_address"),
]  # fmt: skip


def showing(archive: Archive, article: dict[str, Any], *pictures: str) -> None:
    """Let an article's page show these pictures in place of its first."""
    url = article["url"]
    own = article["expected"]["images"][0]["url"].rsplit("/", 1)[1].encode()
    body = get(archive.site, url).body
    start = body.rindex(b"<img", 0, body.index(own))
    end = body.index(b">", start) + 1
    tags = "".join(f'<img src="{one}" width="600">' for one in pictures).encode()
    host, path = url.removeprefix("http://").split("/", 1)
    archive.site.made[host, f"/{path}"] = Answer(200, body[:start] + tags + body[end:])


class Odd:
    """Two articles, one of which shows every odd picture, in two runs hours apart."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        site = archive.site
        articles = with_pictures(archive)
        showing(archive, articles[0], *(url for url, _, _ in ODD))
        showing(archive, articles[1], f"{AT}ok.jpg")
        answers = {url: answer for url, answer, _ in ODD if answer}
        answers[f"{AT}there.gif"] = Answer(200, b"GIF89a" + bytes(50), "text/html")
        for url, answer in answers.items():
            host, path = url.removeprefix("http://").split("/", 1)
            site.made[host, f"/{path}"] = answer
        site.made[HOST, "/robots.txt"] = b"User-agent: *\nDisallow: /no/\n"
        self.ids = [one["id"] for one in articles[:2]]
        named = ",".join(one["url"] for one in articles[:2])
        limits = ("-s", "DOWNLOAD_MAXSIZE=300000", "-s", "RETRY_TIMES=0")
        self.first = archive.run("-a", f"urls={named}", *ON, *limits)
        self.asked = list(archive.asked)
        archive.ahead += timedelta(hours=2)
        site.made[HOST, "/pics/gone.jpg"] = Answer(200, JPEG, "image/jpeg")
        other = articles[2]["url"]
        self.named = archive.run("-a", f"urls={other}", *ON, *limits)
        self.asked_named = list(archive.paths())
        self.second = archive.run("-a", "regions=js", "-a", "recheck=none", *ON, *limits)


@pytest.fixture(scope="module")
def odd(archive_of: Callable[..., Archive]) -> Odd:
    return Odd(archive_of(articles=16))


def test_how_odd_answers_end(odd: Odd) -> None:
    lines = picture_lines(odd.archive.data_dir, odd.first.report["run_id"])
    mine = {one["url"]: one["outcome"] for one in lines if one["article_id"] == odd.ids[0]}
    assert {url: mine[url] for url, _, _ in ODD} == {url: outcome for url, _, outcome in ODD}
    assert odd.first.report["pictures"]["outcomes"] == Counter(one["outcome"] for one in lines)
    by_url = {one["url"]: one for one in lines}
    types = [by_url[f"{AT}{name}.jpg"]["type"] for name in ("ok", "moved", "drawn")]
    assert types == ["image/png", "image/gif", "image/svg+xml"]
    assert by_url[f"{AT}moved.jpg"]["fetched_url"] == f"{AT}there.gif"
    hosts = {entry.host for entry in odd.asked}
    assert not hosts & {"cdn.example.org", "www.djxinhuanet.com", "127.0.0.1", "pics.example.org"}
    assert not [entry for entry in odd.asked if entry.path.startswith("/no/")]
    assert odd.first.exitcode == 0


def test_one_picture_of_two_articles_is_fetched_once(odd: Odd) -> None:
    lines = picture_lines(odd.archive.data_dir, odd.first.report["run_id"])
    pointers = [one["warc"] for one in lines if one["url"] == f"{AT}ok.jpg"]
    assert len(pointers) == 2
    assert pointers[0] == pointers[1]
    assert sum(entry.path == "/pics/ok.jpg" for entry in odd.asked) == 1


def test_what_failed_is_tried_again_later(odd: Odd) -> None:
    assert not [path for path in odd.asked_named if path.startswith("/pics/")]
    assert odd.named.report["pictures"]["owed"] == 7
    lines = picture_lines(odd.archive.data_dir, odd.second.report["run_id"])
    again = {one["url"]: one["outcome"] for one in lines if one["article_id"] == odd.ids[0]}
    assert again == {
        url: outcome for url, answer, outcome in ODD
        if outcome not in {"archived", "too_large"} and (answer or outcome == "robots_denied")
    } | {f"{AT}gone.jpg": "archived"}  # fmt: skip
    assert odd.second.report["pictures"]["owed"] == 6
    assert defects(odd.archive.data_dir) == []


def test_a_lost_ledger_knows_them_again(odd: Odd, scrapy_cmd: RunScrapy, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(odd.archive.data_dir, data_dir)
    shutil.rmtree(data_dir / "state")
    made = scrapy_cmd("repair", "--ledger", data_dir=data_dir)
    assert made.returncode == 0, made.stdout + made.stderr
    assert defects(data_dir) == []
    status = json.loads(scrapy_cmd("status", "--json", data_dir=data_dir).stdout)
    assert status["pictures_owed"] == 6


def test_what_was_never_asked_for_is_owed_again(
    pictures: Pictures, scrapy_cmd: RunScrapy, tmp_path: Path
) -> None:
    """Only the first run's files: of its lines' pictures three have a line."""
    data_dir = tmp_path / "data"
    shutil.copytree(pictures.archive.data_dir, data_dir)
    shutil.rmtree(data_dir / "state")
    first, *later = (run.report for run in pictures.runs)
    for report in later:
        for name in [row["path"] for row in report["files"]] + [f"runs/{report['run_id']}.json"]:
            (data_dir / name).unlink()
    assert scrapy_cmd("repair", "--ledger", data_dir=data_dir).returncode == 0
    status = json.loads(scrapy_cmd("status", "--json", data_dir=data_dir).stdout)
    assert status["pictures_owed"] == first["pictures"]["owed"] > 0


@pytest.mark.parametrize(
    "kill",
    [
        # the lines are on disk, and the ledger hasn't heard of them
        "crawler.exporters.publisher:Publisher.end:after:2",
        at_night("crawler.spiders.pictures:PictureRequests.answered:after:3"),
        "crawler.exporters.pictures:publish_lines:after:1",
        at_night("crawler.spiders.pictures:PictureRequests.answered:before:2"),
        at_night("crawler.exporters.pictures:publish_lines:before:1"),
        at_night("crawler.runner.run:write_report:before:1"),
    ],
)
def test_a_kill_loses_and_doubles_nothing(archive_of: Callable[..., Archive], kill: str) -> None:
    archive = archive_of(articles=6)
    env = {
        **archive.site.environment,
        "PYTHONPATH": str(KILLER),
        "XINHUA_KILL": kill,
    }
    arguments = ("-a", "regions=js", *ON, *FAST)
    killed = crawl(*arguments, "-s", "CHECKPOINT_SECONDS=60", data_dir=archive.data_dir, env=env)
    assert killed.exitcode == -9
    env.pop("XINHUA_KILL")
    assert crawl(*arguments, data_dir=archive.data_dir, env=env).exitcode == 0
    told = Counter((one["article_id"], one["url"]) for one in picture_lines(archive.data_dir))
    assert told == Counter((article, url) for article, _, url in shown_by(archive.lines()))
    assert defects(archive.data_dir) == []


@pytest.mark.nightly
def test_a_closed_host_keeps_what_it_owes(archive_of: Callable[..., Archive]) -> None:
    archive = archive_of(articles=10)
    fault = archive.site.fault("503", path="*.jpg", retry_after="120")
    done = archive.run("-a", "regions=js", *ON)
    counts = done.report["pictures"]
    assert counts["owed"] == counts["noted"] > 1
    assert counts["outcomes"] == {}
    assert fault.hits < counts["noted"]
    archive.site.faults.replace([])
    archive.ahead += timedelta(hours=1)
    later = archive.run("-a", "regions=js", *ON).report["pictures"]
    assert later["outcomes"] == {"archived": counts["noted"]}


@pytest.mark.nightly
def test_a_replay_fetches_none(pictures: Pictures, tmp_path: Path) -> None:
    archive = pictures.archive
    warcs = f"{archive.data_dir}/warc/*/*/*.warc.gz"
    done = crawl(
        "-a", f"from_warc={warcs}", "-a", "regions=js", *ON,
        data_dir=tmp_path / "again", env=archive.site.environment,
    )  # fmt: skip
    assert shown_by(done.lines)
    assert done.report["pictures"] is None
