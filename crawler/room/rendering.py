"""How every page of the room is made: the reader's language, templates, answers and refusals.

`texts.toml` has the words, `templates/` the pages. Escaping is always on, and a name that a
template lacks is an error. What stands in an address is read strictly.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from crawler import regions
from crawler.clock import BEIJING
from crawler.search.search import MOST_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

LANGUAGES = ("zh", "en")
_DEFAULT = "zh"

# Entries of an Accept header that are looked at: browsers send fewer than ten.
_MOST = 20

# A number in an address: of a page or a version.
NUMBER = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)

_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)

_FORMS = {
    "day": "%Y-%m-%d",
    "minute": "%Y-%m-%d %H:%M",
    "second": "%Y-%m-%d %H:%M:%S",
    "clock": "%H:%M",
}


# The sentences of withdrawals (spiders/article_answers.py, history/versions.py), corrections
# (reextraction/correction.py) and certificates (coverage/verdicts.py), which stand in English in
# published files, by the text that says the same.
_SENTENCES = [
    (re.compile(pattern), key)
    for pattern, key in (
        (r"HTTP (\d+)", "reason_http"),
        (r"redirected to (\S+)", "reason_redirected"),
        (r"soft_404", "reason_soft_404"),
        (r"list_page", "reason_list_page"),
        (r"script_redirect", "reason_script_redirect"),
        (r"empty|emptied", "reason_empty"),
        (r"read by extractor (\S+), before by (\S+)", "reason_corrected"),
        (r"(\S+) is owed: not asked for yet", "reason_not_asked"),
        (r"(\S+) is owed: (\w+)", "reason_owed"),
        (r"(\S+) says that (\d+) more came between (\S+) and (\S+) than it showed", "reason_total"),
        (r"(\S+) has further pages, of (\S+) and before, that were .+", "reason_pages_left"),
        (r"a further page of (\S+) could not be had between (\S+) and (\S+)", "reason_unreached"),
        (r"(\S+) showed none of its last articles any more: a gap between (\S+) and (\S+)",
         "reason_gap"),
        (r"its lists were not read on the whole of this day", "reason_unwatched"),
        (r"none of its lists was read since the day's end", "reason_unread"),
        (r"(\S+) was not read since the day's end; (\d+) articles of late .+", "reason_doubted"),
    )
]  # fmt: skip


class Texts:
    """The texts of one language."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, *values: object) -> str:
        """The text of a key with its values in place; of one thing, the text of `<key>_one` where
        there is such. Raises KeyError: a text is missing."""
        text = self._texts[key]
        if values and values[0] == 1:
            text = self._texts.get(f"{key}_one", text)
        return text.format(*values) if values else text

    def get(self, key: str, default: str) -> str:
        """The text of a key that may be none of ours, such as a name in a published line."""
        return self._texts.get(key, default)


def reworded(sentence: str, t: Texts) -> str:
    """A sentence of a published file in the reader's language; as it stands where it is none that
    we write today."""
    for pattern, key in _SENTENCES:
        if found := pattern.fullmatch(sentence):
            values = (local(one) if one.endswith("Z") else one for one in found.groups())
            return t(key, *values)
    return sentence


@cache
def table() -> dict[str, dict[str, str]]:
    """Language → key → text."""
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))


@cache
def texts(language: str) -> Texts:
    """The texts of one of LANGUAGES."""
    return Texts(language, table()[language])


def texts_for(accept_language: str) -> Texts:
    """The texts for a reader by the Accept-Language header (RFC 9110 12.5.4): the greatest weight
    first, then as listed; Chinese where none of ours is asked for."""
    asked = [
        (-weight, place, language)
        for place, (name, weight) in enumerate(_weighted(accept_language))
        if (language := name.partition("-")[0]) in LANGUAGES and weight > 0
    ]
    return texts(min(asked)[2] if asked else _DEFAULT)


def texts_of(request: Request) -> Texts:
    """The texts of the reader's language."""
    return texts_for(request.headers.get("accept-language", ""))


def wants_json(request: Request) -> bool:
    """Whether the reader takes JSON rather than HTML (RFC 9110 12.5.1)."""
    weights = dict(_weighted(request.headers.get("accept", "")))
    return weights.get("application/json", 0.0) > weights.get("text/html", 0.0)


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """The names in an Accept header, in lower case, with their weights from 0 to 1; what is no
    number counts as 0."""
    for entry in header.lower().split(",")[:_MOST]:
        name, *parameters = (part.strip() for part in entry.split(";"))
        given = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            weight = float(given)
        except ValueError:
            weight = 0.0
        yield name, min(max(weight, 0.0), 1.0)


@cache
def environment() -> Environment:
    """The templates of the room."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["local"] = local
    made.filters["reworded"] = reworded
    return made


def render(template: str, t: Texts, **context: Any) -> str:
    """The page that a template makes of a context."""
    common = {
        "t": t,
        "nav": "",
        "max_query": MOST_CHARACTERS,
        "all_regions": [(one.code, one.name) for one in regions.load().values()],
    }
    return environment().get_template(template).render(common | context)


def local(value: str | datetime, form: str = "minute") -> str:
    """A time of a line or of the ledger as a person in China reads it; as it stands where it is
    none."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=BEIJING)
        return moment.astimezone(BEIJING).strftime(_FORMS[form])
    except (ValueError, OverflowError):
        return str(value)


def name_of(code: str) -> str:
    """The Chinese name of a region, its code where the registry has none."""
    known = regions.load().get(code)
    return known.name if known else code


class PageError(Exception):
    """An honest page in place of the one asked for: the status and keys of texts."""

    def __init__(self, status: int, *keys: str, said: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.keys = keys
        self.said = said


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
