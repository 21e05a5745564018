"""Reporters with roles from every wording of a byline; editors apart; nobody when in doubt."""

from __future__ import annotations

import pytest

from crawler.items import Evidence
from tests.pipelines.drafts import MORE, TEXT, article, evidence, image, text

R, C, K, A, P = "reporter", "correspondent", "commentator", "author", "photographer"


def people(*parts: object, **fields: object) -> list[tuple[str, str]]:
    made = article(*parts, **fields)  # type: ignore[arg-type]
    return [(person.name, person.role) for person in made.reporters]


@pytest.mark.parametrize(
    ("paragraph", "expected", "raw"),
    [
        ("新华社南京9月28日电（记者张三）" + TEXT, [("张三", R)], "（记者张三）"),
        ("新华社南京２月６日电 (记者 张 三　李四光)" + TEXT, [("张三", R), ("李四光", R)], None),
        ("新华社华盛顿/北京9月2日电（记者张三 李四）" + TEXT, [("张三", R), ("李四", R)], None),
        ("本报讯（记者 张三 通讯员 李四）" + TEXT, [("张三", R), ("李四", C)], None),
        ("新华社南京9月28日电（记者张三 报道员李四）" + TEXT, [("张三", R), ("李四", C)], None),
        ("报道员：张三、李四", [("张三", C), ("李四", C)], "报道员：张三、李四"),
        ("新华社报道员 张三", [("张三", C)], "新华社报道员 张三"),
        ("某某日报讯 记者张三报道：" + TEXT, [("张三", R)], "记者张三报道"),
        ("（记者 张三）" + TEXT, [("张三", R)], None),
        (TEXT + " (记者 张三)", [("张三", R)], "(记者 张三)"),
        (TEXT + "（记者张三、李四、王五）", [("张三", R), ("李四", R), ("王五", R)], None),
        (TEXT + "（评论员 张三 李小四）", [("张三", K), ("李小四", K)], "（评论员 张三 李小四）"),
        (TEXT + "（本报特约评论员 张三）", [("张三", K)], None),
        (TEXT + "（苏报记者 张三 见习记者 李四 文/摄）", [("张三", R), ("李四", R)], None),
        (TEXT + "（记者 张三/文 李四/图）", [("张三", R)], None),
        (TEXT + "（通讯员张三 记者李四）", [("张三", C), ("李四", R)], None),
        (TEXT + "（记者张三 实习生李四）", [("张三", R), ("李四", R)], None),
        (TEXT + "（完）（记者张三）", [("张三", R)], None),
        (TEXT + "（记者 张三、John Smith）", [("张三", R), ("John Smith", R)], None),
        (TEXT + "（记者 阿不都·热合曼）", [("阿不都·热合曼", R)], None),
        (TEXT + "（记者 王䶮 李喆）", [("王䶮", R), ("李喆", R)], None),
        (TEXT + "（执笔记者：张三；参与记者：李四）", [("张三", R), ("李四", R)], None),
        ("新华社记者张三、李四、王五", [("张三", R), ("李四", R), ("王五", R)], None),
        ("新华社“某某视点”记者 张三", [("张三", R)], "新华社“某某视点”记者 张三"),
        ("本报记者　张 三", [("张三", R)], "本报记者 张 三"),
        # 文 is also what one says of who wrote the text
        (TEXT + " (记者 高　文)", [("高文", R)], "(记者 高 文)"),
        (TEXT + "（记者 张三 高 文）", [("张三", R), ("高文", R)], None),
        (TEXT + "（记者 张 三 文）", [("张三", R)], None),
        ("记者 张三 通讯员 李四", [("张三", R), ("李四", C)], None),
        ("新华社北京9月2日电　题：今年好\n新华社记者张三、李四", [("张三", R), ("李四", R)], None),
        (TEXT + "新华社记者 张三 李四", [("张三", R), ("李四", R)], "新华社记者 张三 李四"),
        ("某某报记者 张三 校对 李四", [("张三", R)], None),
        ("参与采写：张三、李四", [("张三", R), ("李四", R)], None),
        ("新华网南京9月28日电（张三 李小四）" + TEXT, [("张三", R), ("李小四", R)], None),
        ("新华社拉萨9月2日电（记者旦增尼玛曲珠）" + TEXT, [("旦增尼玛曲珠", R)], None),
        ("□ 本报记者 张三", [("张三", R)], "本报记者 张三"),
        ("新华社南京9月28日电 新华社记者张三", [("张三", R)], "新华社记者张三"),
        ("（记者张三，新华社驻某地记者李四）" + TEXT, [("张三", R), ("李四", R)], None),
        (TEXT + "（记者张三；通讯员李四；编辑王五）", [("张三", R), ("李四", C)], None),
        ("新华社记者张三报道：" + TEXT, [("张三", R)], "新华社记者张三报道"),
        (TEXT + "（综合新华社记者张三、李四报道）", [("张三", R), ("李四", R)], None),
        (TEXT + "（新华网记者 张三 编辑 李四）", [("张三", R)], None),
        ("文字：张三 摄影：李四", [("张三", A)], None),
    ],
)
def test_bylines(paragraph: str, expected: list[tuple[str, str]], raw: str | None) -> None:
    for parts in ([paragraph, TEXT, MORE], [TEXT, paragraph, MORE], [TEXT, MORE, paragraph]):
        made = article(*parts)
        assert [(person.name, person.role) for person in made.reporters] == expected
        assert made.paragraphs == [part.replace("　", " ") for part in parts], (
            "it stays in the text"
        )
        assert made.byline_raw in ((raw,) if raw else (made.byline_raw,))
        assert made.byline_raw


