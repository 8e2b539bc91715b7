r"""A poem is the best of several drafts: how they are drawn, and how they are scored.

$S = \overline{\ln p} + w_r R + w_t T - w_d D$ with

- $\overline{\ln p}$: mean log probability of the tokens, by the model itself, in nats;
- $R$: share of the couplets that rhyme; $T$: share of the places that have the tone which the best fitting order of
  regulated verse wants (prosody.py);
- $D$: share of the characters that stood in the poem before; doubled ones (萧萧) do not count.

The weights were chosen by reading. They are part of what a recipe means: with others, it gives another of its drafts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aigc_demo.language.prosody import Prosody, lines_of, prosody

RHYME, TONES, REPEATED = 1.0, 4.0, 3.0
STRIDE = 0x9E3779B1  # the golden section of 2^32, prime: seeds of drafts lie far apart and never meet
LEAST = 1e-12


def draft_seed(seed: int, draft: int) -> int:
    """The seed of a draft of the sample with this seed; the first draft has the sample's own. As a single draft it gives the same text."""
    return (seed + draft * STRIDE) % 2**32


@dataclass(frozen=True)
class Score:
    """What a draft is worth; `prosody` is None where the text has not the shape of a poem."""

    likelihood: float
    repeated: float
    prosody: Prosody | None

    @property
    def total(self) -> float:
        """S; a text that has not the shape of a poem rhymes in nothing and keeps no tone."""
        kept = self.prosody
        form = RHYME * kept.rhyme + TONES * kept.tones if kept else 0.0
        return self.likelihood + form - REPEATED * self.repeated


def score(poem: str, probabilities: Sequence[float | None]) -> Score:
    """The score of a whole poem, opening and marks included, and the model's odds of the tokens that it wrote."""
    known = [math.log(max(p, LEAST)) for p in probabilities if p is not None]
    lines = lines_of(poem)
    return Score(sum(known) / max(1, len(known)), repeated("".join(lines)), prosody(lines))


def repeated(text: str) -> float:
    """Share of the characters that stood in the text before, except right before."""
    again = [text[i] in text[:i] and text[i] != text[i - 1] for i in range(len(text))]
    return sum(again) / max(1, len(again))
