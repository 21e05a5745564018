"""The archive of a run: exchanges in, WARC files out.

An exchange (response, request, metadata) is one write, so that no half of it can be left. The
file gets its final name when the run publishes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.archive import records, wire
from crawler.archive.records import digest
from crawler.clock import iso
from crawler.items import WarcPointer
from crawler.media_type import identify
from crawler.storage import StorageError, fsync_dir, make_folder, open_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from crawler.archive.decode import Decoded

    Truncated = Literal["length", "time", "disconnect", "unspecified"]

_HTTP_RESPONSE = "application/http;msgtype=response"
_HTTP_REQUEST = "application/http;msgtype=request"
_WARC_FIELDS = "application/warc-fields"


@dataclass(frozen=True, slots=True)
class Revisit:
    """The earlier capture that an answer repeats: its URI, WARC-Date and pointer."""

    original_uri: str
    original_date: str
    warc: WarcPointer

    # An equal 200 is archived in full.
    only_304: bool = False


@dataclass(frozen=True, slots=True)
class Tls:
    """The connection's protocol version and the hex SHA-256 of the server's certificate."""

    version: str
    certificate_sha256: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as they stood on the wire.

    `response` is without 1xx answers and may be empty; `decoded` is what the decoder made of it,
    None when it refused; `truncated` is WARC-Truncated's reason. `ip` is None through a proxy.
    `revisit` is set when the answer is a 304 for that capture, or repeats its entity.
    `hop` is the path from a seed in Heritrix' letters (L link, R redirect).
    """

    url: str
    started_at: datetime
    request: bytes
    response: bytes
    duration_ms: int
    decoded: Decoded | None = None
    ip: str | None = None
    truncated: Truncated | None = None
    via: str | None = None
    hop: str | None = None
    discovered_from: str | None = None
    tls: Tls | None = None
    attempts: int = 1
    revisit: Revisit | None = None


