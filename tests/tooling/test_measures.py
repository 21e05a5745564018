"""The measure of memory: of the command it runs, whatever the test run itself holds."""

from __future__ import annotations

from tests.processes import peak_kib

HELD = 300_000_000


def test_peak_memory_is_the_commands_own() -> None:
    held = bytearray(b"x") * HELD
    exitcode, small = peak_kib("-c", "raise SystemExit(3)")
    assert exitcode == 3
    assert small * 1024 < HELD / 3 < len(held)


def test_a_greedy_grandchild_is_seen() -> None:
    greedy = f"bytearray(b'x') * {HELD}"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {greedy!r}])"
    assert peak_kib("-c", start)[1] * 1024 > HELD
