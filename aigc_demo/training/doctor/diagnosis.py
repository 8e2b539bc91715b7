"""What a diagnosis is, and the log as the doctor reads it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from string import Formatter
from typing import Any

from aigc_demo.core.words import Text

Look = Mapping[str, float]
Evidence = dict[str, float]
EARLY = 2  # looks: the first tenth of a run, when everything is still wrong
LASTING = 2  # looks in a row that a trouble must last to be named
FOUND = {"best", "best_step"}  # evidence that `overfitting` finds itself


@dataclass(frozen=True)
class Diagnosis:
    """A trouble by name; `find` returns its evidence among the looks so far, or None.

    `words` has a place for each figure of the evidence: what is wrong, how that is seen, one suggestion. A look that
    lacks one of these, as it came from too small a sample (metrics/least.py), counts for nothing.
    """

    name: str
    find: Callable[[Sequence[Look]], Evidence | None]
    words: Text

    def verdict(self, looks: Sequence[Look]) -> Evidence | None:
        """The evidence among the looks that tell enough; None where there is no trouble, or no telling."""
        shown = {name for _, name, _, _ in Formatter().parse(self.words.en) if name} - FOUND
        return self.find([look for look in looks if shown <= look.keys()])

    def event(self, evidence: Evidence) -> dict[str, Any]:
        """A line for events.jsonl."""
        rounded = {name: round(value, 4) for name, value in evidence.items()}
        words = self.words.format(**evidence)
        return {"kind": "diagnosis", "name": self.name, "evidence": rounded, **asdict(words)}


@dataclass(frozen=True)
class Chart:
    """What can befall a family. A line of the log with the figure `marker` is one that was validated."""

    marker: str
    diagnoses: tuple[Diagnosis, ...]


def looks(log: Sequence[Mapping[str, Any]], marker: str) -> list[Look]:
    """The log in as many parts as it was validated: of each the mean figures, and the validation at its end."""
    found, part = [], []
    for line in log:
        part.append(line)
        if marker in line:
            means = {name: _mean(line[name] for line in part if name in line) for name in line}
            found.append({**means, "step": line["step"]})
            part = []
    return found


def lasting(
    test: Callable[[Look], bool], early: int = EARLY, looks_in_a_row: int = LASTING
) -> Callable[[Sequence[Look]], Evidence | None]:
    """Finds a look that passes the test where those just before it did too, all after the first `early` looks."""

    def find(looks: Sequence[Look]) -> Evidence | None:
        recent = looks[early:][-looks_in_a_row:]
        return dict(recent[-1]) if len(recent) == looks_in_a_row and all(map(test, recent)) else None

    return find


def overfitting(held_out: str, train: str, margin: float) -> Callable[[Sequence[Look]], Evidence | None]:
    """Finds that the figure `held_out` was best three looks ago or earlier while `train` has fallen since.

    `margin` is how far above its best it must stand in each of the last two looks, as a share of that, or of 1
    where it is smaller.
    (Early stopping with patience: Prechelt 1998, Early Stopping - But When?)
    """

    def find(looks: Sequence[Look]) -> Evidence | None:
        best = min(range(len(looks)), key=lambda index: looks[index][held_out], default=0)
        if len(looks) - 1 - best < 3:
            return None
        lowest, last = looks[best][held_out], looks[-1]
        worse = all(look[held_out] > lowest + margin * max(abs(lowest), 1) for look in looks[-LASTING:])
        if not worse or last[train] >= looks[best][train]:
            return None
        return {**last, "best": lowest, "best_step": looks[best]["step"]}

    return find


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
