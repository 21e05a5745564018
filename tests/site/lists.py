"""The list sources: channel roots, column pages, ds_ data files, the nodeart list API.

Each returns bytes ready to be served. Links come in every spelling of FACTS b's crawl rule, among
links that are no articles.
"""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import md5
from typing import TYPE_CHECKING, Any

from tests.site.channels import CHANNELS, MAIN
from tests.site.columns import PER_PAGE, Column, columns, members
from tests.site.templates.common import attr, esc

if TYPE_CHECKING:
    from tests.site.channels import Channel
    from tests.site.plan import Plan
    from tests.site.world import World

_LISTED = timedelta(minutes=40)  # a Link row's time is that of its listing (FACTS c3)
# FACTS b, NOT articles
_NOT_ARTICLES = (
    "/zhuanti/2017fz/index.htm",
    "/topic/index.htm",
    "/ad/20180112_1200/index.htm",
    "/titlepic/112112/1121120001_1506570000000_title0h.jpg",
    "/xlright.htm",
    "http://forum.home.news.cn/detail/141546084/1.html",
    "http://info.search.news.cn/result.jspa?ct=1",
    "http://www.xinhuanet.com/webSkipping.htm",
    "http://www.djxinhuanet.com/2017-09/28/c_1121738857.htm",  # look-alike (FACTS e)
    "http://www.ymnews.cn/20240515/d59c39d4160a4fe4b3084c3e4abfb450/c.html",
    "javascript:void(0);",
    "mailto:news@example.com",
    "#top",
)


def _spelt(plan: Plan, depth: int) -> str:
    """The article's address in one of the spellings that lists use, by the article's number."""
    url, path = plan.task.url, plan.moved_from or plan.path
    base = url.removesuffix(plan.path)
    host = base.split("://")[1]
    spellings = (
        base + path,
        path,  # root-relative: the list's own host
        "../" * depth + path[1:],
        f"//{host}{path}",
        f"{base}{path}?f=pad",
        f"{base}{path}#comment",
        f" {base}{path}\n",
        f"{base}/{path}",  # a doubled slash
    )
    if plan.mobile and plan.index % 13 == 7:
        return f"http://m.xinhuanet.com{plan.mobile}"
    if plan.index % 17 == 9:
        return f"http://big5.news.cn/gate/big5/{host}{path}"
    return spellings[(plan.index * 3 + plan.channel.index) % len(spellings)]


def _item(world: World, plan: Plan, depth: int, mark: str = "") -> str:
    title = world.state(plan).story.title
    shown = title if len(title) < 18 or plan.index % 3 else title[:16] + "…"
    return (
        f'<li{mark}><a href="{attr(_spelt(plan, depth))}" target="_blank" '
        f'title="{attr(title)}">{esc(shown)}</a> <span>{plan.published:%Y-%m-%d}</span></li>'
    )


def _document(column_or_root: tuple[str, str, int], encoding: str, inner: str) -> bytes:
    name, title, publishid = column_or_root
    charset = "utf-8" if encoding == "utf-8" else "gb2312"
    # FACTS c1: a mobile redirect in script, ?f=pad stops it; publishid's first number is the node
    html = f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}" />
<meta name="publishid" content="{publishid}.0.{publishid % 997}.0"/>
<title>{esc(title)}</title>
<script>if(/Mobile/.test(navigator.userAgent)&&!/f=pad/.test(location.search))\
location.href="http://{name}.news.cn/mobile/";</script>
</head><body>
{inner}
<div class="foot">Copyright © 2000 - 2026 版权所有：新华网股份有限公司</div>
</body></html>
"""
    return html.encode(encoding)


def _furniture(channel: Channel) -> str:
    others = "".join(
        f'<a href="http://www.{c.key}.news.cn/index.htm">{c.name}</a>'
        for c in CHANNELS.values()
        if c.key != MAIN
    )
    junk = "".join(f'<a href="{attr(url)}">推广</a>' for url in _NOT_ARTICLES)
    return f'<div class="df">{others}</div>\n<div class="ad">{junk}</div>'


def root(world: World, channel: Channel) -> bytes:
    """A channel's front page: columns, the newest articles, an old one pinned on top."""
    plans = [plan for plan in world.plans(channel.key) if not world.form(plan)]
    plans.sort(key=lambda plan: plan.published, reverse=True)
    oldest = plans[-1:]
    if channel.key in world.bare:
        plans, oldest = [], []
    shown = plans[: world.caps.get(channel.key, PER_PAGE * 2)]
    pinned = "".join(_item(world, plan, 0, ' class="top"') for plan in oldest)
    folder = world.column_folder(channel)
    nav = "".join(
        f'<a href="{"" if n % 2 else "/"}{folder}{c.path}">{c.name}</a>'
        for n, c in enumerate(columns(channel))
    )
    items = "\n".join(_item(world, plan, 0) for plan in shown)
    inner = (
        f'<div class="nav"><a href="/index.htm">首页</a>{nav}</div>\n'
        f'<ul class="toutiao">{pinned}</ul>\n<ul class="list">\n{items}\n</ul>\n'
        f"{_furniture(channel)}"
    )
    home = 1112213 if channel.key == "js" else 1117000 + channel.index  # FACTS c1: Jiangsu's
    title = f"新华网{channel.name}频道"
    return _document((channel.key, title, home), "utf-8", inner)


