"""The closed list of outcomes: every article address seen in a run ends in exactly one of them.

One row each: the name, what follows from it, what it means. DATA_FORMAT.md documents the names; the
run report counts them and they add up to `urls_seen`. An outcome that is neither SETTLED nor
OWED_NOW is a failure: the address is tried again by `ledger.schedule.RETRY_SCHEDULE`. Pictures have
a list of their own, at the end.
"""

from __future__ import annotations

from enum import Flag, StrEnum, auto
from typing import Self


class Trait(Flag):
    """What follows from an outcome."""

    # nothing is owed to the address: a later run doesn't ask for it outside re-checks
    SETTLED = auto()
    # the address waits without having failed: the next run asks for it at once
    OWED_NOW = auto()
    # given without an attempt, or without one that counts: an attempt made after all replaces it
    PROVISIONAL = auto()
    # says nothing of the article: its other addresses may still be fetched
    OF_THE_ADDRESS = auto()
    # a failure of the host: enough of them in a row end its work for the run
    OF_THE_HOST = auto()
    # the article is there: ends a suspicion that it was withdrawn
    PAGE_IS_THERE = auto()
    # a record with content was written: what `limit` counts
    FETCHED = auto()
    # the article's first record
    NEW = auto()
    # the one layout that claims the page has read it
    READ = auto()
    # none or several of the layouts claim the page
    UNREAD = auto()


_SETTLED = Trait.SETTLED
_OWED = Trait.OWED_NOW | Trait.OF_THE_ADDRESS
_LOOKED = Trait.SETTLED | Trait.PAGE_IS_THERE
_WRITTEN = _LOOKED | Trait.FETCHED
_OF_THE_ADDRESS = Trait.OF_THE_ADDRESS
_OF_THE_HOST = Trait.OF_THE_HOST
_FAILED = Trait(0)


