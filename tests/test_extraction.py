"""The one extraction path: pages to article; the version of the code that took it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawler import extraction
from crawler.items import as_line, as_record
from crawler.layouts import NotAnArticle
from crawler.pages.assembly import IncompleteError
from tests.conftest import PROJECT
from tests.pipelines.drafts import MORE, TEXT, URL, page

if TYPE_CHECKING:
    from pathlib import Path

PAGE = f"""<html><head><meta charset="utf-8"><title>河道整治开工-新华网</title></head><body>
<div id="article"><h1 id="title">河道整治开工</h1>
<div class="info"><span class="time">2017年09月28日 12:53:36</span>
来源：<em id="source">某某日报</em></div>
<div class="article"><p>　　{TEXT}</p><p>　　{MORE}(记者 张三)</p></div>
<span class="editor">[责任编辑： 丁某某 ]</span></div></body></html>"""


def test_a_page_becomes_an_article() -> None:
    made = extraction.extract([page(body=PAGE.encode())])
    assert made.layout == "Regional2014"
    assert made.title == "河道整治开工"
    assert made.paragraphs == [TEXT, MORE + "(记者 张三)"]
    assert made.published_at == "2017-09-28T12:53:36+08:00"
    assert made.source == "某某日报"
    assert [person.name for person in made.reporters] == ["张三"]
    assert made.editors == ["丁某某"]
    assert made.region is not None
    assert made.region.code == "js"


def test_the_encoding_makes_no_other_article() -> None:
    first = extraction.extract([page(body=PAGE.encode())])
    second = extraction.extract([page(body=PAGE.replace("utf-8", "gb2312").encode("gb18030"))])
    assert second.encoding is not None
    assert second.encoding.used == "gb18030"
    assert second.content_sha256 == first.content_sha256


def test_pages_are_joined() -> None:
    other = URL.replace(".htm", "_2.htm")
    body = PAGE.replace(TEXT, "第二页" + TEXT).encode()
    first = PAGE.replace("</h1>", f'</h1><a href="{other}">2</a>').encode()
    fetched = [page(body=first), page(other, body=body)]
    made = extraction.extract(fetched, must_be_whole=True)
    assert len(made.paragraphs) == 4
    assert made.page_urls == [URL, other]
    with pytest.raises(IncompleteError):
        extraction.extract(fetched[:1], must_be_whole=True)


def test_what_is_no_article_is_refused() -> None:
    with pytest.raises(NotAnArticle):
        extraction.extract([page(body=b" ")])


def test_extraction_is_deterministic_over_processes() -> None:
    program = (
        "import sys; from tests.test_extraction import PAGE;"
        "from tests.pipelines.drafts import page;"
        "from crawler.extraction import extract; from crawler.items import as_line, as_record;"
        "sys.stdout.buffer.write(as_line(as_record(extract([page(body=PAGE.encode())]))))"
    )
    lines = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert lines == {as_line(as_record(extraction.extract([page(body=PAGE.encode())])))}


def test_real_pages_come_out_as_their_gold_says(shared: Path, tmp_path: Path) -> None:
    """Needs the saved real pages; the judge sets the floors."""
    predictions = tmp_path / "predictions.jsonl"
    gold = shared / "pages" / "gold"
    with predictions.open("w") as file:
        for answer in sorted(gold.glob("*.json")):
            saved = shared / "pages" / f"{answer.stem}.html"
            if saved.exists():
                url = json.loads(answer.read_text())["url"]
                made = as_record(extraction.extract([page(url, body=saved.read_bytes())]))
                region = made["region"] and made["region"]["name"]
                line = made | {"file": answer.stem, "region": region, "article_id": made["id"]}
                file.write(json.dumps(line) + "\n")
    floors = (
        "title=1,published=1,source=1,editor=1,reporter=1,region=1,article_id=1,"
        "body_f1=0.995,leaks=0,lost=0,images_f1=1,captions=1"
    )
    judge = [sys.executable, shared / "score.py", predictions, gold, "--skip-missing", "--pages"]
    result = subprocess.run([*judge, "--require", floors], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
