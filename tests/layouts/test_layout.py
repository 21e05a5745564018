"""Every layout and variant: claimed by exactly one layout, read as a reader would."""

from __future__ import annotations

import pytest

from crawler import layouts
from crawler.layouts import LAYOUTS
from crawler.layouts.accepted import fault_of
from crawler.layouts.provinces2010 import rules
from crawler.pages.document import Document
from tests.pages.samples import BODY, SAMPLES, P, Sample, as_page, regional_2014, texts

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)


@every_sample
def test_exactly_one_layout_claims_the_page(sample: Sample) -> None:
    doc = Document.of(sample.page())
    assert [layout.name for layout in LAYOUTS if layout.select(doc)] == [sample.layout]


def test_every_layout_has_three_samples() -> None:
    for layout in LAYOUTS:
        assert sum(s.layout == layout.name for s in SAMPLES) >= 3, layout.name


def test_a_list_of_the_same_name_is_not_the_content() -> None:
    links = '<div class="article"><a href="/1">别的新闻</a> | <a href="/2">另一条</a></div>'
    html = regional_2014(P)
    assert "<body>" in html
    draft = layouts.read(as_page(html.replace("<body>", f"<body>{links}").encode()))
    assert (draft.layout, tuple(texts(draft))) == ("Regional2014", BODY)


def test_no_selector_takes_long_on_a_deep_page() -> None:
    # With two blanks between names lexbor takes a minute for 4,000 nested elements.
    named = [one.selectors for one in LAYOUTS if hasattr(one, "selectors")]
    selectors = {
        selector
        for one in (*named, *(rule.selectors() for rule in rules()))
        for field in ("body", "title", "time", "time_parts", "source", "crumbs", "cut")
        for selector in getattr(one, field)
    }
    assert len(selectors) > 50
    assert {selector: fault for selector in selectors if (fault := fault_of(selector))} == {}
