"""Pictures in the room: shown where they are archived, told of where they aren't."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.column_site import HOST
from tests.room.served import serving
from tests.site.answer import Answer
from tests.spiders.test_pictures import ON, showing, with_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.channel import Archive
    from tests.room.served import Served

THERE, GONE = f"http://{HOST}/pics/there.png", f"http://{HOST}/pics/gone.png"


def png(side: int = 160) -> bytes:
    """A red square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    rows = (b"\x00" + b"\xa0\x20\x20" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.fixture(scope="module")
def room(archive_of: Callable[..., Archive]) -> Iterator[Served]:
    """A room over an article one of whose two pictures is archived."""
    archive = archive_of(articles=16)
    article = with_pictures(archive)[0]
    showing(archive, article, THERE, GONE)
    archive.site.made[HOST, "/pics/there.png"] = Answer(200, png(), "image/png")
    archive.site.made[HOST, "/pics/gone.png"] = Answer(404, b"")
    done = archive.run("-a", f"urls={article['url']}", *ON)
    assert done.report["pictures"]["outcomes"]["missing"] == 1
    with serving(archive.data_dir) as served:
        yield served


def test_an_archived_picture_is_shown(room: Served) -> None:
    (line,) = room.lines
    page = room.get(f"/articles/{line['id']}/1").text
    address = f"/articles/{line['id']}/pictures/1"
    assert f'<img src="{address}"' in page
    assert page.count("图片未存档") == 1
    assert f"<code>{GONE}</code>" in page
    picture = room.get(address)
    assert (picture.status, picture.body) == (200, png())
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("number", ["2", "0", "01", "-1", "x", "99999999999999999999", "1%00"])
def test_what_is_no_archived_picture_is_not_there(room: Served, number: str) -> None:
    (line,) = room.lines
    assert room.get(f"/articles/{line['id']}/pictures/{number}").status == 404
    assert room.get(f"/articles/99999999/pictures/{number}").status == 404


def test_the_archived_page_says_how_many_are_archived(room: Served) -> None:
    (line,) = room.lines
    path = f"/articles/{line['id']}/1/archived"
    shown = len({image["url"] for image in line["images"]})
    archived = shown - 1
    assert f"本文 {shown} 张图片存档了 {archived} 张" in room.get(path).text
    english = room.get(path, headers={"Accept-Language": "en"}).text
    assert f"requested. {archived} of its {shown} pictures were archived" in english


def test_they_are_in_the_downloads(room: Served) -> None:
    (line,) = room.lines
    warc = room.get(f"/articles/{line['id']}/1/page.warc.gz").body
    assert f"WARC-Target-URI: {THERE}\r\n".encode() in gzip.decompress(warc)
    packed = room.get(f"/articles/{line['id']}/1/page.wacz").body
    with zipfile.ZipFile(io.BytesIO(packed)) as wacz:
        assert THERE in wacz.read("indexes/index.cdxj").decode()
        assert GONE not in wacz.read("indexes/index.cdxj").decode()
