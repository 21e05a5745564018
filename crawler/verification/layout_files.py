"""The accepted layouts of `data/layouts/`: whether each can be read.

In: the files. Out: a Finding for each that is no layout. Whether one is as it was accepted, and
whether all are there, its run's manifest tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.layouts.accepted import LayoutError, parse, read_bounded
from crawler.verification.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def check_layouts(paths: Sequence[Path]) -> Iterator[Finding]:
    """What is wrong with these files."""
    for path in paths:
        try:
            layout = parse(read_bounded(path))
        except OSError as error:
            yield Finding(path, None, "unreadable", error.strerror or str(error))
        except LayoutError as error:
            yield Finding(path, None, "bad_layout", str(error))
        else:
            if layout.name != path.stem:
                yield Finding(path, None, "bad_layout", f"it names the layout {layout.name}")
