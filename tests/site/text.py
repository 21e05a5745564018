"""The words of the loopback site: invented places, people and sentences in plain news Chinese.

A `Pen` writes for one article. Each article has an invented town of its own and each sentence
names it, so no two articles share a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_FIRST = (
    "云青白石龙金银玉双三五九上下东西南北松柏桐柳杨枫竹梅兰荷菊桂苇沙泉溪江湖海河渡桥"
    "塔井仓窑磨坊锦绣和安永长新古福吉祥瑞明清秀丰盛兴旺宝珠凤鹤鹿马牛羊雁燕鹭"
)
_SECOND = (
    "岭坪湾塘坝埠滩洲港湖溪泉峪沟坡岗台寨堡营屯庄园林圃桥渡浦塬垭坳冲畈墩圩汊荡泽淀潭"
    "岩崖峰嶂峒川原野田垄渠闸堰口门关楼亭坊集街巷里店铺仓"
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = (
    "伟芳敏静磊洋艳勇军杰娟涛明超霞平刚桂文辉玲华建国晓春阳思远若溪承泽雨桐子涵一帆"
    "立新海燕云飞志远宏达喆镕玥䶮翀堃"
)

_TOPICS: tuple[tuple[str, str, str], ...] = (
    # what stands there, what it is called, what is counted
    ("茶园", "茶叶合作社", "亩"),
    ("渡口", "航运服务站", "班次"),
    ("图书馆", "流动书屋", "册"),
    ("夜市", "商户联合会", "个摊位"),
    ("公交线路", "公交车队", "公里"),
    ("养老驿站", "助餐食堂", "份午餐"),
    ("苗圃", "林木种苗站", "株"),
    ("戏台", "民间剧团", "场演出"),
    ("水库", "水务管理所", "万立方米"),
    ("盐田", "晒盐作坊", "吨"),
    ("果园", "冷链仓库", "箱"),
    ("运动场", "社区健身队", "人次"),
    ("陶窑", "制陶工坊", "件"),
    ("桥梁", "桥隧养护队", "米"),
    ("湿地", "巡护小队", "只候鸟"),
    ("学堂", "夜校", "课时"),
)

_TITLES = (
    "{p}{thing}换了新模样",
    "{u}一季度接待量增加{n}",
    "{p}：{thing}里的“{n}分钟生活圈”",
    "走进{s}，看{thing}怎样添了{n}{unit}",
    "{s}{thing}迎来第{n}位访客 {u}这样做",
    "“{s}经验”：一座{thing}和{n}户人家",
    "{p}修缮{thing} 新增{n}{unit}",
    "我在{s}守{thing}",
    "新视界｜{p}：{thing}又到忙时",
    "{u}的一天：从清晨五点到{thing}打烊",
    "{s}发布{thing}服务清单（{n}项）",
    "冬去春来，{s}{thing}旁多了{n}张长椅",
)

_SENTENCES = (
    "清晨六点，{p}的{thing}旁已经有人忙碌起来，第一批登记的是{n}{unit}。",
    "{u}负责人{a}介绍，今年以来这里先后完成了{n}次检修，没有耽误一天开放。",
    "从{s}往东走{n}米，就能看到新铺的石板路，路的尽头正是这座{thing}。",
    "“过去来{s}一趟要转两次车，现在{n}分钟就到。”住在附近的{a}说。",
    "据{u}统计，上个月的数量为{n}{unit}，比前一个月多出{k}{unit}。",
    "{a}在{s}生活了{k}年，他把每天的变化记在一本蓝皮的账簿上。",
    "为了让老人方便，{u}把登记台搬到一楼，又添置了{k}把带扶手的椅子。",
    "{p}今年拿出{n}万元用于修缮，其中近一半花在了看不见的管线上。",
    "傍晚时分，{s}的灯一盏盏亮起来，{thing}前的空地上聚起了{k}位街坊。",
    "记者在{s}看到，墙上挂着{k}张手绘的路线图，每一张都标着不同的季节。",
    "{u}还请来{a}当讲解员，把{k}个老故事讲给放学的孩子听。",
    "在{p}，类似的做法已经推广到{k}处，剩下的将在入冬之前完成。",
    "{a}算过一笔账：{s}每减少一次往返，就能省下{n}升柴油。",
    "下一步，{u}打算把开放时间延长到晚上{k}点，并增设{n}{unit}的余量。",
    "雨季来临之前，{p}组织{n}名志愿者把沟渠清理了一遍。",
    "“{s}的事慢一点没关系，先把底子打牢。”{u}的{a}这样解释{s}为何用了{k}个月。",
    "与{k}年前相比，{s}的面貌有了很大不同，来往的货车都改走了外环。",
    "{p}的孩子们给{thing}起了个名字，写在一块{n}厘米长的木牌上。",
    "按照计划，{u}将在年底前再培训{n}人，课程全部安排在周末。",
    "有人担心{s}的旺季太短，{a}却觉得，留住{n}位老主顾比什么都要紧。",
    "{s}的做法并不复杂：先问需要，再列清单，最后由{k}个小组分头去办。",
    "站在{p}的高处望去，{thing}像一枚扣子，把{k}条小路系在一起。",
    "{u}提供的记录显示，最忙的一天处理了{n}{unit}，最闲的一天只有{k}{unit}。",
    "三月里，{s}下过{k}场雨，工期顺延，验收改在了{n}天之后。",
    "临走时，{a}送来一包{s}的新茶，说明年这个时候要再添{n}{unit}。",
)

_LINKS = ("此外，", "与此同时，", "不仅如此，", "说起变化，", "眼下，", "")

_COPYRIGHT = (
    "{a}说，{u}在墙上贴出告示，凡本店注明“来源：{s}”的图样，未经同意不得翻印，"
    "这份版权与免责声明写了整整{k}行。"
)


class Pen:
    """Writes the words of one article; `serial` numbers the article within its world."""

    def __init__(self, rng: Random, serial: int) -> None:
        self.rng = rng
        pairs = len(_FIRST) * len(_SECOND)
        place = serial * 1009 % pairs
        self.short = _FIRST[place % len(_FIRST)] + _SECOND[place // len(_FIRST)]
        self.town = self.short + rng.choice(("镇", "乡", "村", "街道", "社区"))
        self.thing, unit_name, self.unit = rng.choice(_TOPICS)
        self.body = self.short + unit_name
        self._left: list[str] = []

    def name(self, length: int | None = None) -> str:
        """A person's name of two or three characters."""
        given = (length or self.rng.choice((2, 3, 3))) - 1
        return self.rng.choice(_SURNAMES) + "".join(self.rng.sample(_GIVEN, given))

    def names(self, count: int) -> list[str]:
        """`count` names, all different."""
        found: list[str] = []
        while len(found) < count:
            name = self.name()
            if name not in found:
                found.append(name)
        return found

    def _fill(self, skeleton: str) -> str:
        rng = self.rng
        return skeleton.format(
            p=self.town,
            s=self.short,
            u=self.body,
            thing=self.thing,
            unit=self.unit,
            n=rng.randint(101, 9899),
            k=rng.randint(3, 98),
            a=self.name(),
        )

    def title(self) -> str:
        """A headline."""
        return self._fill(self.rng.choice(_TITLES))

    def sentence(self) -> str:
        """A sentence; skeletons come back only after all were used."""
        if not self._left:
            self._left = list(_SENTENCES)
            self.rng.shuffle(self._left)
        return self._fill(self._left.pop())

    def paragraph(self, sentences: int) -> str:
        """A paragraph of so many sentences."""
        lead = self.rng.choice(_LINKS)
        return lead + "".join(self.sentence() for _ in range(sentences))

    def on_copyright(self) -> str:
        """A sentence of an article that speaks of copyright itself and must survive."""
        return self._fill(_COPYRIGHT)

    def caption(self) -> str:
        """What a picture shows."""
        rng = self.rng
        return (
            f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日，{self.body}的{self.name()}"
            f"在{self.town}{self.thing}查看第{rng.randint(2, 99)}号标识。"
        )

    def keywords(self) -> list[str]:
        """Three key words."""
        return [self.short, self.thing, self.body]


def full_width(text: str) -> str:
    """ASCII digits made full-width, as old datelines print them (FACTS e, punctuation)."""
    return text.translate({ord("0") + i: ord("０") + i for i in range(10)})
