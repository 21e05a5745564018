"""Fixtures: archived pages kept with the record that a right reading of them gives.

`NAME.warc.gz` holds the captures of one article, page 1 first, as they stand in the archive they
come from, after that archive's warcinfo. `NAME.json` beside it is the expected record; it is absent
until a person has accepted one. What is derived is what re-extraction makes of the WARC: there is
no second path.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from crawler import regions, urls
from crawler.archive.cdxj import index_path
from crawler.archive.compression import MemberError, read_member
from crawler.archive.reader import MAX_BLOCK, WarcError, read_records, record_at
from crawler.items import HISTORY_KEYS, KEYS
from crawler.layouts import NO_LAYOUTS, AcceptedLayouts
from crawler.pages.errors import Kind
from crawler.reextraction.one_warc import Filter, Tally, reextract
from crawler.storage import WARC_SUFFIX, make_folder, path_now, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawler.archive.reader import Record
    from crawler.items import WarcPointer

_OF_THE_LINE: Final = frozenset({"schema_version", "warc", "warc_pages", "extractor_version"})

# What a page says of itself: a pure function of its bytes, wherever they are kept.
DERIVED_KEYS: Final = tuple(key for key in KEYS if key not in HISTORY_KEYS | _OF_THE_LINE)

# The one key of the record of a page that holds no article; its value says what it holds.
REFUSED: Final = "not_an_article"


class FixtureError(Exception):
    """No fixture can be made or read; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`key` of the record (`region.code`), the expected value, the derived one."""

    key: str
    expected: Any
    derived: Any


@dataclass(frozen=True, slots=True)
class Fixture:
    """`name` is the path of its files below `folder`, without their suffixes. `accepted` are the
    accepted layouts it is read with beside the code's."""

    folder: Path
    name: str
    accepted: AcceptedLayouts = NO_LAYOUTS

    @property
    def warc(self) -> Path:
        return self.folder / (self.name + WARC_SUFFIX)

    @property
    def json(self) -> Path:
        return self.folder / f"{self.name}.json"

    def expected(self) -> dict[str, Any] | None:
        """The accepted record, or None. It may leave out keys that nobody has judged."""
        try:
            record: dict[str, Any] = json.loads(self.json.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise FixtureError(f"{self.json}: {error}") from error
        # it was kept once
        record.pop("schema_version", None)
        return record

    def derive(self) -> dict[str, Any]:
        """The record today's code makes of the pages, or {REFUSED: kind}. Raises FixtureError."""
        tally = Tally()
        records = list(
            reextract(self.warc, self.warc.name, Filter(), tally, accepted=self.accepted)
        )
        if len(records) == 1 and not tally.problems:
            return {key: records[0][key] for key in DERIVED_KEYS}
        kinds = [kind for kind in tally.counts if kind in get_args(Kind)]
        if tally.counts.total() == 1 and kinds and not tally.problems:
            return {REFUSED: kinds[0]}
        counts = ", ".join(f"{count} {name}" for name, count in sorted(tally.counts.items()))
        found = "; ".join([counts or "no page", *tally.problems])
        raise FixtureError(f"{self.name}: can't be read as one article: {found}")

    def differences(self) -> list[Difference]:
        """How the derived record differs from the expected one; all of it before it is accepted."""
        derived, expected = self.derive(), self.expected()
        if expected is None:
            return [Difference(key, None, value) for key, value in derived.items()]
        return list(differences(expected, derived))

    def accept(self) -> None:
        """Make the derived record the expected one."""
        record = json.dumps(self.derive(), ensure_ascii=False, indent=1)
        write_atomically(self.json, f"{record}\n".encode())


def load(folder: Path, accepted: AcceptedLayouts = NO_LAYOUTS) -> list[Fixture]:
    """The fixtures below a folder by name; none where there is no folder."""
    found = sorted(folder.rglob(f"*{WARC_SUFFIX}"))
    names = (path.relative_to(folder).as_posix().removesuffix(WARC_SUFFIX) for path in found)
    return [Fixture(folder, name, accepted) for name in names]


def add(
    folder: Path,
    sources: Sequence[tuple[Path, int]],
    name: str | None = None,
    accepted: AcceptedLayouts = NO_LAYOUTS,
) -> Fixture:
    """A new fixture of the records at these places (file, offset), page 1 first.

    Of an article of several pages only the first need be given: the others are looked for after it
    in its file. Raises FixtureError, and leaves nothing, when the records don't hold one article.
    """
    first = _response(*sources[0])
    fixture = Fixture(folder, name or _name(first.url or ""), accepted)
    if fixture.warc.exists():
        message = f"there is a fixture {fixture.name} already; --name gives this one another name"
        raise FixtureError(message)
    make_folder(fixture.warc.parent)
    try:
        _write(fixture, [first, *(_response(*source) for source in sources[1:])])
        try:
            fixture.derive()
        except FixtureError:
            _write(fixture, [first, *_further(first)])
            fixture.derive()
    except WarcError as error:
        fixture.warc.unlink(missing_ok=True)
        raise FixtureError(str(error)) from error
    except BaseException:
        fixture.warc.unlink(missing_ok=True)
        raise
    return fixture


def place(data_dir: Path, pointer: WarcPointer) -> tuple[Path, int]:
    """Where the record of a pointer stands now; its file may belong to the run that goes on."""
    path = data_dir / pointer.file
    return path_now(path) or path, pointer.offset


def differences(expected: Any, derived: Any, key: str = "") -> Iterator[Difference]:
    """What the expected names is compared, key by key in objects and in lists of objects."""
    if isinstance(expected, dict) and isinstance(derived, dict):
        for name, value in expected.items():
            yield from differences(value, derived.get(name), f"{key}.{name}" if key else name)
    elif _is_objects(expected) and _is_objects(derived) and len(expected) == len(derived):
        for number, (one, other) in enumerate(zip(expected, derived, strict=True)):
            yield from differences(one, other, f"{key}[{number}]")
    elif expected != derived:
        yield Difference(key, expected, derived)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _name(url: str) -> str:
    region = regions.region_of_url(url)
    return f"{region.code if region else 'xinhua'}-{urls.article_id(url)}"


def _response(path: Path, offset: int) -> Record:
    try:
        record = record_at(path, offset)
    except OSError as error:
        raise FixtureError(str(error)) from error
    except WarcError as error:
        index = index_path(path)
        hint = f"; where records begin stands in {index.name}" if index.is_file() else ""
        raise FixtureError(f"{error}{hint}") from error
    if record.kind != "response" or urls.article(record.url or "") is None:
        what = f"a {record.kind} record of {record.url or 'no address'}"
        raise FixtureError(f"{path} at {offset}: {what}, not the response of an article's address")
    return record


def _further(first: Record) -> list[Record]:
    """The next capture of each further page of the article after its first, in page order."""
    article = urls.article_id(first.url or "")
    pages: dict[int, Record] = {}
    for record in read_records(first.path):
        if record.kind != "response" or record.offset <= first.offset:
            continue
        address = urls.article(record.url or "")
        if address is not None and address.id == article and address.page > 1:
            pages.setdefault(address.page, record)
    return [pages[number] for number in sorted(pages)]


def _write(fixture: Fixture, pages: Sequence[Record]) -> None:
    start = record_at(pages[0].path, 0)
    info = [start] if start.kind == "warcinfo" else []
    write_atomically(fixture.warc, b"".join(_member(record) for record in [*info, *pages]))


def _member(record: Record) -> bytes:
    """A record as one gzip member: the very bytes where it is one already."""
    with record.path.open("rb") as file:
        file.seek(record.offset)
        data = file.read(record.length)
        try:
            if not data.startswith(b"WARC/"):
                read_member(file, record.offset, record.length, 2 * MAX_BLOCK)
                return data
        except MemberError as error:
            raise FixtureError(f"{record.path} at {record.offset}: {error}") from error
    return gzip.compress(data, mtime=0)
