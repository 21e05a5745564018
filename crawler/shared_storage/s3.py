"""S3-compatible storage as the shared place: `s3://BUCKET/PREFIX`.

Files are written with `If-None-Match: *`, so once, and with their SHA-256, which the storage checks
as they come and keeps beside them. Large ones go in parts: after a cut connection, or a kill, those
that are there are not sent again. Endpoint and credentials are those of the environment that every
S3 client reads (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …); they stand in no setting and no log.

boto3 is the client: sending 20 MB as one object costs it 0.034 s of CPU, obstore 0.021 s, but
obstore offers no way to take up the parts of an upload that was begun by another process.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import logging
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from crawler.shared_storage.place import MissingError, TakenError, coming, sha256_of
from crawler.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEME: Final = "s3://"

# Bytes of a part; a file of no more is sent as one.
PART: Final = 16 * 1024 * 1024

# Bytes that are asked for at once where a file is read by range.
_RANGE: Final = 128 * 1024

# How often reading goes on where a connection was cut, without having got a byte further.
_TRIES: Final = 5

# Seconds.
_CONNECT_TIMEOUT: Final = 10
_READ_TIMEOUT: Final = 60

# What it answers where another one writes the same object.
_TAKEN: Final = frozenset({"ConditionalRequestConflict", "NoSuchUpload"})

# It logs how requests are signed.
logging.getLogger("botocore").setLevel(logging.WARNING)
for _name in ("boto3", "s3transfer", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(slots=True)
class S3Place:
    """A bucket, or the part of one below a prefix."""

    bucket: str
    prefix: str = ""
    # the client, and the process that made it: connections aren't for two
    _made: tuple[int, Any] = field(default=(0, None), repr=False)

    @property
    def shown(self) -> str:
        """The address."""
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def _client(self) -> Any:
        if self._made[0] != os.getpid():
            import boto3
            from botocore.config import Config

            config = Config(
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=_READ_TIMEOUT,
                retries={"mode": "standard", "max_attempts": _TRIES},
            )
            with self._asking("opening"):
                client = boto3.session.Session().client("s3", config=config)
            self._made = (os.getpid(), client)
        return self._made[1]

    def has(self, name: str) -> bool:
        """Whether there is an object of that name."""
        return self._head(name) is not None

    def size(self, name: str) -> int | None:
        """The bytes of an object; None where there is none."""
        head = self._head(name)
        return None if head is None else int(head["ContentLength"])

    def put(self, name: str, path: Path) -> bool:
        """Send a file, unless it is there."""
        if (head := self._head(name)) is not None:
            return self._meet(name, head, path)
        try:
            digest, size = sha256_of(path), path.stat().st_size
            if size <= PART:
                self._put_whole(name, path.read_bytes(), digest)
            else:
                self._put_parts(name, path, digest)
        except OSError as error:
            raise StorageError.of("reading", path, error) from error
        except _TakenMeanwhileError:
            head = self._head(name)
            if head is None:
                message = f"{self.shown} says that {name} is there, and that it isn't"
                raise StorageError(message) from None
            return self._meet(name, head, path)
        return True

    def get(self, name: str, path: Path) -> None:
        """Copy an object; a cut connection is taken up where it was cut."""
        head = self._head(name)
        if head is None:
            raise MissingError(f"{self.shown} has no {name}")
        hashed = hashlib.sha256()
        with coming(path) as own:
            with own.open("wb") as file:
                for piece in self._whole(name, head):
                    file.write(piece)
                    hashed.update(piece)
            if hashed.hexdigest() != _digest_of(head, hashed.hexdigest()):
                raise StorageError(f"{self.shown} gives other bytes for {name} than were stored")

    def names(self, folder: str, after: str = "") -> Iterator[str]:
        """The names of the objects below a folder."""
        options = {"Bucket": self.bucket, "Prefix": self._key(folder) + "/"}
        if after:
            options["StartAfter"] = self._key(after)
        with self._asking("listing"):
            for page in self._client.get_paginator("list_objects_v2").paginate(**options):
                for row in page.get("Contents", ()):
                    yield row["Key"][len(self._key("")) :]

    def open(self, name: str, size: int) -> io.BufferedReader:
        """An object that is read by range. What it raises are OSErrors, as of a file."""
        return io.BufferedReader(_Ranges(self, name, size), _RANGE)

    def read(self, name: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, which is left out."""
        return b"".join(self._pieces(name, start, end))

    # --- one object ------------------------------------------------------------------------------

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _head(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        with self._asking(f"asking for {name}"):
            try:
                head: dict[str, Any] = self._client.head_object(
                    Bucket=self.bucket, Key=self._key(name)
                )
            except ClientError as error:
                if _status(error) == 404 and not _is_no_bucket(error):
                    return None
                raise
        return head

    def _meet(self, name: str, head: dict[str, Any], path: Path) -> bool:
        """That the file is there already: False. Raises TakenError where other bytes are."""
        ours = sha256_of(path)
        theirs = _digest_of(head, "")
        if not theirs:  # another tool put it there
            hashed = hashlib.sha256()
            for piece in self._whole(name, head):
                hashed.update(piece)
            theirs = hashed.hexdigest()
        if ours != theirs:
            raise TakenError(f"{self.shown}/{name} is published already, with other bytes")
        return False

    def _whole(self, name: str, head: dict[str, Any]) -> Iterator[bytes]:
        """The bytes of an object, as it was when it was asked for."""
        return self._pieces(name, 0, int(head["ContentLength"]), IfMatch=head["ETag"])

    def _pieces(self, name: str, start: int, end: int, **options: str) -> Iterator[bytes]:
        """The bytes of a part of an object, asked for again from where a connection was cut."""
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        got, tries = start, 0
        while got < end:
            before = got
            try:
                with self._asking(f"reading {name}"):
                    answer = self._client.get_object(
                        Bucket=self.bucket, Key=self._key(name), Range=f"bytes={got}-{end - 1}",
                        **options,
                    )  # fmt: skip
                for piece in answer["Body"].iter_chunks(1024 * 1024):
                    got += len(piece)
                    yield piece
            except (BotoCoreError, HTTPError, OSError) as error:
                tries = 0 if got > before else tries + 1
                if tries == _TRIES:
                    message = f"{self.shown} cut off {name} at {got} of {end} bytes: {error}"
                    raise StorageError(message) from error

    def _put_whole(self, name: str, data: bytes, digest: str) -> None:
        with self._asking(f"writing {name}"):
            self._client.put_object(
                Bucket=self.bucket,
                Key=self._key(name),
                Body=data,
                IfNoneMatch="*",
                ChecksumSHA256=_base64(digest),
                Metadata={"sha256": digest},
            )

    def _put_parts(self, name: str, path: Path, digest: str) -> None:
        """Send a large file in parts, but for those that are there of an upload that was begun.

        Parts are compared by MD5, which is their ETag (where the storage has others, they are sent
        again), and the whole by the MD5 of those: two that write at once send the same bytes, or
        one of them hears of it.
        """
        same = {"Bucket": self.bucket, "Key": self._key(name)}
        with self._asking(f"writing {name}"):
            upload = (
                self._begun(same)
                or self._client.create_multipart_upload(
                    **same, ChecksumAlgorithm="SHA256", Metadata={"sha256": digest}
                )["UploadId"]
            )
            same["UploadId"] = upload
            there = self._parts(same)
            parts: list[dict[str, Any]] = []
            sums = hashlib.md5(usedforsecurity=False)
            with path.open("rb") as file:
                number = 0
                while data := file.read(PART):
                    number += 1
                    md5 = hashlib.md5(data, usedforsecurity=False)
                    sums.update(md5.digest())
                    sha256 = _base64(hashlib.sha256(data).hexdigest())
                    etag = f'"{md5.hexdigest()}"'
                    if there.get(number) != etag:
                        etag = self._client.upload_part(
                            **same, PartNumber=number, Body=data, ChecksumSHA256=sha256
                        )["ETag"]
                    parts.append({"PartNumber": number, "ETag": etag, "ChecksumSHA256": sha256})
            done = self._complete(same, parts)
        expected = f'"{sums.hexdigest()}-{len(parts)}"'
        md5s = {part["ETag"].strip('"') for part in parts}
        if all(len(one) == 32 for one in md5s) and done not in ("", expected):
            raise StorageError(f"{self.shown}/{name} was written with other bytes meanwhile")

    def _begun(self, same: dict[str, str]) -> str | None:
        """The newest upload of this object that was begun and not ended."""
        answer = self._client.list_multipart_uploads(Bucket=same["Bucket"], Prefix=same["Key"])
        uploads = [row for row in answer.get("Uploads", ()) if row["Key"] == same["Key"]]
        newest = max(uploads, key=lambda row: row["Initiated"], default=None)
        return newest["UploadId"] if newest else None

    def _parts(self, same: dict[str, str]) -> dict[int, str]:
        pages = self._client.get_paginator("list_parts").paginate(**same)
        return {row["PartNumber"]: row["ETag"] for page in pages for row in page.get("Parts", ())}

    def _complete(self, same: dict[str, str], parts: list[dict[str, Any]]) -> str:
        from botocore.exceptions import ClientError

        try:
            answer = self._client.complete_multipart_upload(
                **same, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except ClientError as error:
            if _status(error) == 412:
                with suppress(ClientError):
                    self._client.abort_multipart_upload(**same)
            raise
        etag: str = answer.get("ETag", "")
        return etag

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn the client's errors into StorageErrors, one line without secrets."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError as error:
            message = (
                f"{self.shown}: there are no credentials: set AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY, or a profile"
            )
            raise StorageError(message) from error
        except ClientError as error:
            # "NoSuchUpload": another one, who took up the same upload, has completed it
            if _status(error) == 412 or _code(error) in _TAKEN:
                time.sleep(1 if _status(error) == 409 else 0)
                raise _TakenMeanwhileError from error
            said = error.response.get("Error", {}).get("Message", "")
            raise StorageError(f"{what}: {self.shown} says {_code(error)}: {said}") from error
        except BotoCoreError as error:
            message = f"{what}: {self.shown} can't be reached: {' '.join(str(error).split())}"
            raise StorageError(message) from error


class _TakenMeanwhileError(Exception):
    """Somebody else wrote the object since it was asked for."""


class _Ranges(io.RawIOBase):
    """An object as a file that is read by range."""

    def __init__(self, place: S3Place, name: str, size: int) -> None:
        self._place = place
        self._file_name = name
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readall(self) -> bytes:
        data = self.read(max(0, self._size - self._at))
        return data or b""

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        try:
            data = self._place.read(self._file_name, self._at, end)
        except StorageError as error:
            raise OSError(errno.EIO, str(error), self._file_name) from error
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _digest_of(head: dict[str, Any], otherwise: str) -> str:
    """The SHA-256 that an object was stored with."""
    return str(head.get("Metadata", {}).get("sha256", otherwise))


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_no_bucket(error: Any) -> bool:
    return _code(error) == "NoSuchBucket"
