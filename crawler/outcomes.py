"""The closed list of outcomes: every article address seen in a run ends in exactly one of them.

DATA_FORMAT.md documents the names; the run report counts them and they add up to `urls_seen`.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """How one article address ended in one run."""

    # fetched and settled
    PUBLISHED = "published"  # a first version was written
    CHANGED = "changed"  # a further version was written
    RESTORED = "restored"  # a gone article answered again, record written
    UNCHANGED = "unchanged"  # fetched again, same content
    NOT_MODIFIED = "not_modified"  # 304
    UNKNOWN_LAYOUT = "unknown_layout"  # no layout claims it: published through the fallback
    AMBIGUOUS_LAYOUT = "ambiguous_layout"  # several claim it: published through the fallback
    UNCLAIMED = "unclaimed"  # looked at again, none or several layouts claim it now: not compared
    GONE = "gone"  # a withdrawal was confirmed, record written
    SUSPECTED = "suspected"  # a first sign of withdrawal, or one that may be an outage's
    REDIRECTED = "redirected"  # leads to another article address, which has its own outcome
    NOT_ARTICLE = "not_article"  # a list page or something else at an article's address

    # nothing to fetch
    KNOWN = "known"  # archived before and not due
    DUPLICATE = "duplicate"  # another address of an article that has its own outcome

    # not fetched, still owed
    PENDING = "pending"  # not reached: limit or stop
    OUT_OF_RANGE = "out_of_range"  # published outside since/until
    DEFERRED = "deferred"  # its host is held (Retry-After, breaker)
    NOT_ARCHIVED = "not_archived"  # a replay's archives don't hold it
    ROBOTS_UNREACHABLE = "robots_unreachable"  # robots.txt gave no answer: disallow for now

    # refused
    ROBOTS_DENIED = "robots_denied"
    REFUSED_ADDRESS = "refused_address"  # private address, or a redirect out of the two domains

    # failed, tried again later
    MISSING = "missing"  # 404 or 410 at an address never archived
    SOFT_404 = "soft_404"  # an error page with status 200
    HTTP_ERROR = "http_error"  # any other status
    DNS_FAILED = "dns_failed"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"  # the answer was cut short
    DAMAGED = "damaged"  # the answer's compression or framing is broken
    EXTRACTION_FAILED = "extraction_failed"  # our error: archived, to be extracted again


SETTLED = frozenset({
    Outcome.PUBLISHED, Outcome.CHANGED, Outcome.RESTORED, Outcome.UNCHANGED, Outcome.NOT_MODIFIED,
    Outcome.UNKNOWN_LAYOUT, Outcome.AMBIGUOUS_LAYOUT, Outcome.UNCLAIMED, Outcome.GONE,
    Outcome.REDIRECTED,
    Outcome.NOT_ARTICLE, Outcome.KNOWN, Outcome.DUPLICATE, Outcome.EXTRACTION_FAILED,
})  # fmt: skip
"""Nothing is owed to the address: a later run doesn't ask for it outside re-checks."""

OWED_NOW = frozenset({
    Outcome.PENDING, Outcome.DEFERRED, Outcome.ROBOTS_UNREACHABLE, Outcome.OUT_OF_RANGE,
    Outcome.NOT_ARCHIVED,
})  # fmt: skip
"""The address waits without having failed: the next run asks for it at once."""

FETCHED = frozenset({
    Outcome.PUBLISHED, Outcome.CHANGED, Outcome.RESTORED, Outcome.UNKNOWN_LAYOUT,
    Outcome.AMBIGUOUS_LAYOUT,
})  # fmt: skip
"""A record with content was written: what `limit` counts."""
