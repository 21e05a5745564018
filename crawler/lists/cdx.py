"""The CDX server API of web archives: what is asked, and what an answer lists.

Pure. In: the address of a CDX server, and the bytes it answers. Out: addresses of queries, and the
captures that an answer names. Forms that are read: JSON lines (pywb, Common Crawl), a JSON array
with or without a row of names (Wayback), CDXJ and the columns of CDX with 7 or 11 fields. All of it
is bounded; lines that are none of these are counted.

Sources: pywb's manual ("CDXJ Server API"), the Wayback CDX server's README (fields, `resumeKey`,
`matchType`), Common Crawl's index server, whose lines have `filename`, `offset` and `length`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlencode, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Lines of an answer that are read, and characters of a line, of a file's name, of a resume key, of
# a status and of a digest.
MOST_LINES = 100_000
_LONGEST_LINE = 16 * 1024
_LONGEST_NAME = 1024
_LONGEST_KEY = 4096
_LONGEST_STATUS = 10
_LONGEST_DIGEST = 200

_TIMESTAMP = re.compile(r"[0-9]{14}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_NOTHING_FOUND = re.compile(rb"no captures? found", re.IGNORECASE)
_FORM = "%Y%m%d%H%M%S"

# Names that servers give to one field.
_NAMES = {
    "timestamp": ("timestamp",),
    "url": ("original", "url"),
    "status": ("statuscode", "status"),
    "mime": ("mimetype", "mime"),
    "digest": ("digest",),
    "length": ("length",),
    "offset": ("offset",),
    "filename": ("filename",),
}
_OF_7 = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
_OF_11 = (
    "urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "redirect", "robotflags",
    "length", "offset", "filename",
)  # fmt: skip

# The first capture that any archive has is of 1996.
_FIRST_MOMENT = datetime(1996, 1, 1, tzinfo=UTC)


class CdxError(ValueError):
    """An answer is none of a CDX server; the message says what it is."""


@dataclass(frozen=True, slots=True)
class IndexedCapture:
    """One line: `at` is the time of the capture; `place` is file, offset and length in it of the
    record, where the index tells them."""

    url: str
    at: datetime
    status: str
    digest: str
    place: tuple[str, int, int] | None = None


@dataclass(slots=True)
class CdxAnswer:
    """What an answer lists. `lines` are all that it had, `unread` those that are no captures;
    `resume_key` is what the next query of the same listing is to say. `is_array`: the Wayback
    Machine's form, whose server gives such keys and no pages."""

    captures: list[IndexedCapture] = field(default_factory=list)
    lines: int = 0
    unread: int = 0
    resume_key: str | None = None
    is_array: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The captures of a listing from `begin` to `end`, both included."""

    begin: datetime
    end: datetime

    def halves(self) -> tuple[Window, Window] | None:
        """Two windows in place of this one; None where it is a single second."""
        seconds = int((self.end - self.begin).total_seconds())
        if seconds < 1:
            return None
        middle = self.begin + timedelta(seconds=seconds // 2)
        return Window(self.begin, middle), Window(middle + timedelta(seconds=1), self.end)

    def holds(self, at: datetime) -> bool:
        """Whether a capture is of the window."""
        return self.begin <= at <= self.end


def whole_window(since: datetime | None, until: datetime) -> Window:
    """All captures since then, up to now."""
    begin = max(since or _FIRST_MOMENT, _FIRST_MOMENT)
    return Window(min(begin, until), until)


def query(
    index: str,
    url: str,
    match_type: str,
    window: Window,
    *,
    limit: int,
    resume_key: str | None,
    page: int = 0,
) -> str:
    """The address of a query: captures with status 200 of an address (`exact`), or of all that
    begin like it (`prefix`). `page` is that of a compressed index, which gives the first without
    being asked for one."""
    fields = {
        "url": url,
        "matchType": match_type,
        "output": "json",
        "filter": "statuscode:200",
        "from": window.begin.strftime(_FORM),
        "to": window.end.strftime(_FORM),
        "limit": str(limit),
        "showResumeKey": "true",
    }
    if resume_key is not None:
        fields["resumeKey"] = resume_key
    if page:
        fields["page"] = str(page)
    separator = "&" if urlsplit(index).query else "?"
    return f"{index}{separator}{urlencode(fields)}"


def timestamp(at: datetime) -> str:
    """The fourteen digits of a time."""
    return at.astimezone(UTC).strftime(_FORM)


def replay_of(index: str) -> str:
    """Where the archive that has this index replays its captures: pywb beside `/cdx`, the Wayback
    Machine below `/web/`."""
    parts = urlsplit(index)
    path = parts.path.rstrip("/")
    for ending, folder in (
        ("/cdx/search/cdx", "/web/"),
        ("/timemap/cdx", "/"),
        ("/cdx", "/"),
        ("/index", "/"),
        ("-cdx", "/"),
        ("-index", "/"),
    ):
        if path.endswith(ending):
            return f"{parts.scheme}://{parts.netloc}{path.removesuffix(ending)}{folder}"
    return urljoin(f"{parts.scheme}://{parts.netloc}{parts.path}", ".")


# Common Crawl's WARC files are not on the host of their index.
_DATA_HOSTS = {"index.commoncrawl.org": "https://data.commoncrawl.org/"}
_DATA_FOLDER = "crawl-data/"
_COMMON_CRAWL = re.compile(r"/CC-MAIN-[0-9-]+-index/?", re.ASCII)


def has_files(index: str) -> bool:
    """Whether an index is one of Common Crawl's, whose files can be had."""
    return _COMMON_CRAWL.fullmatch(urlsplit(index).path) is not None