class WarcWriter:
    """Writes exchanges; starts a further file once one has reached `max_bytes`.

    `name_of` gives a published file its path below `folder`, from the time of its first exchange
    and its number; `info` is what its warcinfo record says. Files are made with the first exchange
    they hold, so a run that fetches nothing leaves none. `files` are those that nobody has taken
    over to be published.
    """

    def __init__(
        self,
        folder: Path,
        name_of: Callable[[datetime, int], str],
        *,
        info: Mapping[str, str],
        max_bytes: int,
    ) -> None:
        self.files: list[Path] = []
        self._folder = folder
        self._name_of = name_of
        self._info = info
        self._max_bytes = max_bytes
        self._fd: int | None = None
        self._name = ""
        self._warcinfo_id = ""
        self._size = 0
        self._closed_bytes = 0
        self._serial = 0
        self._is_broken = False

    def write(self, exchange: Exchange) -> WarcPointer | None:
        """Append one exchange; the pointer is that of its response, None when nothing came back.

        Raises StorageError; the file then still ends with the exchange before.
        """
        if self._is_broken:
            message = f"{self._name} could not be mended after an earlier failure"
            raise StorageError(message)
        if self._fd is not None and self._size >= self._max_bytes:
            self.close()
        if self._fd is None:
            self._open(exchange.started_at)
        opening = b"" if self._size else self._warcinfo(exchange.started_at)
        members, record_id, payload_digest = self._members(exchange)
        offset = self._size + len(opening)
        self._append(b"".join((opening, *members)))
        if not exchange.response:
            return None
        entity = exchange.revisit.warc if exchange.revisit else exchange.decoded
        return WarcPointer(
            file=self._name,
            offset=offset,
            length=len(members[0]),
            record_id=record_id,
            payload_digest=payload_digest,
            entity_sha256=entity.entity_sha256 if entity else "",
        )

    @property
    def size(self) -> int:
        """The size of `files` together."""
        return self._closed_bytes + self._size

    def wrote(self, pointer: WarcPointer) -> bool:
        """Whether a record is in a file of this run that isn't published yet."""
        return open_path(self._folder / pointer.file) in self.files

    def sync(self) -> None:
        """Make all that was written durable. Raises StorageError."""
        if self._fd is None:
            return
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._is_broken = True
            raise StorageError.of("fsync of", self.files[-1], error) from error

    def close(self) -> None:
        """Sync and close the current file; it keeps its `.open` name."""
        self.sync()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._closed_bytes += self._size
            self._size = 0

    def take(self) -> list[Path]:
        """Close and hand over `files`, which keep their `.open` names; what follows goes to further
        ones."""
        self.close()
        taken, self.files = self.files, []
        self._closed_bytes = 0
        return taken

    def _open(self, moment: datetime) -> None:
        """Make the next file."""
        self._name = self._name_of(moment, self._serial)
        path = open_path(self._folder / self._name)
        make_folder(path.parent)
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError.of("creating", path, error) from error
        self.files.append(path)
        self._serial += 1
        self._size = 0
        fsync_dir(path.parent)

    def _warcinfo(self, moment: datetime) -> bytes:
        """The file's first record, to be written together with the first exchange."""
        self._warcinfo_id = records.new_id()
        fields = (
            ("WARC-Filename", self._name.rpartition("/")[2]),
            ("Content-Type", _WARC_FIELDS),
        )
        block = records.warc_fields(self._info)
        return records.record("warcinfo", self._warcinfo_id, iso(moment), fields, block)

    def _append(self, data: bytes) -> None:
        assert self._fd is not None
        path = self.files[-1]
        try:
            written = os.write(self._fd, data)
            if written == len(data):
                self._size += written
                return
            why: OSError | str = f"only {written} of {len(data)} bytes fitted"
        except OSError as error:
            why = error
        self._cut_back()
        cause = why if isinstance(why, OSError) else None
        raise StorageError.of("writing", path, why) from cause

    def _cut_back(self) -> None:
        """Undo a half write; an emptied file goes, since each begins with a warcinfo record."""
        assert self._fd is not None
        try:
            os.ftruncate(self._fd, self._size)
            os.lseek(self._fd, self._size, os.SEEK_SET)
            if self._size == 0:
                os.close(self._fd)
                self._fd = None
                self.files.pop().unlink()
                self._serial -= 1
        except OSError:
            self._is_broken = True

    def _members(self, exchange: Exchange) -> tuple[list[bytes], str, str]:
        """The exchange's records as gzip members, the first one's id and payload digest."""
        date = iso(exchange.started_at)
        common = (
            ("WARC-Target-URI", records.uri(exchange.url)),
            ("WARC-Warcinfo-ID", self._warcinfo_id),
        )
        ip = ("WARC-IP-Address", exchange.ip)
        members: list[bytes] = []
        first_id = records.new_id()
        payload_digest = ""
        if exchange.response:
            response, payload_digest = self._response(exchange, first_id, date, (*common, ip))
            members.append(response)
        request_id = records.new_id() if members else first_id
        concurrent_to = ("WARC-Concurrent-To", first_id if members else None)
        request_fields = (*common, concurrent_to, ip, ("Content-Type", _HTTP_REQUEST))
        members.append(
            records.record("request", request_id, date, request_fields, exchange.request)
        )
        metadata_fields = (
            *common,
            ("WARC-Concurrent-To", first_id),
            ("Content-Type", _WARC_FIELDS),
        )
        members.append(
            records.record("metadata", records.new_id(), date, metadata_fields, _metadata(exchange))
        )
        return members, first_id, payload_digest

    @staticmethod
    def _response(
        exchange: Exchange,
        record_id: str,
        date: str,
        common: tuple[tuple[str, str | None], ...],
    ) -> tuple[bytes, str]:
        """The response or revisit record, and its payload digest."""
        block = exchange.response
        try:
            head, payload = wire.split_response(block)
        except wire.WireError:
            head, payload = block, b""
        revisit = exchange.revisit
        if revisit is None:
            payload_digest = digest(payload)
            body = exchange.decoded.body if exchange.decoded else b""
            fields = (
                *common,
                ("WARC-Payload-Digest", payload_digest),
                ("WARC-Identified-Payload-Type", identify(body)),
                ("WARC-Truncated", exchange.truncated),
                ("Content-Type", _HTTP_RESPONSE),
            )
            return records.record("response", record_id, date, fields, block), payload_digest
        is_304 = exchange.decoded is not None and exchange.decoded.status == 304
        fields = (
            *common,
            ("WARC-Profile", records.PROFILE_NOT_MODIFIED if is_304 else records.PROFILE_IDENTICAL),
            ("WARC-Refers-To-Target-URI", records.uri(revisit.original_uri)),
            ("WARC-Refers-To-Date", revisit.original_date),
            ("WARC-Payload-Digest", revisit.warc.payload_digest),
            ("WARC-Truncated", None if is_304 else "length"),
            ("Content-Type", _HTTP_RESPONSE),
        )
        return records.record("revisit", record_id, date, fields, head), revisit.warc.payload_digest


def _metadata(exchange: Exchange) -> bytes:
    tls = exchange.tls
    return records.warc_fields(
        (
            ("via", exchange.via),
            ("hopsFromSeed", exchange.hop),
            ("discovered-from", exchange.discovered_from),
            ("fetchTimeMs", str(exchange.duration_ms)),
            ("attempts", str(exchange.attempts)),
            ("tls-version", tls.version if tls else None),
            ("tls-certificate-sha256", tls.certificate_sha256 if tls else None),
        )
    )
