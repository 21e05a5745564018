"""Regions, hosts and articles of runs that share a ledger on a server."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, cast

import psycopg
import pytest
from sqlalchemy import event, make_url, select, text, update
from sqlalchemy.exc import OperationalError

from crawler.data_dir import lines_name, part_manifest_name, report_name, warc_name
from crawler.ledger.connection import silent_for
from crawler.ledger.errors import LedgerError, LedgerInUseError
from crawler.ledger.hosts import HostPace, Turn
from crawler.ledger.leases import Lease, SupersededError, void_own
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import (
    SUPERSEDED,
    AddedLine,
    Decision,
    ListCapture,
    PictureCapture,
    Sighting,
    Validators,
)
from crawler.ledger.schema import addresses, article_states, leases, sighting_lines
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, HOUR, T0, at_site, line, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A, B, C, D = (f"2026010{day}T080000Z-{day:04x}" for day in (1, 2, 3, 4))
HOST = "www.js.xinhuanet.com"
LIST = "http://www.js.xinhuanet.com/yw.htm"


class Open(Protocol):
    def __call__(self, run_id: str, *regions: str, dead: Any = ()) -> Ledger: ...


@pytest.fixture
def begin(new_database: Callable[[], str]) -> Iterator[Open]:
    """Begin a run with the leases of some regions; their time is up in a minute."""
    url, opened = make_url(new_database()), []

    def begin(run_id: str, *regions: str, dead: Any = ()) -> Ledger:
        ledger = Ledger.at(url, fresh=True, shared_as=run_id)
        opened.append(ledger)
        place = f"host of {run_id}"
        ledger.share(run_id, regions, holder=place, at=T0 + DAY, dead=dead, seconds=60)
        ledger.runs.start(run_id, T0, "scrapy crawl xinhua")
        ledger.commit()
        return ledger

    yield begin
    for ledger in opened:
        ledger.close()


def expire(ledger: Ledger) -> None:
    """The run has been frozen for so long that its leases are over."""
    assert ledger.side
    assert ledger.lease
    ledger.lease.stop()
    ledger.side.write(text("UPDATE leases SET until = extract(epoch FROM now()) - 1"))


def publish(ledger: Ledger, run_id: str, number: int, name: str, **values: Any) -> None:
    sighting = at_site(number)
    ledger.addresses.see([sighting], run_id=run_id, at=T0)
    record = line(number, run_id=run_id, **values)
    ledger.articles.add_line(record, jsonl=name, schedule=[HOUR])
    ledger.addresses.finish(sighting.url, Outcome.PUBLISHED, run_id=run_id, at=T0)


def note(ledger: Ledger, run_id: str, *regions: str) -> None:
    """What a run saw on a list of each of these regions."""
    rows = [
        {"run_id": run_id, "number": number, "article_id": "1", "keys": {"region": region}}
        for number, region in enumerate(regions, start=1)
    ]
    ledger.connection.write(sighting_lines.insert(), rows)


def told_by(ledger: Ledger) -> dict[str, str]:
    """Which run publishes the lines of a region."""
    rows = ledger.connection.rows(select(sighting_lines))
    return {row.keys["region"]: row.run_id for row in rows}


def is_void(ledger: Ledger, run_id: str) -> bool:
    """Whether what a run had not published counts no longer."""
    return any(one.run_id == run_id and one.reason == SUPERSEDED for one in ledger.runs.newest(9))


def test_a_region_has_one_run_and_another_region_another(begin: Open) -> None:
    first = begin(A, "js", "he")
    with pytest.raises(LedgerInUseError, match=f"he is crawled by run {A} .host of {A}"):
        begin(B, "he", "gz")
    other = begin(B, "gz")
    first.commit()
    other.commit()
    first.give_back()
    taken = begin(C, "js")
    rows = {row.region: row for row in taken.connection.rows(select(leases))}
    assert (rows["js"].epoch, rows["js"].run_id) == (2, C)
    assert (rows["he"].epoch, rows["he"].run_id) == (1, None)


def test_one_that_writes_alone_keeps_all_others_out(begin: Open) -> None:
    first = begin(A, "js")
    url = first.connection.raw.engine.url
    with pytest.raises(LedgerInUseError, match=A):
        Ledger.at(url, fresh=False)


def test_whose_time_is_over_commits_nothing(begin: Open) -> None:
    run = begin(A, "js")
    run.addresses.see([at_site(1)], run_id=A, at=T0)
    expire(run)
    with pytest.raises(SupersededError, match="lost the lease on js"):
        run.commit()


def test_of_an_older_epoch_commits_nothing(begin: Open) -> None:
    run = begin(A, "js")
    assert run.side
    run.side.write(text("UPDATE leases SET epoch = epoch + 1"))
    with pytest.raises(SupersededError):
        run.commit()


def test_what_was_not_published_is_void_once_another_has_the_region(begin: Open) -> None:
    frozen = begin(A, "js")
    part = part_manifest_name(A, 0)
    publish(frozen, A, 1, lines_name(A, 0))
    frozen.publications.take(part, run_id=A, part=0, published_at=T0)
    publish(frozen, A, 2, lines_name(A, 1))
    second = {
        "at": "2026-01-01T09:00:00Z", "version": 2, "content_sha256": "b" * 64,
        "published_at": "2026-01-01T10:00:00+08:00", "http": {"status": 200, "etag": '"e2"'},
        "url": at_site(1).url.replace("www.js.xinhuanet.com", "js.news.cn"),
    }  # fmt: skip
    frozen.articles.note_check(at_site(1).article_id, T0 + HOUR, None, '"e1"', None)
    before = frozen.articles.get(at_site(1).article_id)
    assert before
    frozen.settling.add_line(AddedLine(line(1, run_id=A, **second), lines_name(A, 1), [HOUR]))
    frozen.connection.write(
        update(addresses)
        .where(addresses.c.url == at_site(1).url)
        .values(result=Outcome.CHANGED, result_at=T0 + HOUR)
    )
    frozen.addresses.see([at_site(3)], run_id=A, at=T0)
    note(frozen, A, "js", "he")
    frozen.commit()
    publish(frozen, A, 4, lines_name(A, 1))
    expire(frozen)

    taker = begin(B, "js")
    with pytest.raises(LedgerError):
        frozen.commit()
    kept = taker.articles.get(at_site(1).article_id)
    assert kept == replace(before, next_check_at=T0 + DAY)
    (address,) = taker.addresses.of_articles([at_site(1).article_id])
    assert (address.result, address.result_at) == (Outcome.PUBLISHED, T0)
    assert taker.connection.rows(select(article_states)) == []
    assert taker.articles.get(at_site(2).article_id) is None
    assert taker.articles.get(at_site(4).article_id) is None
    owed = taker.addresses.owed(run_id=B, at=T0 + DAY, regions=["js"], limit=9)
    assert {one.url for one in owed} == {at_site(2).url, at_site(3).url}
    assert taker.visits.outcomes(A) == {"pending": 2, "published": 1}
    # what it saw of another region's lists waits for who takes that one
    assert told_by(taker) == {"js": B, "he": A}
    decided = taker.addresses.see([at_site(2)], run_id=B, at=T0 + DAY)
    assert decided == [Decision.OWED]


def test_nothing_is_built_on_captures_that_may_be_lost(begin: Open) -> None:
    before = begin(A, "js")
    for number in (1, 2, 3):
        publish(before, A, number, lines_name(A))
    before.articles.note_check(at_site(3).article_id, T0, T0 + 3 * DAY, None, None)
    before.runs.finish(A, T0, 0, "finished", {})
    before.commit()
    before.give_back()
    frozen = begin(B, "js")
    record = replace(pointer(), file=warc_name(B, T0, 0))
    listed = Validators('"l1"', None, ListCapture(LIST, T0, record))
    frozen.lists.add_answer(LIST, at=T0, status=200, region="js", validators=listed, links=())
    url, article_id = at_site(1).url, at_site(1).article_id
    frozen.addresses.recheck([at_site(n).url for n in (1, 2, 3)], run_id=B)
    frozen.observations.add(article_id, url, T0 + HOUR, 404, "missing", record, B)
    frozen.addresses.finish(url, Outcome.SUSPECTED, run_id=B, at=T0 + HOUR)
    shown_at = "http://www.js.xinhuanet.com/2025-12/31/1.jpg"
    seen = PictureCapture(T0, shown_at, "image/jpeg", 9, "c" * 64, record)
    frozen.pictures.note(article_id, [shown_at], version=1, region="js", run_id=A, at=T0)
    (picture,) = frozen.pictures.of_article(article_id)
    frozen.pictures.archived(picture, seen, run_id=B)
    frozen.commit()
    expire(frozen)

    taker = begin(C, "js")
    shown = taker.lists.state(LIST)
    assert (shown.etag, shown.last_modified, shown.capture) == (None, None, None)
    suspect = taker.articles.get(article_id)
    assert suspect
    assert (suspect.suspected_at, suspect.next_check_at) == (None, T0 + DAY)
    assert taker.observations.of_article(article_id) == []
    (again,) = taker.pictures.of_article(article_id)
    assert again == replace(picture, retry_at=T0 + DAY)
    untouched = taker.articles.get(at_site(3).article_id)
    assert untouched
    assert untouched.next_check_at == T0 + 3 * DAY


def test_a_run_voids_its_own_and_a_report_that_was_begun_counts(begin: Open) -> None:
    run = begin(A, "js")
    publish(run, A, 1, lines_name(A))
    run.commit()
    expire(run)
    void_own(run.connection, A, T0)
    assert run.articles.get(at_site(1).article_id) is None
    assert is_void(run, A)
    run.connection.raw.rollback()
    run.publications.take(report_name(A), run_id=A, part=None, published_at=T0)
    void_own(run.connection, A, T0)
    assert run.articles.get(at_site(1).article_id) is not None


def test_what_a_dead_run_of_the_folder_had_is_taken_over_as_it_is(begin: Open) -> None:
    dead = begin(A, "js", "he")
    publish(dead, A, 1, lines_name(A))
    dead.commit()
    assert dead.lease
    dead.lease.stop()
    url = dead.connection.raw.engine.url
    taker = Ledger.at(url, fresh=False, shared_as=B)
    try:
        asked = {"holder": "", "at": T0, "dead": [A], "seconds": 60.0}
        assert taker.share(B, ["js"], **asked) == {"he"}
        assert taker.articles.get(at_site(1).article_id) is not None
        assert not is_void(taker, A)
        taker.give_back(["he"])
        begin(C, "he")
        taker.commit()
    finally:
        taker.close()


def test_a_run_that_was_killed_while_it_took_over_loses_nothing_either(begin: Open) -> None:
    dead = begin(A, "js")
    publish(dead, A, 1, lines_name(A))
    dead.commit()
    second = begin(B, "js", dead=[A])
    for ledger in (dead, second):
        assert ledger.lease
        ledger.lease.stop()
    third = begin(C, "js", dead=[A, B])
    assert third.articles.get(at_site(1).article_id) is not None
    assert not is_void(third, A)
    assert not is_void(third, B)


def test_one_that_was_killed_before_it_began_hands_on_what_it_was_handed(begin: Open) -> None:
    frozen = begin(A, "js")
    note(frozen, A, "js")
    frozen.commit()
    expire(frozen)
    second = Ledger.at(frozen.connection.raw.engine.url, fresh=False, shared_as=B)
    try:
        second.share(B, ["js"], holder="", at=T0, dead=[], seconds=60.0)
        assert told_by(second) == {"js": B}
        assert second.lease
        second.lease.stop()
    finally:
        second.close()
    # no run that the ledger knows: recovery has nothing of it to publish
    assert told_by(begin(C, "js", dead=[B])) == {"js": C}


def test_what_one_saw_that_was_killed_when_it_was_void_is_handed_on(begin: Open) -> None:
    """It has found its lease to be over, and nobody has taken the region; nor its report begun."""
    run = begin(A, "js")
    note(run, A, "js")
    run.commit()
    expire(run)
    void_own(run.connection, A, T0)
    run.publications.take(report_name(A), run_id=A, part=None, published_at=T0)
    run.connection.commit()
    assert told_by(begin(B, "js", dead=[A])) == {"js": B}


def test_what_one_saw_that_had_begun_its_report_is_its_own_to_tell(begin: Open) -> None:
    run = begin(A, "js")
    note(run, A, "js")
    run.publications.take(report_name(A), run_id=A, part=None, published_at=T0)
    run.commit()
    expire(run)
    assert told_by(begin(B, "js")) == {"js": A}


def test_numbers_are_given_in_the_order_of_commits(begin: Open) -> None:
    first, second = begin(A, "js"), begin(B, "he")
    given: list[int] = []

    def take(ledger: Ledger, run_id: str) -> None:
        name = report_name(run_id)
        given.append(ledger.publications.take(name, run_id=run_id, part=None, published_at=T0))

    take(first, A)
    other = Thread(target=take, args=(second, B))
    other.start()
    other.join(0.3)
    assert given == [1], "the second waits for the first"
    first.commit()
    other.join()
    second.commit()
    assert given == [1, 2]


def test_an_article_is_fetched_by_one_run(begin: Open) -> None:
    first, second = begin(A, "js"), begin(B, "he")
    mirror = Sighting(
        url=at_site(1).url.replace("js", "he"), article_id=at_site(1).article_id, region="he"
    )
    assert first.addresses.see([at_site(1)], run_id=A, at=T0) == [Decision.NEW]
    assert second.addresses.see([mirror], run_id=B, at=T0) == [Decision.WAITING]
    assert second.visits.outcomes(B) == {"pending": 1}
    publish(first, A, 1, lines_name(A))
    first.commit()
    assert second.addresses.recheck([mirror.url], run_id=B) == []
    second.commit()
    first.runs.finish(A, T0, 0, "finished", {})
    first.commit()
    first.give_back()
    third = begin(C, "js")
    assert third.addresses.see([mirror], run_id=C, at=T0) == [Decision.DUPLICATE]


def test_links_of_another_region_are_owed_there_at_once(begin: Open) -> None:
    first, second = begin(A, "js"), begin(B, "he")
    theirs = [
        Sighting(url=at_site(n).url.replace("js", "he"), article_id=f"9{n}", region="he")
        for n in range(3)
    ]
    assert first.others.have("he")
    assert not first.others.have("js")
    assert not first.others.have(None)
    second.addresses.see(theirs[2:], run_id=B, at=T0)  # noted, and not committed yet
    first.addresses.leave([*theirs[:1], *theirs[2:], *theirs[:1]], run_id=A, at=T0)
    assert first.visits.outcomes(A) == {"pending": 2}
    second.commit()
    first.commit()
    owed = second.addresses.owed(run_id=B, at=T0, regions=["he"], limit=9)
    assert [one.url for one in owed] == [theirs[0].url]
    assert second.addresses.see([owed[0].sighting()], run_id=B, at=T0) == [Decision.OWED]
    assert second.addresses.see(theirs[1:2], run_id=B, at=T0) == [Decision.NEW]


def test_links_of_another_region_are_told_by_one_statement(begin: Open) -> None:
    first = begin(A, "js")
    assert first.side
    told: list[str] = []
    event.listen(first.side.raw, "before_cursor_execute", lambda *args: told.append(args[2]))
    theirs = [
        Sighting(url=at_site(n).url.replace("js", "he"), article_id=f"9{n}", region="he")
        for n in range(3)
    ]
    first.addresses.leave(theirs, run_id=A, at=T0)
    assert [sql.count("), (") for sql in told if sql.startswith("INSERT INTO addresses")] == [2]


def test_a_host_has_one_turn_for_all_runs(begin: Open) -> None:
    first, second = begin(A, "js"), begin(B, "he")
    assert first.side
    assert first.lease
    assert second.side
    assert second.lease
    ours, theirs = HostPace(first.side, first.lease), HostPace(second.side, second.lease)
    claimed = ours.claim(HOST, 30)
    assert claimed.claimed
    waiting = theirs.claim(HOST, 5)
    assert waiting.claimed is None
    assert 29 < waiting.wait <= 30
    assert ours.claim(HOST, 30).claimed is None, "ours neither"
    renewed = ours.claim(HOST, 40, claimed.claimed)
    assert renewed.claimed, "but for the request that has the turn"
    assert ours.claim(HOST, 30, claimed.claimed).claimed is None
    theirs.postpone(HOST, 300, "HTTP 429")
    told = ours.claim(HOST, 1, renewed.claimed)
    assert (told.claimed, told.reason) == (None, "HTTP 429")
    assert told.wait > 299
    ours.postpone(HOST, 10, None)
    assert theirs.claim(HOST, 1).wait > 299, "the longer wait stays"
    assert theirs.claim("js.news.cn", 0).claimed
    expire(first)
    with pytest.raises(SupersededError):
        ours.claim("js.news.cn", 0)


def test_upon_a_lease_that_is_soon_over_nothing_is_claimed(begin: Open) -> None:
    """The request would arrive when another run may have the region. The next sign helps."""
    ledger = begin(A, "js")
    assert ledger.side
    assert ledger.lease
    pace = HostPace(ledger.side, ledger.lease)
    ledger.side.write(text("UPDATE leases SET until = extract(epoch FROM now()) + 10"))
    assert pace.claim(HOST, 0.1, lasting=20) == Turn(None)
    claimed = pace.claim(HOST, 0, lasting=5).claimed
    assert claimed
    assert pace.claim(HOST, 0, claimed, lasting=20).claimed is None
    ledger.commit()
    assert pace.claim(HOST, 0, claimed, lasting=20).claimed


def test_a_sign_that_the_server_does_not_take_keeps_no_run_from_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The network is away, and with it the answer; the run has said what there is to say."""
    is_asked, is_answered = Event(), Event()

    class Away:
        def connect(self) -> Any:
            is_asked.set()
            is_answered.wait()
            raise OperationalError("", None, psycopg.OperationalError())

    monkeypatch.setattr("crawler.ledger.leases._BEATS", 6000)
    lease = Lease(A, ["js"], 60)
    lease.keep(cast("Any", Away()))
    try:
        assert is_asked.wait(10)
        began = monotonic()
        lease.stop()
        assert monotonic() - began < 10
    finally:
        is_answered.set()


