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

    Raises BadLineError for a line whose values are of other types than the schema's, OSError as the
    file does.
    """
    count = 0
    for line in lines:
        try:
            data = encode(line.keys)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise line.damaged(f"does not fit the schema ({error!r})") from error
        if data:
            file.write(data)
            count += 1
    return count
