"""The pages of one article: what stands in them, how it is proved and cited."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import shutil
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.room.article_pages import differences, parts_of
from tests.room.served import HOSTILE_TITLE, serving
from tests.room.test_archive_reader import BASE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.room.served import Served


def paragraphs(text: str) -> list[str]:
    """The paragraphs of the article in a page, entities undone."""
    body = text.partition('<div class="text">')[2].partition("</article>")[0]
    return [html.unescape(one) for one in re.findall(r"<p>(.*?)</p>", body, re.DOTALL)]


def test_the_text_stands_as_in_the_line(room: Served) -> None:
    shown = [line for line in room.lines if line["status"] != "gone" and line["version"] == 1]
    for line in shown[::7]:
        text = room.get(f"/articles/{line['id']}/1").text
        assert paragraphs(text) == line["paragraphs"]
        for image in line["images"]:
            assert html.escape(image["caption"] or "", quote=False) in text
        assert line["warc"]["record_id"][1:-1] in text
        assert line["warc"]["entity_sha256"] in text


def test_an_edit_is_shown_side_by_side(room: Served) -> None:
    line = next(one for one in room.lines if "body" in one["changed"])
    number, article = line["version"], line["id"]
    page = room.get(f"/articles/{article}").text
    assert f"/articles/{article}/diff/{number - 1}/{number}" in page
    text = room.get(f"/articles/{article}/diff/{number - 1}/{number}").text
    assert "<ins>" in text
    back = room.get(f"/articles/{article}/diff/{number}/{number - 1}").text
    assert "<del>" in back
    same = room.get(f"/articles/{article}/diff/{number}/{number}").text
    assert "两版的内容相同" in same
    chosen = room.get(f"/articles/{article}/diff?a={number - 1}&b={number}")
    assert chosen.status == 303
    assert chosen.headers["location"] == f"/articles/{article}/diff/{number - 1}/{number}"


def test_a_withdrawal_is_told_plainly(room: Served) -> None:
    gone = room.of("gone")
    text = room.get(f"/articles/{gone['id']}").text
    if not any(one["id"] == gone["id"] and one["status"] == "restored" for one in room.lines):
        assert "原站已撤下此文" in text
        assert paragraphs(text)
    back = room.of("restored")
    assert "又恢复了" in room.get(f"/articles/{back['id']}").text


def test_json_by_negotiation_and_by_a_link(room: Served) -> None:
    line = room.of("live", 2)
    path = f"/articles/{line['id']}"
    for accept, is_json in (
        ("application/json", True), ("application/json, text/html;q=0.5", True), ("*/*", False),
        ("text/html,application/json;q=0.9", False), ("application/json;q=x", False),
    ):  # fmt: skip
        answer = room.get(f"{path}/2", headers={"Accept": accept})
        assert answer.headers["content-type"].startswith("application/json") is is_json
        assert "Accept" in answer.headers["vary"]
    raw = room.get(f"{path}/2", headers={"Accept": "application/json"}).body
    assert json.loads(raw) == line
    assert room.get(f"{path}/2/line.json").body == raw
    files = (room.data_dir / "jsonl").rglob("*.jsonl")
    assert any(raw in file.read_bytes() for file in files)
    gone = room.of("gone")
    state = [one for one in room.lines if one["id"] == gone["id"]][-1]
    assert (
        json.loads(room.get(f"/articles/{gone['id']}", headers={"Accept": "application/json"}).body)
        == state
    )


def test_verify_now_derives_the_line(room: Served) -> None:
    for line in [one for one in room.lines if one["status"] != "gone"][::20]:
        answer = room.get(f"/articles/{line['id']}/{line['version']}/verify")
        assert "验证通过" in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_the_captured_page_is_its_bytes(room: Served) -> None:
    seen = set()
    for line in [one for one in room.lines if one["status"] != "gone"]:
        used = line["encoding"]["used"]
        if used in seen:
            continue
        seen.add(used)
        answer = room.get(f"/articles/{line['id']}/{line['version']}/page")
        assert answer.headers["content-type"] == f"text/html; charset={used}"
        assert answer.headers["content-security-policy"] == (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'"
        )
        if "gzip" not in line["warc"]["file"]:
            assert line["title"].encode(used) in answer.body or line["title"]
        around = room.get(f"/articles/{line['id']}/{line['version']}/archived").text
        assert 'sandbox=""' in around
        assert "图片和样式没有存档" in around
    assert {"utf-8", "gb18030"} <= seen


def test_the_page_as_warc_and_wacz(room: Served) -> None:
    multi = next((one for one in room.lines if one["warc_pages"]), None)
    for line in filter(None, (room.of("live", 2), multi)):
        base = f"/articles/{line['id']}/{line['version']}"
        assert f'href="{base}/page.wacz"' in room.get(base).text
        answer = room.get(f"{base}/page.warc.gz")
        assert answer.headers["content-type"] == "application/warc"
        assert f"xinhua-{line['id']}" in answer.headers["content-disposition"]
        records = [
            (one.rec_type, one.rec_headers["WARC-Record-ID"])
            for one in ArchiveIterator(io.BytesIO(answer.body))
        ]
        ids = {one["record_id"] for one in line["warc_pages"] or [line["warc"]]}
        assert ids == {found for kind, found in records if kind == "response"}
        with ZipFile(io.BytesIO(room.get(f"{base}/page.wacz").body)) as package:
            assert package.testzip() is None
            assert "datapackage.json" in package.namelist()


def test_placements_on_lists_are_shown(room: Served) -> None:
    files = sorted((room.data_dir / "sightings").rglob("*.jsonl"))
    line = json.loads(files[0].read_bytes().splitlines()[0])
    text = room.get(f"/articles/{line['article_id']}").text
    assert "在列表页上的位置" in text
    assert html.escape(line["list"]) in text


def test_who_carried_the_same_text_is_shown(room: Served) -> None:
    """The hostile page has the text of another article."""
    text = room.get(f"/articles/{room.hostile['id']}").text
    part = text.partition('<ul class="cluster">')[2].partition("</ul>")[0]
    assert re.search(r"最早</span> <a href=\"/articles/[0-9a-f]+\"", part)
    assert part.count("<li>") == 2
    alone = next(one for one in room.lines if one["status"] == "gone")
    assert "刊登同一文字" not in room.get(f"/articles/{alone['id']}").text


def test_a_hostile_title_is_text(room: Served) -> None:
    line = room.hostile
    assert line["title"] == HOSTILE_TITLE
    paths = ("/", f"/articles/{line['id']}", "/days/" + line["published_at"][:10], "/changes.atom")
    for path in (*paths, f"/articles/{line['id']}/1/archived", f"/articles/{line['id']}/1/verify"):
        text = room.get(path).text
        assert "<img" not in text
        assert "49" not in re.findall(r"<h1[^>]*>.*?</h1>", text)


@pytest.fixture(scope="module")
def damaged(read_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A copy of the archive in which one WARC is gone, another damaged, a JSONL file emptied."""
    copy = tmp_path_factory.mktemp("damaged") / "data"
    shutil.copytree(read_archive, copy)
    lines = sorted((copy / "jsonl").rglob("*.jsonl"))
    first, second = sorted((copy / "warc").rglob("*.warc.gz"))[:2]
    first.unlink()
    data = bytearray(second.read_bytes())
    for place in range(2000, len(data), 500):
        data[place] ^= 0xFF
    second.write_bytes(data)
    lines[-1].write_bytes(b"")
    with serving(copy) as served:
        yield served, first.name, second.name, hashlib.sha256(b"").hexdigest()


