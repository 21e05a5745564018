"""Addresses: what is in scope, its canonical form, and which addresses are articles.

Any string found in a page, a file or an argument may be given, hostile ones included; nothing here
raises on bad input. `join` reads what others write as a browser does; every other function takes
addresses by a strict grammar of our own, so that what is checked here is what a client will ask
for.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

import ada_url

# Longer addresses are out of scope: the site's own stay under 200 characters.
MAX_LENGTH: Final = 2048

_DOMAINS = (("xinhuanet", "com"), ("news", "cn"))
_PORTS = {"http": "80", "https": "443"}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_URL = re.compile(
    r"(https?)://([a-z0-9.-]+)(?::([0-9]*))?(?=[/?#]|\Z)([^?#]*)(?:\?([^#]*))?(?:#.*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_LABEL = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?", re.ASCII)
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_SAFE = "%/?:@!$&'()*+,;=-._~"

# The traditional-character mirror holds whole sites under one path.
_GATE_HOSTS = ("big5.xinhuanet.com", "big5.news.cn")
_GATE = "/gate/big5/"
# Both only choose a view of the same document: the pager script's part, the mobile redirect's stop.
_VIEW_PARAMETERS = ("page", "f")

_OLD = re.compile(
    r"/([0-9]{4})-([0-9]{2})/([0-9]{2})/(c_[0-9]{8,10}|content_[0-9]{5,10})(?:_([1-9][0-9]{0,2}))?\.html?\Z",
    re.ASCII,
)
_PAGE = re.compile(r"/((content|c)_\d{5,12})(?:_(\d{1,3}))?(\.s?html?)$")
_NEW = re.compile(r"/([0-9]{4})([0-9]{2})([0-9]{2})/([0-9a-f]{32})/c\.html\Z", re.ASCII)
_OF_LIAONING = re.compile(r"/([0-9]{4})([0-9]{2})([0-9]{2})/[0-9]{5,10}_p\.html\Z", re.ASCII)
_DATED = re.compile(
    r"/(?:[0-9]{4}-[0-9]{1,2}/[0-9]{1,2}|[0-9]{8})/(?:[^/]+/)?(?!index)[^/]+\.s?html?\Z", re.ASCII
)
_NOT_ARTICLE_HOSTS = frozenset({"forum.home.news.cn", "info.search.news.cn", "so.news.cn"})
_NOT_ARTICLE_FOLDERS = frozenset({"ad", "titlepic", "static", "skin"})
_WRAPPED = re.compile(r"/https?(?::|%3A)/", re.ASCII)  # of web archives and redirectors
_FIRST_YEAR = 1997  # the site went online in November 1997


@dataclass(frozen=True, slots=True)
class ArticleUrl:
    """An article's address.

    `url` is canonical and that of page 1; `id` is the article number (old CMS) or the 32-hex path
    hash (new CMS), the same on every host; `day` is the date folder, None when it is no possible
    day (13th month): the number is good all the same; `page` counts from 1; `shape` is `content`
    (to 2013), `c` (2010-2023), `hash` (2022 on) or `p`, a CMS of Liaoning of 2016 whose numbers are
    a series of their own: there the `id` is the SHA-256 of the path.
    """

    url: str
    id: str
    day: date | None
    page: int
    shape: str


class PageName(NamedTuple):
    """The address of an old-CMS article's page: `folder/name`, its CMS's form, the page's number.

    The day's folder is not looked at, so that a page in any folder is told. Page 2 is
    `content_N_1.htm` in the oldest CMS and `c_N_2.htm` in the next.
    """

    folder: str
    name: str
    shape: str
    number: int
    suffix: str

    @classmethod
    def of(cls, url: str) -> PageName | None:
        """The name of a page of an old-CMS article, or None."""
        path = urlsplit(canonical(url)).path
        found = _PAGE.search(path)
        if found is None:
            return None
        name, shape, further, suffix = found.groups()
        return cls(path[: found.start()], name, shape, _page_number(shape, further), suffix)

    def path(self, number: int) -> str:
        """The path of another page of the article."""
        further = number - 1 if self.shape == "content" else number
        ending = f"_{further}" if number > 1 else ""
        return f"{self.folder}/{self.name}{ending}{self.suffix}"

    def is_of(self, other: PageName) -> bool:
        """Whether both are pages of one article in one folder."""
        return self.name == other.name and self.folder == other.folder


class _Parts(NamedTuple):
    scheme: str
    host: str
    path: str
    query: str

    def url(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path}{query}"


def in_scope(url: str) -> bool:
    """Whether the address may be asked for at all.

    http or https on its default port, host under `.xinhuanet.com` or `.news.cn` label by label
    (djxinhuanet.com and ymnews.cn are look-alikes), no user info, no control characters, spaces or
    backslashes, at most MAX_LENGTH characters once escaped.
    """
    return _split(url) is not None


def canonical(url: str) -> str:
    """The address without what only chooses a view: fragment, `page`, `f`, the big5 gate.

    Doubled slashes and dot segments are undone, escapes normalised, the host lower-cased and the
    default port dropped; host and scheme are otherwise as given. Idempotent. An address out of
    scope comes back unchanged.
    """
    parts = _canonical(url)
    return parts.url() if parts else url


def article(url: str) -> ArticleUrl | None:
    """The article the address names, or None when its shape is not an article's."""
    parts = _canonical(url)
    if parts is None or not _may_be_article(parts):
        return None
    if found := _OLD.search(parts.path):
        year, month, day, name, further = found.groups()
        shape, _, number = name.partition("_")
        page = _page_number(shape, further)
        path = parts.path
        if further:
            path = f"{path[: found.start(5) - 1]}{path[found.end(5) :]}"
        url = parts._replace(path=path).url()
        return ArticleUrl(url, number, _day(year, month, day), page, shape)
    if found := _NEW.search(parts.path):
        year, month, day, digest = found.groups()
        return ArticleUrl(parts.url(), digest, _day(year, month, day), 1, "hash")
    if found := _OF_LIAONING.search(parts.path):
        year, month, day = found.groups()
        digest = hashlib.sha256(parts.path.encode()).hexdigest()
        return ArticleUrl(parts.url(), digest, _day(year, month, day), 1, "p")
    return None


