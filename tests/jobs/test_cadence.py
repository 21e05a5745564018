from __future__ import annotations

import pytest

from crawler.jobs.cadence import Cadence


def test_minutes_of_all_and_of_some() -> None:
    cadence = Cadence.of("60, js=15,西藏=720")
    found = [cadence.seconds(region) for region in ("he", "js", "tibet")]
    assert found == [3600, 900, 43200]
    assert Cadence.of(30).seconds("js") == 1800


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "not ''"),
        ("0", "not '0'"),
        ("-5", "not '-5'"),
        ("nan", "not 'nan'"),
        ("1e9", "not '1e9'"),
        ("js=15", "not 'js=15'"),
        ("60,15", "REGION=MINUTES"),
        ("60,mars=15", "unknown region"),
        ("60,js=", "not ''"),
    ],
)
def test_what_is_no_cadence(setting: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Cadence.of(setting)
