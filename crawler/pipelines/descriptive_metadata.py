"""What the page says of itself: keywords, abstract, breadcrumb, language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.pipelines.clean_text import clean_line, skeleton
from crawler.pipelines.person_names import HAN
from crawler.pipelines.validate import LONGEST, MOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.items import Draft
    from crawler.pipelines.normalisation import Normalisation

# Characters of a keyword; what is longer is none.
_LONGEST_KEYWORD = 60

_HAN = re.compile(f"[{HAN}]")
_COMMAS = re.compile(r"[,，;；、|\n]")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
# The CMS writes the description as title, line break, three hyphens, abstract.
_ABSTRACT = re.compile(r"(?:^|\n|\s)-{3}(?!-)")
_NOT_A_CHANNEL = frozenset({"", "正文", ">", "内容", "详细内容", "当前位置"})


def set_descriptive_metadata(current: Normalisation) -> Normalisation:
    """The same with `keywords`, `summary`, `channel` and `language`."""
    draft = current.draft
    channel = [clean_line(step).strip(" >»：:") for step in draft.channel[: MOST["channel"]]]
    return current.with_values(
        keywords=list(dict.fromkeys(_keywords(draft)))[: MOST["keywords"]],
        summary=_summary(draft, current.article.title),
        channel=[step for step in channel if step not in _NOT_A_CHANNEL],
        language=_language(current),
    )


def _keywords(draft: Draft) -> Iterator[str]:
    """Those of the first place that has any."""
    place: str | None = None
    for evidence in draft.keywords:
        text = evidence.text[: LONGEST["summary"]].strip()
        if place not in (None, evidence.where):
            return
        words = _COMMAS.split(text)
        if len(words) == 1 and _HAN.search(text):
            words = text.split("-") if "-" in text else text.split()
        for word in map(clean_line, words):
            if skeleton(word) and len(word) <= _LONGEST_KEYWORD:
                place = evidence.where
                yield word


def _summary(draft: Draft, title: str | None) -> str | None:
    for evidence in draft.summaries:
        text = evidence.text[: LONGEST["summary"]]
        if "---" in text and (cut := _ABSTRACT.search(text)):
            text = text[cut.end() :]
        text = clean_line(text)
        if title and text.startswith(title):
            text = text[len(title) :].lstrip("-—_ ")
        bare = skeleton(text)
        if bare and bare != skeleton(title or ""):
            return text
    return None


def _language(current: Normalisation) -> str | None:
    """en below /english; zh where there are Han characters; else what the page declares."""
    if "/english" in urlsplit(current.article.url).path.lower():
        return "en"
    if _HAN.search(current.article.title or "") or any(
        _HAN.search(paragraph) for paragraph in current.article.paragraphs
    ):
        return "zh"
    declared = (current.draft.language or "").strip()
    return declared if _TAG.fullmatch(declared) else None
