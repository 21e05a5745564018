"""The registry: one TOML file per regional channel, loaded into frozen dataclasses.

The files of this folder are pure data; a file's name is the region's code. A file with an unknown
key, a wrong value or what contradicts another file raises RegionError, which names file and key.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler import urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOLDER: Final = Path(__file__).parent

_CODE = re.compile(r"[a-z]{2,6}(-[a-z]{2})?", re.ASCII)
_GB2260 = re.compile(r"[1-9][0-9]{5}", re.ASCII)
_CHANNEL = re.compile(r"01007[0-9]{3}", re.ASCII)
_NODE = re.compile(r"[1-9][0-9]{4,8}", re.ASCII)
_FOLDER = re.compile(r"[a-z0-9.-]+/(?:[A-Za-z0-9_-]+/)+", re.ASCII)
_FRONT_PAGES = ("", "index.htm", "index.html")
_MOBILE_HOSTS = ("m.xinhuanet.com", "m.news.cn")


class RegionError(ValueError):
    """The registry is wrong, or has no such region; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Region:
    """One regional channel.

    `gb2260`: six digits, None where the standard has no such place. `channel`: the first eight
    digits of its pages' channel path (fwl code, catalogs), where known. `hosts`: exact names over
    the years; `folders`: `host/path/` where the channel is a part of another's host. `lists`:
    absolute URLs to look for articles on; `nodes`: list API node ids. `delay`: seconds between
    requests to a host, `floor`: articles a full run finds at least; None: the general rule holds.
    """

    code: str
    name: str
    lists: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    gb2260: str | None = None
    channel: str | None = None
    hosts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    delay: float | None = None
    floor: int | None = None

    @property
    def roots(self) -> tuple[str, ...]:
        """The front pages among the lists; all lists where there is none."""
        places = (*(f"{host}/" for host in self.hosts), *self.folders)
        fronts = {f"{place}{name}" for place in places for name in _FRONT_PAGES}
        return tuple(url for url in self.lists if url.partition("://")[2] in fronts) or self.lists

    @property
    def places(self) -> tuple[str, ...]:
        """What the addresses of its pages begin with, without scheme and `www.`: its hosts, its
        folders, and those of the site for phones."""
        hosts = (f"{host.removeprefix('www.')}/" for host in self.hosts)
        phones = (f"{host}/{self.code}/" for host in _MOBILE_HOSTS)
        return tuple(dict.fromkeys((*hosts, *self.folders, *phones)))

    def holds(self, url: str) -> bool:
        """Whether the address lies on one of the region's hosts or in one of its folders."""
        place = urls.canonical(url).partition("://")[2]
        return urls.host_of(url) in self.hosts or place.startswith(self.folders)


def load(directory: Path | None = None) -> dict[str, Region]:
    """The regions by code, sorted; `directory` is the registry's folder, ours if None.

    Raises RegionError.
    """
    return dict(_load(directory or FOLDER))


def region_of(host: str) -> Region | None:
    """The region that has this host name, or None."""
    return _by_host().get(host.lower())


def region_of_url(url: str) -> Region | None:
    """The region an address belongs to: by folder, by host, or by the mobile site's folder."""
    place = urls.canonical(url).partition("://")[2]
    if place.startswith(_folders()):
        return next(r for r in _load(FOLDER).values() if place.startswith(r.folders))
    host = urls.host_of(url)
    if host in _MOBILE_HOSTS:
        folder = re.split(r"[/.]", urls.canonical(url).partition(f"{host}/")[2], maxsplit=1)[0]
        return _by_token().get(folder) if folder.isascii() else None
    return region_of(host) if host else None


def region_of_channel(path: str) -> Region | None:
    """The region whose pages' channel path begins with these eight digits, or None."""
    return next((r for r in _load(FOLDER).values() if r.channel == path), None)


def resolve(token: str, regions: Mapping[str, Region] | None = None) -> Region:
    """The region a person names: code, Chinese name or alias, in any case.

    `regions` is the registry to look in, ours if None. Raises RegionError, with the nearest names
    when there are any.
    """
    tokens = _by_token() if regions is None else _token_map(regions)
    wanted = token.strip().casefold()
    if wanted in tokens:
        return tokens[wanted]
    near = [tokens[match] for match in difflib.get_close_matches(wanted[:40], tokens, n=3)]
    hint = ", ".join(dict.fromkeys(f"{region.code} ({region.name})" for region in near))
    shown = token if len(token) <= 40 else token[:40] + "…"
    suggestion = f"; did you mean {hint}?" if hint else "; `scrapy regions` lists them"
    raise RegionError(f"unknown region {shown!r}{suggestion}")


@cache
def _by_host() -> dict[str, Region]:
    return {host: region for region in _load(FOLDER).values() for host in region.hosts}


@cache
def _folders() -> tuple[str, ...]:
    return tuple(folder for region in _load(FOLDER).values() for folder in region.folders)


@cache
def _by_token() -> dict[str, Region]:
    return _token_map(_load(FOLDER))


