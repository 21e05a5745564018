"""The log as one JSON object a line, whatever is logged."""

from __future__ import annotations

import json
import logging
import sys

from crawler.runner.json_log import JsonFormatter


def test_an_object_a_line() -> None:
    try:
        raise ValueError("两行\n的错误")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("crawler.x", logging.ERROR, "x.py", 1, "%s\n失败", ("甲",), error)
    record.created = 0.5
    text = JsonFormatter().format(record)
    assert "\n" not in text
    told = json.loads(text)
    assert told.pop("exception").endswith("ValueError: 两行\n的错误")
    assert told == {
        "time": "1970-01-01T00:00:00.500+00:00",
        "level": "ERROR",
        "logger": "crawler.x",
        "message": "甲\n失败",
    }
