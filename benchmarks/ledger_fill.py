"""Fill a ledger with N archived articles, in SQL, for benchmarks/ledger.py.

In: a path and N. Out: a ledger as years of runs leave it: N addresses (one in a thousand still
owed), their articles with a version each, some due, and 200 walked lists of 100 links.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import text

from crawler.items import WarcPointer
from crawler.ledger.ledger import Ledger
from crawler.ledger.rows import Sighting
from crawler.ledger.schema import metadata

if TYPE_CHECKING:
    from pathlib import Path

REGIONS = ("bj", "tj", "he", "sx", "nmg", "ln", "jl", "hlj", "sh", "js", "zj", "ah", "fj", "jx",
           "sd", "ha", "hb", "hn", "gd", "gx", "hq", "cq", "sc", "gz", "yn", "tibet", "sn", "gs",
           "qh", "nx", "xj")  # fmt: skip
LISTS = 200
LINKS = 100

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
_REGION = "(CASE i % 31 {} END)".format(
    " ".join(f"WHEN {index} THEN '{code}'" for index, code in enumerate(REGIONS))
)
# old articles have a ten-digit number, newer ones a hash; 300 articles a day of all regions
_ID = (
    "CASE WHEN i % 2 THEN printf('%010d', 1100000000 + i) "
    "ELSE printf('%08x%08x%016x', (i * 2654435761) & 4294967295, (i * 40503) & 4294967295, i) END"
)
_DAY = "date('2010-01-01', '+' || (i / 300) || ' days')"
_URL = (
    f"'http://www.' || {_REGION} || '.xinhuanet.com/' || CASE WHEN i % 2 "
    f"THEN {_DAY} || '/c_' || {_ID} || '.htm' "
    f"ELSE replace({_DAY}, '-', '') || '/' || {_ID} || '/c.html' END"
)
_AT = "'2026-01-01T00:00:00Z'"

_OF_VERSIONS = (
    "article_id, number, version, status, fetched_at, title, content_sha256, extractor_version, "
    "changed, warc_pages, jsonl, line_sha256, run_id"
)

_FILL = (
    f"INSERT INTO addresses {_NUMBERS} SELECT {_URL}, {_ID}, {_REGION}, {_DAY}, "
    f"'http://www.' || {_REGION} || '.xinhuanet.com/xw/index.htm', i % 100, "
    f"printf('各地春耕备耕有序推进第%d号', i), {_DAY}, {_AT}, 0, "
    f"CASE WHEN i % 1000 = 0 THEN {_AT} END, 'published', {_AT}, NULL FROM n",
    f"INSERT INTO articles {_NUMBERS} SELECT {_ID}, {_URL}, {_URL}, {_REGION}, 'live', {_AT}, "
    f"NULL, 1, 1, printf('%064x', i), '1.0', {_DAY}, {_AT}, {_AT}, "
    f"CASE WHEN i % 100 = 0 THEN date('2026-01-01', '+' || (i % 700) || ' days') || 'T00:00:00Z' "
    f"END, NULL, 'Thu, 01 Jan 2026 00:00:00 GMT' FROM n WHERE i % 1000",
    f"INSERT INTO versions ({_OF_VERSIONS}) {_NUMBERS} SELECT {_ID}, 1, 1, 'live', {_AT}, "
    f"printf('各地春耕备耕有序推进第%d号', i), printf('%064x', i), '1.0', '[]', :pointers, "
    f"'jsonl/2026/01/xinhua-20260101T000000Z-0001.jsonl', printf('%064x', i), "
    f"'20260101T000000Z-0001' FROM n WHERE i % 1000",
)
_POINTER = WarcPointer(
    file="warc/2026/01/xinhua-20260101T000000Z-0001-00001.warc.gz",
    offset=123456789,
    length=12345,
    record_id="<urn:uuid:00000000-0000-4000-8000-000000000000>",
    payload_digest="sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    entity_sha256="0" * 64,
)


def fill(path: Path, size: int) -> None:
    """Make the ledger at `path`. A tenth of the time goes into the indexes, made at the end."""
    from dataclasses import asdict
    from json import dumps

    with closing(Ledger.open(path)) as ledger:
        connection = ledger.connection.raw
        connection.commit()
        raw = connection.connection.dbapi_connection
        assert raw
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA cache_size=-1000000")
        indexes = [index for table in metadata.sorted_tables for index in table.indexes]
        for index in indexes:
            index.drop(connection)
        for first in range(1, size + 1, 1_000_000):
            span = {"first": first, "last": min(size, first + 999_999)}
            for statement in _FILL:
                values = span | (
                    {"pointers": dumps([asdict(_POINTER)])} if ":p" in statement else {}
                )
                connection.execute(text(statement), values)
            connection.commit()
        for index in indexes:
            index.create(connection)
        _walk_lists(ledger, size)
        ledger.commit()


def _walk_lists(ledger: Ledger, size: int) -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(LISTS):
        links = [row.url for row in page(ledger, size, number)]
        ledger.lists.add_answer(
            list_url(number), at=at, status=200, region=REGIONS[number % 31],
            links=links,
        )  # fmt: skip
        ledger.lists.finish_walk(list_url(number), at=at)


def list_url(number: int) -> str:
    return f"http://www.{REGIONS[number % 31]}.xinhuanet.com/list{number}.htm"


def page(ledger: Ledger, size: int, number: int) -> list[Sighting]:
    """The links of a list page: 100 consecutive articles of one region among the newest."""
    span = LINKS * len(REGIONS)
    last = size - (number // len(REGIONS)) * span % max(1, size - span)
    numbers = [last - number % len(REGIONS) - step * len(REGIONS) for step in range(LINKS)]
    return sightings(ledger, numbers)


def sightings(ledger: Ledger, numbers: list[int]) -> list[Sighting]:
    """The addresses of these articles as a list page would show them."""
    values = ",".join(f"({number})" for number in numbers)
    statement = f"WITH n(i) AS (VALUES {values}) SELECT {_URL} AS url, {_ID} AS id FROM n"
    rows = ledger.connection.raw.execute(text(statement)).all()
    return [Sighting(url=row.url, article_id=row.id, region="js") for row in rows]
