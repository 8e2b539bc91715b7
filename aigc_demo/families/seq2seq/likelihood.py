r"""How likely a network finds targets, given their sources: $-\ln p(y \mid x) = -\sum_t \ln p(y_t \mid y_{<t}, x)$, the end included."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Stop, never
from aigc_demo.families.seq2seq.corpus import SEPARATOR, to_batch
from aigc_demo.families.seq2seq.losses import IGNORED
from aigc_demo.families.seq2seq.networks import EncoderDecoder

AT_ONCE = 64  # rows


@torch.inference_mode()
def nats_of(
    network: EncoderDecoder, rows: Sequence[Sequence[int]], start: int, stop: Stop = never
) -> list[float]:
    """Nats of each target among rows, source SEPARATOR target </s>, in their order; rows of like lengths go together."""
    device = network.embedding.weight.device
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    nats = [0.0] * len(rows)
    for first in range(0, len(order), AT_ONCE):
        if stop():
            raise Stopped
        some = order[first : first + AT_ONCE]
        batch = to_batch([rows[index] for index in some], start).to(device)
        logits = network(batch.source, batch.tokens).float()
        losses = F.cross_entropy(logits.mT, batch.targets, ignore_index=IGNORED, reduction="none").sum(1)
        for index, loss in zip(some, losses.tolist(), strict=True):
            nats[index] = loss
    return nats


def with_wrong_sources(rows: Sequence[Sequence[int]], given: int = 0) -> list[list[int]]:
    """The rows, each with the source of another: what a target costs where its source says nothing of it.

    The first `given` tokens of a source, such as the language to write, stay; sources are changed among those alike in them.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(tuple(row[:given]), []).append(index)
    wrong = [list(row) for row in rows]
    for indices in groups.values():
        for place, index in enumerate(indices):
            other = list(rows[indices[(place + len(indices) // 2) % len(indices)]])
            row = list(rows[index])
            wrong[index] = other[: other.index(SEPARATOR)] + row[row.index(SEPARATOR) :]
    return wrong
