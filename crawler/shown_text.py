"""How text is shown: names of files that are no text, secrets, and lines that fit a terminal.

A name is any bytes, and Python keeps those that are no text as lone surrogates (PEP 383), which
neither JSON, SQLite nor a terminal takes. Secrets are the values of some settings and the passwords
in addresses (RFC 3986, 3.2.1). A Chinese character takes two columns (Unicode Standard Annex 11).
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NO_TEXT = re.compile("[\udc80-\udcff]")
_WRITTEN = re.compile(rb"%(25|[89A-F][0-9A-F])")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _decoded(name: str | os.PathLike[str]) -> str:
    """The name as UTF-8, whatever the encoding of the locale."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def shown(name: str | os.PathLike[str]) -> str:
    """A name, or an argument, on one line for a person: what is no text or would break the line
    stands there as an escape of the shell's $'…'."""
    text = _NO_TEXT.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", _decoded(name))
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def written(name: str) -> str:
    """A name for programs, in JSON. In one that is no UTF-8 bytes that are none stand there as %XX,
    and % as %25."""
    text = _decoded(name)
    if not _NO_TEXT.search(text):
        return text
    return _NO_TEXT.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", text.replace("%", "%25"))


def readings(name: str) -> Iterator[str]:
    """What a written name may stand for, in a form that files can be opened by: the name as it
    stands, else with bytes of its own."""
    data = name.encode("utf-8", "surrogateescape")
    yield os.fsdecode(data)
    if _WRITTEN.search(data):
        yield os.fsdecode(_WRITTEN.sub(lambda found: bytes.fromhex(found[1].decode()), data))


SECRET_SETTINGS: Final = ("PING_URL", "WEBHOOK_URL")
MASK: Final = "***"

_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*(?=@)")
# SQLAlchemy takes whatever stands before the @ of a database's address, slashes too.
_OF_DATABASE = re.compile(r"(postgres[\w+]*://[^:/@\s]*):[^@\n]*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&\s]*")
_SETTING = re.compile(rf"({'|'.join(SECRET_SETTINGS)})=.*", re.DOTALL)


def masked(text: str) -> str:
    """The text with the passwords of addresses in it masked; user names stay."""
    text = _OF_DATABASE.sub(rf"\1:{MASK}", text)
    return _PARAMETER.sub(rf"\1={MASK}", _PASSWORD.sub(rf"\1:{MASK}", text))


def masked_command(words: Sequence[str]) -> str:
    """A command line as a shell would take it, secrets masked: the value of a secret setting, given
    as `-s NAME=VALUE`, `-sNAME=VALUE` or `--set NAME=VALUE`, and passwords."""
    return shlex.join(masked(_SETTING.sub(rf"\1={MASK}", word)) for word in words)


# What a terminal and a mail have room for.
LINE = 80


def columns(text: str) -> int:
    """How many columns a text takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    """The text with blanks after it up to that many columns."""
    return text + " " * (width - columns(text))


def wrapped(text: str, first: str = "", rest: str = "", width: int = LINE) -> list[str]:
    """The words of a text as lines that begin with `first`, those after it with `rest`. A word that
    is longer than a line, such as an address, stays whole."""
    lines = [first]
    is_begun = False
    for word in text.split(" "):
        joint = " " if is_begun else ""
        if is_begun and columns(f"{lines[-1]}{joint}{word}") > width:
            lines.append(rest + word)
        else:
            lines[-1] += joint + word
        is_begun = True
    return lines
