"""Records as bytes: one gzip member each, as another reader has them."""

from __future__ import annotations

from io import BytesIO

from warcio.archiveiterator import ArchiveIterator

from crawler.archive.records import new_id, record, uri, warc_fields


def test_a_record_as_warcio_reads_it() -> None:
    record_id, block = new_id(), b"software: x\r\n"
    fields = [("Content-Type", "application/warc-fields"), ("WARC-Filename", None)]
    data = record("warcinfo", record_id, "2026-01-01T00:00:00Z", fields, block)
    archive = ArchiveIterator(BytesIO(data), check_digests="raise")
    one = next(archive)
    headers = one.rec_headers
    assert (one.rec_type, headers.get_header("WARC-Record-ID")) == ("warcinfo", record_id)
    assert headers.get_header("WARC-Filename") is None
    assert one.content_stream().read() == block
    assert list(archive) == []


def test_ids_differ_and_no_value_breaks_its_head() -> None:
    assert new_id() != new_id()
    assert uri("http://a/b c\r\nX: y") == "http://a/b%20c%0D%0AX:%20y"
    assert warc_fields({"a": "one\r\ntwo", "b": "three"}) == b"a: one two\r\nb: three\r\n"
