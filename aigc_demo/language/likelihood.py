"""How likely held-out text is to a network: exact, by the chain rule, with what stands before `start` given."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc_demo.language.corpus import HeldOut
from aigc_demo.language.losses import bits
from aigc_demo.metrics.least import LEAST_CHARACTERS, enough

TOKENS_AT_ONCE = 2048  # their logits take 40 MB
NEAR = 8


def enough_text(rows: Sequence[HeldOut]) -> bool:
    """Whether these rows spell enough for bits a character to be told."""
    return sum(row.characters for row in rows) >= LEAST_CHARACTERS


def held_out_bits(model: Any, rows: Sequence[HeldOut]) -> float:
    """Bits per character that a language/writer.py Writer gives to held-out rows."""
    return bits(sum(model.nats(rows)), sum(row.characters for row in rows))


@torch.inference_mode()
def row_nats(
    network: Callable[[Tensor], Tensor], rows: Sequence[HeldOut], device: torch.device
) -> list[float]:
    """Nats of each row under a network from ids (N, T) to logits (N, T, vocab); rows of one length and start go together."""

    def kind(place: int) -> tuple[int, int]:
        return len(rows[place].ids), rows[place].start

    nats = [0.0] * len(rows)
    for (length, start), group in groupby(sorted(range(len(rows)), key=kind), key=kind):
        places = list(group)
        at_once = max(1, TOKENS_AT_ONCE // length)
        for first in range(0, len(places), at_once):
            part = places[first : first + at_once]
            ids = torch.tensor([list(rows[place].ids) for place in part], device=device)
            logits = network(ids[:, :-1])[:, start - 1 :]
            lost = F.cross_entropy(logits.flatten(0, 1), ids[:, start:].flatten(), reduction="none")
            sums = lost.view(len(part), -1).double().sum(1).tolist()
            for place, total in zip(part, sums, strict=True):
                nats[place] = total
    return nats


def far_context(model: Any, rows: Sequence[HeldOut]) -> dict[str, float]:
    """`far_context`: the bits that what stands more than NEAR tokens back saves on each of the last NEAR tokens of a row.

    0 for a model that has forgotten it by then, as an n-gram has. Nothing is told of fewer than LEAST rows of 4 NEAR tokens.
    """
    long = [row for row in rows if len(row.ids) >= 4 * NEAR]
    if not enough(long):
        return {}
    whole = [HeldOut(row.ids, len(row.ids) - NEAR, 0) for row in long]
    near = [HeldOut(row.ids[-2 * NEAR :], NEAR, 0) for row in long]
    return {"far_context": bits(sum(model.nats(near)) - sum(model.nats(whole)), NEAR * len(long))}
