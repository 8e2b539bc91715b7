r"""A sweep's runs as one picture, in own SVG: a heat map where two settings have few values, else parallel coordinates.

Parallel coordinates (Inselberg 1985): an axis a setting and one for the figure, a line a run. A value x stands at the height
$(x - x_0)/(x_1 - x_0)$ of its axis, of its logarithm where the ends are a factor of ten apart; values without an order have
even places. The better a run, the fuller its line; the best is drawn in the accent colour. Colours are CSS variables, so one
picture serves light and dark, and every mark says in words what it is.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from aigc_demo.ui.page.charts import short

WIDTH, HEIGHT = 460, 240
TOP, BOTTOM, SIDE = 34, 26, 54
CELL, LABELS = 46, 58
MOST_CELLS = 8  # a side of a heat map
FAINT, FULL = 0.14, 0.62  # opacity of the worst and of the best cell


@dataclass(frozen=True)
class Dot:
    """A run: its settings in the order of the axes, and its figure where it has one."""

    name: str
    values: Sequence[Any]
    figure: float | None


@dataclass(frozen=True)
class Picture:
    """What is drawn: names of the axes and of the figure, the runs, the place of the best, which way is better."""

    axes: Sequence[str]
    figure: str
    dots: Sequence[Dot]
    best: int | None
    lower: bool


def plot_html(picture: Picture, caption: str) -> str:
    """The picture as a figure; "" while no run has a figure."""
    if not any(dot.figure is not None for dot in picture.dots):
        return ""
    sides = [ordered(dot.values[axis] for dot in picture.dots) for axis in range(len(picture.axes))]
    heat = len(sides) == 2 and all(len(side) <= MOST_CELLS for side in sides)
    drawn = heat_map(picture, sides) if heat else coordinates(picture, sides)
    return (
        f'<figure class="chart sweep-plot {"heat" if heat else "lines"}"><figcaption><b>{escape(caption)}</b></figcaption>'
        f"{drawn}</figure>"
    )


def ordered(values: Iterable[Any]) -> list[Any]:
    """Values in the order of an axis, each once: numbers by size, words as they come."""
    found = list(dict.fromkeys(values))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    return sorted(found) if numbers else found


def worth(picture: Picture, figure: float) -> float:
    """How good a figure is among all, from 0, the worst, to 1."""
    known = [dot.figure for dot in picture.dots if dot.figure is not None]
    low, high = min(known), max(known)
    share = (figure - low) / (high - low) if high > low else 0.0
    return 1 - share if picture.lower else share


def heat_map(picture: Picture, sides: Sequence[Sequence[Any]]) -> str:
    """A cell for each pair of values: its figure, fuller where it is better, the best framed."""
    rows, columns = sides
    wide = max(CELL * 1.5, (WIDTH - LABELS) / max(len(columns), 1)) if len(columns) > 4 else 92
    width, height = LABELS + wide * len(columns), 22 + CELL * len(rows) + BOTTOM
    marks = [
        f'<text class="y" x="{LABELS - 8}" y="{22 + CELL * (row + 0.5) + 4:.0f}">{escape(say(value))}</text>'
        for row, value in enumerate(rows)
    ]
    marks += [
        f'<text x="{LABELS + wide * (column + 0.5):.0f}" y="{height - 8:.0f}">{escape(say(value))}</text>'
        for column, value in enumerate(columns)
    ]
    head = f"{picture.axes[0]} ↓  {picture.axes[1]} →"
    marks.append(f'<text class="axis-name" x="0" y="13">{escape(head)}</text>')
    cells = []
    for place, dot in enumerate(picture.dots):
        x, y = LABELS + wide * columns.index(dot.values[1]), 22 + CELL * rows.index(dot.values[0])
        cells.append(_cell(picture, place, dot, x, y, wide))
    words = _spoken(picture)
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width * 1.25:.0f}px" role="img" '
        f'aria-label="{escape(words)}">{"".join(marks)}{"".join(cells)}</svg>'
    )


def _cell(picture: Picture, place: int, dot: Dot, x: float, y: float, wide: float) -> str:
    """One cell; dashed and empty where its run has no figure yet."""
    box = f'x="{x + 2:.1f}" y="{y + 2}" width="{wide - 4:.1f}" height="{CELL - 4}" rx="3"'
    if dot.figure is None:
        return f'<g><title>{escape(dot.name)}</title><rect class="open" {box}/></g>'
    opacity = FAINT + (FULL - FAINT) * worth(picture, dot.figure)
    best = " best" if place == picture.best else ""
    return (
        f'<g class="cell{best}"><title>{escape(f"{dot.name}: {dot.figure:.4g}")}</title>'
        f'<rect {box} style="fill-opacity:{opacity:.2f}"/>'
        f'<text x="{x + wide / 2:.1f}" y="{y + CELL / 2 + 4}">{short(dot.figure)}</text></g>'
    )


def coordinates(picture: Picture, sides: Sequence[Sequence[Any]]) -> str:
    """A line for each run through the axes of its settings to that of its figure."""
    figures = ordered(dot.figure for dot in picture.dots if dot.figure is not None)
    scales = [*map(Scale.of, sides), Scale.of(figures, flipped=picture.lower)]
    names = [*picture.axes, picture.figure]
    apart = (WIDTH - 2 * SIDE) / (len(names) - 1)
    marks = []
    for axis, (name, scale) in enumerate(zip(names, scales, strict=True)):
        x = SIDE + apart * axis
        marks.append(f'<path class="axis" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        lines = _broken(name)
        for row, line in enumerate(lines):
            y = 12 + 12 * row if len(lines) > 1 else 20
            marks.append(f'<text class="axis-name" x="{x:.1f}" y="{y}">{escape(line)}</text>')
        marks += [
            f'<text class="tick" x="{x - 6:.1f}" y="{scale.y(value) + 4:.1f}">{escape(say(value))}</text>'
            for value in scale.ticks()
        ]
    order = sorted(range(len(picture.dots)), key=lambda place: place == picture.best)  # the best on top
    lines = [_line(picture, place, scales, apart) for place in order]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(_spoken(picture))}">'
        f"{''.join(marks)}{''.join(lines)}</svg>"
    )


@dataclass(frozen=True)
class Scale:
    """Where values stand on an axis; `places` for those without an order."""

    low: float
    high: float
    logarithmic: bool = False
    flipped: bool = False
    places: tuple[Any, ...] = ()

    @classmethod
    def of(cls, values: Sequence[Any], flipped: bool = False) -> "Scale":
        """The scale of these values, in their order."""
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            return cls(0, max(len(values) - 1, 1), places=tuple(values))
        low, high = float(values[0]), float(values[-1])
        return cls(low, high, low > 0 and high / low >= 10, flipped)

    def y(self, value: Any) -> float:
        """The height of a value, from the top of the picture."""
        number = self.places.index(value) if self.places else float(value)
        if self.logarithmic:
            share = math.log(number / self.low) / math.log(self.high / self.low)
        else:
            share = (number - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        share = 1 - share if self.flipped else share
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def ticks(self) -> list[Any]:
        """Values that are written at the axis: all places, else both ends and the middle."""
        if self.places:
            return list(self.places)
        if self.high <= self.low:
            return [self.low]
        middle = math.sqrt(self.low * self.high) if self.logarithmic else (self.low + self.high) / 2
        return [self.low, middle, self.high]


def _line(picture: Picture, place: int, scales: Sequence[Scale], apart: float) -> str:
    dot = picture.dots[place]
    ends = [*dot.values] if dot.figure is None else [*dot.values, dot.figure]
    points = " ".join(
        f"{SIDE + apart * axis:.1f},{scales[axis].y(value):.1f}" for axis, value in enumerate(ends)
    )
    if dot.figure is None:
        return f'<polyline class="open" points="{points}"><title>{escape(dot.name)}</title></polyline>'
    opacity = 0.25 + 0.6 * worth(picture, dot.figure)
    best = ' class="best"' if place == picture.best else f' style="stroke-opacity:{opacity:.2f}"'
    x, y = SIDE + apart * len(dot.values), scales[-1].y(dot.figure)
    return (
        f"<g{best}><title>{escape(f'{dot.name}: {dot.figure:.4g}')}</title>"
        f'<polyline points="{points}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3"/></g>'
    )


def _spoken(picture: Picture) -> str:
    """What a reader who cannot see the picture needs."""
    told = [f"{dot.name}: {dot.figure:.4g}" for dot in picture.dots if dot.figure is not None]
    return f"{picture.figure}. {', '.join(told)}"


def _broken(name: str) -> list[str]:
    """A long name in two lines."""
    if len(name) <= 16 or " " not in name:
        return [name]
    middle = min((i for i, c in enumerate(name) if c == " "), key=lambda i: abs(i - len(name) / 2))
    return [name[:middle], name[middle + 1 :]]


def say(value: Any) -> str:
    """A value at an axis."""
    return short(value) if isinstance(value, float) else str(value)


def forest_html(rows: Sequence[tuple[str, dict[str, Any]]], caption: str) -> str:
    """Figures one under the other with their 95 % intervals as whiskers; `rows` are (name, {point, low, high})."""
    known = [(name, found) for name, found in rows if found.get("point") is not None]
    if not known:
        return ""
    ends = [found.get(end, found["point"]) for _, found in known for end in ("low", "high", "point")]
    low, high = min(ends), max(ends)
    margin = 0.08 * (high - low) or abs(high) * 0.05 or 0.5
    low, high = low - margin, high + margin
    left, right, step = 8, 8, 46

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (WIDTH - left - right)

    drawn = []
    for row, (name, found) in enumerate(known):
        y = 34 + step * row
        point, whisker, ends_said = x(found["point"]), "", ""
        if "low" in found:
            a, b = x(found["low"]), x(found["high"])
            whisker = f'<path d="M{a:.1f} {y}H{b:.1f}M{a:.1f} {y - 5}v10M{b:.1f} {y - 5}v10"/>'
            ends_said = f" [{found['low']:.3f}, {found['high']:.3f}]"
        drawn.append(
            f'<g class="ink-{2 + row}"><text class="row" x="{left}" y="{y - 14}">{escape(name)}: '
            f'<tspan class="value">{found["point"]:.3f}{ends_said}</tspan></text>{whisker}'
            f'<circle cx="{point:.1f}" cy="{y}" r="5"/></g>'
        )
    height = 12 + step * len(known)
    return (
        f'<figure class="chart forest"><figcaption><b>{escape(caption)}</b></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(caption)}">{"".join(drawn)}</svg></figure>'
    )
