"""The fixtures and the saved real pages reach the floors, and each floor is shown failing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from crawler.fixtures import REFUSED, Fixture
from tests.fixtures import make
from tests.fixtures.kept import pages_of, synthetic
from tests.quality import judged
from tests.quality.scores import FLOORS, METADATA, below, by_layout, common, f1, table
from tests.site.templates.g3 import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path


def test_the_floors_hold() -> None:
    scores = judged.scores()
    assert below(scores) == [], table(scores)


def test_every_field_is_judged_in_every_layout() -> None:
    judged_somewhere = {
        name
        for layout, score in judged.scores(synthetic()).items()
        for name in score.fields
        if layout != "refused"
    }
    assert judged_somewhere | {REFUSED} == set(METADATA)


def test_a_floor_is_changed_in_two_places_or_not_at_all() -> None:
    assert FLOORS == {
        "floors": {"metadata": 1.0, "body_f1": 0.995, "leaks": 0, "lost": 0},
        "fallback": {"leaks": 1},
    }


# --- each floor fails --------------------------------------------------------------------------


@cache
def record() -> dict[str, Any]:
    """A record in which every field says something."""
    paragraphs = ["渡口人来人往，船票是三角钱。", "老船工在岸边补网。", "天黑以前还有一班船。"]
    return {**dict.fromkeys(METADATA, "x"), "paragraphs": paragraphs}


@pytest.mark.parametrize("name", METADATA)
@pytest.mark.parametrize("layout", ["Regional2014", "fallback"])
def test_a_wrong_field(layout: str, name: str) -> None:
    right, wrong = (record(), record()), (record(), record() | {name: "y"})
    scores = by_layout((layout, *pair) for pair in [right] * 99 + [wrong])
    assert below(scores) == [f"{layout}: {name} is right on 99 of 100 pages"]
    missing = (record(), {key: value for key, value in record().items() if key != name})
    assert below(by_layout([(layout, *missing)])) == [f"{layout}: {name} is right on 0 of 1 pages"]


@pytest.mark.parametrize(
    ("paragraphs", "complaints"),
    [
        (lambda told: [*told, "扫一扫关注我们的客户端"], ["body F1", "1 paragraphs leaks"]),
        (lambda told: [*told[:2], told[2] + "责任编辑：某"], ["body F1", "1 paragraphs leaks"]),
        (lambda told: told[:-1], ["body F1", "1 paragraphs lost"]),
        (lambda told: [], ["body F1", "3 paragraphs lost"]),
        (lambda told: told[::-1], ["body F1"]),
    ],
    ids=["added", "appended", "dropped", "nothing", "order"],
)  # fmt: skip
def test_a_wrong_body(paragraphs: Any, complaints: list[str]) -> None:
    damaged = record() | {"paragraphs": paragraphs(record()["paragraphs"])}
    found = below(by_layout([("Main2017", record(), damaged)]))
    assert [line.removeprefix("Main2017: ")[: len(c)] for line, c in
            zip(found, complaints, strict=True)] == complaints  # fmt: skip


def test_an_article_that_is_refused() -> None:
    found = below(by_layout([("Main2017", record(), {REFUSED: "empty"})]))
    assert any("body F1" in line for line in found)
    assert any("title is right on 0" in line for line in found)


NAME = "Regional2014/g3-hn-text-0"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('<h1 id="title">', '<h1 id="title">独家：', "title is right on"),
        ('<em id="source">', '<em id="source">某某', "source is right on"),
        ('<span class="time">20', '<span class="time">19', "published_at is right on"),
        ("责任编辑", "值班人员", "editors is right on"),
        ("<p>　　", '<p align="center"><img src="x.jpg"></p><p>　　', "images is right on"),
        ("<p>　　", "<p>　　欢迎下载客户端参加有奖活动！</p><p>　　", "paragraphs leaks"),
        ("<p>　　", '<p style="display:none">　　', "paragraphs lost"),
        ('"article"', '"other"', "layout is right on"),
    ],
)
def test_a_damaged_page(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    (kept,) = (fixture for fixture in synthetic() if fixture.name == NAME)
    (page,) = pages_of(kept)
    before = page.body.decode(_codec(kept))
    assert old in before
    fixture = Fixture(tmp_path, "damaged")
    fixture.warc.write_bytes(make.warc([(page.url, before.replace(old, new).encode(_codec(kept)))]))
    fixture.json.write_bytes(kept.json.read_bytes())
    assert any(complaint in line for line in below(judged.scores([fixture])))


def _codec(fixture: Fixture) -> str:
    used: str = fixture.derive()["encoding"]["used"]
    return used


def test_the_measure() -> None:
    assert common("", "") == common("abc", "") == 0
    assert common("江河湖海", "河湖") == 2
    assert common("abcde", "badce") == 3
    assert common("x" * 500, "x" * 300) == 300
    assert f1("abcd", "abc") == pytest.approx(6 / 7)
    assert f1("", "a") == 0


# --- the real pages ----------------------------------------------------------------------------


@pytest.mark.parametrize("markup", VARIANTS)
def test_the_shared_judge_is_content(shared: Path, tmp_path: Path, markup: str) -> None:
    done = judged.judge(shared, judged.answers(shared, markup), tmp_path / "predicted.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "改"), ("published", None), ("source", None), ("editors", ["某某"])],
)
def test_the_shared_judge_objects_to_fields(
    shared: Path, tmp_path: Path, field: str, value: Any
) -> None:
    answers = list(judged.answers(shared))
    answers[0][field] = value
    done = judged.judge(shared, answers, tmp_path / "predicted.jsonl")
    assert done.returncode == 1
    assert f"REQUIREMENTS NOT MET: {field.removesuffix('s')}=0.8" in done.stdout


@pytest.mark.parametrize(
    ("added", "kept", "complaint"),
    [(["责任编辑：某某"], None, "leaks=1"), ([], 1, "lost="), ([], 1, "body_f1=")],
)
def test_the_shared_judge_objects_to_bodies(
    shared: Path, tmp_path: Path, added: list[str], kept: int | None, complaint: str
) -> None:
    answers = list(judged.answers(shared))
    answers[0]["paragraphs"] = answers[0]["paragraphs"][:kept] + added
    done = judged.judge(shared, answers, tmp_path / "predicted.jsonl")
    assert done.returncode == 1
    assert complaint in done.stdout
