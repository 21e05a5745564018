"""The addresses of the room: each answers, each bad one honestly, and none writes or fetches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from crawler.room.app import POLICY

if TYPE_CHECKING:
    from tests.room.served import Served

GOOD = (
    "/", "/changes", "/status", "/search", "/search?q=%E6%96%B0", "/search?q=&region=js&since=",
    "/search?region=js&since=2026-09-01&until=2026-09-30", "/regions/js", "/regions/bj",
    "/regions/js?month=2026-09", "/days/2026-09-12", "/days/1999-01-01",
    "/search?q=%E6%96%B0&page=999999999",
    "/regions/js?page=7", "/opensearch.xml", "/sitemap.xml", "/sitemap-0.xml", "/sitemap-1.xml",
    "/robots.txt", "/changes.atom", "/search.atom?q=%E6%96%B0", "/regions/js/feed.atom",
    "/static/room.css", "/static/icon.svg",
)  # fmt: skip

LONG = "%E6%96%B0" * 10_000
BAD = (
    ("/search?q=%25", 200), ("/search?q=%22", 200), ("/search?q=NEAR(", 200), ("/search?q=*", 200),
    ("/search?q=%00", 200), ("/search?q=%F0%9F%98%80", 200), ("/search?q=%ff%fe", 200),
    (f"/search?q={LONG}", 400), ("/search?q=" + "x" * 10_000, 400), (f"/search.atom?q={LONG}", 400),
    ("/search?q=a%20OR%20b%20AND%20NOT%20c", 200), ("/search?q=title%3A", 200),
    ("/search?since=yesterday", 400), ("/search?until=2026-02-30", 400), ("/search?page=0", 400),
    ("/search?page=-1", 400), ("/search?page=x", 400), ("/search?region=atlantis", 400),
    ("/regions/atlantis", 404), ("/regions/..%2f..%2fetc", 404), ("/days/2026-9-1", 404),
    ("/days/2026-02-30", 404), ("/days/9999-99-99", 404), ("/regions/js?month=2026-13", 404),
    ("/articles/1", 404), ("/articles/99999999", 404), ("/articles/..%2F..%2Fetc%2Fpasswd", 404),
    ("/articles/" + "a" * 64, 404), ("/articles/99999999/1", 404), ("/articles/99999999/page", 404),
    ("/articles/99999999/diff/1/2", 404), ("/articles/%00", 404), ("/nothing", 404),
    ("/static/../app.py", 404), ("/static/%2e%2e/app.py", 404), ("/static/", 404),
    ("/sitemap-9.xml", 404), ("/sitemap-x.xml", 404), ("//", 404), ("/articles/", 404),
)  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_addresses_answer(room: Served, path: str) -> None:
    answer = room.get(path)
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    head = room.get(path, "HEAD")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(("path", "status"), BAD, ids=[path[:40] for path, _ in BAD])
def test_bad_addresses_get_an_honest_page(room: Served, path: str, status: int) -> None:
    answer = room.get(path)
    assert answer.status == status
    assert "Traceback" not in answer.text
    assert "<h1" in answer.text
    assert answer.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_only_reading(room: Served, method: str) -> None:
    answer = room.get("/", method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("localhost:1", 200), ("[::1]:80", 200), ("LOCALHOST", 200),
        ("evil.example", 400), ("127.0.0.1.evil.example", 400), ("", 400), ("[::1", 400),
        ("localhost@evil.example", 400),
    ],
)  # fmt: skip
def test_the_host_is_checked(room: Served, host: str, status: int) -> None:
    assert room.get("/", headers={"Host": host}).status == status


def test_every_page_carries_the_policy(room: Served) -> None:
    line = room.of("restored")
    for path in ("/", "/status", f"/articles/{line['id']}", "/nothing", "/static/room.css"):
        headers = room.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert "'unsafe" not in POLICY
    assert "script-src" not in POLICY


def test_nothing_of_a_page_leads_elsewhere(room: Served) -> None:
    line = room.of("live", 2)
    article = f"/articles/{line['id']}"
    pages = ("/", "/status", "/changes", "/search?q=%E6%96%B0", article, f"{article}/2/archived")
    for path in (*pages, f"{article}/diff/1/2", f"{article}/2/verify"):
        text = room.get(path).text
        assert "<script" not in text
        assert not re.search(r"\sstyle=|\son[a-z]+=", text)
        targets = re.findall(r'\s(?:href|src|action)="([^"]*)"', text)
        assert targets
        assert [one for one in targets if not one.startswith(("/", "#", "?"))] == []


def test_the_language_is_the_browsers(room: Served) -> None:
    for accept, lang in (
        ("", "zh-CN"), ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"), ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5,zh;q=0.4", "en"), ("de", "zh-CN"), ("en;q=0,zh", "zh-CN"), (";;,", "zh-CN"),
    ):  # fmt: skip
        answer = room.get("/", headers={"Accept-Language": accept})
        assert f'<html lang="{lang}">' in answer.text, accept
        assert "Accept-Language" in answer.headers["vary"]
