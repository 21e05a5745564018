"""Printed times to ISO 8601 at +08:00; visible before metas; contradictions flagged."""

from __future__ import annotations

import pytest

from crawler.items import Evidence
from crawler.pipelines import normalise
from tests.pipelines.drafts import TEXT, article, draft, evidence, page

URL = "http://www.js.xinhuanet.com/2020-02/19/c_1121738857.htm"


@pytest.mark.parametrize(
    ("printed", "moment", "precision", "raw"),
    [
        ("2020年02月19日 12:53:36", "12:53:36", "second", "2020年02月19日 12:53:36"),
        ("2020年2月19日12时53分36秒", "12:53:36", "second", None),
        ("2020-02-19 12:53:36", "12:53:36", "second", None),
        ("2020-02-19 12:53", "12:53:00", "minute", None),
        ("2020/2/19 9:05", "09:05:00", "minute", None),
        ("2020.02.19 09:05", "09:05:00", "minute", None),
        ("2020 02/19 12:53:36", "12:53:36", "second", "2020 02/19 12:53:36"),
        (" 2020\n 02/ 19\n12:53:36", "12:53:36", "second", "2020 02/ 19 12:53:36"),
        (
            "２０２０年２月１９日　１２：５３",
            "12:53:00",
            "minute",
            "２０２０年２月１９日 １２：５３",
        ),
        ("2020年02月19日 星期三 12:53", "12:53:00", "minute", None),
        ("2020-02-19T12:53:36", "12:53:36", "second", None),
        ("2020-02-19T12:53:36+08:00", "12:53:36", "second", None),
        ("2020-02-19T04:53:36Z", "12:53:36", "second", None),
        ("2020-02-1912:53:36", "12:53:36", "second", None),
        ("2020-02-19", "00:00:00", "day", None),
        ("2020年2月19日", "00:00:00", "day", None),
        ("20200219", "00:00:00", "day", None),
        (
            "某某频道 ( 2020-02-19 09:20:26 ) 来源： 某某",
            "09:20:26",
            "second",
            "2020-02-19 09:20:26",
        ),
        ("2020-02-19 25:70", "00:00:00", "day", None),
        ("2020年02月19日 08时05分", "08:05:00", "minute", "2020年02月19日 08时05分"),
        ("2020年02月19日 8时5分 字号", "08:05:00", "minute", "2020年02月19日 8时5分"),
        ("2020年2月19日 08点05分", "08:05:00", "minute", "2020年2月19日 08点05分"),
        ("2020-02-19 00:39:00", "00:39:00", "second", "2020-02-19 00:39:00"),
        ("2020-02-19 00:00", "00:00:00", "minute", "2020-02-19 00:00"),
        ("2020年02月19日 08时", "00:00:00", "day", "2020年02月19日 08时"),
        ("2020-02-19　08：05：09　来源：某", "08:05:09", "second", "2020-02-19 08：05：09"),
        ("２０２０年２月１９日８：０５ 来源", "08:05:00", "minute", "２０２０年２月１９日８：０５"),
        ("2020年2月19日（星期三）08:05", "08:05:00", "minute", "2020年2月19日（星期三）08:05"),
        ("2020-02-19 3:20 PM", "15:20:00", "minute", "2020-02-19 3:20 PM"),
        ("2020-02-19 12:20:01 am 来源", "00:20:01", "second", "2020-02-19 12:20:01 am"),
        ("2020年2月19日 下午3:20", "15:20:00", "minute", "2020年2月19日 下午3:20"),
        ("2020年2月19日 上午8时20分 ", "08:20:00", "minute", "2020年2月19日 上午8时20分"),
        ("2020年2月19日 下午15:20", "15:20:00", "minute", "2020年2月19日 下午15:20"),
        ("2020年2月19日 凌晨0时20分", "00:20:00", "minute", "2020年2月19日 凌晨0时20分"),
        ("2020年2月19日 中午12:20", "12:20:00", "minute", "2020年2月19日 中午12:20"),
        ("2020年2月19日 晚上8点20分", "20:20:00", "minute", "2020年2月19日 晚上8点20分"),
        ("2020年2月19日 上午12:20", "00:00:00", "day", "2020年2月19日 上午12:20"),
        ("2020年2月19日 上午13:20", "00:00:00", "day", "2020年2月19日 上午13:20"),
        ("2020年2月19日 晚上1点20分", "00:00:00", "day", "2020年2月19日 晚上1点20分"),
        ("2020-02-19 12:53:36 +0800", "12:53:36", "second", "2020-02-19 12:53:36 +0800"),
        ("2020-02-19 12:53:36 GMT+8", "12:53:36", "second", "2020-02-19 12:53:36 GMT+8"),
        ("2020-02-19 04:53 UTC", "12:53:00", "minute", "2020-02-19 04:53 UTC"),
        ("2020-02-19 12:53 CST", "12:53:00", "minute", "2020-02-19 12:53 CST"),
        ("2020-02-19 12:53（北京时间）", "12:53:00", "minute", "2020-02-19 12:53（北京时间）"),
        ("2020-02-19 08:05-09:30", "08:05:00", "minute", "2020-02-19 08:05"),
        ("2020-02-19 08:05 -新华网", "08:05:00", "minute", "2020-02-19 08:05"),
    ],
)
def test_spellings(printed: str, moment: str, precision: str, raw: str | None) -> None:
    made = article(TEXT, url=URL, times=evidence(printed))
    assert made.published_at == f"2020-02-19T{moment}+08:00"
    assert made.published_precision == precision
    assert made.published_raw == (raw or made.published_raw)
    assert made.published_raw in (raw, " ".join(printed.split()), "2020-02-19", "2020年2月19日")
    assert made.flags == []


