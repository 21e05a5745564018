"""A channel over a simulated month: which versions are written, against the site's truth."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from crawler.history import versions
from crawler.history.versions import Unreadable
from crawler.items import Article, Flag, as_record
from crawler.layouts import NotAnArticle
from crawler.ledger.rows import ArticleRow
from crawler.pipelines.content_digest import content_sha256
from tests.conftest import PROJECT
from tests.site.truth import as_fetched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.channel import Archive
    from tests.processes import Crawl

URL = "http://www.js.xinhuanet.com/2017-09/12/c_1121650001.htm"
DAYS = (0.0, 4.0, 4.5, 12.0, 12.5, 29.0)
VERSIONED = (
    "title", "subtitle", "kicker", "published_at", "source", "reporters", "editors", "body",
    "images", "videos", "attachments",
)  # fmt: skip


class Month:
    """What was true at each run, and what the runs wrote."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self.archive = archive
        self.runs: list[Crawl] = []
        self.truths: list[dict[str, dict[str, Any]]] = []
        urls = folder / "urls.txt"
        articles = archive.site.truth()["articles"]
        urls.write_text("\n".join(one["url"] for one in articles if not one["hidden"]))
        for day in DAYS:
            archive.site.day = day
            self.truths.append({one["id"]: one for one in archive.site.truth()["articles"]})
            self.runs.append(archive.run("-a", f"urls={urls}", "-a", "recheck=all"))

    def of(self, identity: str) -> list[dict[str, Any]]:
        return [line for line in self.archive.lines() if line["id"] == identity]

    def expected(self, identity: str) -> list[tuple[str, int, dict[str, Any]]]:
        """(status, version, truth) of each record the article should have: an edit is seen by the
        first run after it, a withdrawal by the first two that are hours apart."""
        records: list[tuple[str, int, dict[str, Any]]] = []
        version, content, is_gone, signs = 0, 0, False, 0
        for number, truths in enumerate(self.truths):
            truth = truths[identity]
            if truth["state"] == "gone":
                signs += 1
                if signs == 2 and version:
                    records.append(("gone", version, truth))
                    is_gone = True
                continue
            signs = 0
            if truth["version"] != content:
                version, content = version + 1, truth["version"]
                records.append(("restored" if is_gone else "live", version, truth))
            elif is_gone:
                records.append(("restored", version, truth))
            is_gone = False
            assert number < len(DAYS)
        return records


@pytest.fixture(scope="module")
def month(archive_of: Callable[..., Archive], tmp_path_factory: pytest.TempPathFactory) -> Month:
    return Month(archive_of(seed=51, articles=36), tmp_path_factory.mktemp("urls"))


def test_versions_withdrawals_and_returns_are_the_sites(month: Month) -> None:
    wrong = {}
    for identity, truth in month.truths[0].items():
        if truth["hidden"]:
            continue
        found = [(line["status"], line["version"]) for line in month.of(identity)]
        wanted = [(status, version) for status, version, _ in month.expected(identity)]
        if found != wanted:
            wrong[truth["url"]] = (found, wanted, truth["history"])
    assert not wrong


def test_the_month_had_everything(month: Month) -> None:
    records = [one for identity in month.truths[0] for one in month.expected(identity)]
    assert {status for status, _, _ in records} == {"live", "gone", "restored"}
    assert max(version for _, version, _ in records) >= 2
    happenings = {one["what"] for truth in month.truths[-1].values() for one in truth["history"]}
    assert "boilerplate" in happenings


def test_changed_fields_are_those_that_changed(month: Month) -> None:
    for identity in month.truths[0]:
        before: dict[str, Any] | None = None
        last: dict[str, Any] | None = None
        for line, (status, _, truth) in zip(
            month.of(identity), month.expected(identity), strict=False
        ):
            if status == "gone":
                assert line["changed"] == []
                continue
            told = as_fetched(truth["expected"], line["url"])
            if before and last:
                different = {name for name in VERSIONED if before.get(name) != told.get(name)}
                assert set(line["changed"]) == different, line["url"]
                assert line["previous_sha256"] == last["content_sha256"]
            else:
                assert (line["changed"], line["previous_sha256"]) == ([], None)
            before, last = told, line


def test_an_article_whose_boilerplate_changed_is_unchanged(month: Month) -> None:
    """A new dress, a new encoding: fetched anew, no line."""
    dressed = [
        identity
        for identity, truth in month.truths[-1].items()
        if {one["what"] for one in truth["history"]} == {"boilerplate"} and not truth["hidden"]
    ]
    assert dressed
    assert all(len(month.of(identity)) == 1 for identity in dressed)
    assert sum(run.report["outcomes"].get("unchanged", 0) for run in month.runs) > 0


