"""What an evaluation comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aigc_demo.core.words import Text, plain
from aigc_demo.metrics.evidence import Evidence
from aigc_demo.metrics.intervals import Difference, Interval
from aigc_demo.models.cards import ModelCard
from aigc_demo.schemas.evaluate import EvaluateRequest

Made = str | np.ndarray  # a text, or a picture (H, W[, 3]) uint8


@dataclass(frozen=True)
class Measure:
    """One figure of one model: what it is made of, the value of each seed by itself, and that of held-out data themselves."""

    evidence: Evidence
    by_seed: Sequence[float] = ()
    real: float | None = None


@dataclass(frozen=True)
class Failure:
    """One of the worst: what was made or judged, what it should have been, and in words what is wrong."""

    made: Made
    wanted: Made | None
    words: Text


@dataclass
class Measured:
    """What one model came to: measures by the figure's name, what it made for each prompt, its failures, its confusion matrix."""

    measures: dict[str, Measure] = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    confusion: np.ndarray | None = None


@dataclass(frozen=True)
class Row:
    """A figure of a model with its interval; the difference to the first model, and that in words. None for the first."""

    figure: str
    model: str
    interval: Interval
    difference: Difference | None
    verdict: str
    by_seed: Sequence[float]
    real: float | None


@dataclass(frozen=True)
class EvaluateResult:
    """The table, the pairs side by side, the failures.

    kind: the ability that was measured, as in a card. prompts: what was asked for, item by item; made: by model what came.
    wanted: what should have come, where that is known. signature: the settings that pin the figures. classes: names, for
    confusion matrices. notes: what a reader has to know of these figures.
    """

    request: EvaluateRequest
    cards: Sequence[ModelCard]
    kind: str
    data: str
    rows: Sequence[Row]
    prompts: Sequence[Text]
    made: Sequence[Sequence[Made]]
    wanted: Sequence[Made]
    failures: Sequence[Sequence[Failure]]
    signature: str
    confusion: Sequence[np.ndarray | None] = ()
    classes: dict[str, list[str]] = field(default_factory=dict)
    notes: Sequence[Text] = ()

    @property
    def card(self) -> ModelCard:
        """The first model's."""
        return self.cards[0]

    @property
    def figures(self) -> list[str]:
        """The names of the figures, in their order."""
        return list(dict.fromkeys(row.figure for row in self.rows))

    def row(self, figure: str, model: str) -> Row | None:
        """The row of a figure and a model, where there is one."""
        return next((row for row in self.rows if (row.figure, row.model) == (figure, model)), None)

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {
            "rows": [row_facts(row) for row in self.rows],
            "kind": self.kind,
            "data": self.data,
            "signature": self.signature,
            "notes": [plain(note) for note in self.notes],
        }


def row_facts(row: Row) -> dict[str, Any]:
    """A row for a program: None where a number cannot be told."""
    found = {
        "figure": row.figure,
        "model": row.model,
        "point": number(row.interval.point),
        "low": number(row.interval.low),
        "high": number(row.interval.high),
        "n": row.interval.n,
        "by_seed": [number(value) for value in row.by_seed],
        "held_out": None if row.real is None else number(row.real),
        "difference": None,
        "verdict": row.verdict,
    }
    if row.difference is not None:
        found["difference"] = {
            name: number(getattr(row.difference, name)) for name in ("point", "low", "high", "p")
        }
    return found


def number(value: float) -> float | None:
    """A number that JSON has: six digits; None for one that is not finite."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
