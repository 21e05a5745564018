"""Settings that would end a run midway are refused before it begins."""

from __future__ import annotations

import os
import runpy

import pytest
from scrapy.settings import Settings

from crawler import settings
from crawler.runner import settings_check
from crawler.runner.settings_check import ConfigurationError, check


def given(**values: object) -> Settings:
    """The project's settings with some set as `-s` does."""
    wired = Settings()
    wired.setmodule(settings, priority="project")
    wired.setdict(values, priority="cmdline")
    return wired


def test_the_projects_own_settings_pass() -> None:
    check(given())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOWNLOAD_DELAY", "0"), ("DOWNLOAD_DELAY", "1.5"), ("DISK_MIN_FREE", "0"),
        ("RECHECK_SCHEDULE", "6,24"), ("LOG_LEVEL", "WARNING"), ("LOG_JSON", "1"),
        ("DOWNLOAD_MAXSIZE", "0"),
    ],
)  # fmt: skip
def test_what_may_be_set(name: str, value: str) -> None:
    check(given(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DOWNLOAD_DELAY", "soon", "a number from 0.0 up is wanted, not 'soon'"),
        ("DOWNLOAD_DELAY", "-1", "a number from 0.0 up is wanted, not '-1'"),
        ("DOWNLOAD_DELAY", "nan", "a number from 0.0 up is wanted, not 'nan'"),
        ("DOWNLOAD_TIMEOUT", "inf", "a number from 0.1 up is wanted, not 'inf'"),
        ("DISK_MIN_FREE", "32M", "a whole number from 0 up is wanted, not '32M'"),
        ("CONCURRENT_REQUESTS_PER_DOMAIN", "0", "a whole number from 1 up is wanted, not '0'"),
        ("RECHECK_BUDGET", "", "a whole number from 0 up is wanted, not ''"),
        ("RECHECK_SCHEDULE", "6,day", "hours separated by commas, each from 0 up is wanted, "
         "not 'day'"),
        ("LOG_LEVEL", "loud", "'loud' is none of "),
        ("CONTACT", " ", "an address on one line is wanted, not ' '"),
        ("CONTACT", "me\r\nCookie: a=b", "an address on one line is wanted"),
        ("ROBOTSTXT_OBEY", "perhaps", "True or False is wanted, not 'perhaps'"),
    ],
)  # fmt: skip
def test_what_is_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check(given(**{name: value}))
    assert str(caught.value).startswith(f"{name}: {message}")


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.delenv("XINHUA_CONTACT", raising=False)
    assert runpy.run_path(settings.__file__)["CONTACT"].startswith(f"{os.getuid()}@")


def test_every_number_of_ours_is_checked() -> None:
    """Scrapy's are those a run of ours reads itself, or fails on."""
    from scrapy.settings import default_settings

    ours = {
        name for name, value in vars(settings).items()
        if name.isupper() and isinstance(value, int | float) and not isinstance(value, bool)
        and not hasattr(default_settings, name)
    }  # fmt: skip
    assert ours <= set(settings_check._WHOLE) | set(settings_check._NUMBERS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DOWNLOAD_DELY", "DOWNLOAD_DELY: unknown setting; did you mean DOWNLOAD_DELAY?"),
        ("contact", "contact: unknown setting; did you mean CONTACT?"),
        ("XYZZY", "XYZZY: unknown setting"),
    ],
)
def test_an_unknown_setting_is_refused(name: str, message: str) -> None:
    settings = given()
    settings.set(name, "1", priority="cmdline")
    with pytest.raises(ConfigurationError) as refused:
        check(settings)
    assert str(refused.value) == message


def test_settings_of_scrapy_and_ours_are_known() -> None:
    settings = given()
    for name in ("DOWNLOAD_SLOTS", "FEEDS", "DATA_DIR", "STATUS_MAX_AGE"):
        settings.set(name, settings[name], priority="cmdline")
    check(settings)


@pytest.mark.parametrize("name", ["PING_URL", "WEBHOOK_URL"])
def test_what_is_called_is_an_address_and_stays_secret(name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check(given(**{name: "file:///etc/secret"}))
    assert str(refused.value) == f"{name}: an http or https address is wanted"