def column(world: World, col: Column, number: int) -> bytes | None:
    """A page of a column, or None past its end."""
    plans = members(world, col)
    pages = max(1, -(-len(plans) // PER_PAGE)) if col.kind == "static" else 1
    if not 1 <= number <= pages:
        return None
    depth = col.path.count("/") + world.column_folder(col.channel).count("/")
    body = ""
    if col.kind == "static":
        if number == 1 and len(plans) > PER_PAGE:
            body = _item(world, plans[-1], depth, ' class="top"') + "\n"  # pinned
        page = plans[(number - 1) * PER_PAGE : number * PER_PAGE]
        body = '<ul class="list">\n' + body
        body += "\n".join(_item(world, plan, depth) for plan in page) + "\n</ul>\n"
        names = [col.page_path(n).rsplit("/", 1)[1] or "index.htm" for n in range(1, pages + 1)]
        links = "".join(
            f"<b>{n}</b> " if n == number else f'<a href="{name}">{n}</a> '
            for n, name in enumerate(names, 1)
        )
        following = f'<a href="{names[number]}">下一页</a>' if number < pages else ""
        body += f'<div class="page">{links}{following}</div>'
    elif col.kind == "ds":
        items = "".join(_item(world, plan, depth) for plan in plans[:3])
        body = (
            f'<div data="datasource:{col.ds}" '
            f'preview="{world.column_folder(col.channel)}{col.preview}" class="xpage-content-list">'
            f'{items}</div><div class="more-2">查看更多</div>'
        )
        if col.channel.key == "bj":  # FACTS g: the name bears an id, the pager is a script
            body = (
                f'<h2 data="datasource:{_digest(col.path)}" datatype="category" preview="ds_">'
                f"{esc(col.name)}</h2>\n{body}\n"
                "<script>new Xhwpage({startSize:20,pageSize:10})</script>"
            )
    else:  # FACTS c2, how to find nids: input#nid
        body = (
            f'<input type="hidden" id="nid" value="{col.nid}" /><ul id="dataList"></ul>\n'
            f'<script src="http://qc.wa.news.cn/nodeart/list?nid={col.nid}&pgnum=1&cnt=16&tp=1'
            '&orderby=1"></script>'
        )
    publishid = col.nid if col.kind == "node" else 1118000 + col.channel.index
    title = f"{col.name}_新华网{col.channel.name}频道"
    inner = f'<div class="wz"><a href="/">首页</a> &gt; {esc(col.name)}</div>\n{body}\n'
    return _document(
        (col.channel.key, title, publishid), col.encoding, inner + _furniture(col.channel)
    )


def _publish_url(plan: Plan, col: Column, folder: str) -> str:
    """publishUrl: absolute, root-relative, bare or `../`, joined with the folder (FACTS c3)."""
    start = f"/{col.folder}/"
    form = plan.index % 3
    if form == 0:
        return plan.task.url
    if form == 1:
        return plan.path
    if folder:
        return f"../..{plan.path}"
    return plan.path.removeprefix(start) if plan.path.startswith(start) else f"..{plan.path}"


def datasource(world: World, col: Column) -> bytes:
    """A ds_ data file: the whole list, plain JSON, with the traps of FACTS c3."""
    rows: list[dict[str, Any]] = []
    for n, plan in enumerate(members(world, col)):
        story = world.state(plan).story
        url = _publish_url(plan, col, world.column_folder(col.channel))
        listed = f"{plan.published:%Y-%m-%d %H:%M:%S}"
        row: dict[str, Any] = {
            "contentId": story.content_id,
            "title": story.title,
            "showTitle": story.title,
            "contentType": "MultiMedia",
            "linkUrls": [],
            "publishUrl": url,
            "publishTime": listed,
            "titleImages": [{"imageUrl": url.replace("c.html", "a.jpg"), "isPrimary": ""}],
            "shareImages": [],
            "summary": story.summary,
            "author": "",
            "keywords": "-".join(story.keywords),
            "categoryId": col.ds,
        }
        if n % 5 == 4:  # a Link row: HTML in the title, several links, its own listing time
            anchor = f"<a href='{plan.task.url}' target='_blank'>{story.title}</a>"
            topic = f"http://{plan.channel.new}/zhuanti/index.htm"
            row |= {
                "contentId": f"{plan.published:%Y%m%d}{_digest(f'link {story.id}')}",
                "contentType": "Link",
                "title": f"<a href='{topic}'>专题 |</a>{anchor}",
                "showTitle": f"<a href='{topic}'>专题 |</a>{anchor}",
                "linkUrls": [
                    {"linkTitle": "专题 |", "linkUrl": topic},
                    {"linkTitle": story.title, "linkUrl": plan.task.url},
                    {"linkTitle": "全文", "linkUrl": plan.task.url},
                ],
                "publishUrl": topic,
                "titleImages": [],
                "publishTime": f"{plan.published + _LISTED:%Y-%m-%d %H:%M:%S}",
            }
        rows.append(row)
        if n % 7 == 6:
            rows.append(dict(row))  # duplicates occur
    if col.share is None:  # a bare channel page among the rows
        rows.insert(len(rows) // 2, {**_blank(col), "publishUrl": "/topic/index.htm"})
    return json.dumps(
        {"categoryName": col.name, "categoryId": col.ds, "datasource": rows}, ensure_ascii=False
    ).encode()


def _digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


def _blank(col: Column) -> dict[str, Any]:
    return {
        "contentId": "", "title": "频道首页", "showTitle": "频道首页", "contentType": "MultiMedia",
        "linkUrls": [], "publishTime": "", "titleImages": [], "shareImages": [], "summary": "",
        "author": "", "keywords": "", "categoryId": col.ds,
    }  # fmt: skip


def nodeart(world: World, query: dict[str, str]) -> bytes:
    """An answer of the nodeart list API (FACTS c2): wrapped with or without a callback.

    A node nobody knows answers with a status and no data; past the end the list is empty or the
    data key is missing, by turns.
    """
    callback = query.get("callback", "")
    if callback == "?":
        callback = ""
    try:
        nid, page = int(query.get("nid", "0")), int(query.get("pgnum", "1"))
        count = min(200, max(1, int(query.get("cnt", "10"))))
    except ValueError:
        return b'({"status":-1}\n)'
    col = next(
        (c for ch in world.channels.values() for c in columns(ch) if c.kind == "node"
         and c.nid == nid), None,
    )  # fmt: skip
    if col is None or page < 1:
        return f'{callback}({{"status":-1}}\n)'.encode()
    plans: list[Plan | None] = [*members(world, col), None]  # the last item links nowhere
    shown = plans[(page - 1) * count : page * count]
    answer: dict[str, Any] = {"status": 0, "totalnum": len(plans)}
    if shown or page % 2:
        rows = [_row(world, plan, nid) if plan else _unlinked(nid) for plan in shown]
        answer["data"] = {"list": rows}
    return f"{callback}({json.dumps(answer, ensure_ascii=False)}\n)".encode()


def _unlinked(nid: int) -> dict[str, Any]:
    """LinkUrl may be an empty string (FACTS c2)."""
    return {
        "DocID": 0, "Title": "本栏目说明", "NodeId": nid, "PubTime": "2016-01-01 00:00:00",
        "LinkUrl": "", "Abstract": "", "keyword": "", "Editor": "", "Author": "",
        "SourceName": "", "IsLink": 1, "PicLinks": "", "allPics": [], "tarray": [], "uarray": [],
    }  # fmt: skip


def _row(world: World, plan: Plan, nid: int) -> dict[str, Any]:
    story = world.state(plan).story
    extra = plan.index % 9 == 1
    return {
        "DocID": int(story.id) if story.id.isdigit() else story.content_id,
        # brackets in titles: a global strip of ( and ) would spoil them
        "Title": f"{story.title}(图)" if story.kind in {"photo", "gallery"} else story.title,
        "NodeId": nid,
        "PubTime": f"{plan.published:%Y-%m-%d %H:%M:%S}",
        "LinkUrl": plan.task.url,
        "Abstract": story.summary,
        "keyword": ",".join(story.keywords),
        "Editor": "",
        "Author": "",
        "SourceName": story.source,
        "IsLink": 0,
        "PicLinks": "",
        "allPics": [],
        "tarray": ["专题"] if extra else [],
        "uarray": [f"http://{plan.channel.new}/zhuanti/index.htm"] if extra else [],
    }
