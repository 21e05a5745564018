"""The room in a real browser: a hostile page does nothing, no script is needed, axe agrees."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import packaged
from tests.room.served import pages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.room.served import Served, Trap


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="zh-CN", **options)
    context.set_default_timeout(20_000)
    try:
        yield context
    finally:
        context.close()


@pytest.mark.parametrize("address", ["page", "archived"])
def test_a_hostile_page_does_nothing(
    room: Served, browser: Browser, trap: Trap, address: str
) -> None:
    line = room.hostile
    url = f"{room.base}/articles/{line['id']}/{line['version']}/{address}"
    with opened(browser) as context:
        context.add_cookies([{"name": "secret", "value": "1", "url": room.base}])
        page = context.new_page()
        page.goto(f"{room.base}/")
        page.goto(url)
        page.wait_for_timeout(1500)
        title = page.title()
        frame = page.main_frame if address == "page" else page.frames[1]
        # the page is there, with its text, and in an origin of its own
        assert line["paragraphs"][0][:10] in (frame.text_content("body") or "").replace("　", "")
        # alone, a link leads away as any link does, once a reader follows it
        for link in ("#js", "#blank", "#top") if address == "archived" else ("#js",):
            frame.evaluate("selector => document.querySelector(selector).click()", link)
        page.wait_for_timeout(1000)
        assert page.url == url
        assert page.title() == title
        assert "OWNED" not in title
        assert [one.url for one in context.pages] == [url]
        assert [cookie["name"] for cookie in context.cookies()] == ["secret"]
    assert trap.caught == []


def test_its_origin_is_opaque(room: Served, browser: Browser) -> None:
    line = room.hostile
    url = f"{room.base}/articles/{line['id']}/{line['version']}"
    with opened(browser) as context:
        page = context.new_page()
        page.goto(f"{url}/archived")
        inside = page.evaluate("document.querySelector('iframe').contentDocument")
        assert inside is None
        assert page.evaluate("origin") == room.base
        assert page.frames[1].evaluate("origin") == "null"


@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        ("light", 1280),
        ("dark", 360),
        pytest.param("dark", 1280, marks=pytest.mark.nightly),
        pytest.param("light", 360, marks=pytest.mark.nightly),
    ],
)
def test_axe_finds_nothing_serious(room: Served, browser: Browser, scheme: str, width: int) -> None:
    axe = packaged("axe-core/axe.min.js").read_text()
    viewport = {"width": width, "height": 800}
    with opened(browser, color_scheme=scheme, viewport=viewport, bypass_csp=True) as context:
        page = context.new_page()
        for name, path in pages_of(room).items():
            page.goto(room.base + path)
            page.evaluate(axe)
            found = page.evaluate("axe.run(document, {iframes: false})")
            worst = [
                (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
                for one in found["violations"]
                if one["impact"] in {"serious", "critical"}
            ]
            assert worst == [], name
            # nothing is wider than the window
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_everything_works_without_scripts_and_by_keyboard(room: Served, browser: Browser) -> None:
    with opened(browser, java_script_enabled=False) as context:
        page = context.new_page()
        failed: list[str] = []
        page.on("response", lambda one: failed.append(one.url) if one.status >= 400 else None)
        page.goto(room.base)
        page.keyboard.press("Tab")
        assert _focused(page) == "跳到正文"
        page.fill("#q", "社区")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search?q=*")
        hits = page.locator(".results h2 a")
        assert hits.count() == 20
        page.click("a[rel=next]")
        assert "page=2" in page.url
        page.locator(".results h2 a").first.click()
        assert page.locator("article .text p").count() > 0
        page.click("text=存档的网页")
        assert page.locator("iframe").count() == 1
        page.go_back()
        page.click("text=立即验证")
        assert page.locator("text=验证通过").count() == 1
        assert failed == []
        assert context.cookies() == []


def _focused(page: Page) -> str:
    return page.locator(":focus").inner_text()
