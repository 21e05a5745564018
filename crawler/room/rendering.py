"""Templates to HTML: escaping is always on, a name that is missing is an error."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crawler import regions
from crawler.clock import BEIJING
from crawler.search.query import MOST_CHARACTERS

if TYPE_CHECKING:
    from crawler.room.texts import Texts

MAX_QUERY = MOST_CHARACTERS

_FORMS = {
    "day": "%Y-%m-%d",
    "minute": "%Y-%m-%d %H:%M",
    "second": "%Y-%m-%d %H:%M:%S",
    "clock": "%H:%M",
}


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
    return made


def render(template: str, t: Texts, **context: Any) -> str:
    """The page that a template makes of a context."""
    common = {
        "t": t,
        "nav": "",
        "max_query": MAX_QUERY,
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
