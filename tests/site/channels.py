"""The channels of the loopback Xinhua and the words and addresses that belong to each.

Facts only (FACTS a): keys, Chinese names, hosts on both domains. It is written apart from
`crawler/regions`, so that one wrong belief cannot pass on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

# The main site's 地方 column, played as one more channel (FACTS a, last lines).
MAIN = "local"

MAIN_HOSTS = (
    "www.xinhuanet.com",
    "xinhuanet.com",
    "news.xinhuanet.com",
    "www.news.cn",
    "news.cn",
)


@dataclass(frozen=True, slots=True)
class Channel:
    """`index` numbers the channel, `capital` is where its datelines say they were written."""

    key: str
    name: str
    capital: str
    index: int
    hosts: tuple[str, ...]

    @property
    def old(self) -> str:
        """The host of the xinhuanet.com years."""
        return "www.xinhuanet.com" if self.key == MAIN else f"www.{self.key}.xinhuanet.com"

    @property
    def new(self) -> str:
        """The host of the news.cn years."""
        return "www.news.cn" if self.key == MAIN else f"{self.key}.news.cn"

    @property
    def catalog(self) -> str:
        """The channel's node in the catalogue path: 01007xxx (FACTS d, fwl)."""
        known = {"js": "01007008", "he": "01007011", MAIN: "01002003"}
        return known.get(self.key, f"01007{100 + self.index}")


# FACTS a, the official list; tibet and xizang are one channel under two keys.
_ROWS = """
bj 北京 北京|tj 天津 天津|he 河北 石家庄|sx 山西 太原|nmg 内蒙古 呼和浩特|ln 辽宁 沈阳|jl 吉林 长春
hlj 黑龙江 哈尔滨|sh 上海 上海|js 江苏 南京|zj 浙江 杭州|ah 安徽 合肥|fj 福建 福州|jx 江西 南昌
sd 山东 济南|ha 河南 郑州|hb 湖北 武汉|hn 湖南 长沙|gd 广东 广州|gx 广西 南宁|hq 海南 海口
cq 重庆 重庆|sc 四川 成都|gz 贵州 贵阳|yn 云南 昆明|tibet 西藏 拉萨|sn 陕西 西安|gs 甘肃 兰州
qh 青海 西宁|nx 宁夏 银川|xj 新疆 乌鲁木齐|bt 兵团 石河子|wx 无锡 无锡|csj 长三角 上海
"""


# FACTS a, city / sub channels seen; they show their province's articles here
_CITIES = {
    "js": ("sz.xinhuanet.com", "wj.js.xinhuanet.com", "zjg.js.xinhuanet.com"),
    "hq": ("www.sanya.news.cn",),
}


def _hosts(key: str) -> tuple[str, ...]:
    if key == MAIN:
        return MAIN_HOSTS
    keys = ("tibet", "xizang") if key == "tibet" else (key,)
    domains = ("xinhuanet.com", "news.cn")
    hosts = (f"{www}{k}.{domain}" for k in keys for domain in domains for www in ("www.", ""))
    return (*hosts, *_CITIES.get(key, ()))


def _channels() -> dict[str, Channel]:
    rows = [row.split() for row in _ROWS.strip().replace("\n", "|").split("|")]
    rows.append([MAIN, "地方", "北京"])
    return {
        key: Channel(key, name, capital, index, _hosts(key))
        for index, (key, name, capital) in enumerate(rows)
    }


# Every channel by key, in the official order, the main site's column last.
CHANNELS = _channels()

# The channel that answers on a host.
BY_HOST = {host: channel for channel in CHANNELS.values() for host in channel.hosts}
