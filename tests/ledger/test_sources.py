"""What is learnt of lists: looks by day, news, and which list was the first, or the only one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.clock import BEIJING
from crawler.ledger.rows import ShownLink, SourceYield
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

ROOT, COLUMN = "http://js.news.cn/", "http://js.news.cn/yw.htm"
TODAY = T0.astimezone(BEIJING).date()


def news(ledger: Ledger, url: str, *numbers: int) -> None:
    """New articles on a list, told as a walk tells them: first the list, then its addresses."""
    found = [at_site(number) for number in numbers]
    ledger.sources.note_news(
        url, at=T0, article_ids=[one.article_id for one in found], is_news=True
    )
    ledger.addresses.see(found, run_id=RUN, at=T0)


def yields(ledger: Ledger) -> dict[str, SourceYield]:
    return ledger.sources.yields(TODAY)


def test_looks_are_counted_by_day_of_beijing(ledger: Ledger) -> None:
    for hours in (0, 1, 1, 10, 40):
        ledger.sources.note_look(COLUMN, at=T0 + hours * HOUR, is_read=True)
    ledger.sources.note_look(COLUMN, at=T0 + 60 * HOUR, is_read=False)
    learnt = ledger.sources.yields(TODAY + 4 * DAY)[COLUMN]
    # a day of failures alone has no look
    assert (learnt.days, learnt.looks) == (3, 5)
    # today isn't over
    assert ledger.sources.yields(TODAY + 2 * DAY)[COLUMN].days == 2
    assert ledger.sources.yields(TODAY + 40 * DAY) == {}


def test_who_was_first_and_who_alone(ledger: Ledger) -> None:
    news(ledger, ROOT, 1, 2)
    news(ledger, COLUMN, 2, 3, 4)
    news(ledger, ROOT, 4)
    found = yields(ledger)
    assert [(found[url].new, found[url].first, found[url].sole) for url in (ROOT, COLUMN)] == [
        (3, 2, 1), (3, 2, 1),
    ]  # fmt: skip
    assert (found[COLUMN].peak, found[COLUMN].recent) == (3, 3)


def test_an_article_at_another_address_is_known(ledger: Ledger) -> None:
    news(ledger, ROOT, 1)
    mirror = at_site(1, "js.news.cn")
    ledger.sources.note_news(COLUMN, at=T0, article_ids=[mirror.article_id], is_news=True)
    found = yields(ledger)
    assert (found[COLUMN].first, found[ROOT].sole) == (0, 0)


def test_a_page_of_thirty_thousand_links(ledger: Ledger) -> None:
    ledger.sources.note_news(
        COLUMN, at=T0, article_ids=[str(n) for n in range(30_000)], is_news=True
    )
    assert yields(ledger)[COLUMN].first == 30_000


def test_what_a_list_holds_and_its_newest(ledger: Ledger) -> None:
    link = ShownLink(at_site(1).url, at_site(1).article_id, "要闻")
    ledger.sources.note_shown(COLUMN, at=T0, capacity=12, newest=link)
    ledger.sources.note_shown(COLUMN, at=T0 + HOUR, capacity=9, newest=None)
    source = ledger.sources.known([COLUMN])[COLUMN]
    assert (source.first_at, source.capacity, source.newest_title) == (T0, 9, "要闻")
    assert source.newest_at == T0
    assert ledger.sources.known([ROOT]) == {}


def test_what_is_forgotten(ledger: Ledger) -> None:
    ledger.sources.note_look(COLUMN, at=T0, is_read=True)
    news(ledger, COLUMN, 1)
    ledger.sources.forget(TODAY)
    assert yields(ledger)[COLUMN].first == 1
    ledger.sources.forget(TODAY + DAY)
    assert yields(ledger) == {}


def test_of_some_regions(ledger: Ledger) -> None:
    ledger.lists.remember(COLUMN, region="js", depth=1)
    ledger.sources.note_look(COLUMN, at=T0, is_read=True)
    assert list(ledger.sources.yields(TODAY, regions=["js"])) == [COLUMN]
    assert ledger.sources.yields(TODAY, regions=["he"]) == {}