def test_what_did_not_change_is_not_sent_again(month: Month) -> None:
    """304: an outcome, and a revisit record of the capture."""
    run = month.runs[1]
    count = run.report["outcomes"]["not_modified"]
    revisits = month.archive.revisits(run.report["run_id"])
    captures = {line["warc"]["payload_digest"] for line in month.runs[0].lines}
    not_modified = [one for one in revisits if one["WARC-Profile"].endswith("/server-not-modified")]
    assert count == len(not_modified) > 10
    for one in not_modified:
        assert one["WARC-Payload-Digest"] in captures
        assert one["WARC-Refers-To-Target-URI"]
        assert one["WARC-Refers-To-Date"] <= one["WARC-Date"]


def test_gone_records_tell_what_was_seen(month: Month) -> None:
    gone = [line for line in month.archive.lines() if line["status"] == "gone"]
    assert gone
    for line in gone:
        last = [one for one in month.of(line["id"]) if one["fetched_at"] < line["fetched_at"]][-1]
        for name in ("url", "canonical_url", "region", "title", "version"):
            assert line[name] == last[name]
        assert line["previous_sha256"] == last["content_sha256"]
        assert (line["body"], line["content_sha256"], line["warc"]) == (None, None, None)
        first, *_, second = line["gone"]["observations"]
        assert (first["at"], second["at"]) == (
            line["gone"]["first_observed_at"], line["gone"]["confirmed_at"],
        )  # fmt: skip
        assert second["at"] == line["fetched_at"]
        for seen in line["gone"]["observations"]:
            assert seen["reason"] == line["gone"]["reason"]
            assert (month.archive.data_dir / seen["warc"]["file"]).is_file()


# --- I8: a better extractor is no edit ----------------------------------------------------------

STRICTER = """

_read = read


def read(page, *accepted):  # what a later extractor refuses of the earlier captures
    if page.fetched_at < "{before}":
        raise NotAnArticle("garbled", "no text in any encoding")
    return _read(page, *accepted)
"""

WORSE = """

def _worse(current):  # what an older extractor read
    return current.with_values(source="旧时日报")


STEPS = (*STEPS[:-1], _worse, STEPS[-1])
"""


def copied_project(folder: Path) -> Path:
    """The crawler in a folder of its own, where a test may change it."""
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "crawler", folder / "crawler", ignore=leave_out)
    shutil.copy(PROJECT / "scrapy.cfg", folder)
    return folder


def test_a_better_extractor_is_no_edit(archive_of: Callable[..., Archive], tmp_path: Path) -> None:
    archive = archive_of(regions=["zj"], articles=16)  # it sends no validators: no 304
    older = copied_project(tmp_path / "older")
    with (older / "crawler" / "pipelines" / "__init__.py").open("a") as file:
        file.write(WORSE)
    truths = [one for one in archive.site.truth()["articles"] if not one["hidden"]]
    archive.site.day = 25
    edited = {
        one["id"] for one in archive.site.truth()["articles"]
        if one["state"] == "live" and one["version"] > 1
    } & {one["id"] for one in truths}  # fmt: skip
    assert edited
    archive.site.day = 0
    urls = f"urls={','.join(one['url'] for one in truths)}"

    first = archive.run("-a", urls, project=older)
    assert {line["source"] for line in first.lines} == {"旧时日报"}
    before = {line["id"]: line for line in first.lines}

    second = archive.run("-a", urls, "-a", "recheck=all")
    assert second.lines == []
    assert second.report["outcomes"] == {"unchanged": len(truths)}

    archive.site.day = 25
    third = archive.run("-a", urls, "-a", "recheck=all")
    found = {line["id"]: line for line in third.lines if line["status"] == "live"}
    assert set(found) == edited
    for identity, line in found.items():
        assert line["version"] == 2
        assert line["source"] != "旧时日报"
        assert line["previous_sha256"] == before[identity]["content_sha256"]
        (truth,) = archive.site.truth(identity=identity)["articles"]
        assert line["changed"] == truth["versions"][-1]["changed"]


def test_a_page_is_a_version_where_the_last_one_is_refused_now(
    archive_of: Callable[..., Archive], tmp_path: Path
) -> None:
    """Where what is published is still what the page says, nothing is written."""
    archive = archive_of(regions=["zj"], articles=16)
    truths = [one for one in archive.site.truth()["articles"] if not one["hidden"]]
    urls = f"urls={','.join(one['url'] for one in truths)}"
    first = archive.run("-a", urls)
    archive.site.day = 25
    edited = {
        one["id"] for one in archive.site.truth()["articles"]
        if one["state"] == "live" and one["version"] > 1
    } & {line["id"] for line in first.lines}  # fmt: skip
    assert edited
    later = copied_project(tmp_path / "later")
    with (later / "crawler" / "layouts" / "__init__.py").open("a") as file:
        file.write(STRICTER.format(before=max(line["fetched_at"] for line in first.lines) + "~"))
    second = archive.run("-a", urls, "-a", "recheck=all", project=later)
    found = {line["id"]: line for line in second.lines if line["status"] == "live"}
    assert set(found) == edited
    for line in found.values():
        assert line["version"] == 2
        assert {"title"} <= set(line["changed"]) <= set(VERSIONED)
    assert "extraction_failed" not in second.report["outcomes"]
    assert not [text for text in second.report["alarms"] if "compared" in text]


