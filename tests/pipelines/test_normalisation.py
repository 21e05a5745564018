"""The steps in their order make one whole record, and are pure."""

from __future__ import annotations

import copy
from dataclasses import replace

from crawler.extractor_version import extractor_version
from crawler.items import (
    KEYS,
    Attachment,
    Dateline,
    Image,
    Person,
    Removed,
    Video,
    as_line,
    as_record,
)
from crawler.pipelines import STEPS, normalise
from crawler.pipelines.identity import begin_article
from crawler.pipelines.normalisation import FlagName
from tests.conftest import PROJECT
from tests.pipelines.drafts import MORE, NOTICE, TEXT, WHERE, draft, page, whole


def test_a_whole_article() -> None:
    made = whole()
    assert made.title == "河道整治开工 明年完成"
    assert (made.subtitle, made.kicker) == ("全长八公里", "民生")
    assert made.published_at == "2017-09-28T12:53:36+08:00"
    assert made.published_precision == "second"
    assert made.published_raw == "2017年09月28日 12:53:36"
    assert (made.source, made.source_raw, made.is_reprint) == ("某某日报", "来源： 某某日报", True)
    assert made.dateline == Dateline("新华社南京9月28日电", "南京", "9月28日")
    assert made.reporters == [Person("张三", "reporter"), Person("李四", "reporter")]
    assert made.byline_raw == "（记者张三 李四）"
    assert made.editors == ["丁某某"]
    assert made.paragraphs == ["新华社南京9月28日电（记者张三 李四）" + TEXT, MORE]
    caption = "图为整治后的河道。新华社记者 王五 摄"
    assert made.images == [
        Image("http://www.js.xinhuanet.com/a.jpg", caption, "新华社记者 王五 摄", 1)
    ]
    assert made.videos == [Video("http://vod.news.cn/v.mp4", None, 2)]
    assert made.attachments == [Attachment("http://www.js.xinhuanet.com/a.pdf", "附表", 2)]
    assert made.keywords == ["河道", "整治"]
    assert made.summary == "市里研究了河道整治工作。"
    assert made.channel == ["新华网", "江苏"]
    assert made.language == "zh"
    assert made.removed == [
        Removed("(责任编辑: 丁某某 )", "editor_line", WHERE),
        *(Removed(line, "disclaimer", WHERE) for line in NOTICE),
    ]
    assert made.flags == []
    assert made.extractor_version == extractor_version()


def test_the_record_has_every_key_and_is_one_line() -> None:
    record = as_record(whole())
    assert tuple(record) == KEYS
    assert as_line(record).count(b"\n") == 1


def test_the_same_draft_gives_the_same_bytes_and_stays_as_it_was() -> None:
    made = draft(TEXT, "责任编辑：丁某某", *NOTICE)
    before = copy.deepcopy(made)
    first = as_line(as_record(normalise(made, [page()])))
    assert as_line(as_record(normalise(made, [page()]))) == first
    assert made == before


def test_every_step_is_pure() -> None:
    current = begin_article(draft(TEXT + "（记者张三）", *NOTICE), [page()], "1")
    for step in STEPS:
        before = copy.deepcopy(current)
        after = step(current)
        assert current == before, step
        assert step(replace(current)) == after, step
        current = after


def test_the_flags_are_documented() -> None:
    document = (PROJECT / "DATA_FORMAT.md").read_text()
    assert all(f"`{name}`" in document for name in FlagName)
