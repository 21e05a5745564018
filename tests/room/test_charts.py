"""Charts are well-formed, escaped, and say what they were given."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from crawler.room import charts


def shapes(markup: str, name: str) -> list[dict[str, str]]:
    return [
        one.attrib for one in ET.fromstring(f"<figure>{markup}</figure>").iter() if one.tag == name
    ]


def test_a_heat_map_has_a_link_for_each_day_with_one_and_joins_the_rest() -> None:
    days = ["2026-09-30", "2026-10-01", "2026-10-02", "2026-10-03"]
    counts = {("js", days[0]): 1, ("js", days[1]): 4, ("js", days[2]): 4}
    drawn = charts.heat_map(
        [("js", "<江苏>"), ("he", "河北")], days,
        lambda code, day: counts.get((code, day), 0),
        lambda code, day: "incomplete" if (code, day) == ("js", days[0]) else "",
        lambda code, day: f"/days/{day}?a&b" if (code, day) == ("js", days[0]) else None,
    )  # fmt: skip
    cells = shapes(drawn, "rect")
    assert [(one["class"], one["width"]) for one in cells] == [
        ("h1 incomplete", "3"), ("h2", "6"), ("h0", "3"), ("h0", "12"),
    ]  # fmt: skip
    assert shapes(drawn, "a") == [{"href": "/days/2026-09-30?a&b", "tabindex": "-1"}]
    assert "<江苏>" not in drawn


def test_bars_stack_and_their_axis_is_round() -> None:
    drawn = charts.bars(["a", "b"], {"one": [30, 0], "two": [40, 10]})
    bars = shapes(drawn, "rect")
    assert [one["class"] for one in bars] == ["s1", "s2", "s2"]
    heights = [float(one["height"]) for one in bars]
    assert heights[1] / heights[2] == 4
    assert ">100<" in drawn
    assert ">1,000,000<" in charts.bars(["a"], {"one": [900_000]})


def test_empty_series_and_gaps_are_drawn() -> None:
    assert shapes(charts.bars([], {}), "rect") == []
    (line,) = [one for one in shapes(charts.shares(list("abc"), {"x": [0.5, None, 1.0]}), "path")
               if "line" in one["class"]]  # fmt: skip
    assert line["d"].count("M") == 2
