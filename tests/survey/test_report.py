"""The report of a survey: what a person reads of each part."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.layouts import NO_LAYOUTS
from crawler.survey import report
from crawler.survey.analysis import Group, Survey
from crawler.survey.crawl import Passed
from crawler.survey.material import Material, SurveyedSource

if TYPE_CHECKING:
    from pathlib import Path

HOST = "http://www.js.xinhuanet.com"
AT = datetime(2026, 8, 9, 1, 2, 3, tzinfo=UTC)


def surveyed() -> Survey:
    material = Material()
    material.statuses["www.js.xinhuanet.com"].update([200, 200, 404])
    material.robots[f"{HOST}/robots.txt"] = (200, "User-agent: *\nDisallow: /old\nCrawl-delay: 7")
    for path, why in (("/", None), ("/old/", "nothing on it leads to an article")):
        source = SurveyedSource(HOST + path, "unknown" if why else "root", 200, links=3, why=why)
        material.sources[source.url] = source
    material.note_foreign("feeds", f"{HOST}/rss.xml", HOST)
    material.damage.append("a.warc.gz at 12: cut off")
    survey = Survey(material)
    survey.layouts.update({"Main2017": 3, "fallback": 1})
    survey.refused["soft_404"] = 1
    survey.ambiguous.append((f"{HOST}/x", "Main2017, News2021"))
    survey.groups.append(
        Group([f"{HOST}/y"], {"js": 1}, ["#top"], why_not="its pages can't be read again")
    )
    return survey


def told() -> dict[str, object]:
    passed = Passed(
        reason="finished",
        failures={"www.js.xinhuanet.com": Counter({"timeout": 2})},
        details={("www.js.xinhuanet.com", "timeout"): "no answer"},
    )
    return report.build(
        surveyed(), passed, NO_LAYOUTS, agent="us", surveyed=["js"], started_at=AT, finished_at=AT
    )


def test_what_a_person_reads() -> None:
    host = f"  {'www.js.xinhuanet.com':28}  "
    lines = report.text_lines(told())
    assert lines[0] == "Survey of js, 2026-08-09T01:02:03Z to 2026-08-09T01:02:03Z (finished)"
    for line in (
        f"{host}2 × HTTP 200, 1 × HTTP 404; 2 × timeout (no answer)",
        f"{host}HTTP 200, denies {HOST}/old/, Crawl-delay 7.0",
        f"    not understood: {HOST}/old/: nothing on it leads to an article",
        f"    {HOST}/rss.xml  (on {HOST})",
        "  Main2017                   3   75.0%",
        f"  claimed by Main2017, News2021: {HOST}/x",
        "Cluster 1: 1 pages that no layout claims (js 1)",
        "  no layout is proposed: its pages can't be read again",
        "  a.warc.gz at 12: cut off",
    ):
        assert line in lines


def test_the_files_of_a_report_are_listed_with_their_digests(tmp_path: Path) -> None:
    whole = report.write(tmp_path, surveyed(), told())
    assert [file["path"] for file in whole["files"]] == ["report.txt"]
    assert json.loads((tmp_path / "report.json").read_text()) == whole
    assert whole["files"][0]["bytes"] == (tmp_path / "report.txt").stat().st_size
