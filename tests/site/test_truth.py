"""The pages say what the truth says, the same in every process."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from tests.site import TEMPLATES, Site, World, as_fetched, render
from tests.site.answer import answer
from tests.site.channels import CHANNELS
from tests.site.columns import columns
from tests.site.reading import Got, Seen, bare, follow, get, raw, see
from tests.site.shared import seed_page
from tests.site.templates.g3 import VARIANTS

FOLDER = Path(__file__).resolve().parent
ROOT = "http://www.js.xinhuanet.com/"


# --- determinism ---------------------------------------------------------------------------------


def everything(world: World) -> dict[str, bytes]:
    """Front pages, lists and articles of a world by address."""
    found: dict[str, bytes] = {}
    for key, channel in world.channels.items():
        wanted = ["/", *("/" + col.path for col in columns(channel))]
        wanted += ("/" + col.data_path for col in columns(channel) if col.ds)
        wanted += (plan.path for plan in world.plans(key))
        for path in wanted:
            made = answer(world, "https", f"www.{key}.news.cn", path, "")
            assert made is not None
            found[key + path] = made.body
    return found


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    first, second, other = (World(seed=s, regions=["js", "bt"]) for s in (7, 7, 8))
    for world in (first, second, other):
        world.day = 20
    assert everything(first) == everything(second)
    assert everything(first) != everything(other)


def test_order_of_asking_and_day_by_day_change_nothing() -> None:
    slow, fast = World(regions=["he"]), World(regions=["he"])
    for day in range(30):
        slow.day = day
        everything(slow)
    slow.day = fast.day = 30.25
    assert everything(slow) == everything(fast)


def test_two_servers_send_the_same_bytes_on_the_wire() -> None:
    request = f"GET {ROOT}news/jsyw.htm HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
    closing = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with Site(regions=["js"]) as one, Site(regions=["js"]) as two:
        assert raw(one, closing) == raw(two, closing)


def test_sentences_are_not_shared() -> None:
    world = World(articles=8)
    seen: dict[str, str] = {}
    for key in world.channels:
        for plan in world.plans(key):
            for paragraph in world.state(plan).story.paragraphs:
                for sentence in re.findall(r"[^。]{8,}。", paragraph):
                    assert seen.setdefault(sentence, plan.task.id) == plan.task.id, sentence
    assert len(seen) > 2000


def test_ids_are_unique_over_all_channels() -> None:
    world = World(articles=40)
    ids = [plan.task.id for key in world.channels for plan in world.plans(key)]
    assert len(ids) == len(set(ids)) == 40 * len(CHANNELS)


def test_nothing_is_taken_from_the_crawler() -> None:
    for source in FOLDER.rglob("*.py"):
        for item in ast.walk(ast.parse(source.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(item, ast.Import):
                names = [alias.name for alias in item.names]
            elif isinstance(item, ast.ImportFrom):
                names = [item.module or ""]
            assert not [n for n in names if n.split(".")[0] == "crawler"], source.name


# --- truth against pages -------------------------------------------------------------------------


def pages_of(site: Site, article: dict[str, Any]) -> list[Got]:
    urls = article["expected"]["page_urls"] or [article["url"]]
    return [get(site, url) for url in urls]


def joined(pages: list[Got]) -> Seen:
    seen = [see(page.text) for page in pages]
    return Seen(
        "".join(s.text for s in seen),
        [link for s in seen for link in s.links],
        [source for s in seen for source in s.media],
    )


def test_every_article_says_what_the_truth_says(site: Site, truth: dict[str, Any]) -> None:
    kinds: set[tuple[str, str]] = set()
    for article in truth["articles"]:
        if article["state"] == "gone":
            continue
        pages = pages_of(site, article)
        assert {page.status for page in pages} == {200}, article["url"]
        seen, fields = joined(pages), article["expected"]
        kinds.add((article["layout"], article["kind"]))
        assert bare(fields["title"]) in seen.text
        assert all(bare(p) in seen.text for p in fields["paragraphs"]), article["url"]
        assert bare(fields["source"]) in seen.text
        assert all(name in seen.text for name in fields["editors"])
        names = bare(seen.text)
        assert all(person["name"] in names for person in fields["reporters"])
        day = fields["published_at"][:10]
        year, month, date_ = day.split("-")
        printed = (day, f"{year}年{month}月{date_}日", f"{year}{month}/{date_}")
        assert any(form in seen.text for form in printed), article["url"]
        assert bare(fields["published_at"][11:16]) in seen.text
        media = {urljoin(article["url"], source) for source in seen.media}
        assert {image["url"] for image in fields["images"]} <= media
        assert {video["url"] for video in fields["videos"]} <= media
        assert all(bare(i["caption"]) in seen.text for i in fields["images"] if i["caption"])
        assert all(bare(i["credit"]) in seen.text for i in fields["images"] if i["credit"])
        linked = {urljoin(article["url"], link) for link in seen.links}
        assert {file["url"] for file in fields["attachments"]} <= linked
        assert not [line for line in article["removed"] if bare(line) not in seen.text]
        code = fields["codes"]["fwl"]
        if code is not None:
            assert len(code) == 42
            assert code in seen.text
    assert len({layout for layout, _ in kinds}) >= 8
    assert {kind for _, kind in kinds} == {"text", "photo", "video", "gallery", "multipage"}


def test_a_wrong_truth_would_show(site: Site, truth: dict[str, Any]) -> None:
    article = next(a for a in truth["articles"] if a["kind"] == "text" and a["state"] == "live")
    seen = joined(pages_of(site, article))
    assert bare(article["expected"]["paragraphs"][0]) + "错" not in seen.text


def test_media_follow_the_host_an_article_was_fetched_from(site: Site) -> None:
    article = next(
        a for a in site.truth()["articles"]
        if a["region"] == "js" and a["state"] == "live" and a["expected"]["images"]
    )  # fmt: skip
    for url in (a for a in article["addresses"] if "big5" not in a and "page=" not in a):
        seen = see(follow(site, url).text)
        fields = as_fetched(article["expected"], url)
        assert fields["images"][0]["url"] in {urljoin(url, source) for source in seen.media}
        assert get(site, fields["images"][0]["url"]).status == 200


def test_body_and_removed_lines_are_apart(truth: dict[str, Any]) -> None:
    for article in truth["articles"]:
        body = bare(article["expected"]["body"] or "")
        assert not [line for line in article["removed"] if bare(line) in body], article["url"]


def test_every_layout_renders_every_kind_of_story() -> None:
    world = World()
    stories = {
        plan.task.kind: world.state(plan).story
        for key in world.channels
        for plan in world.plans(key)
    }
    assert len(stories) == 5
    for layout in TEMPLATES:
        for kind, story in stories.items():
            html = render(layout, story).decode(story.encoding)
            assert bare(story.title) in see(html).text, (layout, kind)


def test_names_outside_gb2312_survive_in_pages_that_declare_it() -> None:
    world = World(articles=30)
    rare = re.compile("[喆镕玥䶮堃]")
    found = 0
    for key in world.channels:
        for plan in world.plans(key):
            story = world.state(plan).story
            if (
                story.encoding == "gb18030"
                and story.paragraphs
                and rare.search(story.paragraphs[0])
            ):
                page = render(story.layout, story)
                assert b"charset=gb2312" in page
                assert rare.search(page.decode("gb18030"))
                found += 1
    assert found


# --- real material -------------------------------------------------------------------------------


def test_shared_pages_are_served_at_their_addresses(shared: Path) -> None:
    with Site(regions=["js"], shared=shared) as site:
        for gold in sorted((shared / "pages" / "gold").glob("*.json")):
            fields = json.loads(gold.read_text("utf-8"))
            got = get(site, fields["url"])
            assert got.status == 200
            saved = shared / "pages" / f"{gold.stem}.html"
            if saved.exists():
                assert got.body == saved.read_bytes()
                continue
            seen = see(got.text)
            assert bare(fields["title"]) in seen.text
            assert all(bare(text) in seen.text for text in fields["body_paragraphs"])
            lines = next((shared / "seed").glob("*.txt")).read_text("utf-8").split()
            for markup in VARIANTS:
                page = see(seed_page(shared / "seed", markup).decode())
                assert all(bare(text) in page.text for text in fields["body_paragraphs"])
                assert lines[-1] in page.text
            assert all(word in seen.text for word in lines)
        clone = "http://www.news.cn/20240515/7250d102/c.html"
        assert get(site, clone).status == 404
