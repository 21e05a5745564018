"""The socket guard refuses what leaves the machine, in this process and in those it starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest

OUTSIDE = ("203.0.113.1", 80)


def test_a_connection_to_another_machine_is_refused() -> None:
    with (
        socket.socket() as outward,
        pytest.raises(OSError, match="tests may not connect to 203"),
    ):
        outward.connect(OUTSIDE)


def test_a_non_blocking_connection_is_refused() -> None:
    with socket.socket() as outward:
        outward.setblocking(False)
        with pytest.raises(OSError, match="tests may not connect"):
            outward.connect_ex(OUTSIDE)


def test_a_datagram_to_another_machine_is_refused() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as outward,
        pytest.raises(OSError, match="tests may not connect"),
    ):
        outward.sendto(b"", OUTSIDE)


@pytest.mark.parametrize("name", ["news.cn", "js.xinhuanet.com", b"www.news.cn"])
def test_a_name_is_not_looked_up(name: str | bytes) -> None:
    with pytest.raises(socket.gaierror, match="tests may not look up"):
        socket.getaddrinfo(name, 80)


def test_an_old_style_look_up_is_refused() -> None:
    with pytest.raises(socket.gaierror, match="tests may not look up"):
        socket.gethostbyname("news.cn")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port)):
            pass


def test_a_process_started_by_a_test_is_guarded() -> None:
    code = f"import socket; socket.create_connection({OUTSIDE!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "tests may not connect to 203.0.113.1" in done.stderr


def test_the_environment_is_scrubbed() -> None:
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]
    assert "XINHUA_DATA_DIR" not in os.environ
    assert time.strftime("%z", time.localtime(0)) == "+0430"
