"""What is true of the world, as JSON: every article, its fields, its addresses, its history.

`expected` holds the fields as the page prints them, a run of white space inside a paragraph as one
space. Pages name their pictures, files and further pages relative to themselves: `as_fetched` tells
their addresses for the host that an article was really fetched from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tests.site.channels import MAIN
from tests.site.columns import columns, members
from tests.site.plan import wants_tls
from tests.site.story import expected
from tests.site.templates import boilerplate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tests.site.columns import Column
    from tests.site.plan import Plan
    from tests.site.world import World


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+08:00"


def addresses(plan: Plan) -> list[str]:
    """Every address the article answers at: hosts × http/https, mobile, big5 gate, former path."""
    hosts = plan.channel.hosts
    found = [f"{scheme}://{host}{plan.path}" for host in hosts for scheme in ("http", "https")]
    if plan.moved_from:
        found += (f"http://{host}{plan.moved_from}" for host in hosts)
    if plan.mobile:
        found += (f"http://{host}{plan.mobile}" for host in ("m.xinhuanet.com", "m.news.cn"))
    host = plan.task.url.split("/")[2]
    found += (f"http://{gate}/gate/big5/{host}{plan.path}" for gate in
              ("big5.xinhuanet.com", "big5.news.cn"))  # fmt: skip
    if plan.task.layout.startswith("g6"):
        found.append(f"{plan.task.url}?page=2")
    return found


def article(world: World, plan: Plan, listed: Iterable[str]) -> dict[str, Any]:
    """One article: what it is now, what it was in each version, and what happened to it."""
    now = world.state(plan)
    versions = [{"version": 1, "at": _iso(plan.published), "changed": [],
                 "expected": expected(world.state(plan, plan.published).story)}]  # fmt: skip
    for event in plan.events:
        if event.what == "edited" and event.at <= world.at:
            state = world.state(plan, event.at)
            versions.append({
                "version": state.version, "at": _iso(event.at), "changed": list(state.changed),
                "expected": expected(state.story),
            })  # fmt: skip
    return {
        "id": plan.task.id,
        "url": plan.task.url,
        "addresses": addresses(plan),
        "region": plan.channel.key,
        "layout": plan.task.layout,
        "redesigned": world.redesigned(plan.channel),
        "kind": plan.task.kind,
        "variant": plan.task.variant,
        "encoding": plan.task.encoding,
        "listed_on": list(listed),
        "hidden": plan.hidden,
        "state": "gone" if now.gone else "live",
        "form": now.form or None,
        "version": now.version,
        "expected": expected(now.story),
        "removed": boilerplate(now.story),
        "versions": versions,
        "history": [
            {"at": _iso(event.at), "what": event.what, "form": event.form or None}
            for event in plan.events
            if event.at <= world.at
        ],
    }


def as_fetched(fields: dict[str, Any], url: str) -> dict[str, Any]:
    """`expected` with the addresses that the page at `url` leads to."""
    if urlsplit(url).netloc.startswith("m."):
        return fields  # mobile pages name their pictures in full

    def here(address: str) -> str:
        return urljoin(url, address.rsplit("/", 1)[1])

    moved = {
        kind: [{**entry, "url": here(entry["url"])} for entry in fields[kind]]
        for kind in ("images", "attachments")
    }
    return {**fields, **moved, "page_urls": [here(page) for page in fields["page_urls"]]}


def source_url(column: Column) -> str:
    """The address of a column, or of the list behind it."""
    channel = column.channel
    host = channel.old if column.kind == "static" or channel.key == MAIN else channel.new
    if column.kind == "node":
        return f"http://qc.wa.news.cn/nodeart/list?nid={column.nid}"
    if column.kind == "ds":
        scheme = "https" if wants_tls(channel) else "http"
        return f"{scheme}://{host}/{column.data_path}"
    return f"http://{host}/{column.path}"


def truth(world: World, region: str | None = None, identity: str | None = None) -> dict[str, Any]:
    """The world now. `region` and `identity` narrow the articles."""
    articles: list[dict[str, Any]] = []
    for key, channel in world.channels.items():
        if region not in {None, key}:
            continue
        listed: dict[str, list[str]] = {}
        for column in columns(channel):
            for plan in members(world, column):
                listed.setdefault(plan.task.id, []).append(source_url(column))
        articles += (
            article(world, plan, listed.get(plan.task.id, ()))
            for plan in world.plans(key)
            if identity in {None, plan.task.id}
        )
    return {
        "seed": world.seed,
        "start": _iso(world.start),
        "day": world.day,
        "at": _iso(world.at),
        "regions": list(world.channels),
        "lists": {
            key: [source_url(column) for column in columns(channel)]
            for key, channel in world.channels.items()
        },
        "articles": articles,
    }
