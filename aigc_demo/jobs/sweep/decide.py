r"""Which run of a sweep is due next: a pure function of how far all of them are, so that whoever asks finds the same.

A grid and draws take every run to its last step. Successive halving (Jamieson and Talwalkar 2016, Non-stochastic Best Arm
Identification) takes $n$ runs to a quarter of the steps, the better $\lceil n/2 \rceil$ to half of them, and the better
$\lceil n/4 \rceil$ to the end. They are compared at equal steps of one schedule, by what was logged there.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aigc_demo.jobs.folder import State

RUNGS = (0.25, 0.5)  # shares of the steps at which halving looks
TRIES = 2  # times that a run whose process vanished is taken up again


@dataclass(frozen=True)
class Standing:
    """How far a run is: its `state`, None before it is begun; `looks`, the figure by step, of which lower is better.

    seconds: from its begin to its end. tries: how often it was taken up again. left_out: it was stopped by hand.
    """

    state: State | None = None
    step: int = 0
    steps: int = 1
    looks: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    tries: int = 0
    left_out: bool = False

    @property
    def active(self) -> bool:
        """Whether it trains or waits to."""
        return self.state in ("queued", "running")

    @property
    def given_up(self) -> bool:
        """Whether nothing more will come of it."""
        vanished = self.state == "interrupted" and self.tries >= TRIES
        return self.left_out or vanished or self.state == "failed"

    def reached(self, until: int) -> bool:
        """Whether it has come so far."""
        return self.state == "done" or (self.state == "stopped" and self.step >= until)

    def look(self, until: int) -> float:
        """What was logged at a step, or last before it; infinite where nothing was."""
        steps = [step for step in self.looks if step <= until]
        return self.looks[max(steps)] if steps else math.inf


@dataclass(frozen=True)
class Act:
    """What is to be done: start or resume a run, up to a step (0: its last); wait for one; or finish."""

    kind: Literal["start", "resume", "wait", "finish"]
    place: int = -1
    until: int = 0


def rungs(steps: int, method: str) -> list[int]:
    """The steps at which runs are compared: the last alone, or also those before at which halving looks."""
    if method != "halving":
        return [steps]
    return [*(step for share in RUNGS if (step := round(steps * share)) >= 1), steps]


def next_act(standings: Sequence[Standing], method: str, seconds_left: float = math.inf) -> Act:
    """What a sweep does now. No run is begun that would not end in `seconds_left`, by the time that others took."""
    for place, one in enumerate(standings):
        if one.active:
            return Act("wait", place)
    alive = list(range(len(standings)))
    steps = max(one.steps for one in standings)
    for until in rungs(steps, method):
        for place in alive:
            one = standings[place]
            if one.given_up or one.reached(until):
                continue
            if not _in_time(standings, one, until, seconds_left):
                return Act("finish")
            return Act("start" if one.state is None else "resume", place, 0 if until == steps else until)
        alive = survivors(standings, alive, until)
    return Act("finish")


def survivors(standings: Sequence[Standing], alive: Sequence[int], until: int) -> list[int]:
    """The better half of the runs that came so far, rounded up; of equals the earlier."""
    came = [place for place in alive if standings[place].reached(until) and not standings[place].given_up]
    best = sorted(came, key=lambda place: (standings[place].look(until), place))
    return sorted(best[: math.ceil(len(came) / 2)])


def _in_time(standings: Sequence[Standing], one: Standing, until: int, seconds_left: float) -> bool:
    """Whether a run would come so far in time, at the mean pace of the others; the first is always begun."""
    paces = [other.seconds / other.step for other in standings if other.step and other.seconds]
    if not paces:
        return True
    return (until - one.step) * sum(paces) / len(paces) <= seconds_left
