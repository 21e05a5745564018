"""A ledger on a PostgreSQL server: made, migrated, written by one, read by others, lost."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, make_url, text

from crawler import settings
from crawler.ledger import schema
from crawler.ledger.errors import LedgerError, LedgerInUseError, NoLedgerError, OlderLedgerError
from crawler.ledger.ledger import Ledger
from crawler.ledger.opening import migrate
from crawler.ledger.server import CONNECT_TIMEOUT
from tests.ledger.conftest import RUN, T0, at_site
from tests.postgres import USER, Postgres, unacknowledged_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import URL


@pytest.fixture
def url(new_database: Callable[[], str]) -> URL:
    return make_url(new_database())


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that a test may stop, which sorts texts by a language."""
    server = Postgres(locale="C.UTF-8")
    yield server
    server.close()


def fill(url: URL, count: int = 10) -> None:
    with closing(Ledger.at(url, fresh=True)) as ledger:
        ledger.runs.start(RUN, T0, "scrapy crawl xinhua")
        ledger.addresses.see([at_site(n) for n in range(count)], run_id=RUN, at=T0)
        ledger.commit()


def test_made_at_once_with_todays_schema(url: URL) -> None:
    with closing(Ledger.at(url, fresh=True)) as ledger:
        found = inspect(ledger.connection.raw)
        assert set(found.get_table_names()) == {*schema.metadata.tables, "alembic_version"}
        for table in schema.metadata.sorted_tables:
            columns = {one["name"]: one["nullable"] for one in found.get_columns(table.name)}
            assert columns == {one.name: one.nullable for one in table.c}
            indexes = {one["name"] for one in found.get_indexes(table.name)}
            assert {index.name for index in table.indexes} <= indexes


@pytest.mark.skipif(sys.platform != "linux", reason="has no such bound")
def test_a_network_that_is_away_is_noticed(url: URL) -> None:
    """A statement that isn't acknowledged is given up before a lease is over: the crawl doesn't
    stand still for as long as the kernel would send it again (tcp(7), TCP_USER_TIMEOUT)."""
    with closing(Ledger.at(url, fresh=True, shared_as=RUN)) as ledger:
        assert ledger.side
        with ledger.side.raw.engine.connect() as beat:
            for connection in (ledger.connection.raw, ledger.side.raw, beat):
                driver = connection.connection.driver_connection
                assert driver
                bound = unacknowledged_for(driver.fileno())
                assert CONNECT_TIMEOUT < bound < settings.LEASE_SECONDS


def test_texts_are_compared_by_code_point_whatever_the_database_does(postgres: Postgres) -> None:
    name = postgres.create("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh' LOCALE 'C'")
    url = make_url(postgres.url_of(name))
    try:
        with closing(Ledger.at(url, fresh=True)) as ledger:
            odd = "SELECT 'B' < 'a'"
            assert ledger.connection.raw.execute(text(odd)).scalar() is False
            for key in ("b", "B", "a", "中", "丁"):
                ledger.hosts.hold(key, T0.replace(year=2027), "x")
            assert [one.host for one in ledger.hosts.holds(T0)] == ["B", "a", "b", "丁", "中"]
    finally:
        postgres.drop(name)


def test_one_writes_and_others_read_what_was_committed(url: URL) -> None:
    fill(url)
    with closing(Ledger.at(url, fresh=False)) as writer:
        writer.addresses.see([at_site(11)], run_id=RUN, at=T0)
        with closing(Ledger.at(url, read_only=True, fresh=False)) as reader:
            assert reader.visits.count(RUN) == 10
            writer.commit()
            assert reader.visits.count(RUN) == 10, "a reader sees one moment"
            with pytest.raises(LedgerError, match="can't be written"):
                reader.hosts.hold("x", T0, "x")
        with pytest.raises(LedgerInUseError, match=r"xinhua-archive .* writes to it"):
            Ledger.at(url, fresh=False)
    with closing(Ledger.at(url, fresh=False)) as later:
        assert later.visits.count(RUN) == 11


def test_rows_are_written_in_the_order_of_their_keys(url: URL) -> None:
    """Runs that write the same rows take their locks in one order."""
    with closing(Ledger.at(url, fresh=True)) as ledger:
        rows = [{"host": host, "until": T0, "reason": host} for host in ("b", "c", "a")]
        ledger.connection.upsert(schema.holds, rows)
        written = ledger.connection.rows(text("SELECT host FROM holds ORDER BY ctid"))
        assert [row.host for row in written] == ["a", "b", "c"]


