"""What one published JSONL line says, as rows of the ledger. Pure.

A line is given as parsed; column values for versions, addresses, articles and observations are made
of it. Raises KeyError, TypeError or ValueError where its keys or values are not of the format.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.clock import BEIJING
from crawler.items import WarcPointer, as_line
from crawler.ledger.schedule import next_check
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta


def digest(line: Mapping[str, Any]) -> str:
    """The hex SHA-256 of the line as it is written, line feed included."""
    return hashlib.sha256(as_line(dict(line))).hexdigest()


def moment(text: str) -> datetime:
    """A time of a line; one without a zone is Beijing's."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=BEIJING)


def pages(line: Mapping[str, Any]) -> tuple[WarcPointer, ...]:
    """The captures the line was made from, page 1 first; none for a gone record."""
    pointers = line["warc_pages"] or [line["warc"]]
    return tuple(WarcPointer(**pointer) for pointer in pointers if pointer)


def version(line: Mapping[str, Any], number: int, jsonl: str) -> dict[str, Any]:
    """The row of the line itself; `number` is its place among the article's, `jsonl` its file."""
    return {
        "article_id": line["id"],
        "number": number,
        "version": line["version"],
        "status": line["status"],
        "fetched_at": moment(line["fetched_at"]),
        "title": line["title"],
        "content_sha256": line["content_sha256"],
        "extractor_version": line["extractor_version"],
        "changed": line["changed"],
        "warc_pages": pages(line),
        "jsonl": jsonl,
        "line_sha256": digest(line),
        "run_id": line["run_id"],
        "archive": archive(line),
        **_of_schema_2(line),
    }


def archive(line: Mapping[str, Any]) -> str | None:
    """The web archive that the line's capture is of; None for our own, and in lines of before there
    were others."""
    found = line.get("archive")
    return str(found["name"]) if found else None


def _of_schema_2(line: Mapping[str, Any]) -> dict[str, Any]:
    """What lines of schema version 1 don't have; `source` they do, but of those that a migration
    found the ledger doesn't know it, so of none."""
    if line["schema_version"] == 1:
        return {"line": None, "revision": 0, "corrects": None, "source": None}
    names = ("line", "revision", "corrects", "source")
    return {name: line[name] for name in names}


def addresses(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The line's own address, then the others the article was seen at; nothing is owed at them."""
    found = line["discovered_from"] or {}
    own = _address(line, line["canonical_url"]) | {
        "region": _region(line),
        "found_on": found.get("url"),
        "position": found.get("position"),
        "title": found.get("title"),
    }
    if archive(line) is None:  # a capture of others is no attempt of ours at the address
        own |= {"result": outcome(line), "result_at": moment(line["fetched_at"])}
    return [own, *(_address(line, url) for url in line["also_at"] if url != own["url"])]


def _address(line: Mapping[str, Any], url: str) -> dict[str, Any]:
    return {
        "url": url,
        "article_id": line["id"],
        "region": None,
        "found_on": None,
        "position": None,
        "title": None,
        "first_seen_at": _first_seen(line),
        "attempts": 0,
        "result": None,
        "result_at": None,
    }


def observations(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The observations a gone record rests on."""
    seen = line["gone"]["observations"] if line["gone"] else []
    return [
        {
            "article_id": line["id"],
            "at": moment(one["at"]),
            "url": line["canonical_url"],
            "status": one["status"],
            "reason": one["reason"],
            "warc": (WarcPointer(**one["warc"]),) if one["warc"] else (),
            "run_id": None,
        }
        for one in seen
    ]


def state(line: Mapping[str, Any], schedule: Sequence[timedelta]) -> dict[str, Any]:
    """What the newest line of an article says of it."""
    at = moment(line["fetched_at"])
    is_gone = line["status"] == "gone"
    published_at = moment(line["published_at"]) if line["published_at"] else None
    return {
        "url": line["url"],
        "canonical_url": line["canonical_url"],
        "region": _region(line),
        "status": "gone" if is_gone else "live",
        "state_at": at,
        "suspected_at": None,
        "version": line["version"],
        "last_checked_at": at,
        "next_check_at": None
        if is_gone or archive(line)
        else next_check(_first_seen(line), published_at, at, schedule),
    }


def content(line: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What the newest line with content says of an article. The validators of a capture of others
    are no answer of the site to us."""
    http = (line["http"] or {}) if archive(line) is None else {}
    return {
        "number": number,
        "content_sha256": line["content_sha256"],
        "extractor_version": line["extractor_version"],
        "published_at": line["published_at"],
        "etag": http.get("etag"),
        "last_modified": http.get("last_modified"),
    }


# What a correction says of its article as any line does; the rest is of the look at the page.
_CORRECTED = frozenset({
    "url", "canonical_url", "region", "number", "content_sha256", "extractor_version",
    "published_at",
})  # fmt: skip


def corrected(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a correction's `state` or `content` what it changes."""
    return {name: value for name, value in values.items() if name in _CORRECTED}


def first(line: Mapping[str, Any]) -> dict[str, Any]:
    """What stays of the first line of an article."""
    return {"article_id": line["id"], "first_seen_at": _first_seen(line)}


def _first_seen(line: Mapping[str, Any]) -> datetime:
    return moment(line["first_seen_at"] or line["fetched_at"])


def _region(line: Mapping[str, Any]) -> str | None:
    return line["region"]["code"] if line["region"] else None


def outcome(line: Mapping[str, Any]) -> Outcome:
    """How the look ended that a line, or the row of one, is of."""
    if line["status"] == "gone":
        return Outcome.GONE
    if line["status"] == "restored":
        return Outcome.RESTORED
    return Outcome.PUBLISHED if line["version"] == 1 else Outcome.CHANGED