@pytest.mark.parametrize(
    "printed",
    ["", "昨天", "2020-13-40", "2020年02月30日 12:53", "02-19 12:53", "1899-01-01", "1995-02-19",
     "12:53:36", "1121738857", "99999999", "2020021912"],
)  # fmt: skip
def test_what_is_no_date_is_null(printed: str) -> None:
    made = article(TEXT, url=URL, times=evidence(printed))
    assert (made.published_at, made.published_precision, made.published_raw) == (None, None, None)


def test_without_a_printed_time_the_address_is_no_time() -> None:
    assert article(TEXT, url=URL).published_at is None


def test_the_visible_time_beats_the_meta() -> None:
    times = [Evidence("2020-02-19 12:53", ".h-time"), Evidence("2020-02-18 08:00:00", "meta")]
    assert article(TEXT, url=URL, times=times).published_at == "2020-02-19T12:53:00+08:00"


def test_of_one_day_the_time_that_says_more_wins() -> None:
    times = [Evidence("2020-02-19", ".day"), Evidence("2020-02-19 12:53:36", "meta")]
    assert article(TEXT, url=URL, times=times).published_at == "2020-02-19T12:53:36+08:00"


def test_an_empty_visible_time_falls_through() -> None:
    times = [Evidence(" ", ".h-time"), Evidence("2020-02-19", "meta")]
    assert article(TEXT, url=URL, times=times).published_precision == "day"


def test_modified_only_when_the_page_says_so() -> None:
    times = [
        Evidence("2020-02-19 12:53:36", ".time"),
        Evidence("更新时间：2020-02-20 08:00", ".update"),
    ]
    made = article(TEXT, url=URL, times=times)
    assert made.published_at == "2020-02-19T12:53:36+08:00"
    assert made.modified_at == "2020-02-20T08:00:00+08:00"
    assert article(TEXT, url=URL, times=times[:1]).modified_at is None


def test_the_only_time_shown_is_when_it_was_published() -> None:
    shown = Evidence("更新时间：2020-02-20 08:00", ".update")
    made = article(TEXT, url=URL, times=[shown])
    assert made.published_at == made.modified_at == "2020-02-20T08:00:00+08:00"
    declared = Evidence("2020-02-20 08:00", "meta[name=modified]")
    assert article(TEXT, url=URL, times=[declared]).published_at is None


@pytest.mark.parametrize(
    ("times", "flagged"),
    [
        (["2020-02-19 12:53"], False),
        (["2020-02-20 00:10"], False),
        (["2020-02-18 23:50"], False),
        (["2020-02-21 12:53"], True),
        (["2020-02-19 12:53", "2020-02-25"], True),
        (["2020-02-19 12:53", "2020-02-20"], False),
        (["2099-02-19 12:53"], True),
    ],
)
def test_a_contradiction_of_more_than_a_day_is_flagged(times: list[str], flagged: bool) -> None:
    made = article(TEXT, url=URL, times=evidence(*times))
    assert [flag.flag for flag in made.flags] == (["published_conflict"] if flagged else [])
    assert made.published_at is not None
    assert made.published_at.startswith(times[0][:10])
    if flagged:
        assert times[0][:10] in made.flags[0].detail
        assert "address: 2020-02-19" in made.flags[0].detail


def test_published_after_it_was_fetched_is_flagged() -> None:
    url = "http://www.js.xinhuanet.com/a.htm"
    made = normalise(
        draft(TEXT, url=url, times=evidence("2020-02-19 12:53")),
        [page(url, fetched_at="2020-02-10T00:00:00Z")],
    )
    assert [flag.flag for flag in made.flags] == ["published_conflict"]
    assert "fetched: 2020-02-10" in made.flags[0].detail
