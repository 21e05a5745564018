"""Megabytes of what regular expressions hate: every step ends in bounded time.

An alarm, no clock: a step that takes seconds over one megabyte is killed and fails the test.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from crawler.items import Block, BlockKind, Codes, Evidence
from tests.pipelines.drafts import NOTICE, TEXT, WHERE, article

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 1_000_000

# Seconds for one article of several megabytes; it takes well under one.
LIMIT = 20

SEEDS = (
    " ", "　", "\n", "a", "1", "（", "(记者", "（记者 张三", "【", "【字号", "张", "张 ", "张三、",
    "凡本网注明", "未经", "版权均属于新华社", "来源：", "责任编辑：", "2017-", "2017-09-28 12",
    "新华社", "新华社记者", "本", "本本网", "“", "-新华网", "频道", "新华网>", "下一页", "[1]",
    "微信", "大中", "。", "（）", "：", "图为", "摄", ",", "---", "\u200b", "\x00", "\ud800",
    "·", "阿·", "电", "月日电", "/", "Aa ", "copyright", "扫描二维码", "本网站图片", *NOTICE,
)  # fmt: skip


@contextmanager
def bounded() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError("a step is not linear")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_a_megabyte_in_every_place(seed: str) -> None:
    huge = (seed * (SIZE // len(seed) + 1))[:SIZE]
    part = huge[: SIZE // 10]
    evidence = [Evidence(huge, "x")]
    with bounded():
        made = article(
            TEXT,
            huge,
            Block(BlockKind.IMAGE, WHERE, url="http://a.news.cn/" + huge, label=huge),
            Block(BlockKind.TEXT, WHERE, text=part, is_caption=True),
            TEXT + part + TEXT,
            *[part[:4000]] * 25,
            title=evidence[0],
            title_tag=huge,
            times=evidence,
            sources=evidence,
            editors=evidence,
            bylines=evidence,
            keywords=evidence,
            summaries=evidence,
            channel=[huge],
            language=huge,
            codes=Codes(huge, huge, huge, huge),
        )
    assert made.title is None


@pytest.mark.parametrize(
    "line", ["【纠错】", "张三", TEXT, "来源：某网", "责任编辑：", "相关链接", "大"]
)
def test_fifteen_thousand_lines(line: str) -> None:
    with bounded():
        article(*[line] * 5_000, "\n".join([line, TEXT] * 5_000))


def test_the_alarm_rings() -> None:
    with pytest.raises(TimeoutError), bounded():
        signal.raise_signal(signal.SIGALRM)
