"""Worker processes of `scrapy verify` and `scrapy reextract`: how they begin and how they end."""

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

# As in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = 64 * 1024 * 1024
# HEAP_MAX_SIZE / 2: a higher threshold is refused.
_LARGEST = 32 * 1024 * 1024


def begin_worker() -> None:
    """Set up a worker before its first job: it ignores Ctrl-C, keeps its heap, and ends when its
    parent is gone."""
    # the terminal's is for the parent to tell of
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # what the parent loaded stays: the collector needn't go through it
    gc.freeze()
    keep_heap()
    Thread(target=_end_with_parent, daemon=True).start()


@contextmanager
def cancelling_on_error(pool: Executor) -> Iterator[None]:
    """Cancel the jobs that still wait in the pool when anything is raised: Ctrl-C, an error of the
    disk."""
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
    """End this process when its parent does: it would wait for jobs for ever."""
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    os._exit(1)
