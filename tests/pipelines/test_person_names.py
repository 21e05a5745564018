"""Names: padded, listed, rare, of minorities, foreign; one doubtful piece is nobody."""

from __future__ import annotations

import pytest

from crawler.pipelines.person_names import is_plain, names


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("", []),
        ("张三", ["张三"]),
        ("张 三", ["张三"]),
        ("张　三", ["张三"]),
        ("张 小 三", ["张小三"]),
        ("张三、李四、王五六", ["张三", "李四", "王五六"]),
        ("张三　李四", ["张三", "李四"]),
        ("张 三 李 四", ["张三", "李四"]),
        ("张 三　李四光", ["张三", "李四光"]),
        ("王丹丹 李 四", ["王丹丹", "李四"]),
        ("张三，李四；王五", ["张三", "李四", "王五"]),
        ("张三、张三", ["张三"]),
        ("张小三和李四", ["张小三", "李四"]),
        ("欧阳小明", ["欧阳小明"]),
        ("冯新华、曹某某", ["冯新华", "曹某某"]),
        ("扎西次仁", ["扎西次仁"]),
        ("阿不都·热合曼", ["阿不都·热合曼"]),
        ("阿不都 • 热合曼、张三", ["阿不都•热合曼", "张三"]),
        ("王䶮、李喆、镕玥、陈𠮷", ["王䶮", "李喆", "镕玥", "陈𠮷"]),
        ("热孜万古丽、旦增尼玛曲珠", ["热孜万古丽", "旦增尼玛曲珠"]),
        ("John Smith", ["John Smith"]),
        ("张三、John Smith", ["张三", "John Smith"]),
    ],
)
def test_names_are_read(printed: str, found: list[str]) -> None:
    assert names(printed) == found


@pytest.mark.parametrize(
    "printed",
    [
        "17日从有关部门", "获悉", "手记", "您怎么看", "张三李四", "张", "河道整治局", "某某日报",
        "新华网", "新华社", "新华",
        "综合报道", "张三、获悉", "2909", "admin", "张三 李", "张三。", "编辑部", "佚名",
        "张三（北京）", "张三" * 200, "·张三", "张三·",
    ],
)  # fmt: skip
def test_doubtful_words_are_nobody(printed: str) -> None:
    assert names(printed) is None


def test_plain_names() -> None:
    assert all(map(is_plain, ["张三", "欧阳小明", "阿不都·热合曼", "John Smith", "乌云其木格"]))
    assert not is_plain("次仁")
