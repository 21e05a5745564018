"""What the world answers to a request when nothing goes wrong: a pure function of the moment.

In: scheme, host, path, query. Out: an `Answer`, or None for a host outside the world.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tests.site import lists
from tests.site.channels import BY_HOST, CHANNELS, Channel
from tests.site.columns import columns
from tests.site.plan import Plan, has_robots, redirects_to_www, wants_tls
from tests.site.story import expected
from tests.site.templates import render
from tests.site.templates.big5 import traditional
from tests.site.templates.redesign import redesigned

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.site.world import State, World

_HTML = "text/html"
_PAGE = re.compile(r"(.*/(content|c)_[0-9]{8,10})_([0-9]{1,2})\.htm")
_LIST_PAGE = re.compile(r"(.*)_([0-9]{1,3})(\.html?)")
_MEDIA = re.compile(r".*/(?:P0)?([0-9a-f]+)[._][^/]*")
_MOBILE = ("m.xinhuanet.com", "m.news.cn")
_BIG5 = ("big5.xinhuanet.com", "big5.news.cn")
_NODEART = {"qc.wa.news.cn": "/nodeart/list", "da.wa.news.cn": "/nodeart/page"}
# FACTS a/b: of the same domains, and no regional channel
_OTHERS = ("forum.home.news.cn", "info.search.news.cn", "webd.home.news.cn", "imgs.news.cn",
           "lib.news.cn", "english.news.cn", "sike.news.cn")  # fmt: skip

# The usual robots.txt; the `neibu` folders hold the articles nobody may fetch.
ROBOTS = "User-agent: *\nAllow: /\nDisallow: /ad/\nDisallow: /neibu/\nDisallow: /local/neibu/\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, entity and headers; `modified` and `etag` are the validators it carries."""

    status: int
    body: bytes
    type: str = _HTML
    location: str | None = None
    modified: datetime | None = None
    etag: bool = False


def robots_of(host: str) -> str | None:
    """A host's robots.txt; None where it has none (404, so all is allowed)."""
    channel = BY_HOST.get(host)
    return ROBOTS if channel is None or has_robots(channel) else None


def answer(world: World, scheme: str, host: str, path: str, query: str) -> Answer | None:
    """The answer to GET, or None when the host is no part of the world."""
    if host in _NODEART:
        if path != _NODEART[host]:
            return missing()
        # FACTS c2: `orderby=1?callback=?`, a second question mark, works there
        pairs = dict(parse_qsl(query.replace("?callback", "&callback"), keep_blank_values=True))
        body = lists.nodeart(world, pairs)
        return Answer(200, body, "application/javascript; charset=utf-8", etag=True)
    if host == "so.news.cn":  # FACTS c4: 403 to plain fetches
        return Answer(403, b"<html><head><title>403 Forbidden</title></head></html>")
    if host in _OTHERS:
        return page("论坛", "<p>这里是互动社区，不是稿件。</p>")
    if path == "/robots.txt":
        known = host in BY_HOST or host in _MOBILE or host in _BIG5
        text = robots_of(host) if known else None
        return Answer(200, text.encode(), "text/plain") if text else missing()
    if host in _BIG5:
        return _gate(world, path, query)
    if host in _MOBILE:
        return _mobile(world, path)
    channel = BY_HOST.get(host)
    if channel is None:
        return None
    if path == "/webSkipping.htm":
        return page("页面跳转", "<p>您访问的页面已转移，请从首页进入。</p>")
    if channel.key not in world.channels:
        return missing()
    target = _elsewhere(channel, scheme, host)
    if target:
        question = f"?{query}" if query else ""
        return Answer(301, b"", location=f"{target}{path}{question}")
    return _channel(world, channel, path)


def _elsewhere(channel: Channel, scheme: str, host: str) -> str | None:
    """Bare to www and http to https, where the channel has it so."""
    if wants_tls(channel) and scheme == "http" and host.endswith(".news.cn"):
        return f"https://{host}"
    if redirects_to_www(channel) and not host.startswith("www."):
        return f"{scheme}://www.{host}"
    return None


def _channel(world: World, channel: Channel, path: str) -> Answer:
    if path in {"/", "/index.htm", "/index.html"}:
        return _listed(world, channel, lambda: lists.root(world, channel))
    folder = world.column_folder(channel)
    for col in columns(channel):
        if path == f"/{folder}{col.data_path}" and col.kind == "ds":
            body = lists.datasource(world, col)
            return Answer(200, body, "application/json", etag=True)
        is_dead = world.day >= world.dead.get((channel.key, col.path), float("inf"))
        if is_dead or not path.startswith(f"/{folder}"):
            continue
        name, number = path.removeprefix(f"/{folder}"), 1
        match = _LIST_PAGE.fullmatch(name)
        if match and match[1] + match[3] in {col.path, f"{col.path}index.htm"}:
            name, number = col.path, int(match[2])
        if name == col.path or (col.path.endswith("/index.htm") and name == col.folder + "/"):
            shown = lists.column(world, col, number)
            return _listed(world, channel, lambda: shown) if shown else missing()  # noqa: B023
    found = world.find(channel.key, path)
    number = 1
    match = _PAGE.fullmatch(path)
    if found is None and match:
        found = world.find(channel.key, f"{match[1]}.htm")
        # FACTS b: content_<id>_1 is page 2, c_<id>_2 is page 2
        number = int(match[3]) + (match[2] == "content")
        if number < 2:
            return missing()
    if found is not None:
        return article(world, found, path, number)
    return _media(world, channel, path) or _other(path)