def _token_map(regions: Mapping[str, Region]) -> dict[str, Region]:
    return {token: region for region in regions.values() for token in _tokens(region)}


@cache
def _load(directory: Path) -> Mapping[str, Region]:
    files = sorted(directory.glob("*.toml"), key=lambda file: file.stem)
    if not files:
        raise RegionError(f"{directory}: no region files")
    regions = {file.stem: _read(file) for file in files}
    for key, values in (
        ("hosts", lambda region: region.hosts),
        ("folders", lambda region: region.folders),
        ("channel", lambda region: (region.channel,) if region.channel else ()),
        ("lists", lambda region: region.lists),
        ("nodes", lambda region: region.nodes),
        ("name or aliases", _tokens),
    ):
        _check_unique(regions, key, values)
    return regions


def _check_unique(
    regions: Mapping[str, Region], key: str, values: Callable[[Region], tuple[str, ...]]
) -> None:
    owner: dict[str, str] = {}
    for code, region in regions.items():
        for value in values(region):
            if value in owner:
                other = owner[value]
                twice = "twice" if other == code else f"in {other}.toml as well"
                raise RegionError(f"{code}.toml: {key}: {value!r} stands {twice}")
            owner[value] = code


def _tokens(region: Region) -> tuple[str, ...]:
    """What names the region, folded; a name repeated among its own is no contradiction."""
    names = (region.code, region.name, *region.aliases)
    return tuple(dict.fromkeys(name.casefold() for name in names))


def _read(file: Path) -> Region:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RegionError(f"{file.name}: {error}") from error
    fields = _Fields(file.name, data)
    if not _CODE.fullmatch(file.stem):
        raise fields.error("code", f"{file.stem!r} is no region code")
    region = Region(
        code=file.stem,
        name=fields.text("name") or "",
        lists=tuple(fields.lists()),
        aliases=fields.texts("aliases"),
        gb2260=fields.text("gb2260", _GB2260, required=False),
        channel=fields.text("channel", _CHANNEL, required=False),
        hosts=fields.texts("hosts"),
        folders=fields.texts("folders", _FOLDER),
        nodes=fields.texts("nodes", _NODE),
        delay=fields.number("delay"),
        floor=fields.count("floor"),
    )
    fields.check_known()
    for host in region.hosts:
        if urls.host_of(f"http://{host}/") != host:
            raise fields.error("hosts", f"{host!r} is out of scope")
    for folder in region.folders:
        if not urls.in_scope(f"http://{folder}"):
            raise fields.error("folders", f"{folder!r} is out of scope")
    if not region.hosts and not region.folders:
        raise fields.error("hosts", "missing, and no folders either")
    for url in region.lists:
        if not region.holds(url):
            raise fields.error("lists", f"{url} is not on the region's hosts")
    return region


class _Fields:
    """The keys of one file, taken with their types; what is left over is unknown."""

    def __init__(self, file: str, data: dict[str, Any]) -> None:
        self._file = file
        self._data = data

    def error(self, key: str, reason: str) -> RegionError:
        return RegionError(f"{self._file}: {key}: {reason}")

    def check_known(self) -> None:
        if self._data:
            raise self.error(next(iter(self._data)), "unknown key")

    def text(
        self, key: str, shape: re.Pattern[str] | None = None, *, required: bool = True
    ) -> str | None:
        if key not in self._data:
            if required:
                raise self.error(key, "missing")
            return None
        return self._text(key, self._data.pop(key), shape)

    def texts(self, key: str, shape: re.Pattern[str] | None = None) -> tuple[str, ...]:
        values = self._data.pop(key, [])
        if not isinstance(values, list):
            raise self.error(key, f"a list is wanted, not {values!r}")
        return tuple(self._text(key, value, shape) for value in values)

    def lists(self) -> Iterator[str]:
        """The list URLs: base address → paths below it, in file order."""
        table = self._data.pop("lists", None)
        if not isinstance(table, dict) or not table:
            raise self.error("lists", "a table of base addresses is wanted")
        for base, paths in table.items():
            if not urls.in_scope(base) or not base.endswith("/"):
                raise self.error("lists", f"{base!r} is no base address in scope")
            if not isinstance(paths, list) or not paths:
                raise self.error("lists", f"a list of paths is wanted under {base}")
            for path in paths:
                url = urls.join(base, path) if isinstance(path, str) else None
                if url is None or not url.startswith(base) or urls.canonical(url) != url:
                    raise self.error("lists", f"{path!r} is no path below {base}")
                yield url

    def number(self, key: str) -> float | None:
        value = self._data.pop(key, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
            raise self.error(key, f"seconds from 0 to 3600 are wanted, not {value!r}")
        return float(value)

    def count(self, key: str) -> int | None:
        value = self._data.pop(key, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(key, f"a count is wanted, not {value!r}")
        return value

    def _text(self, key: str, value: object, shape: re.Pattern[str] | None) -> str:
        if not isinstance(value, str) or not value or value != value.strip():
            raise self.error(key, f"text is wanted, not {value!r}")
        if shape and not shape.fullmatch(value):
            raise self.error(key, f"{value!r} has the wrong form")
        return value
