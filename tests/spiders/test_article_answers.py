"""What answers at an article's address say, each beside what they say of an archived one."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from crawler.items import Draft, Page
from crawler.outcomes import Outcome
from crawler.pages.assembly import Assembly
from crawler.pages.errors import Kind
from crawler.spiders.article_answers import (
    _SAYS_NOTHING,
    _STANDS_INSTEAD,
    NoDraft,
    Says,
    add_further_page,
    led_away,
    read_first_page,
)
from tests.pages.paged import WWW, at, html, numbers
from tests.pages.samples import BODY, TITLE, as_page

ARTICLE = (
    f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>"
    f"<p>2017-09-05 08:30 来源：云溪日报</p><div>{''.join(f'<p>{line}</p>' for line in BODY)}</div>"
)
NUMBERS = range(40)
LIST = "<title>云溪频道</title>" + "".join(
    f"<li><a href='/2017-09/05/c_112160{n:04}.htm'>云溪镇第{n}条消息的标题</a></li>"
    for n in NUMBERS
)
GONE = "<title>404</title><p>对不起，您访问的页面不存在</p>"
CAPTCHA = "<title>安全验证</title><p>请输入验证码，完成人机验证后继续访问</p>"
BUSY = "<title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
SCRIPT = "<script>location.href='http://www.js.xinhuanet.com/zt/yunxi/all.htm'</script>"
TO_FRONT = "<script>location.href='http://www.js.xinhuanet.com/'</script>"


def page(html: str, status: int = 200, url: str | None = None) -> Page:
    made = as_page(html.encode())
    return replace(made, status=status, url=url or made.url)


def test_every_kind_of_no_article_has_one_outcome() -> None:
    assert sorted([*_SAYS_NOTHING, *_STANDS_INSTEAD]) == sorted(get_args(Kind))


@pytest.mark.parametrize("is_archived", [False, True])
def test_an_article(*, is_archived: bool) -> None:
    draft = read_first_page(page(ARTICLE), is_archived=is_archived)
    assert isinstance(draft, Draft)
    assert draft.title
    assert draft.title.text == TITLE


@pytest.mark.parametrize(
    ("html", "status", "outcome", "says"),
    [
        ("", 404, Outcome.MISSING, Says.ABSENT),
        (GONE, 410, Outcome.MISSING, Says.ABSENT),
        (CAPTCHA, 404, Outcome.CHALLENGED, Says.NOTHING),
        (BUSY, 502, Outcome.HTTP_ERROR, Says.NOTHING),
        ("", 403, Outcome.CHALLENGED, Says.NOTHING),
        (CAPTCHA, 503, Outcome.CHALLENGED, Says.NOTHING),
        ("", 200, Outcome.CHALLENGED, Says.NOTHING),
        (CAPTCHA, 200, Outcome.CHALLENGED, Says.NOTHING),
        (BUSY, 200, Outcome.SOFT_404, Says.NOTHING),
        (SCRIPT, 200, Outcome.SCRIPT_REDIRECT, Says.NOTHING),
        (GONE, 200, Outcome.SOFT_404, Says.ABSENT),
        (LIST, 200, Outcome.NOT_ARTICLE, Says.ABSENT),
        (TO_FRONT, 200, Outcome.SCRIPT_REDIRECT, Says.ABSENT),
    ],
)
@pytest.mark.parametrize("is_archived", [False, True])
def test_what_is_no_article(
    html: str, status: int, outcome: Outcome, says: Says, *, is_archived: bool
) -> None:
    answer = read_first_page(page(html, status), is_archived=is_archived)
    assert isinstance(answer, NoDraft)
    assert (answer.outcome, answer.says) == (outcome, says)


def test_not_modified_is_an_answer_only_where_something_is_archived() -> None:
    answer = read_first_page(page("", 304), is_archived=True)
    assert answer == NoDraft(Outcome.NOT_MODIFIED, "", Says.UNCHANGED)
    unasked = read_first_page(page("", 304), is_archived=False)
    assert isinstance(unasked, NoDraft)
    assert (unasked.outcome, unasked.says) == (Outcome.HTTP_ERROR, Says.NOTHING)


def test_a_page_of_an_unknown_design_is_no_sign_of_a_withdrawal() -> None:
    emptied = page("<title>云溪频道</title><div class='new-design'><p>加载</p></div>")
    known, new = (read_first_page(emptied, is_archived=archived) for archived in (True, False))
    assert isinstance(known, NoDraft)
    assert (known.outcome, known.says) == (Outcome.UNCLAIMED, Says.UNREAD)
    assert isinstance(new, NoDraft)
    assert (new.outcome, new.says) == (Outcome.SOFT_404, Says.ABSENT)


FRONT, FAREWELL = "http://www.js.xinhuanet.com/", "http://www.js.xinhuanet.com/404.htm"
COLUMN = "http://www.js.xinhuanet.com/zt/yunxi/all.htm"


@pytest.mark.parametrize(
    ("html", "status", "url", "outcome", "says"),
    [
        (LIST, 200, FRONT, Outcome.MISSING, Says.ABSENT),
        (GONE, 200, FAREWELL, Outcome.MISSING, Says.ABSENT),
        ("", 404, COLUMN, Outcome.MISSING, Says.ABSENT),
        (LIST, 200, COLUMN, Outcome.MISSING, Says.ABSENT),
        (CAPTCHA, 200, FAREWELL, Outcome.CHALLENGED, Says.NOTHING),
        (BUSY, 200, FRONT, Outcome.SOFT_404, Says.NOTHING),
        (BUSY, 502, FRONT, Outcome.HTTP_ERROR, Says.NOTHING),
        (ARTICLE, 200, COLUMN, Outcome.NOT_ARTICLE, Says.UNREAD),
    ],
)
def test_where_a_redirect_led(
    html: str, status: int, url: str, outcome: Outcome, says: Says
) -> None:
    answer = led_away(page(html, status, url))
    assert (answer.outcome, answer.says) == (outcome, says)


@pytest.mark.parametrize(
    ("found", "status", "why", "is_absent"),
    [
        (html(2, numbers(WWW, 3, of=2)), 200, None, False),
        ("", 404, "HTTP 404", True),
        (BUSY, 503, "HTTP 503", False),
        (GONE, 200, "soft_404", True),
        (CAPTCHA, 200, "challenge", False),
    ],
)
def test_a_further_page_is_added_or_lacking(
    found: str, status: int, why: str | None, *, is_absent: bool
) -> None:
    first = page(html(1, numbers(WWW, 3)), url=at(WWW, 1))
    draft = read_first_page(first, is_archived=False)
    assert isinstance(draft, Draft)
    assembly = Assembly(first, draft)
    lacking = add_further_page(page(found, status, at(WWW, 2)), assembly)
    assert len(assembly.pages) == (2 if why is None else 1)
    if lacking is None:
        assert why is None
    else:
        assert why
        assert why in lacking.why
        assert lacking.is_absent is is_absent
