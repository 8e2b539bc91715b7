"""Line charts as SVG: a pure function from numbers to markup, so that a curve needs no library and no request.

A point (x, y) of the data stands at ((x - x0) / (x1 - x0) w, h - (y - y0) / (y1 - y0) h) of a plot w wide and h high.
Colours are CSS variables (app.css), so one chart serves light and dark; lines also differ by dashes, and the chart
says in words what a reader who cannot see it needs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 420, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 26
POINTS = 240  # more than these cannot be told apart at this width


@dataclass(frozen=True)
class Series:
    """One line: `points` are (x, y) with x rising; `ink` chooses its colour, 1 to 4."""

    name: str
    points: Sequence[tuple[float, float]]
    ink: int = 1
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """A title, lines over one axis, and where known the range (low, high) of y; `end` is the right end of x."""

    title: str
    x_name: str
    series: Sequence[Series]
    end: float
    bounds: tuple[float, float] | None = None


def chart_html(chart: Chart, sentence: str) -> str:
    """The chart as a figure; `sentence` with {name}, {first} and {last} is its text for each line."""
    lines = [
        Series(line.name, thin(finite(line.points)), line.ink, line.dashed)
        for line in chart.series
        if finite(line.points)
    ]
    if not lines:
        return ""
    spoken = " ".join(
        sentence.format(name=line.name, first=short(line.points[0][1]), last=short(line.points[-1][1]))
        for line in lines
    )
    keys = "".join(
        f'<span class="key ink-{line.ink}{" dashed" if line.dashed else ""}">{escape(line.name)}</span>'
        for line in lines
    )
    return (
        f'<figure class="chart"><figcaption><b>{escape(chart.title)}</b>{keys}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(chart.title)}. {escape(spoken)}">'
        f"{_plot(chart, lines)}</svg></figure>"
    )


def finite(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that can be drawn: a diverged run has others too."""
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def thin(points: Sequence[tuple[float, float]], most: int = POINTS) -> list[tuple[float, float]]:
    """At most `most` points: means of neighbours, except the last point, which stays as it is."""
    if len(points) <= most:
        return list(points)
    edges = [round(i * (len(points) - 1) / (most - 1)) for i in range(most)]
    groups = [points[a:b] for a, b in pairwise(edges)]
    means = [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
    return [*means, points[-1]]


def span(values: Sequence[float]) -> tuple[float, float]:
    """The range to show: all of it, or where a few spikes would flatten the rest, the middle 96 %."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    inner = ordered[int(0.02 * len(ordered))], ordered[math.ceil(0.98 * len(ordered)) - 1]
    if len(ordered) >= 10 and high - low > 6 * (inner[1] - inner[0]) > 0:
        low, high = inner
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About `count` round numbers from low to high: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = min((power * nice for nice in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / rough)))
    return [step * i for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number with three digits that matter."""
    size = abs(value)
    if 1000 <= size < 1e6 and (size >= 10_000 or value % 100 == 0):
        return f"{value / 1000:.3g}k"
    if size == 0 or 0.001 <= size < 10_000:
        return f"{value:.3g}" if size < 1000 else f"{value:.0f}"
    return f"{value:.1e}".replace("e+0", "e").replace("e-0", "e−")


def _plot(chart: Chart, lines: Sequence[Series]) -> str:
    """Grid, numbers and lines. The lines stand in an SVG of their own, which cuts off what leaves the plot."""
    low, high = chart.bounds or span([y for line in lines for _, y in line.points])
    right = max(chart.end, *(line.points[-1][0] for line in lines), 1)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    grid, marks = [], []
    for value in ticks(low, high):
        y = TOP + height - (value - low) / (high - low) * height
        grid.append(f"M{LEFT} {y:.1f}h{width}")
        marks.append(f'<text class="y" x="{LEFT - 6}" y="{y + 4:.1f}">{short(value)}</text>')
    for value in ticks(0, right, 5):
        x = LEFT + value / right * width
        anchor = ' style="text-anchor:end"' if x > WIDTH - 30 else ""
        marks.append(f'<text class="x" x="{x:.1f}" y="{HEIGHT - 8}"{anchor}>{short(value)}</text>')
    curves = "".join(_curve(line, right, low, high, width, height) for line in lines)
    marks.append(f'<text class="y" x="{LEFT - 6}" y="{HEIGHT - 8}">{escape(chart.x_name)}</text>')
    return (
        f'<path class="grid" d="{"".join(grid)}"/><path class="axis" d="M{LEFT} {TOP + height}h{width}"/>'
        f"{''.join(marks)}"
        f'<svg x="{LEFT}" y="{TOP}" width="{width}" height="{height}">{curves}</svg>'
    )


def _curve(line: Series, right: float, low: float, high: float, width: float, height: float) -> str:
    """One line; where its points are few each is a dot too, since it was measured there only."""
    places = [(x / right * width, height - (y - low) / (high - low) * height) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = (
        "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places)
        if len(places) <= 24
        else ""
    )
    return (
        f'<g class="ink-{line.ink}{" dashed" if line.dashed else ""}"><polyline points="{path}"/>{dots}</g>'
    )
