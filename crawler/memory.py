"""The heap of a process that extracts page after page.

In: nothing. Out: fewer page faults. glibc hands the top of the heap back to the system once 128 KiB
of it are free (mallopt(3)). The tree of a page is larger, so its memory would be given back and
faulted in again with each page, for a fifth of all CPU time.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_KEPT = 64 * 1024 * 1024
_LARGEST = 32 * 1024 * 1024  # HEAP_MAX_SIZE / 2: a higher threshold is refused


def keep_heap() -> bool:
    """Keep memory that is free for the next page; False where the C library isn't glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _LARGEST))
