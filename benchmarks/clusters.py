"""How many copies of a text are found, of each kind, and how much that aren't?

    python -m benchmarks.clusters [--articles 20000] [--other] [--seed 12] [--folder DIR]

Writes that many made-up articles (benchmarks/chinese.py) as published lines. One of ten is a story
that others carry: copied, cut, extended and edited in the ways below, and quoted together with
another in a round-up. Others are of a template (weather, lottery, notices, markets), which must not
be taken for copies. Prints the recall of each kind, the precision over all pairs, what was chained,
and the CPU time. Exits 1 below a recall of 0.97 or a precision of 0.98.

The numbers in `crawler.clusters` were set by the first edits. `--other` takes edits and templates
that had no part in that.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import tomllib
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from benchmarks.chinese import Writer
from crawler.clusters.clusters import clusters
from crawler.clusters.index import CLUSTERS
from crawler.clusters.texts import SHORTEST, plain_text
from crawler.search.folding import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

RECALL, PRECISION = 0.97, 0.98

Paragraphs = list[str]


class Edits:
    """The ways in which others carry a text; each is given its paragraphs."""

    def __init__(self, chance: random.Random, writer: Writer) -> None:
        self._chance = chance
        self._writer = writer

    def kinds(self) -> dict[str, Callable[[Paragraphs], Paragraphs]]:
        return {
            "copied": lambda text: text,
            "another dateline": lambda text: [f"本报讯（通讯员 李明）{text[0]}", *text[1:]],
            "cut to 60 %": lambda text: self._cut(text, 0.6),
            "cut to 35 %": lambda text: self._cut(text, 0.35),
            "paragraphs left out": self._thinned,
            "extended by half": lambda text: [*text, *self._own(text, 0.5)],
            "extended to 2.5 times": self._surrounded,
            "cut and extended": lambda text: [*self._cut(text, 0.6), *self._own(text, 0.4)],
            "3 % of characters": lambda text: self._edited(text, 0.03),
            "8 % in phrases": self._rephrased,
            "paragraphs in another order": lambda text: self._chance.sample(text, len(text)),
            "another typography": self._set,
        }

    def _cut(self, text: Paragraphs, share: float) -> Paragraphs:
        whole = "\n".join(text)
        return whole[: int(len(whole) * share)].split("\n")

    def _thinned(self, text: Paragraphs) -> Paragraphs:
        return self._chance.sample(text, max(len(text) * 6 // 10, 1))

    def _surrounded(self, text: Paragraphs) -> Paragraphs:
        return [*self._own(text, 0.7), *text, *self._own(text, 0.8)]

    def _own(self, text: Paragraphs, share: float) -> Paragraphs:
        return self._writer.body(self._chance, max(int(sum(map(len, text)) * share), 60))

    def _edited(self, text: Paragraphs, share: float) -> Paragraphs:
        def letter(one: str) -> str:
            return (
                self._chance.choice("这那就也都很更再又便")
                if self._chance.random() < share
                else one
            )

        return ["".join(map(letter, paragraph)) for paragraph in text]

    def _rephrased(self, text: Paragraphs) -> Paragraphs:
        """A phrase of eight characters becomes another every hundred."""
        made = []
        for paragraph in text:
            parts = [paragraph[at : at + 100] for at in range(0, len(paragraph), 100)]
            other = [self._writer.body(self._chance, 60)[-1][:8] for _ in parts]
            both = zip(parts, other, strict=True)
            made.append("".join(part[:60] + new + part[68:] for part, new in both))
        return made

    def _set(self, text: Paragraphs) -> Paragraphs:
        wide = {code: chr(code + 0xFEE0) for code in range(0x30, 0x3A)}
        table = str.maketrans({"，": ",", "。": "．", "“": "「", "”": "」"}) | wide
        return [f"　　{paragraph.translate(table)}" for paragraph in text]


class OtherEdits:
    """Ways that the numbers were not set by."""

    def __init__(self, chance: random.Random, writer: Writer) -> None:
        self._chance = chance
        self._writer = writer

    def kinds(self) -> dict[str, Callable[[Paragraphs], Paragraphs]]:
        return {
            "cut to 20 %": lambda text: ["".join(text)[: max(len("".join(text)) // 5, 70)]],
            "the middle half": self._middle,
            "beginning and end": lambda text: [text[0], text[-1]] if len(text) > 2 else text,
            "every fourth clause left out": self._thinned,
            "a clause of its own in every four": self._padded,
            "extended to 4 times": self._drowned,
            "6 % of characters left out": lambda text: [self._dropped(one) for one in text],
            "two figures corrected": self._corrected,
            "in traditional characters": self._traditional,
            "a blank between characters": lambda text: [" ".join(one) for one in text],
            "signed and credited": self._signed,
            "clauses in pairs exchanged": self._exchanged,
        }

    def _clauses(self, text: Paragraphs) -> list[str]:
        return [clause for clause in re.split("(?<=[，。！？；])", "".join(text)) if clause]

    def _middle(self, text: Paragraphs) -> Paragraphs:
        whole = "".join(text)
        return [whole[len(whole) // 4 : len(whole) * 3 // 4]]

    def _thinned(self, text: Paragraphs) -> Paragraphs:
        start = self._chance.randrange(4)
        clauses = enumerate(self._clauses(text), start)
        return ["".join(clause for number, clause in clauses if number % 4)]

    def _padded(self, text: Paragraphs) -> Paragraphs:
        made = []
        for number, clause in enumerate(self._clauses(text)):
            made.append(clause)
            if number % 4 == 3:
                made.append(self._writer.body(self._chance, 60)[-1][-12:])
        return ["".join(made)]

    def _drowned(self, text: Paragraphs) -> Paragraphs:
        length = len("".join(text))
        before, after = (self._writer.body(self._chance, length * n) for n in (1, 2))
        return [*before, *text, *after]

    def _dropped(self, text: str) -> str:
        return "".join(one for one in text if self._chance.random() >= 0.06)

    def _corrected(self, text: Paragraphs) -> Paragraphs:
        whole = "\n".join(text)
        figures = list(re.finditer(r"\d+", whole))
        for figure in sorted(
            self._chance.sample(figures, min(2, len(figures))), key=lambda one: -one.start()
        ):
            whole = f"{whole[: figure.start()]}{int(figure[0]) + 1}{whole[figure.end() :]}"
        return whole.split("\n")

    def _traditional(self, text: Paragraphs) -> Paragraphs:
        rows = tomllib.loads(TABLE.read_text("utf-8"))["characters"]
        pairs = zip(rows["simplified"], rows["traditional"], strict=True)
        table = str.maketrans(dict(pairs))
        return [paragraph.translate(table) for paragraph in text]

    def _signed(self, text: Paragraphs) -> Paragraphs:
        own = self._writer.body(self._chance, 60)[-1][:20]
        return [
            f"来源：{own}",
            *text,
            f"（责任编辑：{own[:3]}）",
            "更多精彩内容，请关注本报客户端。",
        ]

    def _exchanged(self, text: Paragraphs) -> Paragraphs:
        clauses = self._clauses(text)
        for at in range(0, len(clauses) - 1, 6):
            clauses[at], clauses[at + 1] = clauses[at + 1], clauses[at]
        return ["".join(clauses)]


_PLACES = ("南京", "苏州", "无锡", "常州", "镇江", "扬州", "泰州", "南通", "盐城", "淮安", "徐州")
_SKIES = ("晴", "多云", "阴", "小雨", "阵雨", "雷阵雨", "大雨", "雾", "小雪", "霾")

# Texts of four families. A # is a figure of one digit, {p} and {q} are places, {s} is a sky.
_TEMPLATES = {
    "weather": """\
{p}市气象台#月##日##时发布天气预报：今天夜间到明天白天，{p}{s}转{s}，偏北风#到#级，最低气温##℃，
最高气温##℃，相对湿度##%。后天，{s}，气温##到##℃。气象专家提醒市民朋友，早晚温差较大，外出请注意增减
衣物，驾车出行请注意交通安全。{q}、{p}之间的高速公路能见度约####米。""",
    "lottery": """\
#月##日，中国福利彩票双色球第2017###期开奖，红球号码为##、##、##、##、##、##，蓝球号码为##。当期
全国中出一等奖#注，单注奖金为#######元，其中{p}中出#注，{q}中出#注。二等奖中出###注，单注奖金######元。
奖池滚存#########元，投注总额为#########元，下期奖池资金将继续滚存，欢迎广大彩民理性购彩、量力而行。""",
    "notice": """\
{p}市人民政府关于{q}路道路改造工程施工期间实行交通管制的通告（###号）。根据《中华人民共和国道路
交通安全法》第39条的规定，为确保工程施工顺利进行和道路交通安全，决定自#月##日##时起至#月##日##时止，
对{q}路（{p}路至解放路段）实行交通管制，禁止一切机动车通行，请过往车辆和行人提前选择绕行路线，服从
现场交通民警的指挥。违反本通告规定的，由公安机关交通管理部门依法予以处罚。特此通告。联系电话：0###-
8#######。{p}市公安局交通警察支队，2017年#月##日。""",
    "markets": """\
新华社上海#月##日电 沪深股市#日收盘，上证综指报3###.##点，跌幅为0.##%；深证成指报9###.##点，涨幅为
#.##%。两市成交总额约为####亿元，较前一交易日的####亿元有所变化。板块概念方面，{p}板块、{q}板块涨幅
居前，涨幅在#.##%以上；跌幅居前的板块有##个，跌幅在#.##%以上。""",
}
# Families that the numbers were not set by.
_OTHER_TEMPLATES = {
    "air": """\
{p}市生态环境局#月##日发布空气质量日报：昨日市区空气质量指数为##，级别为{s}，首要污染物为细颗粒物，
浓度均值为##微克每立方米，臭氧八小时滑动平均值为###微克每立方米。今年以来优良天数###天，比例为##.#%，
较去年同期上升#.#个百分点。{q}站点监测值为##，{p}站点监测值为##。""",
    "oil": """\
记者从{p}市发展改革委获悉，自#月##日24时起，国内汽、柴油价格每吨分别上调###元和###元。调整后，{p}市
92号汽油每升#.##元，95号汽油每升#.##元，0号柴油每升#.##元。按一般家用汽车油箱50升估算，加满一箱油将多花
##元。本轮调价周期内，国际油价均价为每桶##.##美元，{q}地区成品油库存为####万吨。""",
    "exam": """\
{p}市人力资源和社会保障局公告：####年度事业单位公开招聘考试将于#月##日举行，共设考点##个、考场###个，
报名人数为#####人，平均竞争比为##:1。考生须在#月##日至#月##日登录网站打印准考证，携带身份证按时参加考试。
考场分布在{p}、{q}等地，咨询电话0##-8#######。""",
}
_SLOT = re.compile(r"#|\{s\}")


