"""Made-up Chinese news text whose characters and pairs are as unevenly common as in real news.

    from benchmarks.chinese import Writer
    Writer(seed=1).line(7)    # one published line, as a dict

A few words and characters stand in nearly every text, most in hardly any: what an index costs and
how fast it answers depends on that alone. Characters are drawn by Zipf's law over those of
GB 2312's first level, the commonest few hundred in front in their known order; words are drawn by
it over a vocabulary made of these characters. Nothing is taken from anybody's text.
"""

from __future__ import annotations

import random
from bisect import bisect
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

# The commonest characters of written Chinese, most common first.
_COMMON = (
    "的一国在人了有中是年和大业不为发会工经上地市要个产这出行作生家以成到日民来我部对进多全建"
    "他公开们场展时理新方主企资实学报制政济用同于法高长现本月定化加动合品重关机分力自外者区能"
    "设后就等体下万元社过前面农也得与说之员而务利电文事可种总改三各好金第司其从平代当天水省提"
    "商十管内小技位目起海所立已通入量子问度北保心还科委都术使明着次将增基名向门应里美由规今题"
    "记点计去强两些表系办教正条最达特革收二期并程厂如道际及西口京华任调性导组东路活广意比投决"
    "交统党南安此领结营项情解议义山先车然价放世间因共院步物界集把持无但城相书村求治取原处府研"
    "质信四运县军件育局干队团又造形级标联专少费效据手施权江近深更认果格几看没职服台式益想数单"
    "样只被亿老受优常销志战流很接乡头给至难观指创证织论别五协变风批见究支那查张精每林转划准做"
    "需传争税构具百或才积势举必型易视快李参回引镇首推思完消值该走装众责备州供包副极整确知贸己"
    "环话反身选亚么带采王策真女谈严斯况色打德告仅它气料神率识劳境源青护列兴许户马港则节款拉直"
    "案股光较河花根布线土克再群医清速律她族历非感占续师何影功负验望财类货约艺售连纪按讯史示象"
    "养获石食抓富模始住赛客越闻央席坚"
)
_ENDS = ("。", "。", "。", "！", "？", "；")
_LATIN = ("GDP", "5G", "COVID-19", "APP", "AI", "PM2.5", "WTO", "C919", "VR", "e-mail")
_SOURCES = ("新华网", "新华社", "新华日报", "人民日报", "江苏卫视", "河北日报", "中国新闻网")
_REGIONS = ("js", "he", "sd", "zj", "gd", "sc", "hb", "hn", "ha", "sx", "ah", "fj", "jx", "ln")

FIRST_DAY = datetime(2012, 1, 1, tzinfo=UTC)


class Writer:
    """Writes lines of so many days; the same seed and number give the same line."""

    def __init__(self, seed: int = 1, words: int = 60_000, days: int = 5000) -> None:
        self._seed = seed
        self._days = days
        chance = random.Random(seed)
        characters = _characters()
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(characters))))
        vocabulary = list(_COMMON[:60])  # words of one character: the commonest of all
        lengths = list(accumulate((62, 22, 16)))  # words of 2, 3 and 4 characters, in percent
        while len(vocabulary) < words:
            length = 2 + bisect(lengths, chance.random() * 100)
            vocabulary.append("".join(chance.choices(characters, cum_weights=weights, k=length)))
        self._words = vocabulary
        self._weights = list(accumulate(1 / (rank + 20) ** 1.02 for rank in range(words)))

    def body(self, chance: random.Random, length: int) -> list[str]:
        """Paragraphs of about so many characters in all."""
        paragraphs = [""]
        for word in self._draw(chance, length):
            paragraphs[-1] += word
            said = chance.random()
            if said < 0.09:
                paragraphs[-1] += "，"
            elif said < 0.12:
                paragraphs[-1] += chance.choice(_ENDS)
                if len(paragraphs[-1]) > 150:
                    paragraphs.append("")
            elif said < 0.13:
                paragraphs[-1] += chance.choice((*_LATIN, str(chance.randrange(3000))))
        opening = (
            f"新华网{self._words[chance.randrange(70, 400)]}{chance.randrange(1, 13)}月电（记者"
        )
        paragraphs[0] = f"{opening}{''.join(self._draw(chance, 3))}）{paragraphs[0]}"
        return [paragraph for paragraph in paragraphs if paragraph]

    def _draw(self, chance: random.Random, length: int) -> list[str]:
        return chance.choices(self._words, cum_weights=self._weights, k=max(length * 10 // 23, 1))

    def line(self, number: int) -> dict[str, Any]:
        """An article line: the keys that search, clusters and exports read."""
        chance = random.Random(f"{self._seed} {number}")
        length = min(int(chance.lognormvariate(6.45, 0.75)), 8000)
        paragraphs = self.body(chance, length)
        at = FIRST_DAY + timedelta(minutes=chance.randrange(self._days * 24 * 60))
        region = chance.choice(_REGIONS)
        return {
            "schema_version": 1,
            "id": f"{number:010d}",
            "version": 1,
            "status": "live",
            "gone": None,
            "url": f"http://www.{region}.xinhuanet.com/c_{number:010d}.htm",
            "region": {"code": region, "name": region, "gb2260": None},
            "title": "".join(self._draw(chance, chance.randrange(10, 30))),
            "subtitle": None,
            "kicker": None,
            "published_at": at.strftime("%Y-%m-%dT%H:%M:00+08:00"),
            "source": chance.choice(_SOURCES),
            "body": "\n\n".join(paragraphs),
            "paragraphs": paragraphs,
            "images": [],
            "videos": [],
            "first_seen_at": "2026-01-01T00:00:00Z",
            "fetched_at": "2026-01-01T00:00:00Z",
            "run_id": "20260101T000000Z-0001",
            "warc": None,
        }


def _characters() -> list[str]:
    """The common ones, then the rest of GB 2312's first level (rows 16 to 55) in a fixed mix."""
    level = [
        bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312")
        for row in range(16, 56)
        for cell in range(1, 95 if row < 55 else 90)
    ]
    rest = [character for character in level if character not in _COMMON]
    random.Random(0).shuffle(rest)
    return [*dict.fromkeys(_COMMON), *rest]
