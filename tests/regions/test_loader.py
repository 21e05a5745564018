"""The loader: anything a region file gets wrong is an error that names the file and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawler.regions import RegionError, load

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "name": '"甲省"',
    "aliases": '["Jia"]',
    "gb2260": '"990000"',
    "channel": '"01007099"',
    "hosts": '["jia.news.cn", "www.jia.news.cn"]',
    "folders": '["www.news.cn/jia/"]',
    "nodes": '["111999"]',
    "delay": "2.5",
    "floor": "3",
    "lists": '{"http://jia.news.cn/" = ["", "a/b.htm"]}',
}


def write(folder: Path, file: str, **changed: str | None) -> None:
    fields = {key: value for key, value in (GOOD | changed).items() if value is not None}
    text = "".join(f"{key} = {value}\n" for key, value in fields.items())
    (folder / file).write_text(text, encoding="utf-8")


def test_good_file(tmp_path: Path) -> None:
    write(tmp_path, "jia.toml")
    region = load(tmp_path)["jia"]
    assert region.code == "jia"
    assert region.lists == ("http://jia.news.cn/", "http://jia.news.cn/a/b.htm")
    assert (region.delay, region.floor) == (2.5, 3)
    assert region.holds("http://www.news.cn/jia/x.htm")
    assert not region.holds("http://www.news.cn/yi/x.htm")


def test_optional_keys_may_be_absent(tmp_path: Path) -> None:
    optional = ["aliases", "gb2260", "channel", "folders", "nodes", "delay", "floor"]
    write(tmp_path, "jia.toml", **dict.fromkeys(optional))
    region = load(tmp_path)["jia"]
    assert (region.gb2260, region.channel, region.delay, region.floor) == (None,) * 4
    assert region.nodes == region.folders == region.aliases == ()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("name", None, "missing"),
        ("name", '""', "text is wanted"),
        ("name", '" 甲"', "text is wanted"),
        ("name", "1", "text is wanted"),
        ("aliases", '"Jia"', "a list is wanted"),
        ("aliases", "[1]", "text is wanted"),
        ("gb2260", "990000", "text is wanted"),
        ("gb2260", '"99000"', "wrong form"),
        ("gb2260", '"９９００００"', "wrong form"),
        ("channel", '"01008099"', "wrong form"),
        ("hosts", '["jia.example.com"]', "out of scope"),
        ("hosts", '["jia.djxinhuanet.com"]', "out of scope"),
        ("hosts", '["Jia.news.cn"]', "out of scope"),
        ("hosts", '["jia.news.cn:80"]', "out of scope"),
        ("hosts", '["http://jia.news.cn/"]', "out of scope"),
        ("hosts", '["jia.news.cn", "jia.news.cn"]', "stands twice"),
        ("folders", '["www.news.cn/jia"]', "wrong form"),
        ("folders", '["www.example.com/jia/"]', "out of scope"),
        ("nodes", "[111999]", "text is wanted"),
        ("nodes", '["12"]', "wrong form"),
        ("nodes", '["111999", "111999"]', "stands twice"),
        ("delay", '"2"', "seconds"),
        ("delay", "0", "seconds"),
        ("delay", "nan", "seconds"),
        ("delay", "inf", "seconds"),
        ("delay", "true", "seconds"),
        ("floor", "-1", "count"),
        ("floor", "1.5", "count"),
        ("floor", "true", "count"),
        ("lists", None, "a table"),
        ("lists", "{}", "a table"),
        ("lists", '["http://jia.news.cn/"]', "a table"),
        ("lists", '{"http://jia.news.cn/a" = [""]}', "no base address"),
        ("lists", '{"http://example.com/" = [""]}', "no base address"),
        ("lists", '{"jia.news.cn/" = [""]}', "no base address"),
        ("lists", '{"http://jia.news.cn/" = []}', "a list of paths"),
        ("lists", '{"http://jia.news.cn/" = "a.htm"}', "a list of paths"),
        ("lists", '{"http://jia.news.cn/" = [1]}', "no path"),
        ("lists", '{"http://jia.news.cn/" = ["http://yi.news.cn/"]}', "no path"),
        ("lists", '{"http://jia.news.cn/" = ["a.htm?page=2"]}', "no path"),
        ("lists", '{"http://yi.news.cn/" = [""]}', "not on the region's hosts"),
        ("lists", '{"http://jia.news.cn/" = ["a.htm", "a.htm"]}', "stands twice"),
        ("colour", '"red"', "unknown key"),
        ("xpath", '"//a"', "unknown key"),
    ],
)
def test_wrong_field(tmp_path: Path, key: str, value: str | None, reason: str) -> None:
    write(tmp_path, "jia.toml", **{key: value})
    with pytest.raises(RegionError) as error:
        load(tmp_path)
    assert str(error.value).startswith(f"jia.toml: {key}: ")
    assert reason in str(error.value)


def test_neither_hosts_nor_folders(tmp_path: Path) -> None:
    write(tmp_path, "jia.toml", hosts=None, folders=None)
    with pytest.raises(RegionError, match=r"^jia\.toml: hosts: missing"):
        load(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"hosts": '["yi.news.cn", "www.jia.news.cn"]'},
        {"folders": '["www.news.cn/jia/"]'},
        {"channel": '"01007099"'},
        {"nodes": '["111999"]'},
        {"name": '"甲省"'},
        {"aliases": '["jia"]'},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_two_files_contradict(tmp_path: Path, changed: dict[str, str]) -> None:
    write(tmp_path, "jia.toml")
    other: dict[str, str | None] = dict.fromkeys(GOOD)
    other |= {
        "name": '"乙"',
        "hosts": '["yi.news.cn"]',
        "lists": '{"http://yi.news.cn/" = [""]}',
    }
    write(tmp_path, "yi.toml", **(other | changed))
    with pytest.raises(
        RegionError, match=rf"^yi\.toml: .*{next(iter(changed))}.*jia\.toml as well"
    ):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name = ", "jia.toml: "),
        (b"a = 1\na = 2", "jia.toml: "),
        (b"code = 0571", "jia.toml: "),
        (b'name = "\xbd\xad"', "jia.toml: "),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "jia.toml").write_bytes(content)
    with pytest.raises(RegionError, match=reason):
        load(tmp_path)


def test_file_name_is_the_code(tmp_path: Path) -> None:
    write(tmp_path, "Jia_2.toml")
    with pytest.raises(RegionError, match=r"^Jia_2\.toml: code: "):
        load(tmp_path)


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="no region files"):
        load(tmp_path)
