"""Where pages send their readers, and what kind of address that is."""

from __future__ import annotations

import pytest

from crawler.pages.client_redirects import is_farewell, is_front, is_gate, refresh_of, refuse_stub
from crawler.pages.document import Document
from crawler.pages.errors import NotAnArticle
from tests.pages.samples import as_page

HERE = "http://www.js.xinhuanet.com/2017-09/05/c_1121600001.htm"
OTHER = "http://www.js.xinhuanet.com/2017-09/05/c_1121600002.htm"


def doc(html: str) -> Document:
    return Document.of(as_page(html.encode(), HERE))


def meta(content: str) -> str:
    return f'<meta http-equiv="Refresh" content="{content}">'


@pytest.mark.parametrize(
    ("html", "target"),
    [
        (meta(f"0; url={OTHER}"), OTHER), (meta("5;URL='/a/'"), "http://www.js.xinhuanet.com/a/"),
        (meta("99; url=/a/"), None), (meta("0; url=" + HERE + "#x"), None), (meta("0"), None),
        (f"<noscript>{meta('0; url=/a/')}</noscript>", None), ("<p>refresh</p>", None),
    ],
)  # fmt: skip
def test_meta_refreshes_within_ten_seconds(html: str, target: str | None) -> None:
    assert refresh_of(doc(html), 10) == target


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        (f"<script>location.href='{OTHER}'</script>", "script_redirect"),
        (f"<script>location.replace('{HERE}?a=1')</script>", "challenge"),
        ("<script>location.href='/sso/login.htm'</script>", "challenge"),
        (f"<script>document.cookie='a=1';location.href='{OTHER}'</script>", "challenge"),
        ("<script>location.reload()</script>", "challenge"),
        (meta("3"), "challenge"),
        (meta(f"0; url={OTHER}"), "script_redirect"),
        ("<script>var location_of = 1</script>", None),
    ],
)
def test_pages_that_only_send_on(html: str, kind: str | None) -> None:
    page = doc(html)
    if kind is None:
        refuse_stub(page)
        return
    with pytest.raises(NotAnArticle) as refused:
        refuse_stub(page)
    assert refused.value.kind == kind


def test_kinds_of_addresses() -> None:
    assert is_gate("http://www.js.xinhuanet.com/captcha?from=x", HERE)
    assert is_gate("http://www.news.cn/p.htm?back=c_1121600001", HERE)
    assert not is_gate(OTHER, HERE)
    assert is_front("http://www.js.xinhuanet.com/")
    assert is_front("http://www.js.xinhuanet.com/news/index.htm")
    assert not is_front(OTHER)
    assert is_farewell("http://www.xinhuanet.com/webSkipping.htm")
    assert is_farewell("http://www.js.xinhuanet.com/err_404.html")
    assert not is_farewell("http://www.js.xinhuanet.com/2017-404/")
