"""What all pages of the room share: the archive they read, their answers, addresses read strictly.

The ledger is opened read-only for each request (about 5 ms), so that a page never keeps a crawl
waiting and always tells the last commit.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from crawler.ledger.ledger import Ledger
from crawler.room.lines import PublishedLines
from crawler.room.rendering import render
from crawler.room.texts import texts_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

    from crawler.room.texts import Texts

# A number in an address: of a page or a version.
NUMBER = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)

_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What the room shows and to whom. `ledger`: LEDGER; `max_age`: STATUS_MAX_AGE;
    `names`: the host names it answers to."""

    data_dir: Path
    index: Path
    ledger: str
    max_age: timedelta
    names: frozenset[str]


class PageError(Exception):
    """An honest page in place of the one asked for: the status and keys of texts."""

    def __init__(self, status: int, *keys: str, said: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.keys = keys
        self.said = said


class Reading:
    """The archive of one data folder, open for reading; may be used by several threads."""

    def __init__(self, settings: RoomSettings) -> None:
        self.settings = settings
        self.data_dir = settings.data_dir
        self.lines = PublishedLines(settings.data_dir)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger as of its last commit. Raises LedgerError."""
        ledger = Ledger.of(self.data_dir, self.settings.ledger, read_only=True)
        try:
            yield ledger
            ledger.connection.check_unchanged()
        finally:
            ledger.close()

    def told(self, error: Exception) -> str:
        """What is wrong with a file, with names as the archive has them."""
        return str(error).replace(f"{self.data_dir}/", "")


def texts_of(request: Request) -> Texts:
    """The texts of the reader's language."""
    return texts_for(request.headers.get("accept-language", ""))


def page(request: Request, template: str, code: int = 200, **context: Any) -> Response:
    """A page in the reader's language."""
    return html(request, render(template, texts_of(request), **context), code)


def html(request: Request, text: str, code: int = 200) -> Response:
    """A page that is rendered already."""
    language = texts_of(request)("lang")
    headers = {"Vary": "Accept, Accept-Language", "Content-Language": language}
    return HTMLResponse(text, code, headers)


def refusal(request: Request, status: int, *keys: str, said: str = "") -> Response:
    """A page that says why there is no other."""
    t = texts_of(request)
    answer = page(
        request, "error.html", status, heading=t(keys[0]),
        sentences=[*(t(key) for key in keys[1:]), *([said] if said else [])],
    )  # fmt: skip
    if status == 405:
        answer.headers["Allow"] = "GET, HEAD"
    if status == 503:
        answer.headers["Retry-After"] = "10"
    return answer


def base_of(request: Request) -> str:
    """The room's own address, as the reader's browser has it; its Host header was checked."""
    return f"{request.url.scheme}://{request.url.netloc}"


def page_number(request: Request) -> int:
    """The page of a listing that an address asks for. Raises PageError."""
    given = request.query_params.get("page") or "1"
    if not NUMBER.fullmatch(given):
        raise PageError(400, "error_400", "query_bad_page")
    return int(given)


def a_day(given: str) -> date:
    """The day in an address. Raises PageError."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise PageError(404, "error_404", "query_bad_day") from None
    if day.isoformat() != given or not _FIRST_DAY <= day <= _LAST_DAY:
        raise PageError(404, "error_404", "query_bad_day")
    return day


def pager(number: int, count: int, query: str, size: int) -> dict[str, Any]:
    """The links before and after page `number` of `count` entries, `size` a page."""
    joint = "&" if len(query) > 1 else ""
    return {
        "number": number,
        "previous_page": f"{query}{joint}page={number - 1}" if number > 1 else None,
        "next_page": f"{query}{joint}page={number + 1}" if number * size < count else None,
    }
