"""Whatever a page says, `normalise` never raises and the line keeps the shipped schema."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.items import (
    Block,
    BlockKind,
    Codes,
    Draft,
    Encoding,
    Evidence,
    Removed,
    as_line,
    as_record,
)
from crawler.pipelines import normalise
from tests.exporters.test_jsonl import errors
from tests.pipelines.drafts import NOTICE, TEXT, URL, page

PIECES = (
    "", " ", "　", "\n", "\x00", "\ud800", "\u200b", "新华社南京9月28日电（记者张三）", "作者：",
    "记者张三、李四", "责任编辑：", "丁某某", "【责任编辑:丁某某】", "来源：", "某某日报",
    "2017年09月28日 12:53:36", "2017-13-45", "20170928", "更新时间：", "（张三摄）", "图为",
    "新华社发（李四摄）", "【纠错】", "-新华网", "---", "<b>", "&nbsp;", "王䶮", "阿不都·热合曼",
    "A",
    "1121738857", "/", "http://", TEXT, *NOTICE,
)  # fmt: skip
_text = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(alphabet=st.characters(), max_size=30),
)
_evidence = st.builds(Evidence, _text, st.sampled_from(["h1", ".info", "meta", ".modified"]))
_many = st.lists(_evidence, max_size=3)
_maybe = st.none() | _evidence
_url = st.one_of(
    st.none(),
    st.sampled_from(["http://a.news.cn/a.jpg", "x", "", "data:,", "http://[", "http://a b/"]),
    _text,
)
_block = st.builds(
    Block, st.sampled_from(BlockKind), st.just("#p"), text=_text, url=_url, label=st.none() | _text,
    is_caption=st.booleans(), is_set_apart=st.booleans(), is_link=st.booleans(),
)  # fmt: skip
_code = st.none() | _text
_drafts = st.builds(
    Draft,
    url=st.just(URL),
    layout=st.sampled_from(["Main2017", "fallback"]),
    encoding=st.builds(Encoding, st.none() | _text, st.sampled_from(["utf-8", "gb18030"])),
    claims=st.sampled_from([(), ("Main2017", "News2021")]),
    title=_maybe,
    title_tag=st.none() | _text,
    subtitle=_maybe,
    kicker=_maybe,
    times=_many,
    sources=_many,
    editors=_many,
    bylines=_many,
    blocks=st.lists(_block, max_size=5),
    channel=st.lists(_text, max_size=3),
    keywords=_many,
    summaries=_many,
    language=st.none() | _text,
    codes=st.builds(Codes, _code, _code, _code, _code),
    removed=st.lists(st.builds(Removed, _text, st.just("share"), st.just(".share")), max_size=2),
)
_headers = st.lists(st.tuples(st.sampled_from(["ETag", "Last-Modified"]), _text), max_size=2).map(
    tuple
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(_drafts, _headers)
def test_any_draft_makes_a_valid_line(draft: Draft, headers: tuple[tuple[str, str], ...]) -> None:
    made = normalise(draft, [page(headers=headers)])
    assert errors(json.loads(as_line(as_record(made)))) == []
