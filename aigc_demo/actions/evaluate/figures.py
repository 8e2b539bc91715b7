"""The figures of the table: what each is called, which way is better, and what it tells, as figures.yaml says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import isnan
from pathlib import Path

from aigc_demo.core.words import Text, parse_yaml

VERDICTS: Mapping[str, Text] = {
    "": Text("", ""),
    "better": Text("better", "更好"),
    "worse": Text("worse", "更差"),
    "higher": Text("higher", "更高"),
    "lower": Text("lower", "更低"),
    "not different": Text("not different", "无差异"),
}


@dataclass(frozen=True)
class FigureWords:
    """title: as a table heads it. higher: whether more is better; None where neither is. share: told in per cent."""

    title: Text
    about: Text
    higher: bool | None
    share: bool

    def told(self, value: float) -> str:
        """A value of this figure, in three digits or in per cent."""
        if isnan(value):
            return "–"
        if self.share:
            return f"{100 * value:.1f} %"
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"

    def change(self, value: float) -> str:
        """A difference of two values, with its sign."""
        if isnan(value):
            return "–"
        return f"{'+' if value >= 0 else '−'}{self.told(abs(value))}"


@cache
def figures() -> Mapping[str, FigureWords]:
    """All of them by name, in the order of the table."""
    table = parse_yaml(Path(__file__).with_name("figures.yaml").read_text("utf-8"))
    return {
        name: FigureWords(
            Text(**entry["title"]), Text(**entry["about"]), entry.get("higher"), entry.get("share", False)
        )
        for name, entry in table.items()
    }
