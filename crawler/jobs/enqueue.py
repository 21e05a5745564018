"""Putting jobs into the queue: crawls of regions, the search index, exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from crawler.jobs.database import connect, failed
from crawler.jobs.queue import CRAWL, Putting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.jobs.database import JobsCluster


def put_crawls(cluster: JobsCluster, regions: Sequence[str], arguments: Sequence[str]) -> int:
    """Put a crawl of each region; how many were put. One that waits already, with whatever
    arguments, is not put a second time unless it brings arguments of its own."""
    put = 0
    try:
        with connect(cluster.url) as connection, connection.transaction():
            putting = Putting(cluster.url, connection)
            for region in regions:
                key = " ".join((CRAWL, region, *arguments))
                values = {"region": region, "arguments": list(arguments)}
                put += putting.put_once(CRAWL, key, **values)
    except psycopg.Error as error:
        raise failed(cluster.url, error) from error
    return put


def put_command(cluster: JobsCluster, kind: str, **values: str | list[str]) -> int:
    """Put a job for `scrapy index` or `scrapy export`; how many were put: none where it waits
    already."""
    key = " ".join((kind, *map(str, values.values())))
    try:
        with connect(cluster.url) as connection, connection.transaction():
            return int(Putting(cluster.url, connection).put_once(kind, key, **values))
    except psycopg.Error as error:
        raise failed(cluster.url, error) from error
