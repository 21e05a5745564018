"""What a crawl was asked for: the spider's arguments, checked before anything else happens.

In: the strings after `-a`, the registry, and the file or stream `urls` names. Out: `Arguments`, or
an `ArgumentError` whose message is the one line the user sees (exit 2).
"""

from __future__ import annotations

import difflib
import glob
import os
import re
import sys
import tempfile
import weakref
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, cast, get_args
from urllib.parse import urlsplit

from crawler import urls
from crawler.clock import BEIJING, now
from crawler.regions import RegionError, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crawler.regions import Region

# What each selects, for `scrapy crawl xinhua --help`; README.md has the same in its words.
MEANINGS = {
    "regions": "regional channels by code or name: js,he (`scrapy regions`)",
    "since": "published on this day or later, Beijing time: 2017-09-01",
    "until": "published on this day or earlier",
    "urls": "exactly these articles: addresses, a file of them, or -",
    "lists": "these list pages instead of the registry's",
    "recheck": "archived articles to look at again: due (default), all, none",
    "limit": "at most so many articles are published",
    "from_warc": "archives to crawl in place of the network: 'old/**/*.warc.gz'",
    "source": "another web archive, by its CDX server: cdx:https://host/cdx",
}
NAMES = tuple(MEANINGS)

Recheck = Literal["due", "all", "none"]

_LINE_MAX = 64 * 1024
_CHUNK = 64 * 1024
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_LIMIT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_COMMENT = re.compile(r"(?:^|\s)#")
_EXCLUDED_BY_URLS = ("lists", "since", "until", "regions")


class ArgumentError(ValueError):
    """An argument is wrong; the message is one line that begins with its name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


class UrlList:
    """The addresses of `urls=`, checked and kept in a temporary file.

    A stream can be read once and a file may change: what was checked is what is crawled. Memory is
    constant; the file has no name and goes with the process.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0
        weakref.finalize(self, file.close)

    def append(self, url: str) -> None:
        self._file.write(url.encode() + b"\n")
        self.count += 1

    def __iter__(self) -> Iterator[str]:
        offset = 0
        while True:
            self._file.seek(offset)
            lines = self._file.readlines(_CHUNK)
            if not lines:
                return
            offset = self._file.tell()
            for line in lines:
                yield line.decode().rstrip("\n")


@dataclass(frozen=True, slots=True)
class Arguments:
    """One crawl's arguments.

    `regions`: codes, all of them unless `regions_given`. `since`, `until`: publication days, both
    included, in Beijing time. `urls`: exactly these articles. `lists`: canonical addresses of list
    pages to use instead of the registry's. `recheck`: which archived articles are looked at again,
    those due, all (suspected and gone ones too) or none. `limit`: articles to publish at most.
    `from_warc`: the archives to replay in place of the network. `source`: the address of the CDX
    server of a web archive, whose captures are crawled in place of the site.
    """

    regions: tuple[str, ...]
    regions_given: bool = False
    since: date | None = None
    until: date | None = None
    urls: UrlList | None = None
    lists: tuple[str, ...] = ()
    recheck: Recheck = "due"
    limit: int | None = None
    from_warc: tuple[Path, ...] = ()
    source: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether the run sees less than a full run of its regions: floors don't apply."""
        return bool(self.lists or self.from_warc or self.source) or any(
            value is not None for value in (self.urls, self.limit, self.since, self.until)
        )

    def iter_urls(self) -> Iterator[str]:
        """The addresses of `urls` as given, one by one; may be called again."""
        return iter(self.urls or ())


def parse(spargs: Mapping[str, str], regions: Mapping[str, Region]) -> Arguments:
    """The arguments of `scrapy crawl xinhua -a NAME=VALUE`. Raises ArgumentError."""
    _check_names(spargs)
    since, until = _period(spargs)
    return Arguments(
        regions=_regions(spargs, regions),
        regions_given="regions" in spargs,
        since=since,
        until=until,
        lists=_lists(spargs),
        recheck="none" if {"from_warc", "source"} & set(spargs) else _recheck(spargs),
        limit=_limit(spargs),
        urls=_urls(spargs["urls"]) if "urls" in spargs else None,
        from_warc=_files(spargs["from_warc"]) if "from_warc" in spargs else (),
        source=_source(spargs["source"]) if "source" in spargs else None,
    )


