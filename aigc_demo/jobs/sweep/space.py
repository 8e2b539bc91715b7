r"""The settings of each run of a sweep: every combination of values, or draws from lists and ranges.

A range whose ends are far apart, as those of learning rates are, is even on a logarithmic scale:
$x = a\,(b/a)^u$ with $u \sim U(0, 1)$ where $b/a \geq 10$ and $a > 0$, else $x = a + (b - a)\,u$.
Draws beat a grid where few of the settings matter (Bergstra and Bengio 2012): none of them repeats a value that matters.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, label_of
from aigc_demo.jobs.request import TrainRequest, optional_fields, uses
from aigc_demo.schemas import check

ALWAYS = ("learning_rate", "batch_size", "seed")  # fields that every training has and that may be varied
NEVER = frozenset({"trigger"})
FEWEST, MOST = 1, 3  # settings that are varied together
RANGE_VALUES = 4  # that a range comes to in a grid
TRIES = 50  # draws of a run that is not there yet

Value = Any
Point = dict[str, Value]


@dataclass(frozen=True)
class Range:
    """All values from `low` to `high`."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """The value at a share of the way, in [0, 1]."""
        if self.low > 0 and self.high / self.low >= 10:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share


def tunable(family: str, way: str = "full") -> list[str]:
    """The settings of a training that a sweep may vary."""
    own = [name for name in optional_fields() if uses(family, way, name) and name not in NEVER]
    return [*ALWAYS, *own]


def parse(base: TrainRequest, vary: Mapping[str, str]) -> dict[str, Sequence[Value] | Range]:
    """What each setting is varied over: "0.01, 0.02" are values, "0.001 .. 0.1" is a range; InputError where it cannot be."""
    known = tunable(base.family, base.way)
    if not FEWEST <= len(vary) <= MOST:
        raise InputError(
            en=f"Choose {FEWEST} to {MOST} settings to vary, of {', '.join(known)}.",
            zh=f"请选择 {FEWEST} 到 {MOST} 个要搜索的设置，可选 {'、'.join(known)}。",
        )
    for name in vary:
        if name not in known:
            raise InputError(
                en=f"{name} cannot be varied; a {base.family} has {', '.join(known)}.",
                zh=f"{name} 不能用于搜索；{base.family} 可选 {'、'.join(known)}。",
            )
    return {name: _parse(base, name, text) for name, text in vary.items()}


def _parse(base: TrainRequest, name: str, text: str) -> Sequence[Value] | Range:
    words = label_of(TrainRequest, name)
    low, dots, high = text.partition("..")
    is_number = TrainRequest.model_fields[name].annotation in (int, float)
    if dots:
        ends = [_value(base, name, end) for end in (low, high)] if is_number else []
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise InputError(
                en=f"{words.en}: {text[:40]} is no range; write values as 1, 2, 4 or a range of numbers as 0.01 .. 0.1.",
                zh=f"{words.zh}：{text[:40]} 不是范围；请写若干值，如 1, 2, 4，或数值范围，如 0.01 .. 0.1。",
            )
        return Range(*ends)
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    values = list(dict.fromkeys(_value(base, name, part) for part in parts if part))
    if len(values) < 2:
        raise InputError(
            en=f"{words.en}: one value is nothing to choose from; write several, as 1, 2, 4.",
            zh=f"{words.zh}：只有一个值，无从比较；请写几个，如 1, 2, 4。",
        )
    return values


def _value(base: TrainRequest, name: str, text: str) -> Value:
    return getattr(check(TrainRequest, {**base.model_dump(), name: text.strip()}), name)


def points(
    base: TrainRequest, space: Mapping[str, Sequence[Value] | Range], method: str, runs: int, seed: int
) -> list[Point]:
    """The settings of at most `runs` runs, no two alike: the grid, or of a larger one some by chance, in its order; or draws."""
    random = Random(seed)
    if method == "grid":
        every = [dict(zip(space, values, strict=True)) for values in product(*map(_values, space.values()))]
        every = [_as_asked(base, point) for point in every]
        if len(every) > runs:
            every = [every[place] for place in sorted(random.sample(range(len(every)), runs))]
        return _unlike(every)
    found: list[Point] = []
    for _ in range(runs * TRIES):
        drawn = {name: _draw(choice, random) for name, choice in space.items()}
        point = _as_asked(base, drawn)
        if point not in found:
            found.append(point)
        if len(found) == runs:
            break
    return found


def _values(choice: Sequence[Value] | Range) -> Sequence[Value]:
    if isinstance(choice, Range):
        return [choice.at(step / (RANGE_VALUES - 1)) for step in range(RANGE_VALUES)]
    return choice


def _draw(choice: Sequence[Value] | Range, random: Random) -> Value:
    return choice.at(random.random()) if isinstance(choice, Range) else random.choice(list(choice))


def _as_asked(base: TrainRequest, point: Point) -> Point:
    """The point in the numbers that its fields take: whole ones, or with three digits."""
    rounded = {
        name: value
        if isinstance(value, bool | str)
        else round(value)
        if TrainRequest.model_fields[name].annotation is int
        else float(f"{value:.3g}")
        for name, value in point.items()
    }
    checked = check(TrainRequest, {**base.model_dump(), **rounded})
    return {name: getattr(checked, name) for name in point}


def _unlike(found: Sequence[Point]) -> list[Point]:
    return [point for place, point in enumerate(found) if point not in found[:place]]


def said(point: Point) -> Text:
    """A point in words, such as "Learning rate 0.02, Batch size 16"."""
    parts = [(label_of(TrainRequest, name), shown(value)) for name, value in point.items()]
    en, zh = (", ".join(f"{getattr(label, lang)} {value}" for label, value in parts) for lang in ("en", "zh"))
    return Text(en, zh.replace(", ", "，"))


def shown(value: Value) -> str:
    """A value as it is written."""
    if isinstance(value, bool):
        return "✓" if value else "–"
    return f"{value:g}" if isinstance(value, float) and math.isfinite(value) else str(value)
