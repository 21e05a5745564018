"""S3-compatible storage as the shared place, against a real server, with connections cut off."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from crawler.shared_storage import s3 as module
from crawler.shared_storage.place import TakenError
from crawler.shared_storage.s3 import S3Place
from crawler.storage import StorageError
from tests.s3 import CuttingWay
from tests.shared_storage.contract import check_fetching, check_publishing, file_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3 import S3Server


@pytest.fixture
def place(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    set_environment(monkeypatch, s3.environment())
    return S3Place(s3.bucket(), "a prefix")


def set_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("size", [0, 3000, 7 * 1024 * 1024])
def test_a_file_is_published_once(
    place: S3Place, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 5 * 1024 * 1024)  # the least that S3 takes
    data = os.urandom(size)
    check_publishing(place, "a/b/one+1", data, tmp_path)
    assert place.size("a/b/one+1") == size
    with place.open("a/b/one+1", size) as read:
        read.seek(size // 2)
        assert read.read(100) == data[size // 2 : size // 2 + 100]
        read.seek(-1 if size else 0, 2)
        assert read.read() == data[-1:]


def test_a_file_is_fetched_whole(
    place: S3Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_fetching(place, tmp_path, monkeypatch)


def test_many_writers_of_one_name(
    place: S3Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(tmp_path, b"x" * 3000)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: place.put("one", file), range(12))) == 1
    others = [file_of(tmp_path, b"%d" % number, f"f{number}") for number in range(4)]
    # none of them sees that it is there before it writes
    is_blind = False
    head = S3Place._head

    def blind(self: S3Place, name: str) -> dict[str, object] | None:
        nonlocal is_blind
        was_blind, is_blind = is_blind, False
        return None if was_blind else head(self, name)

    monkeypatch.setattr(S3Place, "_head", blind)

    def put(path: Path, name: str = "two") -> str:
        nonlocal is_blind
        is_blind = True
        try:
            return "put" if place.put(name, path) else "same"
        except TakenError:
            return "taken"

    assert [put(path) for path in others] == ["put", *["taken"] * 3]
    monkeypatch.setattr(module, "PART", 5 * 1024 * 1024)
    file.write_bytes(b"x" * 6_000_000)
    assert [put(file, "three") for _ in range(4)] == ["put", *["same"] * 3]


def test_connections_that_are_cut_off(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 5 * 1024 * 1024)
    data = os.urandom(12 * 1024 * 1024)
    file = file_of(tmp_path, data)
    with CuttingWay(s3.port) as way:
        set_environment(monkeypatch, s3.environment(way.port))
        place = S3Place(s3.bucket())
        # sending: in the middle of a part, twice
        way.up += [3_000_000, 3_000_000]
        assert place.put("large", file)
        assert way.up == []
        # getting: taken up where it was cut, each time on a new connection
        place = S3Place(place.bucket)
        way.down += [4_000_000, 2_000_000, 5_000_000]
        place.get("large", tmp_path / "copy")
        assert way.down == []
        assert (tmp_path / "copy").read_bytes() == data
        # and reading by range, in the middle of a range
        place = S3Place(place.bucket)
        way.down += [300_000, 2_500_000]
        with place.open("large", len(data)) as read:
            read.seek(100)
            assert read.read(1_000_000) == data[100:1_000_100]
            assert read.read() == data[1_000_100:]
        assert way.down == []


def test_an_upload_that_was_killed_is_taken_up(
    place: S3Place, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 5 * 1024 * 1024)
    data = os.urandom(12 * 1024 * 1024)
    file = file_of(tmp_path, data)
    client = s3.client()
    key = "a prefix/large"
    upload = client.create_multipart_upload(
        Bucket=place.bucket, Key=key, Metadata={"sha256": module.sha256_of(file)}
    )["UploadId"]
    for number, part in ((1, data[: 5 * 1024 * 1024]), (2, b"other bytes" * 600_000)):
        client.upload_part(
            Bucket=place.bucket, Key=key, UploadId=upload, PartNumber=number, Body=part
        )
    sent = []
    place._client.meta.events.register(
        "before-call.s3.UploadPart",
        lambda params, **_: sent.append(params["query_string"]["partNumber"]),
    )
    assert place.put("large", file)
    assert sent == [2, 3]
    place.get("large", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data


def test_an_upload_that_another_one_completes_first(
    place: S3Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker and its crawl send the parts of one file, and both take up one upload."""
    monkeypatch.setattr(module, "PART", 5 * 1024 * 1024)
    data = os.urandom(7 * 1024 * 1024)
    file, other = file_of(tmp_path, data), S3Place(place.bucket, place.prefix)
    parts = S3Place._parts

    def late(self: S3Place, same: dict[str, str]) -> dict[int, str]:
        monkeypatch.setattr(S3Place, "_parts", parts)
        assert other.put("one", file)
        return parts(self, same)

    monkeypatch.setattr(S3Place, "_parts", late)
    assert place.put("one", file) is False
    assert place.read("one", 0, len(data)) == data


def test_what_storage_refuses_is_one_line_without_secrets(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(tmp_path, b"x")
    set_environment(monkeypatch, s3.environment())
    with pytest.raises(StorageError, match="there-is-none says") as missing:
        S3Place("there-is-none").put("a", file)
    monkeypatch.setattr(module, "_CONNECT_TIMEOUT", 1)
    monkeypatch.setattr(module, "_TRIES", 1)
    set_environment(monkeypatch, s3.environment(1))
    with pytest.raises(StorageError, match="can't be reached") as gone:
        S3Place("bucket").put("a", file)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StorageError, match="there are no credentials") as nobody:
        S3Place("bucket").put("a", file)
    for error in (missing, gone, nobody):
        assert "s3cret" not in str(error.value)
        assert "\n" not in str(error.value)
