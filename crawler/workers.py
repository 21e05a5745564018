"""Processes that extract page after page for a command.

In: nothing. Out: a worker that keeps its heap, and ends when the process it works for is gone.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
from multiprocessing.connection import wait
from threading import Thread

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_KEPT = 64 * 1024 * 1024
_LARGEST = 32 * 1024 * 1024  # HEAP_MAX_SIZE / 2: a higher threshold is refused


def begin() -> None:
    """To be called in each worker before its first work."""
    gc.freeze()  # what the parent loaded needs no looking at
    keep_heap()
    Thread(target=_end_with_parent, daemon=True).start()


def keep_heap() -> bool:
    """Keep memory that is free for the next page; False where the C library isn't glibc.

    glibc hands the top of the heap back to the system once 128 KiB of it are free (mallopt(3)). The
    tree of a page is larger, so its memory would be given back and faulted in again with each page,
    for a fifth of all CPU time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _LARGEST))


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    os._exit(1)