class Outcome(StrEnum):
    """How one article address ended in one run; `meaning` is for people (`scrapy explain`)."""

    traits: Trait
    meaning: str

    # Every row gives all three; the defaults are for type checkers, which take `Outcome(name)`, the
    # look-up, for a call of this.
    def __new__(cls, name: str, traits: Trait = _FAILED, meaning: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.traits = traits
        member.meaning = meaning
        return member

    # fetched and settled
    PUBLISHED = ("published", _WRITTEN | Trait.NEW | Trait.READ, "a first version was written")
    CHANGED = ("changed", _WRITTEN | Trait.READ, "a further version was written")
    RESTORED = ("restored", _WRITTEN | Trait.READ, "the article was gone and came back")
    UNCHANGED = (
        "unchanged", _LOOKED | Trait.READ, "the page was fetched again and says the same",
    )  # fmt: skip
    NOT_MODIFIED = ("not_modified", _LOOKED, "the server said that the page had not changed")
    UNKNOWN_LAYOUT = (
        "unknown_layout", _WRITTEN | Trait.NEW | Trait.UNREAD,
        "published through the fallback, as no layout claims the page",
    )  # fmt: skip
    AMBIGUOUS_LAYOUT = (
        "ambiguous_layout", _WRITTEN | Trait.NEW | Trait.UNREAD,
        "published through the fallback, as several layouts claim the page",
    )  # fmt: skip
    UNCLAIMED = (
        "unclaimed", _LOOKED | Trait.UNREAD,
        "looked at again; no layout, or several, claim the page now",
    )  # fmt: skip
    GONE = ("gone", _SETTLED, "the withdrawal of the article was confirmed")
    REDIRECTED = (
        "redirected", _SETTLED | _OF_THE_ADDRESS, "it leads to another article address",
    )  # fmt: skip
    NOT_ARTICLE = ("not_article", _SETTLED | _OF_THE_ADDRESS, "there is no article at it")
    EXTRACTION_FAILED = ("extraction_failed", _SETTLED, "archived, but we failed to read it")

    # nothing to fetch
    KNOWN = ("known", _SETTLED | Trait.PROVISIONAL, "archived before and not due")
    DUPLICATE = (
        "duplicate", _SETTLED | Trait.PROVISIONAL | _OF_THE_ADDRESS,
        "the article has its outcome at another of its addresses",
    )  # fmt: skip

    # not fetched, still owed
    PENDING = (
        "pending", _OWED | Trait.PROVISIONAL,
        "not reached, left to another crawl, kept from it by an error of ours, or its time to be "
        "tried again has not come",
    )  # fmt: skip
    OUT_OF_RANGE = ("out_of_range", _OWED, "published outside the days that were asked for")
    DEFERRED = ("deferred", _OWED, "its host was being left alone")
    NOT_ARCHIVED = ("not_archived", _OWED, "the archives that were replayed don't hold it")
    ROBOTS_UNREACHABLE = (
        "robots_unreachable", _OWED,
        "the host's robots.txt gave no answer, which forbids all for now",
    )  # fmt: skip

    # refused
    ROBOTS_DENIED = ("robots_denied", _OF_THE_ADDRESS, "the host's robots.txt forbids it")
    REFUSED_ADDRESS = (
        "refused_address", _OF_THE_ADDRESS,
        "it leads to a private address or out of the two domains",
    )  # fmt: skip

    # a sign, noted
    SUSPECTED = ("suspected", _FAILED, "a first sign that the article was withdrawn")

    # failed, tried again later
    MISSING = ("missing", _FAILED, "the server says that there is no such page")
    SOFT_404 = ("soft_404", _FAILED, "an error page that calls itself a success")
    HTTP_ERROR = ("http_error", _FAILED, "the server answered with an error")
    NOT_HTML = ("not_html", _FAILED, "a picture, a file or data stands there, no page")
    TOO_DEEP = ("too_deep", _FAILED, "the page's markup is nested beyond what we read")
    INCOMPLETE = ("incomplete", _FAILED, "not all pages of the article could be had")
    REDIRECT_LOOP = (
        "redirect_loop", _OF_THE_ADDRESS, "redirects lead in a circle, or on and on",
    )  # fmt: skip
    DNS_FAILED = ("dns_failed", _OF_THE_HOST, "the host's name could not be resolved")
    CONNECTION_FAILED = ("connection_failed", _OF_THE_HOST, "no connection, or it broke")
    TLS_FAILED = ("tls_failed", _OF_THE_HOST, "no trusted encrypted connection")
    TIMEOUT = ("timeout", _OF_THE_HOST, "no whole answer in time")
    TOO_LARGE = ("too_large", _FAILED, "the answer, or the number of pages, is more than we take")
    TRUNCATED = ("truncated", _OF_THE_HOST, "the answer was cut short")
    CHALLENGED = (
        "challenged", _FAILED, "a firewall, a login or a captcha stands before the page",
    )  # fmt: skip
    SCRIPT_REDIRECT = (
        "script_redirect", _FAILED, "a page without text whose script leads elsewhere",
    )  # fmt: skip
    GARBLED = (
        "garbled", _FAILED, "its text is full of characters that no text holds: read wrongly",
    )  # fmt: skip
    DAMAGED = ("damaged", _OF_THE_HOST, "the answer's compression or framing is broken")


def having(trait: Trait) -> frozenset[Outcome]:
    """The outcomes with that trait."""
    return frozenset(outcome for outcome in Outcome if trait in outcome.traits)


SETTLED = having(Trait.SETTLED)
OWED_NOW = having(Trait.OWED_NOW)

# Asked for again one day, but nobody owes them: they are counted apart from what is owed.
DENIED = frozenset({Outcome.ROBOTS_DENIED})
PROVISIONAL = having(Trait.PROVISIONAL)
OF_THE_ADDRESS = having(Trait.OF_THE_ADDRESS)
OF_THE_HOST = having(Trait.OF_THE_HOST)
PAGE_IS_THERE = having(Trait.PAGE_IS_THERE)
FETCHED = having(Trait.FETCHED)
NEW = having(Trait.NEW)
READ = having(Trait.READ)
UNREAD = having(Trait.UNREAD)
NEW_UNREAD = NEW & UNREAD
KNOWN_READ = READ - NEW
KNOWN_UNREAD = UNREAD - NEW
# a line was written
WITH_LINE = FETCHED | {Outcome.GONE}


class PictureOutcome(StrEnum):
    """How a picture ended that was asked for; a closed list (DATA_FORMAT.md). All but `archived`
    and `too_large` are tried again, up to a number of times, where they can be asked for at all."""

    ARCHIVED = "archived"
    NOT_PICTURE = "not_picture"
    MISSING = "missing"
    HTTP_ERROR = "http_error"
    ROBOTS_DENIED = "robots_denied"
    REFUSED_ADDRESS = "refused_address"
    REDIRECT_LOOP = "redirect_loop"
    DNS_FAILED = "dns_failed"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
