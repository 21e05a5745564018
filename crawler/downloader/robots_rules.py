"""What a robots.txt answer allows, by RFC 9309. Pure."""

from __future__ import annotations

from codecs import BOM_UTF8

from protego import Protego

# The name by which robots.txt may speak of this crawler (RFC 9309 §2.2.1).
AGENT = "xinhua-archive"

# RFC 9309 §2.5: at least 500 KiB are parsed; what follows is ignored.
MAX_BYTES = 500 * 1024


class UnknownRulesError(ValueError):
    """The answer says nothing of what may be asked for."""


def bounded(body: bytes) -> bytes:
    """The whole lines within MAX_BYTES: half a line would be another rule."""
    if len(body) <= MAX_BYTES:
        return body
    return body[: body.rfind(b"\n", 0, MAX_BYTES) + 1]


def has_rules(status: int | None, body: bytes) -> bool:
    """Whether an answer is a robots.txt that names a crawler: no page, and not empty."""
    is_page = body.removeprefix(BOM_UTF8).lstrip()[:1] == b"<"
    is_success = status is not None and 200 <= status < 300
    return is_success and not is_page and b"user-agent" in body.lower()


def rules_of(status: int | None, body: bytes) -> Protego:
    """The rules an answer stands for. Raises UnknownRulesError when it leaves them unknown."""
    if status is not None and 200 <= status < 300:
        return Protego.parse(body.decode("utf-8-sig", "replace"))  # editors begin with a BOM
    if status is not None and 400 <= status < 500 and status != 429:
        return Protego()
    raise UnknownRulesError(f"HTTP {status}")
