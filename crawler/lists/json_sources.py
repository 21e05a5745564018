"""The two machine-made list sources, JSON and JSONP, as article links.

`ds_<32 hex>.json` is the new CMS's data file: a column's whole list at once. The nodeart
list API is the old CMS's: JSONP, paged, by node id; no raw answer of it is public, so
every type is taken as it comes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w3lib.url import add_or_replace_parameter, url_query_parameter

from crawler import urls
from crawler.items import Encoding
from crawler.lists.links import Links, ListError, ListLink, find_time
from crawler.pages.document import Document, visible_text
from crawler.pages.encoding import decode_text
from crawler.pages.errors import NotAnArticle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.items import Page

_NODEART = "http://qc.wa.news.cn/nodeart/list?nid={}&pgnum={}&cnt={}&tp=1&orderby=1"
_NODE = re.compile(r"[1-9][0-9]{4,8}", re.ASCII)
_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_CALLBACK = re.compile(r"[A-Za-z0-9_.$]{0,100}\s{0,9}\(", re.ASCII)
_COUNT = re.compile(r"[?&]cnt=([0-9]{1,5})(?![0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class DataPage:
    """A data file: its links, and how many others were refused."""

    links: list[ListLink]
    refused: int


@dataclass(frozen=True, slots=True)
class NodePage:
    """One answer of the list API.

    `count`: rows in it; `total`: rows of the node as it says, or None; `end`: no further page;
    `skipped`: rows that name no article's address (with LinkUrl empty only the id is known, and an
    address is never made up). A page without links that is not the end stands in the middle.
    """

    links: list[ListLink]
    count: int
    total: int | None
    end: bool
    skipped: int
    refused: int = 0


def nodeart_url(nid: str, page: int, count: int) -> str:
    """The list API's address for one page (from 1) of a node. Raises ValueError for a bad id."""
    if not _NODE.fullmatch(nid) or page < 1 or count < 1:
        msg = f"no node page: {nid!r}, page {page}, {count} rows"
        raise ValueError(msg)
    return _NODEART.format(nid, page, count)


def next_nodeart_url(url: str) -> str:
    """The address of the page after a list API address, whatever else its query asks."""
    return add_or_replace_parameter(url, "pgnum", str(_page_number(url) + 1))


def _page_number(url: str) -> int:
    number = url_query_parameter(url, "pgnum", "1") or ""
    return int(number) if _PAGE_NUMBER.fullmatch(number) else 1


def read_datasource(page: Page) -> DataPage:
    """The articles of a data file, in its order. Raises ListError.

    Addresses are joined to the file's own folder. A row whose links an editor put together gives
    each of them, and its time as `listed`: that is when it was listed.
    """
    data = _json(_text(page))
    rows = data.get("datasource") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ListError("no datasource list in the data file")
    links = Links(page.url)
    for row in rows:
        if isinstance(row, dict):
            _read_row(page, row, links)
    if rows and not any(isinstance(row, dict) for row in rows):
        raise ListError("no row of the data file is an object")
    return DataPage(links.all(), links.refused)


def _read_row(page: Page, row: dict[str, Any], links: Links) -> None:
    moment = find_time(_string(row.get("publishTime")))
    text, anchors = "", []
    for key in ("showTitle", "title", "summary"):
        shown, found = _fragment(page, _string(row.get(key)))
        anchors += found
        if key != "summary":
            text = text or shown
    pairs = [
        (_string(pair.get("linkUrl")), _string(pair.get("linkTitle")))
        for pair in _dicts(row.get("linkUrls"))
    ]
    together = [(href, title) for href, title in pairs + anchors if href]
    is_link = row.get("contentType") == "Link" or bool(together)
    time, listed = (None, moment) if is_link else (moment, None)
    for href, title in together:
        links.add(href, _fragment(page, title)[0], time=time, listed=listed)
    # the text of a row with several links is all their titles run together
    of_row = text if len({href for href, _ in together}) <= 1 else None
    links.add(_string(row.get("publishUrl")), of_row, time=time, listed=listed)


def read_nodeart(page: Page) -> NodePage:
    """The articles of one list API answer, in its order. Raises ListError.

    The end is where the answer's total says, if it says one that can be true; else a short page by
    the address's `cnt`, an empty one or no data. A status not 0 is an end.
    """
    data = _json(_unwrap(_text(page)))
    if not isinstance(data, dict) or not ("status" in data or "data" in data):
        raise ListError("the list API's answer has neither status nor data")
    inner = data.get("data")
    found = inner.get("list") if isinstance(inner, dict) else None
    rows = found if isinstance(found, list) else []
    total = _integer(data.get("totalnum"))
    links = Links(page.url)
    skipped = sum(not _read_item(page, row, links) for row in rows)
    is_end = _integer(data.get("status", 0)) != 0 or _is_end(page.url, len(rows), total)
    return NodePage(links.all(), len(rows), total, is_end, skipped, links.refused)


def _is_end(url: str, count: int, total: int | None) -> bool:
    """Whether a page of `count` rows is the last. A total below what is shown is no total."""
    cnt = _COUNT.search(url)
    asked = int(cnt[1]) if cnt else count
    if total is not None and asked and total >= max(count, 1):
        return _page_number(url) * asked >= total
    return not count or count < asked


def _read_item(page: Page, row: object, links: Links) -> bool:
    """Whether the item named an article."""
    if not isinstance(row, dict):
        return False
    time = find_time(_string(row.get("PubTime")))
    title = _fragment(page, _string(row.get("Title")))[0]
    found = _add_absolute(links, _string(row.get("LinkUrl")), title, time)
    titles, further = _strings(row.get("tarray")), _strings(row.get("uarray"))
    for number, href in enumerate(further):
        title = titles[number] if number < len(titles) else ""
        found |= _add_absolute(links, href, _fragment(page, title)[0], None)
    return found


def _add_absolute(links: Links, href: str, title: str, time: str | None) -> bool:
    """Only absolute addresses: relative to the API's host they would be wrong."""
    if urls.join(None, href) is not None:
        return links.add(href, title, time=time) is not None
    if href.strip():
        links.refuse(href)
    return False


def _text(page: Page) -> str:
    return decode_text(page.body, page.header("Content-Type"))[0].strip()


def _unwrap(text: str) -> str:
    """JSON out of `callback(…);`, `(…)` or bare; brackets inside are the titles' own."""
    if text.startswith("{"):
        return text
    opened = _CALLBACK.match(text)
    inner = text.rstrip("; \t\r\n")
    if opened is None or not inner.endswith(")"):
        raise ListError("neither JSON nor JSONP")
    return inner[opened.end() : -1]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ListError("JSON nested too deep") from None
    except ValueError as error:
        msg = f"not JSON: {error}"
        raise ListError(msg) from error


def _fragment(page: Page, text: str) -> tuple[str, list[tuple[str, str]]]:
    """What a reader sees of a string that may hold HTML, and its links (href, text)."""
    if "<" not in text and "&" not in text:
        return text, []
    try:
        doc = Document(page.url, text, Encoding(None, "utf-8"))
    except NotAnArticle as error:
        raise ListError(error.detail) from error
    anchors = [
        (node.attributes.get("href") or "", visible_text(node)) for node in doc.all("a[href]")
    ]
    return doc.text("body"), anchors


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (
        (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
    )


def _strings(value: object) -> list[str]:
    return [_string(item) for item in value] if isinstance(value, list) else []


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,12}", value.strip(), re.ASCII):
        return int(value)
    return None
