"""What a robots.txt answer is taken for, by RFC 9309."""

from __future__ import annotations

import pytest

from crawler import settings
from crawler.downloader.robots_rules import MAX_BYTES, bounded, has_rules, rules_of

HERE = "http://www.js.xinhuanet.com"
ARTICLE = f"{HERE}/2020-01/01/c_1125000001.htm"
DENIED = b"User-agent: *\nDisallow: /2020-01/\n"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_without_a_robots_txt_all_is_allowed(status: int) -> None:
    """Section 2.3.1.3; what comes with the error is no rule."""
    assert rules_of(status, DENIED).can_fetch(ARTICLE, "xinhua-archive")


@pytest.mark.parametrize("status", [None, 301, 304, 429, 500, 502, 503, 504])
def test_an_answer_that_leaves_the_rules_unknown(status: int | None) -> None:
    """Section 2.3.1.4; tests/runner/test_robots_unreadable.py shows what follows from it."""
    with pytest.raises(ValueError, match="HTTP"):
        rules_of(status, b"User-agent: *\nAllow: /\n")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, DENIED, True),
        (206, b"\xef\xbb\xbf USER-AGENT: *", True),
        (404, DENIED, False),
        (None, DENIED, False),
        (200, b"", False),
        (200, b"Not found", False),
        (200, b"\xef\xbb\xbf\n <!-- User-agent: * -->", False),
    ],
)
def test_which_answers_are_rules(status: int | None, body: bytes, expected: bool) -> None:
    assert has_rules(status, body) is expected


A, B = f"{HERE}/a.htm", f"{HERE}/b.htm"


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", {B}),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", {B}),
        ("user-AGENT: XINHUA-ARCHIVE\ndisallow:/a", {B}),
        ("User-agent: *\nDisallow: /\n\nUser-agent: xinhua-archive\nDisallow: /a", {B}),
        ("User-agent: xinhua-archive\nDisallow: /a\n\nUser-agent: xinhua-archive\nDisallow: /b",
         set()),
        ("User-agent: other\nUser-agent: xinhua-archive\nDisallow: /a\n", {B}),
        ("User-agent: archive\nDisallow: /", {A, B}),
        ("User-agent: xinhua-archive\nDisallow:", {A, B}),
        ("User-agent: *\nDisallow: /\nAllow: /a", {A}),
        ("User-agent: *\nAllow: /a\nDisallow: /a", {A, B}),
        ("User-agent: *\nDisallow: /*.htm$ # pages\nAllow: /b.htm$", {B}),
        ("User-agent: *\nDisallow: /%61.htm", {B}),
        ("Disallow: /", {A, B}),
        ("<html><body>User-agent: *<br>Disallow: /</body></html>", {A, B}),
    ],
)  # fmt: skip
def test_which_rules_are_ours(text: str, allowed: set[str]) -> None:
    """Section 2.2: our group or else `*`, groups of one name together, the longest match."""
    rules = rules_of(200, text.encode())
    agent = settings.ROBOTSTXT_USER_AGENT
    assert {url for url in (A, B) if rules.can_fetch(url, agent)} == allowed


def test_500_kib_are_read_and_no_half_line() -> None:
    """Section 2.5. The line over the limit would forbid more than it says."""
    head = b"User-agent: *\nDisallow: /a\n"
    filler = b"#" * (MAX_BYTES - len(head) - len(b"\nDisallow: /")) + b"\n"
    long = head + filler + b"Disallow: /c/only.htm\nDisallow: /b\n"
    assert long[:MAX_BYTES].endswith(b"\nDisallow: /")
    rules = rules_of(200, bounded(long))
    assert {url for url in (A, B) if rules.can_fetch(url, "xinhua-archive")} == {B}
    short = long[: MAX_BYTES // 2] + b"\nDisallow: /b\n"
    assert bounded(short) == short