def _check_names(spargs: Mapping[str, str]) -> None:
    """Raise ArgumentError for a name that is unknown or can't be given beside another."""
    for name in spargs:
        if name not in NAMES:
            raise ArgumentError(_short(name), f"unknown argument{_hint(name)}")
    if "urls" in spargs:
        for name in _EXCLUDED_BY_URLS:
            if name in spargs:
                raise ArgumentError("urls", f"{name} can't be given beside exact addresses")
    if "from_warc" in spargs and spargs.get("recheck", "none") != "none":
        raise ArgumentError("from_warc", "recheck can't be given: archives don't change")
    if "source" in spargs:
        _check_beside_source(spargs)


def _check_beside_source(spargs: Mapping[str, str]) -> None:
    for name in ("lists", "from_warc"):
        if name in spargs:
            raise ArgumentError("source", f"{name} can't be given beside a web archive")
    if spargs.get("recheck", "none") != "none":
        raise ArgumentError("source", "recheck can't be given: captures don't change")


def _period(spargs: Mapping[str, str]) -> tuple[date | None, date | None]:
    since, until = _day(spargs, "since"), _day(spargs, "until")
    if since and until and since > until:
        raise ArgumentError("since", f"{since} is after until, {until}")
    today = now().astimezone(BEIJING).date()
    if since and since > today:
        raise ArgumentError("since", f"{since} is in the future: it is {today} in Beijing")
    return since, until


def _regions(spargs: Mapping[str, str], regions: Mapping[str, Region]) -> tuple[str, ...]:
    if "regions" not in spargs:
        return tuple(regions)
    try:
        codes = [resolve(token, regions).code for token in _split(spargs, "regions")]
    except RegionError as error:
        raise ArgumentError("regions", str(error)) from error
    return tuple(dict.fromkeys(codes))


def _day(spargs: Mapping[str, str], name: str) -> date | None:
    value = spargs.get(name)
    try:
        return None if value is None else parse_day(value)
    except ValueError as error:
        raise ArgumentError(name, str(error)) from None


def parse_day(value: str) -> date:
    """A day such as 2017-09-28, in arguments and options. Raises ValueError with what is wanted."""
    found = _DATE.fullmatch(value)
    with suppress(ValueError):
        if found:
            return date(*map(int, found.groups()))
    message = f"a day such as 2017-09-28 is wanted, not {_short(value)}"
    raise ValueError(message)


def _recheck(spargs: Mapping[str, str]) -> Recheck:
    value = spargs.get("recheck", "due")
    if value not in get_args(Recheck):
        raise ArgumentError("recheck", f"due, all or none is wanted, not {_short(value)}")
    return cast("Recheck", value)


def _limit(spargs: Mapping[str, str]) -> int | None:
    value = spargs.get("limit")
    if value is None:
        return None
    if not _LIMIT.fullmatch(value):
        raise ArgumentError("limit", f"a number from 1 up is wanted, not {_short(value)}")
    return int(value)


def _lists(spargs: Mapping[str, str]) -> tuple[str, ...]:
    if "lists" not in spargs:
        return ()
    found = []
    for url in _split(spargs, "lists"):
        _check(url, "lists")
        if urls.article(url):
            raise ArgumentError("lists", f"{_short(url)} is an article: give it with urls")
        found.append(urls.canonical(url))
    return tuple(dict.fromkeys(found))


def _files(pattern: str) -> tuple[Path, ...]:
    names = glob.glob(_with_what_exists(pattern), recursive=True)  # noqa: PTH207 - of any root
    found = sorted(Path(name).absolute() for name in names)
    files = tuple(path for path in found if path.is_file())
    if not files and found:
        if not any(path.is_dir() for path in found):
            raise ArgumentError("from_warc", f"{_short(pattern)} is no regular file")
        hint = _short(f"{pattern.rstrip('/')}/**/*.warc.gz")
        raise ArgumentError("from_warc", f"{_short(pattern)} is a folder: give {hint}")
    if not files:
        raise ArgumentError("from_warc", f"no file matches {_short(pattern)}")
    return files


