"""No test reaches beyond this machine: an audit hook that refuses other addresses and names.

`tests/conftest.py` installs it in the test process and puts this folder on PYTHONPATH, so that
Python processes started by tests install it as they start. A refused name is an unknown name and a
refused address an unreachable network, which is what the code under test would meet offline.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})
CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


def is_local(host: object) -> bool:
    """Whether the host is this machine's loopback interface, as a literal or by name."""
    if host is None:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    text = text.partition("%")[0].rstrip(".").lower()
    if text in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def is_literal(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def guard(event: str, args: tuple[Any, ...]) -> None:
    if event in CONNECTING:
        address = args[1]
        if isinstance(address, tuple) and not is_local(address[0]):
            raise OSError(errno.ENETUNREACH, f"tests may not connect to {address[0]}")
    elif event in LOOKING_UP:
        host = args[0]
        if not (is_local(host) or is_literal(host)):  # a literal needs no name server
            raise socket.gaierror(socket.EAI_NONAME, f"tests may not look up {host}")


def install() -> None:
    """Install the guard once in this process; an audit hook can't be removed."""
    if not hasattr(sys, "_loopback_only"):
        sys._loopback_only = True  # type: ignore[attr-defined]
        sys.addaudithook(guard)


install()
