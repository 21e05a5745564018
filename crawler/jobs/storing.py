"""Which shared place a cluster has: STORE, claimed for it, so that no two write into one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import URL

from crawler.clock import now
from crawler.data_dir import cluster_file, folder_of
from crawler.jobs.database import prepare
from crawler.ledger import location
from crawler.shared_storage.store import Replication, claim, place_of
from crawler.storage import make_folder, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.settings import BaseSettings

# Alarms look back three weeks.
LOOK_BACK: Final = timedelta(days=22)


def replication_of(settings: BaseSettings) -> Replication | None:
    """What STORE names, claimed for this cluster; None without STORE. Raises StoreError,
    StorageError."""
    if not settings["STORE"]:
        return None
    data_dir = folder_of(settings)
    place = place_of(settings["STORE"])
    claim(place, _cluster(data_dir, settings["LEDGER"] or ""))
    return Replication(data_dir, place)


def begin(settings: BaseSettings) -> Replication | None:
    """The same for a crawl, which finds in its folder what it needs of others' runs."""
    replication = replication_of(settings)
    if replication:
        replication.pull(now() - LOOK_BACK)
    return replication


def fetch_published(settings: BaseSettings) -> None:
    """Fetch what the folder lacks and STORE has, but for WARCs, which are read there. Nothing
    without STORE. Raises StoreError, StorageError, LedgerUrlError."""
    if replication := replication_of(settings):
        where = location.locate(replication.data_dir, settings["LEDGER"] or "")
        replication.fetch_all_but_warcs()
        location.keep(replication.data_dir, where)


def _cluster(data_dir: Path, setting: str) -> str:
    """The id of the cluster: that in the ledger's database, or one of the folder's own."""
    where = location.locate(data_dir, setting)
    if isinstance(where, URL):
        return prepare(where).id
    file = cluster_file(data_dir)
    if not file.is_file():
        make_folder(file.parent)
        write_atomically(file, f"{secrets.token_hex(16)}\n".encode())
    return file.read_text().strip()
