"""What the process has from whoever started it: streams that may be closed, signals that may come
before there is a crawl to stop."""

from __future__ import annotations

import os
import signal
import sys


def open_streams() -> None:
    """Open the null device where stdin, stdout or stderr is closed: the next file opened would take
    the number, and what libraries print would go into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def stop_with(exitcode: int) -> None:
    """Let SIGTERM and SIGINT end the process with this code until the crawl takes them over. The
    SIGHUP of a terminal that closes is a SIGTERM from now on, unless it is ignored (nohup)."""

    def stop(*_: object) -> None:
        raise SystemExit(exitcode)

    def terminate(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: terminate}
    for number, handler in handlers.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
