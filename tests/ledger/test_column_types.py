"""Values come back as they went in, and only aware times go in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.dialects import sqlite

from crawler.clock import BEIJING
from crawler.ledger.column_types import OutcomeName, Pointers, UtcTime
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, pointer

if TYPE_CHECKING:
    from crawler.ledger.ledger import Ledger

HOST = "www.js.xinhuanet.com"
DIALECT = sqlite.dialect()


def test_times_are_utc_to_the_second_and_sort_as_text() -> None:
    moment = datetime(2026, 1, 31, 16, 0, 0, 999_999, tzinfo=BEIJING)
    stored = UtcTime().process_bind_param(moment, DIALECT)
    assert stored == "2026-01-31T08:00:00Z"
    assert UtcTime().process_result_value(stored, DIALECT) == datetime(2026, 1, 31, 8, tzinfo=UTC)
    later = UtcTime().process_bind_param(moment + DAY, DIALECT)
    assert later
    assert stored < later
    assert UtcTime().process_bind_param(None, DIALECT) is None


def test_times_need_a_zone(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="without a zone"):
        ledger.hosts.hold(HOST, datetime(2026, 1, 1), "no zone")  # noqa: DTZ001


def test_only_outcomes_are_outcomes() -> None:
    assert OutcomeName().process_bind_param(Outcome.MISSING, DIALECT) == "missing"
    assert OutcomeName().process_result_value("missing", DIALECT) is Outcome.MISSING
    with pytest.raises(ValueError, match="lost"):
        OutcomeName().process_result_value("lost", DIALECT)


def test_pointers_keep_their_order() -> None:
    pages = (pointer(2), pointer(1))
    stored = Pointers().process_bind_param(pages, DIALECT)
    assert Pointers().process_result_value(stored, DIALECT) == pages
    assert Pointers().process_result_value(None, DIALECT) == ()
