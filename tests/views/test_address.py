"""Sentences on an address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.ledger.rows import PictureCapture, RunKind
from crawler.ledger.schedule import PICTURE_TRIES
from crawler.outcomes import Outcome, PictureOutcome
from crawler.views.address import explain, facts_of
from tests.ledger.conftest import DAY, HOUR, T0, at_site, gone_line, line, pointer

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

FILE = "jsonl/2026/01/xinhua-r1.jsonl"
ONE = at_site(1)


def told(ledger: Ledger, url: str = ONE.url) -> str:
    return "\n".join(explain(ledger, url, ONE.article_id, T0 + 2 * HOUR))


def test_nothing_is_known(ledger: Ledger) -> None:
    ledger.hosts.hold("www.js.xinhuanet.com", T0 + DAY, "Retry-After 86400 s")
    assert explain(ledger, ONE.url, ONE.article_id, T0) == []


def test_an_address_on_its_way(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([ONE], run_id=run, at=T0)
    assert explain(ledger, ONE.url, ONE.article_id, T0) == [
        "It was first seen at 2026-01-01 08:00:00 UTC on http://www.js.xinhuanet.com/ as link 1, "
        "titled “第1条”, dated 12-31.",
        "It is an address of article 1120000001, of region js.",
        "It has not been asked for itself.",
        f"In the newest run, {run}, it was seen and its outcome is still open.",
        "It is owed and will be asked for by the next run.",
    ]


def test_a_correction(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([ONE], run_id=run, at=T0)
    corrects = {"line": f"{run}:1", "keys": ["title", "body"], "reason": "read by extractor 2"}
    corrected = line(1, revision=1, corrects=corrects, run_id="r9", line="r9:1")
    for one in (line(1), corrected):
        ledger.articles.add_line(one, jsonl=FILE)
    ledger.runs.start("r9", T0 + HOUR, "scrapy reextract --correct", RunKind.CORRECTION)
    text = told(ledger)
    assert "Version 1, revision 1, corrected in run r9: title, body (read by extractor 2)." in text
    assert f"In the newest run, {run}" in text


def test_a_failing_address(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([ONE], run_id=run, at=T0)
    ledger.addresses.finish(ONE.url, Outcome.HTTP_ERROR, run_id=run, at=T0, detail="HTTP 500")
    text = told(ledger)
    assert "ended as http_error: the server answered with an error (HTTP 500)." in text
    assert "It failed once and will be tried again by the next run." in text
    ledger.addresses.finish(ONE.url, Outcome.TIMEOUT, run_id="r2", at=T0 + HOUR)
    assert (
        "It failed 2 times in a row and will be tried again from 2026-01-01 15:00:00 UTC on."
        in told(ledger)
    )


def test_a_deferred_address_and_its_host(ledger: Ledger, run: str) -> None:
    ledger.addresses.see([ONE], run_id=run, at=T0)
    ledger.addresses.finish(ONE.url, Outcome.DEFERRED, run_id=run, at=T0)
    ledger.hosts.hold("www.js.xinhuanet.com", T0 + DAY, "Retry-After 86400 s")
    ledger.hosts.hold("www.he.xinhuanet.com", T0 + DAY, "another host")
    ledger.hosts.store_robots("http://www.js.xinhuanet.com", T0, None, b"")
    text = told(ledger)
    assert "It is owed and will be asked for again by the next run." in text
    assert "left alone until 2026-01-02 08:00:00 UTC: Retry-After 86400 s." in text
    assert "robots.txt was asked for at 2026-01-01 08:00:00 UTC: no answer." in text
    assert "another host" not in text


def test_an_archived_article(ledger: Ledger, run: str) -> None:
    mirror = replace(ONE, url=at_site(1, "js.news.cn").url)
    ledger.addresses.see([ONE, mirror], run_id=run, at=T0)
    ledger.articles.add_line(line(1), jsonl=FILE, schedule=[DAY])
    ledger.articles.add_line(
        line(1, "2026-01-01T09:00:00Z", version=2, changed=["title", "body"], title="续报"),
        jsonl=FILE,
        schedule=[DAY],
    )
    ledger.addresses.finish(ONE.url, Outcome.CHANGED, run_id=run, at=T0)
    text = told(ledger)
    assert "Article 1120000001 “续报”, published 2025-12-31T20:00:00+08:00, is archived" in text
    assert "in version 2 and live." in text
    assert f"{pointer().file}, offset 100, 90 bytes, record {pointer().record_id}" in text
    assert f"its line is in {FILE}." in text
    assert "the next look is due at 2026-01-01 12:00:00 UTC." in text
    assert "Version 1, live, fetched at 2026-01-01 08:00:00 UTC" in text
    assert "changed: title, body." in text
    assert f"The article was also seen at {mirror.url}." in text
    assert "Nothing is owed at it" in text

    elsewhere = told(ledger, at_site(1, "www.news.cn").url)
    assert elsewhere.startswith("This address was never seen, but its article was")
    assert "ended as duplicate" in told(ledger, mirror.url)


def test_suspected_and_gone(ledger: Ledger, run: str) -> None:
    ledger.articles.add_line(line(1), jsonl=FILE)
    ledger.addresses.finish(ONE.url, Outcome.SUSPECTED, run_id=run, at=T0)
    ledger.observations.add(ONE.article_id, ONE.url, T0, 404, "missing", None, run)
    text = told(ledger)
    assert "It is suspected of being withdrawn since 2026-01-01 08:00:00 UTC." in text
    assert f"At 2026-01-01 08:00:00 UTC {ONE.url} gave HTTP 404: missing." in text
    assert "the next look is due since 2026-01-01 09:00:00 UTC." in text
    ledger.articles.add_line(gone_line(), jsonl=FILE)
    text = told(ledger)
    assert "withdrawn by the site" in text
    assert "no further look is planned." in text


def test_a_list_page(ledger: Ledger) -> None:
    url = "http://www.js.xinhuanet.com/"
    for hours, status in enumerate((200, 503, None)):
        ledger.lists.add_answer(
            url, at=T0 + hours * HOUR, status=status, region="js",
            links=[ONE.url] if hours == 0 else [],
        )  # fmt: skip
    ledger.lists.save_walk(url, f"{url}2.htm", 2)
    text = told(ledger, url)
    assert "a list page of region js, last asked at 2026-01-01 10:00:00 UTC with no answer." in text
    assert "It has failed 2 times in a row." in text
    assert f"since 2026-01-01 08:00:00 UTC, to go on at {url}2.htm." in text
    ledger.lists.finish_walk(url, at=T0 + HOUR)
    assert "Its last complete walk ended at 2026-01-01 09:00:00 UTC." in told(ledger, url)


def test_a_further_page_of_a_list(ledger: Ledger) -> None:
    url = "http://www.js.xinhuanet.com/yw.htm"
    ledger.lists.add_page_answer(url, f"{url}_2", at=T0, status=404)
    text = told(ledger, f"{url}_2")
    assert f"a further page of list {url}, last asked at 2026-01-01 08:00:00 UTC" in text
    assert "with HTTP 404" in text


def test_a_picture(ledger: Ledger, run: str) -> None:
    here, gone = "http://js.news.cn/pics/a.jpg", "http://js.news.cn/pics/b.jpg"
    ledger.pictures.note("1120000001", [here, gone], version=2, region="js", run_id=run, at=T0)
    text = told(ledger, here)
    assert "It is a picture of article 1120000001, first in its version 2" in text
    assert "It is owed and will be asked for by the next run that archives pictures." in text
    first, second = ledger.pictures.of_article("1120000001")
    capture = PictureCapture(T0, here, "image/png", 70, "0a" * 32, pointer(3))
    ledger.pictures.archived(first, capture, run_id=run)
    where = f"image/png of 70 bytes: {pointer(3).file}, offset {pointer(3).offset}."
    assert where in told(ledger, here)
    for _ in range(PICTURE_TRIES):
        (second,) = ledger.pictures.at(gone)
        ledger.pictures.failed(second, PictureOutcome.MISSING, run_id=run, at=T0, detail="HTTP 404")
    assert "it ended as missing: HTTP 404." in told(ledger, gone)
    assert "It was given up" in told(ledger, gone)
    (facts,) = facts_of(ledger, here, "1120000001")["pictures"]
    assert (facts["outcome"], facts["sha256"]) == ("archived", "0a" * 32)
