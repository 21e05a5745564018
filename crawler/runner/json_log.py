"""The log as JSON lines, with `-s LOG_JSON=1`: one object a line, for log collectors."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


class JsonFormatter(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def install(settings: BaseSettings) -> None:
    """Take the place of Scrapy's log handler; to be called before Scrapy installs it.

    LOG_FILE, LOG_FILE_APPEND, LOG_ENCODING and LOG_LEVEL mean what they mean to Scrapy.
    """
    if not settings.getbool("LOG_ENABLED"):
        return
    handler: logging.Handler = logging.StreamHandler()
    if settings["LOG_FILE"]:
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        handler = logging.FileHandler(settings["LOG_FILE"], mode, settings["LOG_ENCODING"])
    handler.setFormatter(JsonFormatter())
    handler.setLevel(settings["LOG_LEVEL"])
    logging.root.addHandler(handler)
    settings.setdict({"LOG_ENABLED": False, "LOG_FILE": None}, priority="cmdline")