def main_site(*numbers: int) -> list[Sighting]:
    """Articles of no region, which every run may meet."""
    url = "http://www.news.cn/politics/c_{}.htm"
    return [Sighting(url=url.format(n), article_id=f"8{n}", region=None) for n in numbers]


def cross(first: Ledger, second: Ledger, write: Callable[[Ledger, str, int], object]) -> None:
    """Two runs that write the same two things in two orders, before either commits."""
    write(first, A, 1)
    write(second, B, 2)
    other = Thread(target=write, args=(first, A, 2))
    other.start()
    other.join(0.3)
    write(second, B, 1)
    second.commit()
    other.join()
    first.commit()


def test_two_runs_that_note_the_same_do_not_wait_for_each_other(begin: Open) -> None:
    """What they note otherwise in two orders is ended by the server as a deadlock."""
    first, second = begin(A, "js"), begin(B, "he")

    def see(ledger: Ledger, run_id: str, number: int) -> None:
        ledger.addresses.see(main_site(number), run_id=run_id, at=T0)

    def lay_to_rest(ledger: Ledger, run_id: str, number: int) -> None:
        url, archived = main_site(number + 10)[0].url, at_site(number + 10).article_id
        ledger.addresses.see([Sighting(url, archived, None)], run_id=run_id, at=T0)

    def take_captures(ledger: Ledger, run_id: str, number: int) -> None:
        ledger.addresses.see_captured(main_site(number + 20), run_id=run_id, at=T0)

    def archive(ledger: Ledger, run_id: str, number: int) -> None:
        own = 40 if run_id == A else 50
        also = main_site(number + 30)[0].url
        found = {"region": {"code": "js" if run_id == A else "he"}, "also_at": [also]}
        publish(ledger, run_id, own + number, lines_name(run_id), **found)

    # archived, and owed at another address that shows it
    for number in (11, 12):
        publish(first, A, number, lines_name(A))
    owed = [
        {"url": one.url, "article_id": at_site(number).article_id, "region": None,
         "first_seen_at": T0, "retry_at": T0, "attempts": 0}
        for number in (11, 12)
        for one in main_site(number)
    ]  # fmt: skip
    first.connection.upsert(addresses, owed)
    first.commit()
    for write in (see, lay_to_rest, take_captures, archive):
        cross(first, second, write)