def template(chance: random.Random, family: str) -> Paragraphs:
    """One text of a family: only places, figures and skies differ."""
    place, other = chance.sample(_PLACES, 2)
    text = (
        (_TEMPLATES | _OTHER_TEMPLATES)[family]
        .replace("\n", "")
        .replace("{p}", place)
        .replace("{q}", other)
    )

    def filled(slot: re.Match[str]) -> str:
        return chance.choice(_SKIES) if slot[0] == "{s}" else str(chance.randrange(1, 10))

    return [_SLOT.sub(filled, text)]


def lines(
    count: int, seed: int, *, is_other: bool
) -> tuple[list[dict[str, Any]], dict[str, str], dict[str, str]]:
    """Lines in a mixed order; of each copy its kind, and of each article of a story its story."""
    writer, chance = Writer(seed), random.Random(seed)
    edits = (OtherEdits if is_other else Edits)(chance, writer).kinds()
    families = [*(_OTHER_TEMPLATES if is_other else _TEMPLATES)]
    made: list[dict[str, Any]] = []
    kinds: dict[str, str] = {}
    stories: dict[str, str] = {}

    def publish(paragraphs: Paragraphs, like: dict[str, Any], hours: float) -> str:
        number = len(made)
        other = writer.line(number + 1_000_000)
        at = datetime.fromisoformat(like["published_at"]) + timedelta(hours=hours)
        keys = {"id": f"{number:010d}", "title": other["title"], "body": "\n\n".join(paragraphs)}
        keys |= {"paragraphs": paragraphs, "published_at": at.isoformat()}
        made.append(other | keys)
        return keys["id"]

    while len(made) < count:
        line = writer.line(len(made))
        which = len(made) % 10
        if which == 0:
            origin = publish(line["paragraphs"], line, 0)
            stories[origin] = origin
            for kind, edit in edits.items():
                if chance.random() < 0.3:
                    paragraphs = edit(line["paragraphs"])
                    copy = publish(paragraphs, line, 1 + chance.random() * 60)
                    stories[copy] = origin
                    if len(plain_text("".join(paragraphs))) >= SHORTEST:
                        kinds[copy] = kind
            if chance.random() < 0.3:  # a round-up of two stories, and a text of its own
                second = writer.body(chance, len(line["body"]))
                other = publish(second, line, 2)
                stories[other] = other
                own = writer.body(chance, 300)
                publish([*own, *line["paragraphs"], *second], line, 90)
        elif which == 5:
            family = chance.choice(families)
            publish(template(chance, family), line, 0)
        else:
            publish(line["paragraphs"], line, 0)
    chance.shuffle(made)
    return made, kinds, stories


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--other", action="store_true")
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        made, kinds, stories = lines(options.articles, options.seed, is_other=options.other)
        target = folder / "jsonl" / "2026" / "01"
        target.mkdir(parents=True, exist_ok=True)
        for first in range(0, len(made), 2000):  # as many runs
            path = target / f"xinhua-20260101T{first // 2000:06d}Z-0001.jsonl"
            rows = (json.dumps(line, ensure_ascii=False) for line in made[first : first + 2000])
            path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
        path = folder / "clusters.sqlite"
        path.unlink(missing_ok=True)
        began = process_time()
        CLUSTERS.update(path, folder, lambda _: None)
        with closing(CLUSTERS.open(path)) as database:
            found = clusters(database)
        spent, size = process_time() - began, path.stat().st_size / 1e6
    return _told(found, kinds, stories, f"{len(made)} articles: {spent:.1f} s CPU, {size:.0f} MB")


def _told(found: list[Any], kinds: dict[str, str], stories: dict[str, str], costs: str) -> int:
    groups = [{one.first.article, *(copy.text.article for copy in one.copies)} for one in found]
    group_of = {article: number for number, group in enumerate(groups) for article in group}
    asked, got = Counter[str](), Counter[str]()
    for copy, kind in kinds.items():
        asked[kind] += 1
        got[kind] += copy in group_of and group_of[copy] == group_of.get(stories[copy], -1)
    pairs, true = 0, 0
    for group in groups:
        for one, other in combinations(sorted(group), 2):
            pairs += 1
            true += one in stories and stories[one] == stories.get(other)
    chained = sum(len({stories[one] for one in group if one in stories}) > 1 for group in groups)
    print(costs)
    for kind, count in asked.items():
        print(f"  {kind:36}{got[kind] / count:.3f} of {count}")
    precision = true / pairs if pairs else 0.0
    print(
        f"precision {precision:.4f} of {pairs} pairs in {len(groups)} clusters; {chained} chained"
    )
    worst = min(got[kind] / count for kind, count in asked.items())
    return 0 if worst >= RECALL and precision >= PRECISION and not chained else 1


if __name__ == "__main__":
    sys.exit(main())
