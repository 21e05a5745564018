"""PING_URL and WEBHOOK_URL: calls to other programs, bounded in time, whose failure is only logged.

PING_URL is called as healthchecks.io has it: `<url>/start` when a run begins, `<url>` when it ended
with 0, `<url>/fail` otherwise. WEBHOOK_URL gets the
closing block as JSON.
"""

from __future__ import annotations

import json
import logging
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.request import Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

SECONDS = 5.0  # for one call, name look-up and answer included


def ping(url: str, suffix: str = "") -> None:
    """Call PING_URL. Returns after SECONDS at the latest."""
    _call("PING_URL", Request(url.rstrip("/") + suffix))  # noqa: S310 - checked at the start


def post(url: str, value: Mapping[str, Any]) -> None:
    """Send an object to WEBHOOK_URL as JSON. Returns after SECONDS at the latest."""
    data = json.dumps(value, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    _call("WEBHOOK_URL", Request(url, data, headers))  # noqa: S310 - checked at the start


def _call(setting: str, request: Request) -> None:
    """The socket's time-out bounds each step, a thread of its own that is left behind all of them.

    The address is a secret: neither it nor an error's text, which may repeat it, is logged.
    """

    def call() -> None:
        try:
            with build_opener().open(request, timeout=SECONDS) as response:
                response.read(1024)
        except (OSError, ValueError) as error:
            logger.warning("%s could not be called: %s", setting, type(error).__name__)

    thread = Thread(target=call, daemon=True, name=setting)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        logger.warning("%s gave no answer in %g s", setting, SECONDS)
