"""Names of files as text. A name is any bytes, and Python keeps those that are no text as lone
surrogates (PEP 383), which neither JSON, SQLite nor a terminal takes.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
