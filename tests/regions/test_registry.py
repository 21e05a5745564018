"""The registry as shipped: every channel of the official list, its codes, hosts and lists."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from crawler import urls
from crawler.regions import (
    FOLDER,
    Region,
    RegionError,
    load,
    region_of,
    region_of_url,
    resolve,
)

# GB/T 2260 province codes beside Xinhua's own channel keys (he is Hebei, ha Henan, hq Hainan,
# gz Guizhou, sn Shaanxi): each pair written down by hand, not derived.
PROVINCES = {
    "bj": ("北京", "110000"), "tj": ("天津", "120000"), "he": ("河北", "130000"),
    "sx": ("山西", "140000"), "nmg": ("内蒙古", "150000"), "ln": ("辽宁", "210000"),
    "jl": ("吉林", "220000"), "hlj": ("黑龙江", "230000"), "sh": ("上海", "310000"),
    "js": ("江苏", "320000"), "zj": ("浙江", "330000"), "ah": ("安徽", "340000"),
    "fj": ("福建", "350000"), "jx": ("江西", "360000"), "sd": ("山东", "370000"),
    "ha": ("河南", "410000"), "hb": ("湖北", "420000"), "hn": ("湖南", "430000"),
    "gd": ("广东", "440000"), "gx": ("广西", "450000"), "hq": ("海南", "460000"),
    "cq": ("重庆", "500000"), "sc": ("四川", "510000"), "gz": ("贵州", "520000"),
    "yn": ("云南", "530000"), "tibet": ("西藏", "540000"), "sn": ("陕西", "610000"),
    "gs": ("甘肃", "620000"), "qh": ("青海", "630000"), "nx": ("宁夏", "640000"),
    "xj": ("新疆", "650000"),
}  # fmt: skip
OTHERS = {
    "bt": ("兵团", None),
    "wx": ("无锡", "320200"),
    "csj": ("长三角", None),
    "local": ("地方", None),
    "tibet-en": ("西藏英文", "540000"),
}
SHARED = Path(__file__).parents[2].parent / "shared" / "list_pages.toml"


def test_every_channel_with_its_code() -> None:
    found = {code: (region.name, region.gb2260) for code, region in load().items()}
    assert found == PROVINCES | OTHERS
    assert list(found) == sorted(found)
    assert len(PROVINCES) == 31


@pytest.mark.parametrize("code", [*PROVINCES, "bt", "wx", "csj"])
@pytest.mark.parametrize("domain", ["xinhuanet.com", "news.cn"])
@pytest.mark.parametrize("prefix", ["", "www."])
def test_hosts_of_both_domains(code: str, domain: str, prefix: str) -> None:
    region = region_of(f"{prefix}{code}.{domain}")
    assert region is not None
    assert region.code == code


@pytest.mark.parametrize("region", load().values(), ids=load())
def test_lists_are_on_the_region_and_are_no_articles(region: Region) -> None:
    assert region.lists
    for url in region.lists:
        assert region.holds(url)
        assert region_of_url(url) == region
        assert urls.canonical(url) == url
        assert urls.article(url) is None


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_files_give_their_evidence_and_stay_short(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) <= 26
    assert max(map(len, lines)) <= 100


def test_registry_is_loaded_once_and_not_shared_writable() -> None:
    first = load()
    first.clear()
    assert load()["js"] is load()["js"]


@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/list_pages.toml here")
def test_known_list_pages_are_seeds() -> None:
    """Every column recorded from public material is a list of its region."""
    regions = load()
    for code, table in tomllib.loads(SHARED.read_text(encoding="utf-8")).items():
        known = {urls.join(table["base"], column) for column in table["columns"]}
        assert known <= set(regions[code].lists)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("js", "js"),
        ("JS ", "js"),
        ("江苏", "js"),
        ("江苏省", "js"),
        ("jiangsu", "js"),
        ("Hebei", "he"),
        ("Henan", "ha"),
        ("Hubei", "hb"),
        ("Hunan", "hn"),
        ("Hainan", "hq"),
        ("海南", "hq"),
        ("Guizhou", "gz"),
        ("Shanxi", "sx"),
        ("Shaanxi", "sn"),
        ("内蒙古自治区", "nmg"),
        ("北京市", "bj"),
        ("Xizang", "tibet"),
        ("xz", "tibet"),
        ("西藏", "tibet"),
        ("Tibet English", "tibet-en"),
        ("兵团", "bt"),
        ("新疆", "xj"),
        ("地方", "local"),
    ],
)
def test_resolve(token: str, code: str) -> None:
    assert resolve(token).code == code


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        ("jiangso", "did you mean js (江苏)"),
        ("江苏啊", "did you mean js (江苏)"),
        ("hi", "`scrapy regions` lists them"),
        ("", "`scrapy regions` lists them"),
        ("x" * 10_000, "`scrapy regions` lists them"),
    ],
)
def test_unknown_region(token: str, hint: str) -> None:
    with pytest.raises(RegionError) as error:
        resolve(token)
    assert hint in str(error.value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://www.js.xinhuanet.com/2017-09/28/c_1121738857.htm", "js"),
        ("https://JS.news.cn:443/index.htm", "js"),
        ("http://wj.js.xinhuanet.com/", "js"),
        ("http://zjg.js.xinhuanet.com/", "js"),
        ("http://sz.xinhuanet.com/", "js"),
        ("http://www.sanya.news.cn/", "hq"),
        ("http://www.xz.xinhuanet.com/", "tibet"),
        ("http://xizang.news.cn/", "tibet"),
        ("http://tibet.news.cn/xhjj.htm", "tibet"),
        ("http://tibet.news.cn/english/x.htm", "tibet-en"),
        ("http://tibet.news.cn/englishx/x.htm", "tibet"),
        # the main site is no region, but its regional column is one
        ("http://www.news.cn/", None),
        ("http://www.news.cn/politics/x.htm", None),
        ("https://www.news.cn/local/x.htm", "local"),
        ("http://www.xinhuanet.com/local/2017-09/28/c_1121738857.htm", "local"),
        ("http://news.xinhuanet.com/local/x.htm", "local"),
        ("http://news.xinhuanet.com//local/../politics/x.htm", None),
        # the mobile site's folders bear the channels' keys
        ("http://m.xinhuanet.com/he/2020-02/18/c_1125587901.htm", "he"),
        ("http://m.news.cn/xz.htm", "tibet"),
        ("http://m.xinhuanet.com/2021-04/30/c_1127397453.htm", None),
        ("http://m.news.cn/", None),
        # the mirror's address is that of the page it mirrors
        ("http://big5.news.cn/gate/big5/www.js.xinhuanet.com/x.htm", None),
        # look-alikes
        ("http://js.djxinhuanet.com/", None),
        ("http://js.ymnews.cn/", None),
        ("not an address", None),
    ],
)
def test_region_of_url(url: str, code: str | None) -> None:
    region = region_of_url(url)
    assert (region.code if region else None) == code


@pytest.mark.parametrize(("code", "channel"), [("js", "01007008"), ("he", "01007011")])
def test_channel_codes_seen_in_pages(code: str, channel: str) -> None:
    """fwl of an article of 2017 (01|007|008|001), catalogs of one of 2024 (01007011001)."""
    assert load()[code].channel == channel


def test_list_sources_with_evidence() -> None:
    regions = load()
    assert "111837" in regions["tibet"].nodes
    assert regions["local"].nodes == ("113322",)
    data = "http://he.news.cn/xinwen/ds_5df4ffd960d3443a8f3192c83d897820.json"
    assert data in regions["he"].lists
    data = "https://www.news.cn/local/ds_5c5939c2f07b4d9c96de44dad32eadc8.json"
    assert data in regions["local"].lists
