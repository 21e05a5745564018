"""Writing one encoded line after the other, for formats that need no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from crawler.export_formats.selection import PublishedLine


def write_each(
    lines: Iterable[PublishedLine], file: BinaryIO, encode: Callable[[dict[str, Any]], bytes]
) -> int:
    """Write what `encode` makes of each line, b"" to leave it out; the number written.

    Raises OSError as the file does.
    """
    count = 0
    for line in lines:
        if data := encode(line.keys):
            file.write(data)
            count += 1
    return count