def test_two_runs_that_begin_and_end_do_not_wait_for_each_other(begin: Open) -> None:
    """Each with what is left of a third one that is over."""
    over = begin(A, "js", "he", "gz")
    over.addresses.see([at_site(n) for n in range(50)], run_id=A, at=T0)
    over.runs.finish(A, T0, 0, "finished", {})
    over.commit()
    over.give_back()
    second = begin(B, "js", "he")
    third = begin(C, "gz")  # waits for nothing of it, though nobody has committed
    assert second.lease
    second.lease.release(second.connection)
    third.commit()
    second.connection.commit()
    assert third.visits.count(A) == 0


def test_what_a_killed_run_may_have_fetched_waits_for_who_mends_it(begin: Open) -> None:
    """The lines that it wrote last are in its open file alone: another run would fetch them again,
    and both would be published."""
    dead, other = begin(A, "js"), begin(B, "he")
    mirror = Sighting(
        url=at_site(1).url.replace("js", "he"), article_id=at_site(1).article_id, region="he"
    )
    dead.addresses.see([at_site(1)], run_id=A, at=T0)
    expire(dead)
    assert other.addresses.see([mirror], run_id=B, at=T0) == [Decision.WAITING]
    mending = begin(C, "js", dead=[A])
    assert other.addresses.recheck([mirror.url], run_id=B) == []
    mending.runs.finish(C, T0, 0, "finished", {})
    mending.commit()
    mending.give_back()
    assert other.addresses.recheck([mirror.url], run_id=B) == [mirror.url]


