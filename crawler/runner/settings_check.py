"""The settings of a crawl, checked before anything else happens.

In: Scrapy's settings, some as text after `-s`. Out: nothing, or a `ConfigurationError` whose
message is the one line the user sees (exit 2), where a wrong value would end the run midway.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import math
import os
from typing import TYPE_CHECKING, Any

from scrapy.settings import SETTINGS_PRIORITIES, default_settings

from crawler.runner.crawl_hours import CrawlHours

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import BaseSettings

# Whole numbers and the least each may be.
_WHOLE = {
    "BANDWIDTH_MAX": 0,
    "CDX_LIMIT": 1,
    "CDX_MAX_QUERIES": 1,
    "CONCURRENT_ITEMS": 1,
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DISK_MIN_FREE": 0,
    "DOWNLOAD_MAXSIZE": 0,
    "IMAGE_BUDGET": 0,
    "IMAGE_BUDGET_BYTES": 0,
    "LIST_MAX_COLUMNS": 0,
    "LIST_MAX_DEPTH": 0,
    "LIST_MAX_PAGES": 1,
    "PART_MAX_BYTES": 1,
    "RECHECK_BUDGET": 0,
    "REDIRECT_MAX_TIMES": 0,
    "RETRY_TIMES": 0,
    "WARC_MAX_BYTES": 1,
}

_NUMBERS = {
    "ALARM_REPEAT": 0.0,
    "CHECKPOINT_SECONDS": 0.01,
    "DOWNLOAD_DELAY": 0.0,
    "DOWNLOAD_DELAY_JITTER": 0.0,
    "DOWNLOAD_TIMEOUT": 0.1,
    "GONE_CONFIRM_AFTER": 0.0,
    "LEASE_SECONDS": 1.0,
    "LOCK_MAX_AGE": 0.0,
    "PART_SECONDS": 0.01,
    "PROGRESS_SECONDS": 0.1,
    "STATUS_MAX_AGE": 0.0,
}

_SWITCHES = (
    "ARCHIVE_IMAGES",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "INDEX_AFTER_CRAWL",
    "LOG_ENABLED",
    "LOG_JSON",
    "ROBOTSTXT_OBEY",
)


class ConfigurationError(ValueError):
    """A setting is wrong; the message is one line that begins with its name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def check(settings: BaseSettings) -> None:
    """Raise ConfigurationError if the crawl can't be run with these settings."""
    _check_names(settings)
    for name, least in _WHOLE.items():
        _number(name, settings[name], int, least, "a whole number")
    for name, lowest in _NUMBERS.items():
        _number(name, settings[name], float, lowest, "a number")
    for age in settings.getlist("RECHECK_SCHEDULE"):
        _number("RECHECK_SCHEDULE", age, float, 0, "hours separated by commas, each")
    for name in _SWITCHES:
        try:
            settings.getbool(name)
        except ValueError as error:
            reason = f"True or False is wanted, not {settings[name]!r}"
            raise ConfigurationError(name, reason) from error
    _check_told(settings)


def _check_told(settings: BaseSettings) -> None:
    """The settings of what is said: our contact, whom a run tells of its end, the log's level."""
    contact = str(settings["CONTACT"])
    if not contact.strip() or not contact.isprintable():
        raise ConfigurationError("CONTACT", f"an address on one line is wanted, not {contact!r}")
    for name in ("PING_URL", "WEBHOOK_URL", "CDX_REPLAY", "CDX_DATA"):
        url = str(settings[name] or "")
        if url and not url.startswith(("http://", "https://")):
            raise ConfigurationError(name, "an http or https address is wanted")
    try:
        CrawlHours.of(settings["CRAWL_HOURS"])
    except ValueError as error:
        raise ConfigurationError("CRAWL_HOURS", str(error)) from error
    level, known = settings["LOG_LEVEL"], logging.getLevelNamesMapping()
    if not (isinstance(level, int) or level in known):
        names = ", ".join(name for name in known if name != "NOTSET")
        raise ConfigurationError("LOG_LEVEL", f"{level!r} is none of {names}")


def _check_names(settings: BaseSettings) -> None:
    """Raise ConfigurationError for a setting of the command line that neither Scrapy nor we have: a
    typo would have no effect, and nobody would hear of it."""
    ours = vars(importlib.import_module("crawler.settings"))
    known = {name for name in (*vars(default_settings), *ours) if name.isupper()}
    for name in settings:
        if settings.getpriority(name) == SETTINGS_PRIORITIES["cmdline"] and name not in known:
            near = difflib.get_close_matches(str(name)[:40].upper(), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(str(name)[:120], f"unknown setting{hint}")


def check_log(settings: BaseSettings) -> None:
    """Raise ConfigurationError if the log can't be written. Its folder may be the run's own: to be
    called once that is there."""
    file = settings["LOG_FILE"]
    if not file or not settings.getbool("LOG_ENABLED"):
        return
    try:
        # that of a FIFO which nobody reads would wait for ever
        os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o666))
    except OSError as error:
        raise ConfigurationError("LOG_FILE", f"can't write {file!r}: {error.strerror}") from error


def _number(name: str, value: Any, kind: Callable[[Any], float], least: float, wanted: str) -> None:
    try:
        number = kind(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least <= number < math.inf:
        raise ConfigurationError(name, f"{wanted} from {least} up is wanted, not {value!r}")
