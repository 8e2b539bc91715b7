"""Blind comparison: which pairs are shown in which order, and what the votes come to."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.metrics.intervals import Interval
from aigc_demo.metrics.preferences import bradley_terry, sign_test, win_share

LETTERS = "lrt"  # left, right, a tie
MOST = 60


@dataclass(frozen=True)
class Pairing:
    """One pair to vote on: which item, and the places of the models that stand left and right."""

    item: int
    left: int
    right: int


def pairings(models: int, items: int, count: int, seed: int) -> list[Pairing]:
    """`count` pairs, every two models by turns, items and sides shuffled by the seed. InputError below two models or one item."""
    if models < 2 or items < 1:
        raise InputError(
            en="A blind comparison needs two models that were evaluated together; choose a second one and evaluate.",
            zh="盲评需要两个一起评测过的模型；请再选一个模型并评测。",
        )
    dice = random.Random(seed)
    order = list(range(items))
    dice.shuffle(order)
    twos = list(combinations(range(models), 2))
    found = []
    for place in range(min(count, items * len(twos), MOST)):
        a, b = twos[place % len(twos)]
        if dice.random() < 0.5:
            a, b = b, a
        found.append(Pairing(order[place // len(twos) % items], a, b))
    return found


@dataclass(frozen=True)
class Votes:
    """Votes on the first of the pairings, a letter each: l, r, or t for a tie."""

    models: Sequence[str]
    pairings: Sequence[Pairing]
    letters: str

    @property
    def count(self) -> int:
        """How many were given."""
        return len(self.letters)

    @property
    def finished(self) -> bool:
        """Whether every pair has its vote."""
        return len(self.letters) >= len(self.pairings)

    def games(self) -> list[tuple[int, int, float]]:
        """(i, j, y): y is 1 where model i won, 0 where j did, 1/2 for a tie."""
        worth = {"l": 1.0, "r": 0.0, "t": 0.5}
        given = zip(self.pairings, self.letters, strict=False)
        return [(pair.left, pair.right, worth[letter]) for pair, letter in given]

    def tally(self, model: int) -> tuple[int, int, int]:
        """Wins, losses and ties of a model."""
        own = [y if i == model else 1 - y for i, j, y in self.games() if model in (i, j)]
        return own.count(1.0), own.count(0.0), own.count(0.5)

    def p(self) -> float:
        """The sign test of the first model against all others: ties are left out."""
        wins, losses, _ = self.tally(0)
        return sign_test(wins, losses)

    def strengths(self) -> list[tuple[str, Interval, Interval]]:
        """Of each model its share of wins, ties counted half, and its strength by Bradley and Terry."""
        found = bradley_terry(self.games(), len(self.models))
        return [
            (model, win_share(*self.tally(place)), strength.strength)
            for place, (model, strength) in enumerate(zip(self.models, found, strict=True))
        ]


def votes_facts(votes: Votes) -> dict[str, Any]:
    """For a program."""
    return {
        "pairs": votes.count,
        "sign_test_p": votes.p(),
        "models": [
            {
                "model": model,
                **dict(zip(("wins", "losses", "ties"), votes.tally(place), strict=True)),
                "share": [share.point, share.low, share.high],
                "bradley_terry": [beta.point, beta.low, beta.high],
            }
            for place, (model, share, beta) in enumerate(votes.strengths())
        ],
    }
