"""The turns of hosts, as one crawl of several takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from crawler.downloader.pace import Pace
from crawler.ledger.pace import Turn

if TYPE_CHECKING:
    from crawler.ledger.pace import HostPace

HOST = "js.news.cn"


class _Row:
    """The row of a host, with a clock that stands still."""

    lease_seconds = 60.0

    def __init__(self) -> None:
        self.next = 0.0

    def claim(self, host: str, seconds: float, before: float) -> Turn:
        assert host == HOST
        if self.next > 0 and self.next != before:
            return Turn(None, self.next)
        self.next = seconds
        return Turn(seconds)


def test_a_claim_is_for_one_request() -> None:
    row, failures = _Row(), list[str]()
    pace = Pace(cast("HostPace", cast("Any", row)), 2.0, failures.append)
    turn = pace.take(HOST, 2.0)
    assert turn
    assert turn.claimed
    assert pace.check(HOST) is None
    # one that has waited for its connection beside the first, or is sent again
    late = pace.check(HOST)
    assert late
    assert not late.is_last
    row.next = 0.0
    assert pace.check(HOST) is None
    assert failures == []