def test_damage_is_told_and_the_rest_is_served(damaged: Any, room: Served) -> None:
    served, missing, broken, _ = damaged
    last = max((room.data_dir / "jsonl").rglob("*.jsonl"))
    lost = json.loads(last.read_bytes().splitlines()[0])
    for name in (missing, broken):
        line = next(one for one in room.lines if one["warc"] and one["warc"]["file"].endswith(name))
        base = f"/articles/{line['id']}/{line['version']}"
        assert served.get(base).status == 200
        page = served.get(f"{base}/page")
        assert page.status == 503
        assert name in page.text
        assert str(served.data_dir) not in page.text
        archived = served.get(f"{base}/archived")
        assert archived.status == 503
        assert "<iframe" not in archived.text
        for ending in ("warc.gz", "wacz"):
            assert served.get(f"{base}/page.{ending}").status == 503
        proof = served.get(f"{base}/verify")
        assert proof.status == 200
        assert "验证没有通过" in proof.text
    answer = served.get(f"/articles/{lost['id']}")
    assert answer.status == 503
    assert "scrapy verify" in answer.text
    assert served.get("/").status == 200


def test_pictures_stand_where_they_stood() -> None:
    line = BASE | {
        "paragraphs": ["一。", "二。"],
        "images": [
            {"url": "a", "caption": "图", "credit": None, "position": 0},
            {"url": "b", "caption": None, "credit": "摄", "position": 1},
            {"url": "c", "caption": None, "credit": None, "position": 2},
        ],
        "videos": [{"url": "v", "caption": None, "position": 9}],
    }
    order = [part.get("text") or part["url"] for part in parts_of(line)]
    assert order == ["a", "一。", "b", "二。", "c", "v"]


def test_differences_by_field_and_paragraph() -> None:
    before = BASE | {
        "paragraphs": ["不变。", "南京今天下雨。人很多。", "删去的一段话。"],
        "body": "x",
    }
    after = BASE | {
        "paragraphs": ["不变。", "南京今天下雪。人很多。"], "body": "y",
        "reporters": [{"name": "张三", "role": "reporter"}],
    }  # fmt: skip
    found = {one["name"]: one["blocks"] for one in differences(before, after)}
    assert set(found) == {"body", "reporters"}
    same, changed = found["body"]
    assert same["kind"] == "same"
    rows = changed["rows"]
    assert [row.kind for row in rows] == ["changed", "removed"]
    assert [span.text for span in rows[0].left if span.is_marked] == ["雨"]
    assert [span.text for span in rows[0].right if span.is_marked] == ["雪"]
    assert differences(before, before) == []
    assert json.dumps(found["reporters"][0]["rows"][0].kind) == '"added"'
