"""Which response a revisit of another archive repeats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.archive.digests import digest
from crawler.archive.reader import Record
from crawler.archive.revisits import holds_page, means, names_of, repeat_of
from crawler.items import Page, WarcPointer

if TYPE_CHECKING:
    from collections.abc import Mapping

URL, DATE, AT = "http://js.news.cn/a", "2021-05-06T07:08:09Z", "2021-05-06T07:08:09Z"
ID = "<urn:uuid:00000000-0000-0000-0000-000000000001>"
OF_NOTHING = digest(b"")
SAME = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


def revisit(headers: Mapping[str, str], block: bytes = b"", date: str = DATE) -> Record:
    told = tuple(headers.items())
    return Record(Path("x.warc"), 0, 9, "revisit", "<urn:x>", date, URL, told, block, "1.1")


def page(body: bytes = b"ferry", url: str = URL) -> Page:
    pointer = WarcPointer(
        file="x.warc.gz",
        offset=0,
        length=9,
        record_id=ID,
        payload_digest=digest(body),
        entity_sha256="",
    )
    return Page(url, 200, (), body, AT, pointer)


@pytest.mark.parametrize(
    ("headers", "is_meant"),
    [
        ({"WARC-Payload-Digest": digest(b"ferry")}, True),
        ({"WARC-Payload-Digest": digest(b"other")}, False),
        # nothing is the same as any other nothing
        ({"WARC-Payload-Digest": OF_NOTHING}, False),
        ({"WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": DATE}, True),
        ({"WARC-Refers-To-Target-URI": f"<{URL}>", "WARC-Refers-To-Date": "20210506070809"}, True),
        ({"WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": "2021-05-06T07:08:08Z"}, False),
        ({"WARC-Refers-To-Target-URI": URL}, False),
        ({"WARC-Refers-To-Date": DATE}, False),
        ({"WARC-Refers-To": ID}, True),
        ({"WARC-Refers-To": ID.strip("<>")}, True),
        ({"WARC-Refers-To": "<urn:uuid:2>"}, False),
        ({}, False),
    ],
)
def test_what_it_repeats(headers: dict[str, str], is_meant: bool) -> None:
    repeat = repeat_of(revisit({"WARC-Profile": SAME} | headers), is_ours=False)
    assert repeat is not None
    assert (repeat.url, repeat.date) == (URL, AT)
    assert means(repeat, names_of(page())) is is_meant


def test_a_page_without_record_or_body_has_no_such_names() -> None:
    assert names_of(page(b""))[0] == ""
    assert names_of(Page(URL, 200, (), b"ferry", AT, None)) == ("", f"{URL} {AT}", "")


@pytest.mark.parametrize(
    ("profile", "date", "is_ours"),
    [
        (SAME, DATE, True),
        (SAME, "some day", False),
        ("http://netpreserve.org/warc/1.0/revisit/server-not-modified", DATE, False),
        ("http://netpreserve.org/warc/1.1/revisit/server-not-modified", DATE, False),
    ],
)
def test_what_repeats_nothing(profile: str, date: str, is_ours: bool) -> None:
    assert repeat_of(revisit({"WARC-Profile": profile}, date=date), is_ours=is_ours) is None


@pytest.mark.parametrize(
    ("block", "is_whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nferry", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", False),
        (b"", False),
        (b"no answer", False),
    ],
)
def test_whether_it_has_its_body_all_the_same(block: bytes, is_whole: bool) -> None:
    assert holds_page(revisit({}, block)) is is_whole