@pytest.mark.parametrize(
    "paragraph",
    [
        "新华社北京11月17日电 记者17日从有关部门获悉，今年收成良好。",
        "新华社北京11月17日电 记者从有关部门获悉，今年收成良好。",
        "记者从省里了解到，今年收成良好。",
        "记者张三在现场看到，河水清了。",
        "记者：您怎么看",
        "记者手记",
        "记者 手记",
        "（记者手记）",
        "作者简介",
        "新华社记者 走基层",
        TEXT + "（记者 张三李四）",
        TEXT + "（记者 河道整治局）",
        "新华社北京11月17日电（国际观察）" + TEXT,
        "新华社北京11月17日电（经济）" + TEXT,
        "新华社北京11月17日电（全国两会）" + TEXT,
        "新华社北京11月17日电（高原）" + TEXT,
        "（张三）" + TEXT,
        TEXT + "（记者 张三、获悉）",
        TEXT + "（张三）",
        TEXT + "（作者系某大学教授）",
        TEXT + "（作者：某某研究所）",
        TEXT + "（记者综合报道）",
        "据当地记者张三报道，" + TEXT,
        "新华社记者 张三 摄",
        "新华社发（张三摄）",
        TEXT + "新华社记者 张三 摄",
        "当天，一名记者（张三）在场。",
        "某公司负责人接受本报记者 张三",
    ],
)
def test_nobody(paragraph: str) -> None:
    for parts in ([paragraph, TEXT], [TEXT, paragraph]):
        made = article(*parts)
        assert made.reporters == []
        assert made.byline_raw is None


@pytest.mark.parametrize(
    ("bylines", "editors", "expected", "expected_editors"),
    [
        (["作者： 记者张三"], ["编辑： 丁某某"], [("张三", R)], ["丁某某"]),
        (["作者：张三"], [], [("张三", A)], []),
        (["张 三"], [], [("张三", A)], []),
        (["通讯员：张三 记者：李四"], [], [("张三", C), ("李四", R)], []),
        (["2909"], ["责任编辑：\n丁某某"], [], ["丁某某"]),
        (["作者：河北"], [], [], []),
        (["佚名"], [], [], []),
        (["某某网"], [], [], []),
        ([], ["[作者: 张三 　责任编辑:\n丁某某 ]"], [("张三", A)], ["丁某某"]),
        ([], ["【责任编辑:丁某某\n】"], [], ["丁某某"]),
        ([], ["丁 某"], [], ["丁某"]),
        ([], ["责任编辑制度改革"], [], []),
        ([], ["责任编辑：丁某某、王 五"], [], ["丁某某", "王五"]),
        ([], ["责任编辑：丁某某 编辑：王五 校对：李四"], [], ["丁某某"]),
        ([], ["责任编辑：丁某某 实习生：王五"], [], ["丁某某"]),
        ([], ["责任编辑："], [], []),
        ([], ["责任编辑：某某频道"], [], []),
        ([], ["责 任 编 辑： 丁 某"], [], ["丁某"]),
    ],
)
def test_evidence_beside_the_text(
    bylines: list[str],
    editors: list[str],
    expected: list[tuple[str, str]],
    expected_editors: list[str],
) -> None:
    made = article(TEXT, bylines=evidence(*bylines), editors=evidence(*editors))
    assert [(person.name, person.role) for person in made.reporters] == expected
    assert made.editors == expected_editors
    assert (made.byline_raw is None) == (not expected)


