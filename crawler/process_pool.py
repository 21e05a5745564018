"""Processes that extract page after page for a command.

In: nothing. Out: a worker that keeps its heap, and ends when the process it works for is gone.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
from contextlib import contextmanager
from multiprocessing.connection import wait
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_KEPT = 64 * 1024 * 1024
_LARGEST = 32 * 1024 * 1024  # HEAP_MAX_SIZE / 2: a higher threshold is refused


def begin() -> None:
    """To be called in each worker before its first work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for the parent to tell of
    gc.freeze()  # what the parent loaded needs no looking at
    keep_heap()
    Thread(target=_end_with_parent, daemon=True).start()


@contextmanager
def leaving_what_waits(pool: Executor) -> Iterator[None]:
    """Leave undone what still waits in the pool when something is raised: after Ctrl-C or on a full
    disk nobody waits for all other files."""
    try:
        yield
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


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
