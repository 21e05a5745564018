"""Saved pages of the site, where the shared folder exists: raw evidence and text match the gold."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from crawler import layouts
from crawler.items import BlockKind, Draft, Page
from tests.pages.samples import as_page, hebei_2012, regional_2014, texts

SHARED = Path(__file__).parents[3] / "shared"
PAGES = sorted((SHARED / "pages").glob("*.html"))
SEED = SHARED / "pages" / "gold" / "seed-js-2017-c_1121738857.json"
LAYOUTS = {"he-2012": "HebeiTable2012", "he-2024": "CmsRegional2022", "leaders-2024": "Cms2022",
           "world-2019": "Main2017", "bj-2026": "Cms2022", "mil-2026": "Cms2022"}  # fmt: skip

needs_pages = pytest.mark.skipif(not PAGES, reason="the folder ../shared/pages is not here")


def gold_of(path: Path) -> dict[str, Any]:
    gold: dict[str, Any] = json.loads(
        (SHARED / "pages" / "gold" / f"{path.stem}.json").read_text("utf-8")
    )
    return gold


def norm(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def read(path: Path) -> Draft:
    url = gold_of(path)["url"]
    return layouts.read(Page(url, 200, (), path.read_bytes(), "2026-11-24T00:00:00Z", None))


@needs_pages
@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_saved_page(path: Path) -> None:
    gold, draft = gold_of(path), read(path)
    assert draft.layout == next(
        name for stem, name in LAYOUTS.items() if path.stem.startswith(stem)
    )
    assert draft.title is not None
    assert draft.title.text == gold["title"]
    year, month, day = gold["published"][:10].split("-")
    time = draft.times[0].text
    assert all(part in time for part in (year, month, day, gold["published"][11:19]))
    assert draft.sources[0].text.endswith(gold["source"])
    assert [name for name in gold["editors"] if name not in draft.editors[0].text] == []
    assert [norm(t) for t in texts(draft)] == [norm(p) for p in gold["body_paragraphs"]]
    images = [str(b.url).rpartition("/")[2] for b in draft.blocks if b.kind is BlockKind.IMAGE]
    assert images == [image["src"] for image in gold["images"]]
    videos = [b.url for b in draft.blocks if b.kind is BlockKind.VIDEO]
    if "video" in gold:  # a key that is absent is not judged
        assert videos == [video["src"] for video in gold["video"]]


@needs_pages
def test_the_look_alike_is_a_page_like_any_other() -> None:
    """A copied template can't be told by its markup: its host is refused elsewhere."""
    (path,) = (SHARED / "pages" / "not-genuine").glob("*.html")
    assert layouts.read(as_page(path.read_bytes())).layout == "Cms2022"


@pytest.mark.skipif(not SEED.is_file(), reason="the folder ../shared/pages is not here")
@pytest.mark.parametrize("form", ["p", "br", "nbsp", "unclosed", "glued", "text", "hebei"])
def test_the_seed_in_markup_of_our_own(form: str) -> None:
    gold = json.loads(SEED.read_text("utf-8"))
    body = gold["body_paragraphs"]
    forms = {
        "p": "".join(f"<p>　　{p}</p>" for p in body),
        "br": "<br>".join(f"　　{p}" for p in body),
        "nbsp": "<br><br>".join("&nbsp;" * 4 + p for p in body),
        "unclosed": "".join(f"<p>　　{p}\r\n" for p in body),
        "glued": "<p>" + "".join(f"　　{p}" for p in body) + "</p>",
        "text": "\n\n".join(f"    {p}" for p in body),
    }
    info = "2017年09月28日 12:53:36 来源: 苏州日报报业集团<br>【字号  打印 关闭 "
    if form == "hebei":
        html = hebei_2012("".join(f"<p>{p}" for p in body))
    else:
        html = regional_2014(forms[form], info=info, editor="<div>(责任编辑: 丁延秋 )</div>")
    draft = layouts.read(as_page(html.encode()))
    assert [norm(t) for t in texts(draft)] == [norm(p) for p in body]
    if form != "hebei":
        assert "2017年09月28日 12:53:36" in draft.times[0].text
        assert draft.sources[0].text == "来源: 苏州日报报业集团"
        assert draft.editors[0].text == "(责任编辑: 丁延秋 )"
