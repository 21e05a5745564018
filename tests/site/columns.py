"""Which list pages a channel has and which articles each lists, newest first.

Column addresses of he, and the leader-news columns of 2016-17, are those of FACTS c1; the rest are
made up in the same manner.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING, Literal

from tests.site.channels import MAIN
from tests.site.world import node

if TYPE_CHECKING:
    from tests.site.channels import Channel
    from tests.site.world import Plan, World

PER_PAGE = 8
"""Links on a page of a static list."""

# FACTS c1: column pages seen, by channel
_SEEN = {
    "hn": "news/hnyw.htm news/bwzg.htm economics/index.htm",
    "hq": "news/jryw.htm news/sh.htm sansha/ haikou/index.htm",
    "bj": "bjzw/swsj/zyjh.htm bjzw/swsj/zxhd.htm",
    "sh": "leaders/hz/zyjh.htm leaders/yy/zxhd.htm",
    "cq": "cq/szc_more.htm cq/zx_more.htm",
    "sx": "sxzw/leaders/luohn/zyjh.htm",
    "nmg": "ldhd/dwwjlibrary/zyjh.htm",
    "jl": "jlld/11zxhd.htm jlld/33zyjh.htm",
    "hlj": "ldhd/zyjh1.htm ldhd/zxhd3.htm",
    "js": "zhengwu/zhengwu/zyjh_lq.htm zhengwu/zhengwu/zxhd_lq.htm",
    "ah": "ahzw2006/swsjjh.htm ahzw2006/szhd.htm",
    "fj": "sldhd/sjzyjh.htm sldhd/zxzxhd.htm",
    "jx": "lingdao/sz01.htm 2016sz01/",
    "sd": "ldhd/sw/zyjh.htm ldhd/zx/zxhd.htm",
    "hb": "ldbd/swsj/zyjh.html ldbd/sz/zxhd.html",
    "gd": "sungov/leader/hchjh.htm",
    "gx": "gxzw/ld/dwjh.htm gxzw/ld/zxhd.htm",
    "sc": "scld/sc_wdm_jh.htm",
    "gz": "xwzx/gzld/zyjh4.htm",
    "sn": "201205mon/lingdaoma.htm",
    "gs": "lingdao/shengzhang/zyjh.htm",
    "nx": "leader/dwsj-jh.htm leader/zx-hd.htm",
    "xj": "ldbdj/dwsj/zyjh.htm",
}
# FACTS c3: Hebei's ds ids by column; FACTS c3, main site: local
_HEBEI = {
    "xinwen": "5df4ffd960d3443a8f3192c83d897820",
    "politics": "dcb6140d252940a6829e95fbdeb455e8",
    "finance": "b0a4cb84f91a49e289e9ecdb1dcd0c6f",
    "xinxi": "787f2981f6ba48b7abc8a14c510f96e4",
    "society": "5605127f746345ce99d85cf744f52679",
    "wenlv": "062a003f3afc4162a6e60c6e953782bb",
    "hbGongyi": "d7e0fe5398604fd7afabbea765e9c23f",
}
_LOCAL = "5c5939c2f07b4d9c96de44dad32eadc8"
# FACTS c1: the other columns of [page:he-2024]'s navigation
_HEBEI_STATIC = (
    "sToutiao", "renshi", "lianzheng", "original", "talking", "health", "jiaodian", "wangshi",
    "view", "topic", "jizhe",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A list page at `/<path>` on every host of the channel.

    `kind` says where its links come from; `share` is None for the column that carries every
    article of that kind, else (n, m): each article whose index is n modulo m.
    """

    channel: Channel
    path: str
    name: str
    kind: Literal["static", "ds", "node"]
    encoding: str
    share: tuple[int, int] | None = None
    ds: str = ""

    @property
    def folder(self) -> str:
        return self.path.rsplit("/", 1)[0] if "/" in self.path else ""

    @property
    def data_path(self) -> str:
        """The data file's path: <site root>/<preview><id>.json (FACTS c3)."""
        return f"{self.preview}{self.ds}.json"

    @property
    def preview(self) -> str:
        return f"{self.folder}/ds_"

    @property
    def nid(self) -> int:
        return node(self.channel)

    def page_path(self, number: int) -> str:
        """`news/jsyw.htm`, then `news/jsyw_2.htm`, …"""
        if number == 1:
            return self.path
        stem, dot, suffix = self.path.partition(".")
        return f"{stem}index_{number}.htm" if not dot else f"{stem}_{number}.{suffix}"


def columns(channel: Channel) -> list[Column]:
    """The channel's list pages; the first three carry all of its articles between them."""
    key = channel.key
    encoding = "gb18030" if channel.index % 2 else "utf-8"
    if key == MAIN:
        return [
            Column(channel, "local/wgzg.htm", "地方要闻", "static", "utf-8"),
            Column(channel, "local/index.htm", "地方", "ds", "utf-8", ds=_LOCAL),
            Column(channel, "local/dfyw.htm", "各地动态", "node", "utf-8"),
        ]
    ds = _HEBEI["xinwen"] if key == "he" else md5(f"ds {key}".encode()).hexdigest()
    found = [
        Column(channel, f"news/{key}yw.htm", "要闻", "static", encoding),
        Column(channel, "xinwen/index.htm", "新闻", "ds", "utf-8", ds=ds),
        Column(channel, "zhengwu/index.htm", "政务", "node", "utf-8"),
    ]
    seen = _SEEN.get(key, "").split()
    found += (
        Column(channel, path, f"活动{n}", "static", encoding, (n, 3)) for n, path in enumerate(seen)
    )
    if key == "he":
        found += (
            Column(channel, f"{name}/index.htm", name, "ds", "utf-8", (n, 7), _HEBEI[name])
            for n, name in enumerate(_HEBEI)
            if name != "xinwen"
        )
        found += (
            Column(channel, f"{name}/index.htm", name, "static", "utf-8", (n, 11))
            for n, name in enumerate(_HEBEI_STATIC)
        )
    return found


def members(world: World, column: Column) -> list[Plan]:
    """What the column lists now, newest first."""
    plans = []
    for plan in world.plans(column.channel.key):
        if column.share is None:
            wanted = plan.source == column.kind
        else:
            # a data file holds articles of the new CMS only
            wanted = plan.index % column.share[1] == column.share[0] and (
                column.kind != "ds" or plan.task.layout.startswith("g6")
            )
        if wanted and not (plan.delisted and world.form(plan)):
            plans.append(plan)
    plans.sort(key=lambda plan: plan.published, reverse=True)
    return plans