def test_an_editor_is_never_an_author() -> None:
    made = article(TEXT + "（记者张三）", "责任编辑：丁某某", editors=evidence("责任编辑：丁某某"))
    assert [person.name for person in made.reporters] == ["张三"]
    assert made.editors == ["丁某某"]


def test_a_person_has_one_role_and_any_other_beats_author() -> None:
    assert people(TEXT, bylines=evidence("作者：张三", "记者：张三")) == [("张三", R)]
    assert people(TEXT + "（记者张三）", bylines=evidence("作者：张三")) == [("张三", R)]


def test_the_author_of_a_photo_story_is_its_photographer() -> None:
    by = [Evidence("[作者: 张三 　责任编辑:\n丁某某 ]", ".editor")]
    story = (image(), "农机在播种。", "农机十分忙碌。", "新华社发（张三摄）")
    assert people(*story, editors=by) == [("张三", P)]
    other = (image(), "农机在播种。", "新华社发（李四摄）")
    assert people(*other, editors=by) == [("张三", A)]
    written = (TEXT, image(), text("农机在播种。新华社发（张三摄）", is_caption=True), MORE)
    assert people(*written, editors=by) == [("张三", A)]


def test_who_took_a_picture_is_no_reporter() -> None:
    assert people(TEXT, image(), text("河道。新华社记者 张三 摄", is_caption=True)) == []


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("（张三丰）", [("张三丰", A)]),
        ("（张三 李四）", [("张三", A), ("李四", A)]),
        ("（张三、欧阳娜）（完）", [("张三", A), ("欧阳娜", A)]),
        ("（张三）", []),  # two characters may be a word
        ("（金融界）", []),
        ("（水利部）", []),
        ("（安吉县）", []),
        ("（完）", []),
        ("获奖者是（张三丰）", []),  # no sentence before it
        ("（记者李四）（张三丰）", [("李四", R)]),
    ],
)
def test_names_alone_at_the_end_of_a_text(ending: str, expected: list[tuple[str, str]]) -> None:
    assert people(TEXT, MORE + ending) == expected
    assert people(TEXT, MORE + ending, TEXT) == [each for each in expected if each[1] != A]


def test_names_alone_give_way_to_a_byline() -> None:
    assert people("新华社南京9月28日电（记者李四）" + TEXT, MORE + "（张三丰）") == [("李四", R)]


def test_those_who_made_a_film() -> None:
    """A list after 记者： may name one whose surname is rare, trainees stand in brackets."""
    crew = ("策划：张三", "监制：李四", "编辑：孙七", "剪辑：王五", "记者：赵六、覂小云（实习）")
    made = article(TEXT, *crew, editors=evidence("责任编辑：钱八"))
    assert made.paragraphs == [TEXT, *crew]
    assert [(p.name, p.role) for p in made.reporters] == [("赵六", R), ("覂小云", R)]
    assert made.editors == ["钱八"]


@pytest.mark.parametrize("lines", [("监制：李四",), ("策划：张三", "监制：李四"), ("编辑：孙七",)])
def test_few_lines_are_no_film(lines: tuple[str, ...]) -> None:
    made = article(TEXT, *lines)
    assert lines[-1] not in made.paragraphs
    assert lines[-1] in [removed.text for removed in made.removed]


def test_the_editor_of_an_english_page() -> None:
    assert article(TEXT, editors=evidence("| Editor: Li Xia")).editors == ["Li Xia"]
    assert article(TEXT, editors=evidence("Editor: huaxia")).editors == []


def test_strokes_instead_of_colons() -> None:
    assert people(TEXT, "记者丨张三 李四") == [("张三", R), ("李四", R)]
    assert people(TEXT, "文 | 张三") == [("张三", A)]
    assert people("时评丨县城为什么要开图书馆", TEXT) == []
