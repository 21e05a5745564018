"""A process that keeps its heap faults the memory of a page in once, not for each page."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from crawler.process_pool import cancelling_on_error

READ = """
import resource, sys
from crawler.process_pool import keep_heap
from selectolax.lexbor import LexborHTMLParser
if sys.argv[1] == "kept":
    keep_heap()
page = "<html><body>" + "<p>text <b>of</b> our own</p>" * 2000
faults = []
for _ in range(100):
    LexborHTMLParser(page)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[49])
"""


def faults(how: str) -> int:
    """Page faults while the latter 50 of 100 equal pages are read."""
    done = subprocess.run(
        [sys.executable, "-c", READ, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library has no mallopt"
)
def test_a_kept_heap_is_not_faulted_in_again() -> None:
    assert faults("kept") < 50 < 1000 < faults("as it is")


def _begin(begun: Event) -> bool:
    begun.set()
    time.sleep(0.5)
    return True


def test_what_waits_in_a_pool_is_left_when_something_is_raised() -> None:
    begun = Event()
    with ThreadPoolExecutor(1) as pool:
        running, waiting = pool.submit(_begin, begun), pool.submit(int)
        begun.wait()
        with pytest.raises(KeyboardInterrupt), cancelling_on_error(pool):
            raise KeyboardInterrupt
    assert running.result()
    assert waiting.cancelled()
