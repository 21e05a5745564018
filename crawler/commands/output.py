"""What commands that read the ledger share: opening it, and text that is safe to print."""

from __future__ import annotations

import unicodedata
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.state.ledger import Ledger

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

STORAGE = 5
"""The exit code for a ledger that can't be read."""


def open_ledger(settings: BaseSettings) -> Ledger:
    """The data folder's ledger, to be read. Raises LedgerError (NoLedgerError before a crawl)."""
    return Ledger.open(Path(settings["DATA_DIR"]) / "state" / "ledger.sqlite", read_only=True)


def printable(text: str) -> str:
    """Text of the web without what could steer a terminal: controls, direction marks."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else "\ufffd"
        for character in text
    )


def count(value: str) -> int:
    """An option's number from 1 up."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ArgumentTypeError(f"a number from 1 up is wanted, not {value!r}")
    return int(value)
