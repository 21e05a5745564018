"""Values of options that several commands take, read by argparse.

In: the text after an option. Out: its value, or ArgumentTypeError, whose sentence argparse prints
before it ends with exit code 2.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from crawler import regions
from crawler.arguments import parse_day
from crawler.file_name_escapes import shown

if TYPE_CHECKING:
    from datetime import date


def count(value: str) -> int:
    """An option's number from 1 up."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ArgumentTypeError(f"a number from 1 up is wanted, not {value!r}")
    return int(value)


def day(value: str) -> date:
    """A day such as 2017-09-28."""
    try:
        return parse_day(value)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def region_codes(value: str) -> frozenset[str]:
    """Codes of regions that are named by code or name, separated by commas, in any locale."""
    try:
        return frozenset(regions.resolve(token).code for token in shown(value).split(","))
    except regions.RegionError as error:
        raise ArgumentTypeError(str(error)) from None
