"""Every name stands for this machine, as a hosts file or a hostile name server may have it."""

from __future__ import annotations

import runpy
import socket
from pathlib import Path
from typing import Any

runpy.run_path(str(Path(__file__).parents[2] / "guard" / "sitecustomize.py"))

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    return _getaddrinfo("127.0.0.1", *args, **kwargs)


socket.getaddrinfo = getaddrinfo
socket.gethostbyname = lambda name: "127.0.0.1"