def _page_number(shape: str, further: str | None) -> int:
    """The number of an article's page by what its name adds to the article's."""
    return int(further or 0) + 1 if shape == "content" else max(int(further or 1), 1)


def is_dated(url: str) -> bool:
    """Whether an address is a page's in the folder of a day, where only articles are, be its form
    one that `article` knows or not."""
    parts = _canonical(url)
    return parts is not None and _may_be_article(parts) and bool(_DATED.search(parts.path))


def article_id(url: str) -> str:
    """The id an address's record bears: the article's, else the canonical URL's SHA-256.

    The three are told apart by their form: digits, 32 hex digits, 64 hex digits.
    """
    known = article(url)
    return (
        known.id if known else hashlib.sha256(canonical(url).encode(errors="replace")).hexdigest()
    )


def host_of(url: str) -> str | None:
    """The lower-cased host of an address in scope, else None."""
    parts = _split(url)
    return parts.host if parts else None


def picture_address(url: str) -> str | None:
    """The address at which a picture is asked for, escaped as a browser escapes it and without
    fragment; None where it is out of scope. `url` is as a page has it, characters unescaped."""
    if not in_scope(url):
        return None
    address = (join(None, url) or "").partition("#")[0]
    return address if in_scope(address) else None


def join(base: str | None, href: str) -> str | None:
    """The address a browser would go to for `href` found at `base` (WHATWG URL 4.4), or None where
    that is no address; without a base only absolute addresses are.

    Backslashes are slashes, blanks around and line breaks within are dropped, hosts are looked up
    by IDNA. User names and passwords, which we never send, are left out.
    """
    try:
        url = ada_url.join_url(base, href) if base is not None else ada_url.normalize_url(href)
        if "@" in url and url.startswith(("http://", "https://")):
            parts = ada_url.URL(url)
            parts.username = parts.password = ""
            url = parts.href
    except ValueError:
        return None
    # One that is left stands in a query or fragment, where clients disagree about it.
    return url.replace("\\", "%5C")


def _may_be_article(parts: _Parts) -> bool:
    return not (
        parts.host in _NOT_ARTICLE_HOSTS
        or parts.host in _GATE_HOSTS
        or not _NOT_ARTICLE_FOLDERS.isdisjoint(parts.path.split("/"))
        or _WRAPPED.search(parts.path)
    )


def _canonical(url: str) -> _Parts | None:
    return _canonical_short(url) if len(url) <= MAX_LENGTH else None


@lru_cache(maxsize=1024)  # one address is asked about many times in a row
def _canonical_short(url: str) -> _Parts | None:
    parts = _split(url)
    while parts and parts.host in _GATE_HOSTS and parts.path.startswith(_GATE):
        inner = _split(f"{parts.scheme}://{parts.path.removeprefix(_GATE)}?{parts.query}")
        if inner is None:
            break
        parts = inner
    if parts is None:
        return None
    kept = [
        pair
        for pair in parts.query.split("&")
        if pair and pair.partition("=")[0] not in _VIEW_PARAMETERS
    ]
    return parts._replace(query="&".join(kept))


def _split(url: str) -> _Parts | None:
    """The normalised parts of an address in scope, else None."""
    return _split_short(url) if len(url) <= MAX_LENGTH else None


@lru_cache(maxsize=1024)
def _split_short(url: str) -> _Parts | None:
    if _FORBIDDEN.search(url):
        return None
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, path, query = found.groups()
    scheme, host = scheme.lower(), host.lower()
    if port and port != _PORTS[scheme]:
        return None
    labels = host.split(".")
    if len(labels) < 3 or tuple(labels[-2:]) not in _DOMAINS or len(host) > 253:
        return None
    if not all(_LABEL.fullmatch(label) and label.strip("-") == label for label in labels):
        return None
    parts = _Parts(scheme, host, _path(_escape(path)), _escape(query or ""))
    return parts if len(parts.url()) <= MAX_LENGTH else None


def _escape(text: str) -> str:
    """Escapes as RFC 3986 normalises them: unreserved ones undone, upper-case, strays escaped."""

    def normal(found: re.Match[str]) -> str:
        if found[1] is None:
            return "%25"
        character = chr(int(found[1], 16))
        return character if character in _UNRESERVED else found[0].upper()

    return quote(_ESCAPE.sub(normal, text), safe=_SAFE)


def _path(path: str) -> str:
    """The path without empty and dot segments, which a client would undo anyway."""
    segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    ends_in_folder = bool(kept) and segments[-1] in ("", ".", "..")
    return "/" + "/".join(kept) + ("/" if ends_in_folder else "")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year >= _FIRST_YEAR else None