def test_one_that_was_killed_before_it_had_mended_hands_on_what_was_fetched(begin: Open) -> None:
    dead, other = begin(A, "js"), begin(B, "he")
    mirror = Sighting(
        url=at_site(1).url.replace("js", "he"), article_id=at_site(1).article_id, region="he"
    )
    dead.addresses.see([at_site(1)], run_id=A, at=T0)
    assert other.addresses.see([mirror], run_id=B, at=T0) == [Decision.WAITING]
    url, asked = dead.connection.raw.engine.url, {"holder": "", "at": T0, "seconds": 60.0}
    for run_id, gone in ((C, [A]), (D, [A, C])):
        with closing(Ledger.at(url, fresh=False, shared_as=run_id)) as mending:
            mending.share(run_id, ["js"], dead=gone, **asked)
            assert other.addresses.recheck([mirror.url], run_id=B) == []


def test_what_a_process_that_is_gone_has_locked_is_free(begin: Open) -> None:
    """The server doesn't know: the network was away when it was killed."""
    dead = begin(A, "js")
    dead.connection.rows(select(leases).with_for_update())
    taking = Thread(target=begin, args=(B, "js"), kwargs={"dead": [A]}, daemon=True)
    taking.start()
    taking.join(20)
    assert not taking.is_alive()


