"""WARCs that a killed run left open: cut to what is whole, indexed and published.

Nothing is ever appended after a torn tail, since no reader finds it there. Doing it twice does
nothing the second time.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from crawler.archive.cdxj import index_name, index_path, write_index
from crawler.archive.compression import Member, MemberError, find_member, members
from crawler.archive.reader import WarcError
from crawler.archive.records import RecordHead, RecordHeadError, parse_head
from crawler.archive.wire import head_end
from crawler.storage import WARC_SUFFIX, StorageError, fsync_dir, publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """One recovered file: its final path (where nothing stands if the file held no exchange),
    how many bytes were cut off, and the first damage met."""

    path: Path
    cut: int
    why: str | None


def recover_warcs(opened: Iterable[Path], bare: Iterable[Path]) -> list[Recovered]:
    """Cut, index and publish the `opened` WARCs, which aren't published, and index the `bare` ones,
    which are, where they have no index yet.

    A file that holds no exchange is removed. Raises StorageError.
    """
    done = [_recover(path) for path in opened]
    for path in bare:
        if index_path(path).exists():
            continue
        try:
            _index(path)
        except WarcError as error:
            logger.error("no index can be made: %s", error)
        else:
            done.append(Recovered(path, 0, None))
    return done


def without_index(folders: Iterable[Path]) -> Iterator[Path]:
    """The published WARCs in these folders that have no index. Each folder is listed once, since
    after years there are many files."""
    for folder in folders:
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
        for name in sorted(names):
            if name.endswith(WARC_SUFFIX) and index_name(name) not in names:
                yield folder / name


def _index(path: Path) -> None:
    """Index a WARC, passing over what can't be read."""
    write_index(path, on_damage=lambda error: logger.error("passed over by the index: %s", error))


def _recover(path: Path) -> Recovered:
    try:
        with path.open("r+b") as file:
            exchanges, whole, why = _whole_part(file)
            cut = os.fstat(file.fileno()).st_size - whole
            if cut:
                file.truncate(whole)
            os.fsync(file.fileno())
        if exchanges:
            published = publish(path)
            _index(published)
            return Recovered(published, cut, why)
        # a warcinfo record alone describes nothing
        path.unlink()
    except OSError as error:
        raise StorageError.of("recovering", path, error) from error
    fsync_dir(path.parent)
    return Recovered(path.with_suffix(""), cut, why)


def _whole_part(file: BinaryIO) -> tuple[int, int, str | None]:
    """How many whole records beside the warcinfo a file holds, where the last one ends, and what
    damage was met first.

    A disk that fails may leave a gap before whole records: it stays, so that they keep their place.
    """
    records = end = 0
    why: str | None = None
    start: int | None = 0
    while start is not None:
        try:
            for member in members(file, start):
                head = _whole_record(member)
                if head is None:
                    why = why or f"at {member.offset}: the record's length is wrong"
                    continue
                records += head.kind != "warcinfo"
                end = member.offset + member.length
            return records, end, why
        except MemberError as error:
            why = why or str(error)
            start = find_member(file, error.offset)
    return records, end, why


def _whole_record(member: Member) -> RecordHead | None:
    """The head of the one record that a member holds: head, as many bytes as it says, two line
    ends; None where it holds anything else."""
    head_size = head_end(member.start)
    if head_size is None:
        return None
    try:
        head = parse_head(member.start[:head_size])
    except RecordHeadError:
        return None
    is_whole = head.length is not None and member.size == head_size + head.length + 4
    return head if is_whole and member.end == b"\r\n\r\n" else None