def test_a_change_without_its_archive_is_an_alarm(archive_of: Callable[..., Archive]) -> None:
    """Nothing can be compared; the page is archived, and no version is made up."""
    archive = archive_of(seed=51, articles=36)
    urls = ",".join(one["url"] for one in archive.site.truth()["articles"] if not one["hidden"])
    archive.run("-a", f"urls={urls}")
    count = len(archive.lines())
    shutil.rmtree(archive.data_dir / "warc")
    archive.site.day = 12.0
    done = archive.run("-a", f"urls={urls}", "-a", "recheck=all")
    assert done.exitcode == 3
    failed = done.report["outcomes"]["extraction_failed"]
    assert failed > 0
    assert "changed" not in done.report["outcomes"]
    assert len(archive.lines()) == count
    alarms = [one for one in done.report["alarms"] if "can't be compared" in one]
    assert len(alarms) == failed
    assert all("MissingFileError" in one for one in alarms)


def article(body: str | None = "正文。", *, flag: Flag | None = None) -> Article:
    made = Article(
        id="1121650001", url=URL, canonical_url=URL, region=None, title="题", body=body,
        layout="Main2017", flags=[flag] if flag else [], fetched_at="2026-03-01T00:00:00Z",
        extractor_version="new",
    )  # fmt: skip
    return replace(made, content_sha256=content_sha256(as_record(made)))


def known(content: Article | None = None, status: str = "live") -> ArticleRow:
    """The row of an article of this content, as another extractor read it."""
    values: dict[str, Any] = dict.fromkeys(one.name for one in fields(ArticleRow))
    digest = content.content_sha256 if content else "read by other code"
    return ArticleRow(**(values | {"status": status, "version": 3, "content_sha256": digest}))


UNKNOWN = Flag("unknown_layout", "no layout claims it")
BY_FALLBACK = article(flag=UNKNOWN)
OLD_BY_FALLBACK = article("旧的正文。", flag=UNKNOWN)
OTHER = article("改过的正文。")
CONFLICT = Flag("identity_conflict", "address: 1121650001; publishid: 1121650002")
STRANGE = article("别的稿件。", flag=CONFLICT)
OLD_STRANGE = article("旧的正文。", flag=CONFLICT)
NO_CONTENT = article(None)
CHALLENGE = NotAnArticle("challenge", "a firewall's page")
LOST = Unreadable("the last version can't be read: WarcError: gone")

UNCOMPARED = ("unclaimed", "not_article")

# page, what is known, the last version as today's code reads it → how it ends and what changed
CONCLUSIONS = {
    "new": (article(), None, None, "published", ()),
    "new, by the fallback": (BY_FALLBACK, None, None, "unknown_layout", ()),
    "new, without content": (NO_CONTENT, None, None, "soft_404", ()),
    "same digest": (article(), known(article()), None, "unchanged", ()),
    "a better extractor": (article(), known(), article(), "unchanged", ()),
    "edited": (OTHER, known(), article(), "changed", ("body",)),
    "back, as it was": (article(), known(article(), "gone"), None, "restored", ()),
    "back, read better": (article(), known(status="gone"), article(), "restored", ()),
    "back, edited": (OTHER, known(status="gone"), article(), "restored", ("body",)),
    "emptied": (NO_CONTENT, known(), None, "suspected", ()),
    "emptied, by the fallback": (article(None, flag=UNKNOWN), known(), None, "unclaimed", ()),
    "a new design": (BY_FALLBACK, known(), OTHER, "unclaimed", ()),
    "fallback both times": (BY_FALLBACK, known(), OLD_BY_FALLBACK, "changed", ("body",)),
    "a new design of one that is back": (
        BY_FALLBACK, known(status="gone"), OTHER, "restored", ("body",),
    ),
    "the last one's archive is lost": (OTHER, known(), LOST, "extraction_failed", ()),
    "the last one is refused": (OTHER, known(), CHALLENGE, "changed", ("title", "body")),
    "refused, and what is published is right": (OTHER, known(OTHER), None, "unchanged", ()),
    "refused, and back": (OTHER, known(status="gone"), CHALLENGE, "restored", ("title", "body")),
    "another article's page": (STRANGE, known(), article(), "not_article", ()),
    "another article's, of one that is gone": (
        STRANGE, known(status="gone"), article(), "not_article", ()
    ),
    "codes that never fitted": (STRANGE, known(), OLD_STRANGE, "changed", ("body",)),
    "new, with codes that don't fit": (STRANGE, None, None, "published", ()),
    "refused, then a new design": (BY_FALLBACK, known(), CHALLENGE, "unclaimed", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CONCLUSIONS)
def test_what_a_page_makes_of_the_history(name: str) -> None:
    page, row, previous, outcome, changed = CONCLUSIONS[name]
    assert versions.is_to_compare(page, row) is (previous is not None)
    conclusion = versions.decide(page, row, previous)
    assert (conclusion.outcome, conclusion.changed) == (outcome, changed)
    is_read_alike = isinstance(previous, Article) and not changed and outcome not in UNCOMPARED
    assert conclusion.is_rebased is is_read_alike
