"""A measured number beside its goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number, beside what it is to be: `at_least`, `at_most`, or neither. `of`: among how many it is a share."""

    en: str
    zh: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    of: int | None = None

    @classmethod
    def share(cls, en: str, zh: str, found: Sequence[bool], **goal: float | None) -> "Figure":
        """The share of what is true."""
        return cls(en, zh, sum(found) / max(1, len(found)), of=len(found), **goal)

    @property
    def met(self) -> bool:
        """Whether the number is on the right side of its goal."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def summary(self) -> dict[str, Any]:
        """Everything worth keeping, as JSON."""
        goals = {"at_least": self.at_least, "at_most": self.at_most}
        return {"name": self.en, "value": float(f"{self.value:.4g}"), "of": self.of, **goals, "met": self.met}

    def line(self, lang: str) -> str:
        """The line that `bench` prints."""
        value = f"{self.value:.4g}" if self.of is None else f"{round(self.value * self.of)} / {self.of}"
        goals = ((">=", self.at_least), ("<=", self.at_most))
        goal = "".join(f" ({sign} {number:g})" for sign, number in goals if number is not None)
        return f"{self.zh if lang == 'zh' else self.en}: {value}{goal}"
