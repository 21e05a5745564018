"""Which list pages a channel has and which articles each lists, newest first.

Addresses that FACTS has seen are those of `seen`; the rest are made up in the same manner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import md5
from typing import TYPE_CHECKING, Literal

from tests.site.channels import MAIN
from tests.site.plan import node
from tests.site.seen import HEBEI_DATA, HEBEI_STATIC, LOCAL_DATA, SEEN, TIBET_NODES

if TYPE_CHECKING:
    from tests.site.channels import Channel
    from tests.site.plan import Plan
    from tests.site.world import World

# Links on a page of a static list.
PER_PAGE = 8


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
    nid: int = 0

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

    def page_path(self, number: int) -> str:
        """`news/jsyw.htm`, then `news/jsyw_2.htm`, …"""
        if number == 1:
            return self.path
        stem, dot, suffix = self.path.partition(".")
        return f"{stem}index_{number}.htm" if not dot else f"{stem}_{number}.{suffix}"


@cache
def columns(channel: Channel) -> tuple[Column, ...]:
    """The channel's list pages; the first three carry all of its articles between them."""
    key = channel.key
    encoding = "gb18030" if channel.index % 2 else "utf-8"
    if key == MAIN:
        return (
            Column(channel, "local/wgzg.htm", "地方要闻", "static", "utf-8"),
            Column(channel, "local/index.htm", "地方", "ds", "utf-8", ds=LOCAL_DATA),
            Column(channel, "local/dfyw.htm", "各地动态", "node", "utf-8", nid=node(channel)),
        )
    ds = HEBEI_DATA["xinwen"] if key == "he" else md5(f"ds {key}".encode()).hexdigest()
    found = [
        Column(channel, f"news/{key}yw.htm", "要闻", "static", encoding),
        Column(channel, "xinwen/index.htm", "新闻", "ds", "utf-8", ds=ds),
        Column(channel, "zhengwu/index.htm", "政务", "node", "utf-8", nid=node(channel)),
    ]
    found += (
        Column(channel, path, f"栏目{n}", "static", encoding, (n % 3, 3))
        for n, path in enumerate(SEEN.get(key, "").split())
    )
    if key == "he":
        found += (
            Column(channel, f"{name}/index.htm", name, "ds", "utf-8", (n % 2, 2), ds=ds)
            for n, (name, ds) in enumerate(HEBEI_DATA.items())
            if name != "xinwen"
        )
        found += (
            Column(channel, f"{name}/index.htm", name, "static", "utf-8", (n % 3, 3))
            for n, name in enumerate(HEBEI_STATIC)
        )
    if key == "tibet":
        found += (
            Column(channel, f"{name}.htm", name, "node", "utf-8", (n % 3, 3), nid=nid)
            for n, (name, nid) in enumerate(TIBET_NODES.items())
            if nid != node(channel)
        )
        found.append(Column(channel, "xhjj.htm", "xhjj", "node", "utf-8", nid=node(channel)))
    return tuple(found)


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
    return plans[: world.caps.get(column.channel.key)]
