"""Proposals: what they claim, what they cut, and the file they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from crawler.items import Page
from crawler.layouts import NO_LAYOUTS, read
from crawler.layouts.accepted import parse_layout
from crawler.survey.proposals import ClusterPage, LayoutFile, Proposal, propose
from tests.survey.test_selectors import NOTICE, TOWNS, URL, page

LINKS = "<ul class=more><li><a href=/a{0}>第{0}条</a><li><a href=/b{0}>又第{0}条</a></ul>"


def member(number: int, extra: str = "") -> ClusterPage:
    sample = page(number % len(TOWNS))
    html = sample.doc.source.replace(f"<p>{NOTICE}", LINKS.format(number) + f"<p>{NOTICE}")
    html = html.replace("镇的桥", f"镇的{number}号桥").replace("通车", f"第{number}次通车")
    address = URL.replace("0123", f"{number:04d}")
    raw = Page(address, 200, (), (html + extra).encode(), "2026-08-09T00:00:00Z", None)
    return ClusterPage(address, raw, [], [date(2026, 8, number % 4 + 1)])


def proposed(others: list[Page]) -> Proposal:
    made = propose([member(n, "<i id=own></i>") for n in range(9)], others, NO_LAYOUTS, "js", "a")
    assert made is not None
    return made


def test_a_layout_is_proposed_and_tried() -> None:
    made = proposed([])
    layout = made.layout
    assert (layout.marks, layout.foreign) == ((".text", ".head"), ())
    assert layout.selectors.cut == (".more",)
    assert layout.selectors.furniture == {NOTICE}
    assert (made.right, len(made.trials), made.notes) == (9, 9, [])
    assert sum(trial.was_made_of for trial in made.trials) == 6
    assert layout.name.startswith("js_")
    draft = read(member(77, "<i id=own></i>").page, NO_LAYOUTS.and_also(layout))
    assert draft.claims == (layout.name,)
    texts = [block.text for block in draft.blocks]
    assert len(texts) == 2
    assert not [text for text in texts if NOTICE in text or "条" in text]


def test_it_claims_none_of_the_others() -> None:
    alike = member(1).page
    assert proposed([alike]).layout.marks == (".text", ".head", "#own")
    stranger = replace(alike, body=alike.body + b"<i id=own></i><b id=strange></b>")
    made = proposed([stranger])
    assert (made.layout.foreign, made.notes) == (("#strange",), [])
    twin = member(2, "<i id=own></i>").page
    assert "it claims other pages as well" in proposed([twin]).notes[0]


def test_what_holds_text_on_any_page_is_not_cut() -> None:
    members = [member(number) for number in range(9)]
    told = "老船工说，这座桥全镇的人盼了三十年。"
    body = members[3].page.body.decode().replace(LINKS.format(3), f"<p class=more>{told}")
    members[3].page = replace(members[3].page, body=body.encode())
    made = propose(members, [], NO_LAYOUTS, "js", "a")
    assert made is not None
    assert made.layout.selectors.cut == ()
    assert any(trial.was_made_of and trial.url == members[3].url for trial in made.trials)


def test_pages_that_agree_on_nothing() -> None:
    blank = [replace(member(n).page, body=b"<title>x</title><p>") for n in range(3)]
    members = [ClusterPage(one.url, one, [], []) for one in blank]
    assert propose(members, [], NO_LAYOUTS, "js", "a") is None


def test_hostile_texts_stay_texts() -> None:
    evil = 'a"]\nname = "x"\n\x7f\\ \u2028 \ud800'
    claims = {"marks": ["#a"], "foreign": list[str]()}
    fields = {"title": ["h1"], "time": list[str](), "source": list[str](), "body": ["#a"]}
    furniture = {"cut": list[str](), "texts": [evil.strip()]}
    toml = LayoutFile("name", evil, claims, fields, furniture).toml()
    assert parse_layout(toml.encode()).name == "name"
