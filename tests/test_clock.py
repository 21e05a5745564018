"""A clock that was ahead for a while, as after a dead battery, and is right again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.channel import Archive


def test_edits_are_told_once_though_the_clock_went_back(
    archive_of: Callable[..., Archive],
) -> None:
    """What is newest is told by the time: an edit dated before the version it changes would be
    found, and written, again by each look."""
    archive = archive_of(seed=51, articles=36)
    urls = ",".join(one["url"] for one in archive.site.truth()["articles"] if not one["hidden"])
    again = ("-a", f"urls={urls}", "-a", "recheck=all")
    archive.ahead = timedelta(days=10)
    first = archive.run(*again)
    assert (first.exitcode, len(first.lines)) == (0, first.report["outcomes"]["published"])
    archive.ahead = timedelta()
    for day in (4, 4.5):
        archive.site.day = day
        done = archive.run(*again)
        assert done.exitcode == 3
        (alarm,) = done.report["alarms"]
        assert alarm.startswith("the clock stands at 2026-09-0")
        assert first.report["run_id"] in alarm
        assert done.lines == []
    archive.site.day = 12
    edited = archive.run(*again)
    assert edited.exitcode == 0
    assert edited.report["outcomes"]["changed"] == len(edited.lines) > 2
    assert archive.run(*again).lines == []
