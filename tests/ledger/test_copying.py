"""A ledger moved to a server and back is the same, row by row."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Column, insert, make_url, select, text

from crawler.ledger.copying import CopyError, copy
from crawler.ledger.ledger import Ledger
from crawler.ledger.schema import OutcomeName, Pointers, UtcTime, metadata
from crawler.outcomes import Outcome
from tests.ledger.conftest import DAY, RUN, T0, at_site, gone_line, line, pointer
from tests.new_ledgers import new_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with something in every table."""
    ledger = new_ledger(tmp_path / "state" / "ledger.sqlite")
    ledger.runs.start(RUN, T0, "scrapy crawl xinhua -a regions=js")
    ledger.addresses.see([at_site(n) for n in range(1200)], run_id=RUN, at=T0)
    ledger.articles.add_line(line(1), jsonl="jsonl/x.jsonl", schedule=[DAY])
    ledger.articles.add_line(gone_line(), jsonl="jsonl/y.jsonl")
    ledger.addresses.finish(
        at_site(1).url, Outcome.PUBLISHED, run_id=RUN, at=T0, detail="詳細 '\"\\"
    )
    ledger.observations.add("1", "http://x/", T0, 404, "missing", pointer(), RUN)
    ledger.lists.add_answer("http://x/", at=T0, status=200, region="js", links=[at_site(1).url])
    ledger.lists.add_page_answer("http://x/", "http://x/2", at=T0, status=None)
    ledger.lists.start_backfill("http://x/", T0.date(), at=T0)
    ledger.hosts.hold("x", T0 + DAY, "429")
    ledger.hosts.store_robots("http://x", T0, 200, bytes(range(256)))
    ledger.publications.add(1, "runs/x.json", run_id=RUN, part=None, published_at=T0)
    for table in metadata.sorted_tables:
        if ledger.connection.row(select(table)) is None:
            ledger.connection.write(insert(table), [{one.name: made_up(one) for one in table.c}])
    ledger.commit()
    yield ledger
    ledger.close()


def made_up(column: Column[Any]) -> Any:
    """Some value of a column's type."""
    if isinstance(column.type, UtcTime):
        return T0
    if isinstance(column.type, Pointers):
        return (pointer(),)
    if isinstance(column.type, OutcomeName):
        return Outcome.PUBLISHED
    made: dict[type, Any] = {
        int: 7,
        date: T0.date(),
        bytes: b"7",
        float: 0.5,
        bool: True,
        dict: {"7": 7},
    }
    return made.get(column.type.python_type, "seven")


def rows(ledger: Ledger) -> dict[str, list[Any]]:
    return {
        table.name: list(ledger.connection.rows(select(table).order_by(*table.primary_key.columns)))
        for table in metadata.sorted_tables
    }


def test_to_a_server_and_back(
    source: Ledger, new_database: Callable[[], str], tmp_path: Path
) -> None:
    before = rows(source)
    assert all(before.values()), "every table is tried"
    with closing(Ledger.at(make_url(new_database()), fresh=True)) as there:
        copied = copy(source, there)
        assert copied == {name: len(found) for name, found in before.items()}
        assert rows(there) == before
        with closing(Ledger.open(tmp_path / "back.sqlite", fresh=True)) as back:
            copy(there, back)
            assert rows(back) == before
        with pytest.raises(CopyError, match="isn't empty"):
            copy(source, there)


def test_a_copy_that_differs_is_none(source: Ledger, new_database: Callable[[], str]) -> None:
    url = make_url(new_database())
    with closing(Ledger.at(url, fresh=True)) as there:
        there.connection.raw.execute(
            text(
                "CREATE FUNCTION worse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.reason := 'worse'; RETURN NEW; END $$"
            )
        )
        there.connection.raw.execute(
            text(
                "CREATE TRIGGER worse BEFORE INSERT ON holds FOR EACH ROW EXECUTE FUNCTION worse()"
            )
        )
        with pytest.raises(CopyError, match="differs in holds at x"):
            copy(source, there)
    with closing(Ledger.at(url, read_only=True, fresh=False)) as there:
        assert there.is_empty(), "nothing of it was committed"


def test_what_postgresql_cant_hold_is_named(
    source: Ledger, new_database: Callable[[], str]
) -> None:
    source.hosts.hold("y", T0, "a\0b")
    with (
        closing(Ledger.at(make_url(new_database()), fresh=True)) as there,
        pytest.raises(CopyError, match="reason of holds at y holds a NUL"),
    ):
        copy(source, there)


def test_what_no_ledger_writes_is_named(source: Ledger, new_database: Callable[[], str]) -> None:
    source.connection.raw.execute(text("UPDATE holds SET until = 'soon'"))
    with (
        closing(Ledger.at(make_url(new_database()), fresh=True)) as there,
        pytest.raises(CopyError, match="holds holds what no ledger writes"),
    ):
        copy(source, there)
