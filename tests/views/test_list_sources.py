"""What is told of a region's lists: the most fruitful first, and when each is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import regions
from crawler.ledger.schedule import GIVE_UP, QUIET_WAIT, next_try
from crawler.views.list_sources import sources_of
from tests.ledger.conftest import DAY, HOUR, RUN, T0, at_site

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

JS = regions.load()["js"]
ROOT = JS.roots[0]
OF_REGISTRY = next(url for url in JS.lists if url not in JS.roots)
COLUMN, DEAD = "http://js.news.cn/yw.htm", "http://js.news.cn/dead.htm"


def test_lists_by_what_they_brought(ledger: Ledger) -> None:
    for day in range(20):
        at = T0 + day * DAY
        for url in (ROOT, COLUMN):
            ledger.sources.note_look(url, at=at, is_read=True)
            ledger.lists.add_answer(url, at=at, status=200, region="js")
    for url, numbers in ((ROOT, (1,)), (COLUMN, (1, 2))):
        found = [at_site(number) for number in numbers]
        ids = [one.article_id for one in found]
        ledger.sources.note_shown(url, at=T0, capacity=20, newest=None)
        ledger.sources.note_news(url, at=T0, article_ids=ids, is_news=True)
        ledger.addresses.see(found, run_id=RUN, at=T0)
    column, root = sources_of(JS, ledger, T0 + 20 * DAY)
    assert (column.state.url, column.learnt.new, column.known_elsewhere) == (COLUMN, 2, 0.5)
    assert column.wait is not None
    assert column.next_look == T0 + 19 * DAY + column.wait
    assert column.as_json()["new_a_day"] == 0.1
    # a front page is asked in every run, however little it brings
    assert (root.state.url, root.wait, root.as_json()["every_run"]) == (ROOT, None, True)


def test_lists_that_are_given_up(ledger: Ledger) -> None:
    last = T0 + GIVE_UP * HOUR
    for url in (OF_REGISTRY, DEAD):
        for hour in range(1, GIVE_UP + 1):
            ledger.lists.add_answer(url, at=T0 + hour * HOUR, status=404, region="js")
    found = {one.state.url: one for one in sources_of(JS, ledger, last)}
    assert all(one.is_dead for one in found.values())
    assert found[OF_REGISTRY].wait == QUIET_WAIT
    # one that never showed an article waits as a failing address does
    assert found[DEAD].next_look == next_try(last, GIVE_UP)
