"""Two ways of doing the same, measured in turns."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Comparison:
    """Figures of ours and of the plain way, round by round. `unit` is "s" (less is better) or such as "tokens/s" (more is).

    `losses`, where something was trained, are those of both ways after equal steps.
    """

    en: str
    zh: str
    unit: str
    target: float
    ours: Sequence[float]
    plain: Sequence[float]
    losses: tuple[float, float] | None = None

    @property
    def ratio(self) -> float:
        """Median of ours over the median of the plain way."""
        return median(self.ours) / median(self.plain)

    @property
    def met(self) -> bool:
        """Whether the ratio is on the right side of the target."""
        return self.ratio <= self.target if self.unit == "s" else self.ratio >= self.target

    def summary(self) -> dict[str, Any]:
        """Everything worth keeping, as JSON."""
        return {
            "name": self.en,
            "unit": self.unit,
            "rounds": len(self.ours),
            "ours": spread(self.ours),
            "plain": spread(self.plain),
            "ratio": round(self.ratio, 3),
            "target": self.target,
            "met": self.met,
            "losses": self.losses,
        }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest, to four digits."""
    figures = {"median": median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{value:.4g}") for name, value in figures.items()}


def take_turns(
    ours: Callable[[], float], plain: Callable[[], float], rounds: int
) -> tuple[list[float], list[float]]:
    """Figures of both, A B A B ...; a first round that warms caches up is thrown away."""
    pairs = [(ours(), plain()) for _ in range(rounds + 1)][1:]
    return [a for a, _ in pairs], [b for _, b in pairs]


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def table(measured: Sequence[Comparison], lang: str) -> str:
    """The lines that `bench` prints."""
    words = (
        ("ratio", "median, min to max", "plain", "target", "loss at equal steps", "apart")
        if lang == "en"
        else ("比值", "中位数，范围", "对照", "目标", "相同步数时的损失", "相差")
    )
    lines = []
    for item in measured:
        sign = "<=" if item.unit == "s" else ">="
        ours, plain = (_said(values, item.unit) for values in (item.ours, item.plain))
        lines.append(f"{item.zh if lang == 'zh' else item.en}")
        lines.append(f"    {words[0]} {item.ratio:.2f} ({words[3]} {sign} {item.target:g})")
        lines.append(f"    {ours}; {words[2]} {plain} ({words[1]}, n = {len(item.ours)})")
        if item.losses:
            a, b = item.losses
            lines.append(f"    {words[4]} {a:.4g}; {words[2]} {b:.4g} ({words[5]} {abs(a - b) / abs(b):.1%})")
    return "\n".join(lines)


def _said(values: Sequence[float], unit: str) -> str:
    scale, name = (1000, "ms") if unit == "s" else (1, unit)
    middle, low, high = (scale * value for value in (median(values), min(values), max(values)))
    return f"{middle:.4g} {name} [{low:.4g}, {high:.4g}]"
