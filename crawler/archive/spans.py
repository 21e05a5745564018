"""Parts of one WARC, to be read by several processes.

In: a file's size. Out: Spans that cover it. Where a record begins inside a file can only be
guessed, since a payload may hold a WARC as well: a reader notes where its first record and the one
after its last begin, and `fit` says whether the spans of a file were read as one would read it.

One WARC of 170 MiB is extracted again with `-j 2` in 23 s by spans and in 37 s as a whole, on a
machine of two cores; the CPU time is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from crawler.archive import gzip_members
from crawler.storage import open_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

# About so many bytes of a file are one span.
SIZE = 32 * 1024 * 1024


@dataclass(slots=True)
class FileSpan:
    """The records that begin from `start` up to `end`, and what their reader noted.

    `first` is where the first of them begins; `following` where the next record after them does,
    the file's size where there is none. `is_sure` is False where offsets don't tell records apart.
    """

    start: int
    end: int
    first: int | None = None
    following: int | None = None
    is_sure: bool = True

    def find_first(self, file: BinaryIO) -> int | None:
        """Where the first record probably begins."""
        if self.start == 0:
            self.first = 0
            return 0
        file.seek(0)
        if file.read(5) == b"WARC/":
            self.first = gzip_members.find_plain(file, self.start - 1, self.end)
        else:
            self.first = gzip_members.find_member(file, self.start - 1, self.end)
        return self.first

    def end_at(self, offset: int) -> bool:
        """Note a record that begins after the span; whether enough is known of it: the offset of
        the one after it must be another."""
        if self.following is None:
            self.following = offset
            return False
        self.is_sure = self.is_sure and offset != self.following
        return True


def spans_of(path: Path) -> list[tuple[int, int]]:
    """From where to where each span of a file goes; a single one where it can't be divided."""
    size = path.stat().st_size
    with open_file(path) as file:
        start = file.read(5)
    can_be = start == b"WARC/" or start[:2] == b"\x1f\x8b"
    count = max(round(size / SIZE), 1) if can_be else 1
    return list(pairwise(size * number // count for number in range(count + 1)))


def fit(spans: Iterable[FileSpan]) -> bool:
    """Whether every span begins with the record that its predecessor found to come next."""
    expected = 0
    for span in spans:
        if expected >= span.end:  # a record before is that long
            if span.first is not None:
                return False
            continue
        if span.first != expected or not span.is_sure or span.following is None:
            return False
        expected = span.following
    return True
