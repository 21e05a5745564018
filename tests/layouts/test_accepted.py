"""Layouts as data: what a file may say, how it is read with, and what it counts for."""

from __future__ import annotations

import ast
import pickle
from typing import TYPE_CHECKING

import pytest

from crawler import layouts
from crawler.extraction import extract
from crawler.extractor_version import extractor_version
from crawler.layouts.accepted import (
    NO_LAYOUTS,
    AcceptedLayouts,
    LayoutError,
    fault_of,
    parse_layout,
)
from crawler.storage import StorageError
from tests.conftest import PROJECT
from tests.pages.samples import BODY, as_page

if TYPE_CHECKING:
    from pathlib import Path

STORY = """
name = "Story2030"
about = "Seen on a page of our own."

[claims]
marks = ["main.story", "h1.headline"]
foreign = ["#detail"]
phrases = ["Story"]

[selectors]
title = ["h1.headline"]
time = [".when"]
source = [".origin"]
body = ["main.story"]

[furniture]
cut = [".more"]
texts = ["下载本台客户端 看更多新闻"]

[[tried]]
url = "http://www.js.news.cn/20300101/0123456789abcdef0123456789abcdef/c.html"
"""
PAGE = (
    "<html><head><title>云溪镇通车了-新华网</title></head><body><!-- Story -->"
    "<h1 class=headline>云溪镇通车了</h1><p><span class=when>2017-09-05 08:09:10</span>"
    "<span class=origin>云溪日报</span></p><main class=story>"
    + "".join(f"<p>{text}</p>" for text in BODY)
    + "<div class=more>还有：<b>另一条消息</b></div><p>下载本台客户端 看更多新闻</p></main>"
    "</body></html>"
)


def folder_of(place: Path, *contents: str) -> Path:
    (place / "layouts").mkdir(parents=True)
    for content in contents:
        (place / "layouts" / f"{parse_layout(content.encode()).name}.toml").write_text(content)
    return place


def test_a_page_is_read_with_an_accepted_layout(tmp_path: Path) -> None:
    accepted = pickle.loads(pickle.dumps(AcceptedLayouts.of(folder_of(tmp_path, STORY))))
    page = as_page(PAGE.encode())

    made = extract([page], accepted)

    assert (made.layout, made.flags) == ("Story2030", [])
    assert (made.title, made.published_at) == ("云溪镇通车了", "2017-09-05T08:09:10+08:00")
    assert (made.source, made.paragraphs) == ("云溪日报", list(BODY))
    assert [(one.rule, one.text) for one in made.removed] == [
        ("furniture", "还有：另一条消息"),
        ("furniture", "下载本台客户端 看更多新闻"),
    ]
    assert made.extractor_version == accepted.version != extractor_version()
    assert extract([page]).layout == "fallback"
    assert extract([page]).extractor_version == extractor_version() == NO_LAYOUTS.version


def test_the_version_is_that_of_code_and_files(tmp_path: Path) -> None:
    assert AcceptedLayouts.of(tmp_path) == NO_LAYOUTS
    other = STORY.replace("Story2030", "Other2030")
    versions = {
        AcceptedLayouts.of(folder_of(tmp_path / str(number), *contents)).version
        for number, contents in enumerate(((), (STORY,), (STORY + "\n",), (other,), (STORY, other)))
    }
    assert len(versions) == 5
    again = AcceptedLayouts.of(folder_of(tmp_path / "again", other, STORY))
    assert again.version in versions


