"""Two ways of doing the same, measured in turns."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from aigc_demo.core.words import Text


@dataclass(frozen=True)
class Comparison:
    """Figures of ours and of the plain way, round by round. `unit` is "s" (less is better) or such as "tokens/s" (more is).

    `losses`, where something was trained, are those of both ways after equal steps.
    """

    words: Text
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
            "name": self.words.en,
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


WORDS = (
    Text("ratio", "比值"), Text("median, min to max", "中位数，范围"), Text("plain", "对照"),
    Text("target", "目标"), Text("loss at equal steps", "相同步数时的损失"), Text("apart", "相差"),
)  # fmt: skip


def table(measured: Sequence[Comparison], lang: str) -> str:
    """The lines that `bench` prints."""
    ratio, spread_of, other, target, loss, apart = (words.say(lang) for words in WORDS)
    lines = []
    for item in measured:
        sign = "<=" if item.unit == "s" else ">="
        ours, plain = (_said(values, item.unit) for values in (item.ours, item.plain))
        lines.append(item.words.say(lang))
        lines.append(f"    {ratio} {item.ratio:.2f} ({target} {sign} {item.target:g})")
        lines.append(f"    {ours}; {other} {plain} ({spread_of}, n = {len(item.ours)})")
        if item.losses:
            a, b = item.losses
            lines.append(f"    {loss} {a:.4g}; {other} {b:.4g} ({apart} {abs(a - b) / abs(b):.1%})")
    return "\n".join(lines)


def _said(values: Sequence[float], unit: str) -> str:
    scale, name = (1000, "ms") if unit == "s" else (1, unit)
    middle, low, high = (scale * value for value in (median(values), min(values), max(values)))
    return f"{middle:.4g} {name} [{low:.4g}, {high:.4g}]"
