"""Training in turns: each way takes the same steps on the same data, and its loss is looked at off the clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import torch

from aigc_demo.bench.measure import Comparison, seconds
from aigc_demo.core.words import Text

RACE = Text(
    "training a {what}, {threads} threads, against {against}", "训练{what}，{threads} 线程，对照 {against}"
)


@dataclass(frozen=True)
class Way:
    """One way of training. `turn` takes the steps it is given and returns seconds; `loss` judges the weights of now."""

    turn: Callable[[range], float]
    loss: Callable[[], float]
    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Race:
    """How long a race is: turns of `steps` steps, `rounds` of them after one to warm up; `examples` a step."""

    steps: int
    rounds: int
    examples: int

    @property
    def total(self) -> int:
        """Steps of the whole race, for schedules that depend on it."""
        return self.steps * (self.rounds + 1)

    def run(self, ways: Sequence[Way]) -> None:
        """Let all ways take their turns; the warm-up's time is thrown away, its steps and loss are not."""
        for turn in range(self.rounds + 1):
            for way in ways:
                took = way.turn(range(turn * self.steps, (turn + 1) * self.steps))
                way.losses.append(way.loss())
                if turn:
                    way.rates.append(self.steps * self.examples / took)


def compare(ours: Way, plain: Way, words: Text, unit: str, target: float) -> Comparison:
    """Speed as examples a second, and the mean of the losses seen in the later half of the race."""
    later = len(ours.losses) // 2
    losses = fmean(ours.losses[later:]), fmean(plain.losses[later:])
    return Comparison(words, unit, target, ours.rates, plain.rates, losses)


def turns(step: Callable[[int], object]) -> Callable[[range], float]:
    """A turn that takes one step after the other, timed."""
    return lambda steps: seconds(lambda: ([step(number) for number in steps], settle()))


def settle() -> None:
    """Wait until a GPU has done what it was given: its calls return before."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def told(what: Text, against: Text) -> Text:
    """A race's name: what is trained, and against what."""
    return RACE.format(what=what, threads=torch.get_num_threads(), against=against)
