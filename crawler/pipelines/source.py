"""Whom the page names as source (来源).

The first evidence that names one counts. `source` is without label and brackets, `source_raw` as
printed. A reprint is a text none of whose named sources is Xinhua's own (`outlets.toml`); without
a source `is_reprint` is null.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from crawler import dates, labels
from crawler.pipelines.clean_text import clean_line, skeleton
from crawler.pipelines.person_names import HAN
from crawler.pipelines.validate import LONGEST

if TYPE_CHECKING:
    from crawler.pipelines.normalisation import Normalisation

# Characters of a text searched for a source.
_SEARCHED = 400

_OWN = tomllib.loads(Path(__file__).with_name("outlets.toml").read_text(encoding="utf-8"))
_LABEL = re.compile(
    rf"(?<!图片)(?:{labels.SOURCE}|{labels.SOURCE_FROM})(?: ?于)? ?(?:{labels.COLON}|\|) ?"
    r"|\bSource ?[:：] ?"
)
_NEXT = re.compile(
    rf" ?(?:[|｜]|(?:{labels.EDITOR}|{labels.WRITER}|发布时间|{labels.TIME}|点击|浏览|评论) ?[:：]"
    rf"|字[号体] ?[:：]|【|\[字|{dates.DATE_BEGINS})"
    rf"| [{HAN}]{{2,6}} ?[:：]| (?:本报|本网|新华社|新华网)?(?:{labels.REPORTER}|作者) ?[{HAN}]"
    rf"| ?[(（](?:本报|本网|新华社|新华网)?(?:{labels.REPORTER}|作者|文|图)"
    r"| (?:我要|收藏|关注|纠错|分享|打印|评论|微[信博])"
)
_EDGES = " 　,，;；、.。|丨｜-—_"
_OPENED = "(（【[<《“"
_PAIRS = tuple(zip("(（[【<《“\"'", ")）]】>》”\"'", strict=True))
_SEVERAL = re.compile(r"[、，,;；/ ]|[和与]")


def set_source(current: Normalisation) -> Normalisation:
    """The same with `source`, `source_raw`, `is_reprint`, of the first evidence that names one."""
    for evidence in current.draft.sources:
        raw = clean_line(evidence.text[:_SEARCHED])
        name = _name(raw)
        if name:
            return current.with_values(source=name, source_raw=raw, is_reprint=is_reprint(name))
    return current


def is_reprint(source: str) -> bool:
    """Whether every outlet named in the source is somebody other than Xinhua."""
    return not any(_is_own(part) for part in [source, *_SEVERAL.split(source)])


def _name(raw: str) -> str | None:
    labelled = list(_LABEL.finditer(raw))
    name = raw[labelled[-1].end() :] if labelled else raw
    end = _NEXT.search(name)
    name = _bare(name[: end.start()] if end else name)
    if not skeleton(name) or len(name) > LONGEST["source"] or skeleton(name).isdigit():
        return None
    return name


def _bare(name: str) -> str:
    """The name without what stands at its edges: brackets around all of it, or left unpaired."""
    before = ""
    while name != before:
        before = name
        name = name.strip(_EDGES).rstrip(_OPENED)
        for opens, closes in _PAIRS:
            if name.startswith(opens) and name.find(closes, 1) in (-1, len(name) - 1):
                name = name[1:].removesuffix(closes)
            elif name.endswith(closes) and opens not in name[:-1]:
                name = name[:-1]
    return name


def _is_own(name: str) -> bool:
    bare = skeleton(name)
    return bare in _OWN["names"] or (
        bare.startswith(tuple(_OWN["openings"])) and not bare.startswith(tuple(_OWN["others"]))
    )