def test_what_one_was_to_mend_is_void_once_another_has_its_region(begin: Open) -> None:
    """It was frozen before it had mended the dead run from which it took the region."""
    dead = begin(A, "js")
    publish(dead, A, 1, lines_name(A))
    dead.commit()
    assert dead.lease
    dead.lease.stop()
    expire(begin(B, "js", dead=[A]))
    third = begin(C, "js")
    assert is_void(third, A)
    assert third.articles.get(at_site(1).article_id) is None
    owed = third.addresses.owed(run_id=C, at=T0 + DAY, regions=["js"], limit=9)
    assert [one.url for one in owed] == [at_site(1).url]


def test_one_that_stands_still_alone_keeps_nobody_waiting(
    begin: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it has just committed."""
    monkeypatch.setattr("crawler.ledger.ledger._LONGEST_ALONE", 0.2)
    first, second = begin(A, "js"), begin(B, "he")
    is_over = Event()

    def be_alone() -> None:
        with second.alone():
            is_over.set()

    with first.alone():
        first.commit()
        Thread(target=be_alone, daemon=True).start()
        assert is_over.wait(20)


def test_one_that_stands_still_within_a_transaction_keeps_nobody_waiting(begin: Open) -> None:
    """Its session is ended, and with it what it has locked."""
    first, second = begin(A, "js"), begin(B, "he")
    first.connection.row(select(silent_for(0.2, in_transaction=True)))
    first.publications.take(report_name(A), run_id=A, part=None, published_at=T0)
    first.connection.row(select(silent_for(0.2, in_transaction=True)))
    taken = second.publications.take(report_name(B), run_id=B, part=None, published_at=T0)
    assert taken == 1
    second.commit()
    with pytest.raises(LedgerError, match="can't be reached"):
        first.commit()
