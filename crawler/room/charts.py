"""Plain SVG charts, in one place: heat map, stacked bars, lines.

In: numbers and labels. Out: escaped markup that takes its colours from the style sheet, in light
and dark. Beside each chart stands a table with the same numbers, so the SVG itself is hidden from
screen readers and out of the order of keys. Where a chart is wider than the screen its newest end
is shown first, so axes stand at the right, and the names of a heat map in an SVG of their own that
stays where it is.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Colours of series that the style sheet has.
SERIES = 8

_WIDTH, _HEIGHT = 960, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 52, 10, 22
_NAMES, _CELL, _ROW = 64, 3, 14

# Room at the right of a heat map for the label of a month that has just begun.
_LAST_MONTH = 40

_STEPS = (1, 2, 5, 10)


def heat_map(
    names: Sequence[tuple[str, str]],
    days: Sequence[str],
    count: Callable[[str, str], int],
    verdict: Callable[[str, str], str],
    link: Callable[[str, str], str | None],
) -> Markup:
    """A row for each of (code, name), a cell for each day; `link` is a cell's address."""
    bounds = _bounds([found for code, _ in names for day in days if (found := count(code, day))])
    height = len(names) * _ROW + 20
    tops = [18 + _ROW * row for row in range(len(names))]
    parts = [_svg(_NAMES, height, "names")]
    for y, (_, name) in zip(tops, names, strict=True):
        parts.append(f'<text class="strong" x="0" y="{y + 10}">{escape(name)}</text>')
    parts += ["</svg>", _svg(len(days) * _CELL + _LAST_MONTH, height, "")]
    for number, day in enumerate(days):
        if day.endswith("-01"):
            x = number * _CELL
            parts.append(f'<text x="{x}" y="11">{escape(day[:7])}</text>')
            parts.append(f'<path class="axis" d="M{x} 14V{height}"/>')
    for y, (code, _) in zip(tops, names, strict=True):
        cells = [
            (_level(count(code, day), bounds), verdict(code, day), link(code, day)) for day in days
        ]
        x = 0
        for (level, told, address), group in groupby(cells):
            # groups of linked cells hold one cell, since each day has an address of its own
            length = len(list(group))
            kind = f"h{level}" + (f" {told}" if told not in {"", "complete"} else "")
            width, top = length * _CELL, _ROW - 2
            cell = f'<rect class="{escape(kind)}" x="{x}" y="{y}" width="{width}" height="{top}"/>'
            if address is not None:
                cell = f'<a href="{escape(address)}" tabindex="-1">{cell}</a>'
            parts.append(cell)
            x += width
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - its pieces are escaped above


def _bounds(counts: list[int]) -> list[int]:
    """The least counts of levels 2, 3 and 4: the quartiles of what there is."""
    ordered = sorted(counts)
    return [ordered[len(ordered) * part // 4] for part in (1, 2, 3)] if ordered else [1, 1, 1]


def _level(count: int, bounds: list[int]) -> int:
    return 0 if not count else 1 + sum(count > bound for bound in bounds)


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    form: Callable[[float], str] = "{:,.10g}".format,
) -> Markup:
    """Stacked bars, a bar for each label; `form` writes the numbers at the axis."""
    sums = [sum(values) for values in zip(*series.values(), strict=True)]
    top = _round_up(max(sums, default=0))
    parts = [_svg(_WIDTH, _HEIGHT, "wide"), *_axis(top, form), *_labels(labels)]
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    width = max(min(step * 0.8, 60), 0.8)
    for place in range(len(labels)):
        below = 0.0
        for number, values in enumerate(series.values()):
            if values[place]:
                y = _y(below + values[place], top)
                height = _y(below, top) - y
                x = _LEFT + step * place + (step - width) / 2
                parts.append(
                    f'<rect class="s{_color(number)}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
                    f' height="{height:.1f}"/>'
                )
                below += values[place]
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - its pieces are escaped above


def shares(labels: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> Markup:
    """Lines of shares from 0 to 1; None breaks a line."""
    parts = [_svg(_WIDTH, _HEIGHT, "wide"), *_axis(1.0, "{:.0%}".format), *_labels(labels)]
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    for number, values in enumerate(series.values()):
        drawn, path = False, []
        for place, value in enumerate(values):
            if value is None:
                drawn = False
                continue
            x = _LEFT + step * (place + 0.5)
            path.append(f"{'L' if drawn else 'M'}{x:.1f} {_y(value, 1.0):.1f}")
            drawn = True
        # a lone point shows as a dot
        parts.append(
            f'<path class="line l{_color(number)}" stroke-linecap="round" d="{"".join(path)}'
            f'{"h.01" if len(path) == 1 else ""}"/>'
        )
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - its pieces are escaped above


def key(number: int) -> Markup:
    """The patch of colour that stands for a series."""
    return Markup('<svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10"'
                  ' height="10"/></svg>').format(f"s{_color(number)}")  # fmt: skip


def _svg(width: int, height: int, kind: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' aria-hidden="true" focusable="false">'
    )


def _axis(top: float, form: Callable[[float], str]) -> list[str]:
    parts = []
    for part in range(5):
        value = top * part / 4
        y = _y(value, top)
        parts.append(f'<path class="axis" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 6}" y="{y + 4:.1f}">{escape(form(value))}</text>'
        )
    return parts


def _labels(labels: Sequence[str]) -> list[str]:
    """Labels under the axis, as many as there is room for."""
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    every = max(1, -(-len(labels) // 12))
    return [
        f'<text x="{_LEFT + step * (place + 0.5):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">'
        f"{escape(label)}</text>"
        for place, label in enumerate(labels)
        if place % every == 0
    ]


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top


def _round_up(value: float) -> float:
    """The next round number: 1, 2 or 5 with zeros."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 < value:
        power *= 10
    return next(power * step for step in _STEPS if power * step >= value)


def _color(number: int) -> int:
    return number % SERIES + 1