def test_one_of_a_name_that_the_code_has_come_to_have_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = AcceptedLayouts.of(folder_of(tmp_path, STORY))
    monkeypatch.setattr(layouts, "LAYOUTS", (*layouts.LAYOUTS, *accepted.layouts))
    assert layouts.read(as_page(PAGE.encode()), accepted).claims == ("Story2030",)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"Story2030"', '"../Story2030"', "name is"),
        ('"Story2030"', '"a/b"', "name is"),
        ('"Story2030"', '""', "name is"),
        ('"Story2030"', '"NUL"', "name is"),
        ('"Story2030"', '"Story-2030"', "name is"),
        ('"Story2030"', f'"{"a" * 41}"', "name is"),
        ('"Story2030"', "7", "name is"),
        ('name = "Story2030"\n', "", "name is 'None'"),
        ("name =", "name = =", "it is no TOML"),
        ('"main.story", ', '"main.story', "it is no TOML"),
        ("[claims]\n", '[claims]\nregex = "(a+)+$"\n', "claims has no key 'regex'"),
        ("about =", 'code = "x"\nabout =', "the file has no key 'code'"),
        ("[claims]\n", "[claims.marks]\n", "claims.marks is no list"),
        ('marks = ["main.story", "h1.headline"]\n', "", "claims.marks has 0 texts"),
        ('body = ["main.story"]', "body = []", "selectors.body has 0 texts"),
        ('title = ["h1.headline"]', f"title = {['h1'] * 99}", "selectors.title has 99 texts"),
        ('title = ["h1.headline"]', "title = [1]", "selectors.title is no list of texts"),
        ('title = ["h1.headline"]', 'title = "h1"', "selectors.title is no list of texts"),
        ('texts = ["', 'texts = [" ", "', "furniture.texts has a text that is blank"),
        ('["h1.headline"]', '["h1:has(p)"]', "selectors.title: 'h1:has(p)' has ':has(p)'"),
        ('["h1.headline"]', '["div div div b"]', "more than one blank between names"),
        ('["h1.headline"]', '["h1["]', "which is not in the language"),
        ("[selectors]\n", "[selectors]\nauthor_lines = 1\n", "neither true nor false"),
        ("[claims]\n", "claims = 1\n[claimed]\n", "the file has no key 'claimed'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_layout(old: str, new: str, why: str) -> None:
    assert old in STORY
    with pytest.raises(LayoutError) as raised:
        parse_layout(STORY.replace(old, new, 1).encode())
    assert why in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = " + b"[" * 100_000, b"a.b=1\na=2", b""])
def test_bytes_that_are_no_layout(content: bytes) -> None:
    with pytest.raises(LayoutError):
        parse_layout(content)


@pytest.mark.parametrize(
    "selector",
    [
        "h1", "#a", ".b", "td[height='40'] b", "div.a > p:first-child", "a[href]", ".x, #y > i",
        ".info span:nth-child(2)", "div + p", ".n0a1b2c3d", "[data-x='1']", "td:nth-child(2) > b",
        ", ".join([f"#{'a' * 90} > b"] * 4),
    ],
)  # fmt: skip
def test_selectors_in_the_language(selector: str) -> None:
    assert fault_of(selector) is None


@pytest.mark.parametrize(
    "selector",
    [
        "", " ", "*", "a b c", "p:has(a)", ":not(p)", "a >", "> a", "a~b", "a,,b", "a" * 201, "p[",
        ", ".join(["a"] * 13), "a > b > c > d > e > f", "p:lexbor-contains('x')", "p\\:x", "a\nb",
        "[a='\"]", "p:nth-child(2n+1)",
    ],
)  # fmt: skip
def test_selectors_out_of_it(selector: str) -> None:
    assert fault_of(selector)


def test_one_that_can_t_be_read_is_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, STORY)
    (folder / "layouts" / "Story2030.toml").rename(folder / "layouts" / "Other.toml")
    with pytest.raises(StorageError, match=r"Other\.toml: it names the layout Story2030"):
        AcceptedLayouts.of(folder)


# What reads pages, and how many positional arguments a call has that names the accepted layouts.
_READERS = {
    ("layouts", "read"): 2, ("layouts", "kind_of"): 2, ("layouts", "refreshed"): 3,
    ("layouts", "claims"): 2, ("extraction", "extract"): 2, ("", "extract_again"): 2,
    ("", "read_first_page"): 2, ("", "led_away"): 2, ("pipelines", "normalise"): 3,
    ("", "normalise"): 3, ("", "reread"): 5, ("", "verify_lines"): 6, ("", "faults_of_gone"): 3,
}  # fmt: skip


def test_every_reader_of_the_product_names_them() -> None:
    """A call without them would read pages with the code's layouts alone, in silence."""
    silent, met = [], set()
    for path in sorted((PROJECT / "crawler").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                name = (function.value.id, function.attr)
            else:
                name = ("", function.id if isinstance(function, ast.Name) else "")
            if name in _READERS:
                met.add(name)
                if len(node.args) < _READERS[name]:
                    silent.append(f"{path.name}:{node.lineno}")
    assert silent == []
    assert met == _READERS.keys()