def _listed(world: World, channel: Channel, make: Callable[[], bytes]) -> Answer:
    """A list page; a fifth of the channels give their lists no validator."""
    return Answer(200, make(), etag=channel.index % 5 != 0)


def article(world: World, plan: Plan, path: str, number: int) -> Answer:
    """The article at one of its addresses, as it stands now."""
    if path == plan.moved_from:
        return Answer(301, b"", location=plan.path)
    state = world.state(plan)
    dress = redesigned if world.redesigned(plan.channel) else bytes
    if state.gone:
        return _withdrawn(state, dress)
    story = state.story
    pages = len(story.page_urls) or 1
    if number > pages:
        return missing()
    layout = "mobile" if path == plan.mobile else story.layout
    body = dress(render(layout, story, number))
    validators = plan.channel.index % 7 != 3  # some hosts send none
    # FACTS e, encoding: what a header claims is not to be trusted
    declared = f"{_HTML}; charset=GBK" if plan.channel.index % 5 == 3 else _HTML
    modified = state.modified if validators else None
    return Answer(200, body, declared, modified=modified, etag=validators)


def _withdrawn(state: State, dress: Callable[[bytes], bytes]) -> Answer:
    if state.form == "front":
        return Answer(302, b"", location="/")
    if state.form == "skip":
        return Answer(302, b"", location="http://www.xinhuanet.com/webSkipping.htm")
    if state.form == "soft404":
        return soft_404()
    if state.form == "emptied":
        empty = replace(state.story, blocks=(), summary="", author=None)
        return Answer(200, dress(render(empty.layout, empty)))
    return missing(int(state.form))


def _media(world: World, channel: Channel, path: str) -> Answer | None:
    """A picture or file of a standing article, as bytes that follow from its name."""
    match = _MEDIA.fullmatch(path)
    plan = world.find(channel.key, match[1][-32:]) if match else None
    if plan is None:
        return None
    fields = expected(world.state(plan).story)
    files = [entry["url"] for kind in ("images", "attachments") for entry in fields[kind]]
    name = path.rsplit("/", 1)[1]
    if world.form(plan) or not any(url.rsplit("/", 1)[1] == name for url in files):
        return None
    kind = "image/jpeg" if name.endswith(".jpg") else "application/pdf"
    return Answer(200, b"\xff\xd8\xff\xe0" + sha256(name.encode()).digest() * 8, kind)


def _other(path: str) -> Answer:
    if path.startswith(("/zhuanti/", "/topic/", "/zt/", "/english/")) or path in {
        "/xlright.htm",
        "/top.htm",
    }:
        return page("专题", "<p>本页是栏目页面。</p>")
    return missing()


def _mobile(world: World, path: str) -> Answer:
    """Mobile article pages, and indexes `/<key>.htm` that link to the channel (FACTS b)."""
    key = path.split("/")[1].removesuffix(".htm")
    if key not in world.channels:
        return missing()
    channel = CHANNELS[key]
    if path == f"/{key}.htm":
        # FACTS c2: input#nid on mobile list pages
        nid = next(col.nid for col in columns(channel) if col.kind == "node")
        return page(channel.name, f'<input type="hidden" id="nid" value="{nid}">')
    plan = world.find(key, path)
    return article(world, plan, path, 1) if plan else missing()


def _gate(world: World, path: str, query: str) -> Answer:
    """`/gate/big5/<host>/<path>`: the same page in traditional characters (FACTS a)."""
    head = "/gate/big5/"
    host, _, rest = path.removeprefix(head).partition("/")
    inner = answer(world, "http", host, f"/{rest}", query) if path.startswith(head) else None
    if inner is None:
        return missing()
    if not inner.type.startswith(_HTML) or inner.status != 200:
        return inner
    return replace(inner, body=traditional(inner.body), type=_HTML)


def page(title: str, inner: str, status: int = 200) -> Answer:
    """A small page that is no article."""
    html = (
        '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; '
        f'charset=utf-8"><title>{title}</title></head><body>{inner}</body></html>'
    )
    return Answer(status, html.encode())


def missing(status: int = 404) -> Answer:
    """An honest 404 or 410."""
    return page("404 Not Found", "<h1>404 Not Found</h1><p>nginx</p>", status)


def soft_404() -> Answer:
    """An error page that says 200."""
    return page(
        "页面不存在_新华网",
        '<div class="error"><h1>抱歉，您访问的页面不存在或已被删除！</h1>'
        '<p>5秒后自动返回<a href="/">首页</a></p></div>',
    )
