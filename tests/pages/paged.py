"""Articles on several pages, whole ones and others: addresses and what stands at them."""

from __future__ import annotations

from tests.pages.samples import regional_2014

BARE = "http://js.xinhuanet.com/2017-09/05/c_1121600001"
WWW = "http://www.js.xinhuanet.com/2017-09/05/c_1121600001"
NEWS_CN = "https://www.js.news.cn/2017-09/05/c_1121600001"
CONTENT = "http://js.xinhuanet.com/2012-09/05/content_25600001"


def at(base: str, number: int, *, first: int = 2) -> str:
    """The address of a page, where page 2 bears the number `first`."""
    return f"{base}.htm" if number == 1 else f"{base}_{number - 2 + first}.htm"


def bar(addresses: dict[str, str]) -> str:
    """A pager of these labels and addresses."""
    links = " ".join(f'<a href="{url}">{label}</a>' for label, url in addresses.items())
    return f'<div id="div_currpage">{links}</div>'


def numbers(base: str, count: int, *, of: int = 1, first: int = 2) -> str:
    """The pager of page `of`: the numbers of all pages but its own, and the next page."""
    links = {str(n): at(base, n, first=first) for n in range(1, count + 1) if n != of}
    if of < count:
        links["下一页"] = at(base, of + 1, first=first)
    return bar(links)


def html(number: int, pager: str, editor: str | None = "") -> str:
    return regional_2014(f"<p>　　第{number}页写的是河堤第{number}段。</p>{pager}", editor=editor)


def site_of(
    base: str, count: int, *, links: str | None = None, first: int = 2, have: int | None = None
) -> dict[str, str]:
    """An article of `count` pages at `base`, whose pager names `links`; only `have` are there."""
    return {
        at(base, n, first=first): html(n, numbers(links or base, count, of=n, first=first))
        for n in range(1, (have or count) + 1)
    }


def window(base: str, count: int, *, of: int) -> str:
    """A pager that shows five numbers around its page, the first and the last page, the next."""
    shown = {str(n): at(base, n) for n in range(max(1, of - 2), min(count, of + 2) + 1) if n != of}
    shown |= {"首页": at(base, 1), "尾页": at(base, count)}
    if of < count:
        shown["下一页"] = at(base, of + 1)
    return bar(shown)


WHOLE = [
    ("the pager names the www host", site_of(BARE, 4, links=WWW), BARE, 4),
    ("the pages stand at the www host only",
     {at(BARE, 1): html(1, numbers(WWW, 3))} | site_of(WWW, 3), BARE, 3),
    ("the pager names the other domain and https",
     {at(BARE, 1): html(1, numbers(NEWS_CN, 3))} | site_of(NEWS_CN, 3), BARE, 3),
    ("content_N_1 is page 2", site_of(CONTENT, 3, first=1), CONTENT, 3),
    ("content_N_2 is page 2", site_of(CONTENT, 3, first=2), CONTENT, 3),
    ("a window of the numbers",
     {at(BARE, n): html(n, window(BARE, 12, of=n)) for n in range(1, 13)}, BARE, 12),
    ("only the next page is linked",
     {at(BARE, n): html(n, bar({"下一页": at(BARE, n + 1)} if n < 5 else {}))
      for n in range(1, 6)}, BARE, 5),
    ("the pager is a script's",
     {at(BARE, n): html(n, '<div id="div_currpage">共3页 <a href="javascript:go(2)">2</a></div>')
      for n in range(1, 4)}, BARE, 3),
    ("the last page bears a link to a next one that isn't there",
     {at(BARE, n): html(n, numbers(BARE, 3, of=n) + bar({"下一页": at(BARE, n + 1)}))
      for n in range(1, 4)}, BARE, 3),
    ("the last page bears a link to a next one, which shows it again",
     {at(BARE, n): html(min(n, 3), numbers(BARE, 3, of=n) + bar({"下一页": at(BARE, n + 1)}))
      for n in range(1, 5)}, BARE, 3),
    ("c_N_1 is page 1 by another name",
     {at(BARE, n): html(n, bar({"1": f"{BARE}_1.htm", "2": at(BARE, 2)})) for n in (1, 2)},
     BARE, 2),
    ("fifty pages", site_of(BARE, 50), BARE, 50),
    ("one page", {at(BARE, 1): html(1, "")}, BARE, 1),
    ("a link to another article's page 2 in the text",
     {at(BARE, 1): html(1, bar({"2": at(BARE.replace("001", "009"), 2)}))}, BARE, 1),
    ("a number of pages that the text speaks of",
     {at(BARE, 1): html(1, "<p>　　报告共30页，记者读完了1/3页。</p>")}, BARE, 1),
    ("a number beside the article's own address", {at(BARE, n): html(n, numbers(
        BARE, 2, of=n) + f'<a href="{at(BARE, 1)}#comments">2</a>') for n in (1, 2)}, BARE, 2),
    ("a number of comments on the last page", {at(BARE, n): html(n, bar(
        {"下一页": at(BARE, 2)}) + f'<a href="{at(BARE, 1)}#c">3</a>') for n in (1, 2)}, BARE, 2),
    ("another channel's page", {at(BARE, 1): html(1, bar({
        "2": at(BARE.replace("js.", "zj."), 2)}))}, BARE, 1),
]  # fmt: skip


OTHER = regional_2014("<p>　　另一篇报道说的是桥。</p>", editor="").replace(
    "1121600001", "1121600009"
)

NOT_WHOLE = [
    ("page 3 is missing", {
        url: page for url, page in site_of(BARE, 4).items() if url != at(BARE, 3)}, "incomplete"),
    ("the last page is missing", site_of(BARE, 4, have=3), "incomplete"),
    ("all but page 1 are missing", site_of(BARE, 4, have=1), "incomplete"),
    ("every page is page 1", dict.fromkeys(
        site_of(BARE, 3), html(1, numbers(BARE, 3))), "incomplete"),
    ("page 3 shows page 2 again", site_of(BARE, 3) | {
        at(BARE, 3): html(2, numbers(BARE, 3, of=3))}, "incomplete"),
    ("page 2 is another article", site_of(BARE, 2) | {at(BARE, 2): OTHER}, "incomplete"),
    ("only the next page is linked, and missing",
     {at(BARE, 1): html(1, bar({"下一页": at(BARE, 2)}))}, "incomplete"),
    ("numbers that are one behind the addresses",
     {at(BARE, n): html(n, bar({"2": f"{BARE}_1.htm", "3": at(BARE, 2)})) for n in (1, 2)},
     "incomplete"),
    ("sixty pages", site_of(BARE, 60), "too_large"),
    ("pages without an end", {
        at(BARE, n): html(n, bar({"下一页": at(BARE, n + 1)})) for n in range(1, 99)}, "too_large"),
]  # fmt: skip
