"""Parts of a file: they cover it, and are held against what their readers noted."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crawler.archive import spans
from crawler.archive.spans import FileSpan, fit, spans_of

if TYPE_CHECKING:
    from pathlib import Path

RECORD = b"WARC/1.0\r\n\r\nblock\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "count"), [(b"WARC/", 5), (b"\x1f\x8b\x08", 5), (b"(\xb5/\xfd", 1)]
)
def test_spans_cover_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes, count: int
) -> None:
    """A file of Zstandard frames can't be entered in its middle."""
    monkeypatch.setattr(spans, "SIZE", 100)
    path = tmp_path / "x"
    path.write_bytes(start.ljust(503, b"."))
    found = spans_of(path)
    assert (len(found), found[0][0], found[-1][1]) == (count, 0, 503)
    assert all(one[1] == other[0] for one, other in pairwise(found))


def test_the_first_record_of_a_span() -> None:
    file, size = BytesIO(RECORD * 3), len(RECORD)
    assert FileSpan(0, 5).find_first(file) == 0
    assert FileSpan(5, 2 * size).find_first(file) == size
    assert FileSpan(size, 2 * size).find_first(file) == size
    assert FileSpan(size + 1, 2 * size).find_first(file) is None


def test_what_fits() -> None:
    """Each begins where the one before says; a record may be as long as several spans."""
    assert fit([FileSpan(0, 10, 0, 12), FileSpan(10, 20, 12, 20)])
    assert fit([FileSpan(0, 10, 0, 25), FileSpan(10, 20), FileSpan(20, 30, 25, 30)])
    assert not fit([FileSpan(0, 10, 0, 12), FileSpan(10, 20, 14, 20)])
    assert not fit([FileSpan(0, 10, 0, 25), FileSpan(10, 20, 15, 20)])
    assert not fit([FileSpan(0, 10, 0, 12), FileSpan(10, 20, 12, 20, is_sure=False)])
    assert not fit([FileSpan(0, 10, 0, None)])


def test_a_record_after_the_span_is_known_by_the_one_after_it() -> None:
    span = FileSpan(0, 10, 0)
    assert not span.end_at(12)
    assert span.end_at(30)
    assert (span.following, span.is_sure) == (12, True)
    assert span.end_at(12)
    assert not span.is_sure
