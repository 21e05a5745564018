"""What the reading room says, in the reader's language.

In: an `Accept-Language` header. Out: the texts of `texts.toml` in the first of our languages that
it asks for, Chinese where it asks for none.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")
_DEFAULT = "zh"

# Entries of the header that are looked at: browsers send fewer than ten.
_MOST = 20


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


@cache
def table() -> dict[str, dict[str, str]]:
    """Language → key → text."""
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))


@cache
def texts(language: str) -> Texts:
    """The texts of one of LANGUAGES."""
    return Texts(language, table()[language])


def texts_for(accept_language: str) -> Texts:
    """The texts for a reader, by RFC 9110 12.5.4: the greatest weight first, then as listed."""
    weighed: list[tuple[float, int, str]] = []
    for place, entry in enumerate(accept_language.split(",")[:_MOST]):
        name, _, parameter = entry.partition(";")
        language = name.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if language in LANGUAGES and weight > 0:
            weighed.append((-weight, place, language))
    return texts(min(weighed)[2] if weighed else _DEFAULT)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