def _with_what_exists(pattern: str) -> str:
    """The pattern with the part that names an existing file or folder taken by its letters:
    brackets in it are no pattern."""
    name = pattern
    while name and not os.path.lexists(name) and os.path.dirname(name) != name:  # noqa: PTH120
        name = os.path.dirname(name)  # noqa: PTH120 - Path would change what stands after it
    return glob.escape(name) + pattern[len(name) :]


def _source(value: str) -> str:
    """The address of a CDX server, as a client will ask for it."""
    kind, colon, address = value.strip().partition(":")
    wanted = "cdx: and the address of a CDX server are wanted, cdx:https://archive.example.org/cdx"
    if not colon or kind.strip().lower() != "cdx":
        raise ArgumentError("source", f"{wanted}, not {_short(value)}")
    url = urls.join(None, address.strip())
    parts = urlsplit(url or "")
    if url is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentError("source", f"{wanted}, not {_short(value)}")
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise ArgumentError("source", "user names and passwords are never sent")
    if len(url) > urls.MAX_LENGTH:
        raise ArgumentError("source", "the address is longer than any address")
    if urls.in_scope(url):
        raise ArgumentError("source", f"{_short(address)} is the site's own, no web archive")
    return url.partition("#")[0]


def _urls(value: str) -> UrlList:
    """`-` is standard input; what holds `://` is addresses; anything else is a file."""
    if not value.strip():
        raise ArgumentError("urls", "a file, addresses or - (standard input) is wanted")
    try:
        if value == "-":
            if sys.stdin is None:
                raise ArgumentError("urls", "there is no standard input to read")
            kept = _spool(_lines(sys.stdin.buffer, "standard input"))
        elif "://" in value:
            kept = _spool((url, "") for url in _split({"urls": value}, "urls"))
        else:
            with Path(value).open("rb") as file:
                kept = _spool(_lines(file, value))
    except ArgumentError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        hint = "; an address begins with http://" if urls.in_scope(f"http://{value}") else ""
        raise ArgumentError("urls", f"can't read {_short(value)}: {reason}{hint}") from error
    if not kept.count:
        name = "standard input" if value == "-" else _short(value)
        raise ArgumentError("urls", f"no address in {name}")
    return kept


def _lines(file: IO[bytes], name: str) -> Iterator[tuple[str, str]]:
    """The addresses of a file, one a line, and where each stands; comments and blanks left out."""
    number = 0
    while line := file.readline(_LINE_MAX):
        number += 1
        where = f"{_short(name)}, line {number}: "
        if len(line) == _LINE_MAX:
            raise ArgumentError("urls", f"{where}longer than any address")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ArgumentError("urls", f"{where}not UTF-8") from error
        if url := _COMMENT.split(text, maxsplit=1)[0].strip():
            yield url, where


def _spool(addresses: Iterable[tuple[str, str]]) -> UrlList:
    kept = UrlList(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the list
    for url, where in addresses:
        _check(url, "urls", where)
        kept.append(url)
    return kept


def _check(url: str, name: str, where: str = "") -> None:
    if not urls.in_scope(url):
        reason = "is no address under .xinhuanet.com or .news.cn"
        raise ArgumentError(name, f"{where}{_short(url)} {reason}")


def _split(spargs: Mapping[str, str], name: str) -> list[str]:
    value = os.fsencode(spargs[name]).decode("utf-8", "surrogateescape")  # in any locale
    parts = [part.strip() for part in re.split("[,，]", value)]
    if not all(parts):
        raise ArgumentError(name, f"an item of {_short(spargs[name])} is empty")
    return parts


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name[:40], NAMES, n=1)
    return f"; did you mean {near[0]}?" if near else f" (known: {', '.join(NAMES)})"


def _short(value: str) -> str:
    """The value quoted on one line (line breaks escaped, Chinese kept), cut when long."""
    return repr(value if len(value) <= 120 else value[:120] + "…")
