"""Whether what is archived of an exchange is what the origin logged of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.archive.wire import origin_form
from tests.archive.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.archive.crawled import Archived, Crawled
    from tests.archive.kinds import Kind
    from tests.archive.origin import Logged


def differences(crawled: Crawled, name: str) -> list[str]:
    """What differs in the exchanges of a kind; nothing when every byte is there."""
    kind = KINDS[name]
    pairs = crawled.of(name)
    found = [said for number, pair in enumerate(pairs) for said in _differing(kind, number, *pair)]
    response = pairs[-1][1].response
    if response is not None and response.kind == "response":
        stated = response.header("WARC-Truncated")
        if stated != kind.truncated:
            found.append(f"WARC-Truncated is {stated}, not {kind.truncated}")
    return found


def _differing(kind: Kind, number: int, logged: Logged, archived: Archived) -> Iterator[str]:
    received = origin_form(logged.received) if kind.way == "proxy" else logged.received
    if archived.request.block != received:
        yield "the request"
    sent = bytes(logged.sent[kind.interim : len(logged.sent) - kind.excess])
    response = archived.response
    if number < kind.swallowed or kind.end == "failed" or not sent:
        if response is not None:
            yield "a response where nothing came"
    elif response is None or not response.block:
        yield "no response"
    elif response.kind == "revisit":
        if response.block != sent[: sent.index(b"\r\n\r\n") + 4]:
            yield "the revisit's head"
    elif kind.truncated in ("time", "length"):
        if not sent.startswith(response.block):
            yield "the response is no beginning of what was sent"
    elif response.block != sent:
        yield "the response"
