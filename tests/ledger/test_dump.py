"""All rows as they are stored, whatever was written there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.ledger.dump import parsed
from crawler.ledger.rows import ListCapture, Validators
from tests.ledger.conftest import HOUR, RUN, T0, at_site, gone_line, line, pointer

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger


def test_each_article_with_all_that_is_of_it(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([at_site(3), at_site(2)], run_id=run, at=T0)
    for one in (line(2), line(1), gone_line(version=1)):
        ledger.articles.add_line(one, jsonl="a.jsonl")
    first, second, third = ledger.dump.by_article()
    assert [one.id for one in (first, second, third)] == [at_site(n).article_id for n in (1, 2, 3)]
    assert first.article
    assert (first.article["status"], first.article["state_at"]) == ("gone", "2026-01-03T08:00:00Z")
    assert [row["status"] for row in first.versions] == ["live", "gone"]
    assert [row["at"] for row in first.observations] == [
        "2026-01-03T01:00:00Z", "2026-01-03T08:00:00Z",
    ]  # fmt: skip
    assert parsed(second.versions[0]["warc_pages"])[0]["offset"] == pointer().offset
    assert (third.article, third.versions, third.observations) == (None, [], [])
    assert [row["url"] for row in third.addresses] == [at_site(3).url]
    (found,) = ledger.dump.by_article([second.id])
    assert found == second


def test_a_value_of_no_such_kind_stays_what_it_is(ledger: Ledger) -> None:
    ledger.articles.add_line(line(1), jsonl="a.jsonl")
    ledger.connection.raw.exec_driver_sql("UPDATE articles SET state_at = 'yesterday'")
    (found,) = ledger.dump.by_article()
    assert found.article
    assert found.article["state_at"] == "yesterday"
    assert parsed("no JSON") == "no JSON"
    assert parsed(None) is None


def test_runs_and_lists_with_an_answer(ledger: Ledger, run: str) -> None:
    ledger.runs.start("r0", T0 - HOUR, "scrapy crawl xinhua")
    url = at_site(1).found_on or ""
    capture = ListCapture(url, T0, pointer())
    ledger.lists.remember(f"{url}other.htm", region="js", depth=1)
    ledger.lists.add_answer(
        url, at=T0, status=200, region="js", validators=Validators(None, None, capture)
    )
    ledger.runs.finish(RUN, T0, 0, "finished", {})
    assert [row["run_id"] for row in ledger.dump.runs()] == ["r0", RUN]
    assert [row["run_id"] for row in ledger.dump.runs(["r1"])] == ["r0"]  # which has no end
    assert [row["run_id"] for row in ledger.dump.runs([RUN])] == ["r0", RUN]
    assert [row["url"] for row in ledger.dump.lists()] == [url]
