"""Makes null what breaks the output contract.

A bad value caused by a page is no exception: the field becomes null, or the item leaves its list,
and a flag says which and why. Absent is null, never "".
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

from crawler.items import Precision, Role
from crawler.pipelines.clean_text import clean
from crawler.pipelines.normalisation import FlagName

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.pipelines.normalisation import Normalisation

# Characters a field may have: five times the longest on the site.
LONGEST: Final = {
    "title": 500, "subtitle": 1000, "kicker": 500, "published_raw": 400, "source": 60,
    "source_raw": 400, "byline_raw": 2000, "summary": 5000, "language": 35,
}  # fmt: skip

# Items a list may have.
MOST: Final = {
    "reporters": 60, "editors": 10, "keywords": 50, "channel": 20, "images": 1000, "videos": 200,
    "attachments": 500,
}  # fmt: skip

# Characters of a person's name, and of an address.
_LONGEST_NAME: Final = 40
_LONGEST_URL: Final = 4096

# Characters of a left out value in its flag.
_SHOWN = 100

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
_ADDRESS = re.compile(r"https?://[^\s/\[\]<>\ud800-\udfff]+(?:/[^\s\ud800-\udfff]*)?")
_ROLES = frozenset(get_args(Role))
_PRECISIONS = frozenset(get_args(Precision))


def validate(current: Normalisation) -> Normalisation:
    """The same with every field inside the contract."""
    current = _texts(current)
    current = _times(current)
    current = _lists(current)
    article = current.article
    if article.source is None or article.source_raw is None:
        current = current.with_values(source=None, source_raw=None, is_reprint=None)
    if article.body != ("\n\n".join(article.paragraphs) or None):
        current = current.with_values(body="\n\n".join(article.paragraphs) or None)
    return current


def _texts(current: Normalisation) -> Normalisation:
    for name, longest in LONGEST.items():
        value = getattr(current.article, name)
        if value is None:
            continue
        if not value or value != clean(value):
            current = _null(current, name, "not a clean text")
        elif len(value) > longest:
            current = _null(current, name, f"{len(value)} characters, at most {longest}")
    return current


def _times(current: Normalisation) -> Normalisation:
    article = current.article
    for name in ("published_at", "modified_at"):
        value = getattr(article, name)
        if value is not None and not _TIME.fullmatch(value):
            current = _null(current, name, "not ISO 8601 at +08:00")
    if (current.article.published_at is None) != (article.published_precision not in _PRECISIONS):
        current = _null(current, "published_at", "time and precision don't belong together")
    if current.article.published_at is None and current.article.published_precision is not None:
        current = current.with_values(published_precision=None, published_raw=None)
    return current


def _lists(current: Normalisation) -> Normalisation:
    article = current.article
    checks: dict[str, Callable[[Any], bool]] = {
        "reporters": lambda person: _is_name(person.name) and person.role in _ROLES,
        "editors": _is_name,
        "images": _has_address,
        "videos": _has_address,
        "attachments": _has_address,
        "keywords": bool,
        "channel": bool,
    }
    for name, is_valid in checks.items():
        values = getattr(article, name)
        kept = [value for value in values if is_valid(value)][: MOST[name]]
        if len(kept) < len(values):
            gone = next((v for v in values if v not in kept), values[-1])
            current = current.with_values(**{name: kept}).flagged(
                FlagName.INVALID_VALUE,
                f"{name}: {len(values) - len(kept)} left out, such as {str(gone)[:_SHOWN]!r}",
            )
    return _positions(current)


def _positions(current: Normalisation) -> Normalisation:
    """Media stand before, between or behind the paragraphs."""
    highest = len(current.article.paragraphs)
    for name in ("images", "videos", "attachments"):
        values = getattr(current.article, name)
        if any(not 0 <= value.position <= highest for value in values):
            moved = [replace(v, position=min(max(v.position, 0), highest)) for v in values]
            current = current.with_values(**{name: moved})
    return current


def _is_name(value: str) -> bool:
    return 2 <= len(value) <= _LONGEST_NAME and value == clean(value) and "\n" not in value


def _has_address(medium: Any) -> bool:
    return len(medium.url) <= _LONGEST_URL and _ADDRESS.fullmatch(medium.url) is not None


def _null(current: Normalisation, name: str, reason: str) -> Normalisation:
    return current.with_values(**{name: None}).flagged(FlagName.INVALID_VALUE, f"{name}: {reason}")