def data_of(index: str) -> str:
    """Where the files are that an index names."""
    parts = urlsplit(index)
    return _DATA_HOSTS.get(parts.hostname or "", f"{parts.scheme}://{parts.netloc}/")


def file_address(name: str, data: str, *, is_given: bool = False) -> str | None:
    """The address of a file that an index names, where it is one that can be had in ranges: Common
    Crawl's, or one named by its whole address; any where the operator says where the files are
    (`is_given`). None for the names of files inside an archive."""
    if name.startswith(("http://", "https://")):
        return name
    if ".." in name or not (is_given or name.startswith(_DATA_FOLDER)):
        return None
    return urljoin(data, name.lstrip("/"))


def is_nothing(status: int, body: bytes) -> bool:
    """Whether an answer says that there are no such captures, which some say with a 404."""
    return status == 404 and _NOTHING_FOUND.search(body[:_LONGEST_LINE]) is not None


def read_captures(body: bytes) -> CdxAnswer:
    """What an answer lists. Raises CdxError where nothing in it is a CDX server's."""
    text = body.decode("utf-8", "replace").strip("\ufeff \t\r\n")
    answer = CdxAnswer(is_array=text.startswith("["))
    rows = _array(text, answer) if text.startswith("[") else _lines(text, answer)
    for row in rows:
        answer.lines += 1
        if answer.lines > MOST_LINES:
            break
        capture = _capture(row)
        if capture is None:
            answer.unread += 1
        else:
            answer.captures.append(capture)
    if answer.unread and not answer.captures:
        message = f"not the answer of a CDX server: {text[:60]!r}"
        raise CdxError(message)
    return answer


def _array(text: str, answer: CdxAnswer) -> Iterator[Mapping[str, Any] | None]:
    """The rows of a JSON array, by the names in its first row. An empty row ends them; the resume
    key follows it."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"broken JSON: {str(error)[:100]}"
        raise CdxError(message) from error
    match rows[-2:]:
        case [[], [str(key)]]:
            answer.resume_key = _resume_key(key)
            rows = rows[:-2]
    names: list[str] | None = None
    for row in rows:
        if isinstance(row, dict):
            yield row
        elif not isinstance(row, list):
            yield None
        elif names is None and "timestamp" in row:
            names = [str(name) for name in row]
        else:
            yield dict(zip(names or _OF_7, row, strict=False))


def _resume_key(text: str) -> str | None:
    """The key as a query is to say it: the Wayback Machine gives it escaped."""
    return unquote_plus(text) if 0 < len(text) <= _LONGEST_KEY else None


def _lines(text: str, answer: CdxAnswer) -> Iterator[Mapping[str, Any] | None]:
    """The lines of a text. An empty line ends them; the resume key follows it."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start : min(end, start + _LONGEST_LINE)].strip()
        start = end + 1
        if not line:
            key = text[start:].strip()
            if key and not any(blank in key for blank in " \n"):
                answer.resume_key = _resume_key(key)
                return
            continue
        yield _line(line)


def _line(line: str) -> Mapping[str, Any] | None:
    head, brace, _ = line.partition("{")
    if brace:
        try:
            row = json.loads(line[len(head) :])
        except (ValueError, RecursionError):
            return None
        words = head.split()
        if not isinstance(row, dict):
            return None
        return row if len(words) < 2 else {"timestamp": words[1], **row}
    words = line.split()
    names = {7: _OF_7, 11: _OF_11}.get(len(words))
    return dict(zip(names, words, strict=True)) if names else None


def _capture(row: Mapping[str, Any] | None) -> IndexedCapture | None:
    if row is None:
        return None
    values = {
        name: next((str(row[one]) for one in names if isinstance(row.get(one), str | int)), "")
        for name, names in _NAMES.items()
    }
    if not _TIMESTAMP.fullmatch(values["timestamp"]) or not values["url"]:
        return None
    try:
        at = datetime.strptime(values["timestamp"], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return IndexedCapture(
        url=values["url"],
        at=at,
        status=values["status"][:_LONGEST_STATUS],
        digest=values["digest"][:_LONGEST_DIGEST],
        place=_place(values),
    )


def _place(values: Mapping[str, str]) -> tuple[str, int, int] | None:
    name, offset, length = values["filename"], values["offset"], values["length"]
    if not (0 < len(name) <= _LONGEST_NAME):
        return None
    if not (_NUMBER.fullmatch(offset) and _NUMBER.fullmatch(length)):
        return None
    return (name, int(offset), int(length)) if int(length) else None