def test_what_was_not_committed_is_forgotten(url: URL) -> None:
    fill(url)
    with closing(Ledger.at(url, fresh=False)) as ledger:
        ledger.addresses.see([at_site(11)], run_id=RUN, at=T0)
    with closing(Ledger.at(url, fresh=False)) as ledger:
        assert ledger.visits.count(RUN) == 10


def test_an_empty_database_is_lost_beside_published_lines(url: URL) -> None:
    with pytest.raises(LedgerError, match=r"is empty, but .* repair --ledger"):
        Ledger.at(url, fresh=False)
    with pytest.raises(NoLedgerError):
        Ledger.at(url, read_only=True, fresh=True)


def test_an_older_ledger_is_migrated_by_who_writes(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "crawler.ledger.server.migrate", lambda connection: migrate(connection, "0002")
    )
    Ledger.at(url, fresh=True).close()
    monkeypatch.undo()
    with pytest.raises(OlderLedgerError, match="has schema 0002, older"):
        Ledger.at(url, read_only=True, fresh=False)
    with closing(Ledger.at(url, fresh=False)) as ledger:
        found = ledger.connection.raw.execute(text("SELECT version_num FROM alembic_version"))
        assert found.scalar() == schema.REVISION


def test_a_newer_ledger_is_refused(url: URL) -> None:
    with closing(Ledger.at(url, fresh=True)) as ledger:
        ledger.connection.raw.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        ledger.commit()
    for read_only in (True, False):
        with pytest.raises(LedgerError, match="has schema 9999, newer"):
            Ledger.at(url, read_only=read_only, fresh=False)


def test_a_database_of_somebody_else(url: URL, postgres: Postgres) -> None:
    assert url.database
    postgres.run("CREATE TABLE lists (x int)", url.database)
    with pytest.raises(LedgerError, match="has a table lists that is not a ledger's"):
        Ledger.at(url, fresh=True)


def test_what_a_server_refuses(url: URL, postgres: Postgres) -> None:
    cases = {
        url.set(database="nowhere"): r"doesn't exist .*createdb",
        url.set(username="nobody"): r"refuses this user .*PGPASSWORD",
        url.set(port=1): r"can't be reached",
    }
    for wrong, said in cases.items():
        with pytest.raises(LedgerError, match=said):
            Ledger.at(wrong, fresh=True)
    name = postgres.create("ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(LedgerError, match="has the encoding SQL_ASCII"):
        Ledger.at(make_url(postgres.url_of(name)), fresh=True)
    postgres.drop(name)


def test_a_user_who_may_only_read(url: URL, postgres: Postgres) -> None:
    fill(url)
    assert url.database
    postgres.run(f"CREATE ROLE reader_{url.database} LOGIN", "postgres")
    grant = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{url.database}"
    postgres.run(grant, url.database)
    reader = url.set(username=f"reader_{url.database}")
    with closing(Ledger.at(reader, read_only=True, fresh=False)) as ledger:
        assert ledger.visits.count(RUN) == 10
    postgres.run(f"DROP OWNED BY reader_{url.database}", url.database)
    postgres.run(f"DROP ROLE reader_{url.database}")
    assert url.username == USER


def test_a_server_that_dies_fails_the_run_and_loses_nothing(own_server: Postgres) -> None:
    url = make_url(own_server.url_of(own_server.create()))
    fill(url)
    heard: list[LedgerError] = []
    with closing(Ledger.at(url, fresh=False)) as ledger:
        ledger.connection.on_failure = heard.append
        ledger.addresses.see([at_site(11)], run_id=RUN, at=T0)
        own_server.stop()
        with pytest.raises(LedgerError, match="can't be reached"):
            ledger.commit()
        assert len(heard) == 1
        with pytest.raises(LedgerError, match="can't be reached"):
            ledger.runs.newest(1)
    with pytest.raises(LedgerError, match="can't be reached"):
        Ledger.at(url, fresh=False)
    own_server.start()
    with closing(Ledger.at(url, fresh=False)) as ledger:
        assert ledger.visits.count(RUN) == 10
