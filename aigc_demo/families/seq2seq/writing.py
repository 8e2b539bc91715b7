r"""From a source to a target, token by token: the likeliest each time, drawn by the odds, or by beam search.

Beam search keeps the $b$ best beginnings, extends each by every token and keeps the best $b$ of those; finished ones are
compared by $\frac{1}{|y|} \sum_t \log p(y_t \mid y_{<t}, x)$, since without the division the shortest would win.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from aigc_demo.core.stopping import Stop
from aigc_demo.families.seq2seq.networks import EncoderDecoder, Memory
from aigc_demo.language.sampling import Settings, sample, uniforms


@dataclass(frozen=True)
class Rules:
    """What may be written: never the tokens of `never` (V,); with `length`, exactly so many before the end."""

    never: Tensor
    end: int
    length: int = 0
    not_these: tuple[int, ...] = field(default=())

    def apply(self, logits: Tensor, written: int) -> Tensor:
        """Logits (N, V) of the token behind `written` ones, with what may not follow at -inf."""
        logits = logits.masked_fill(self.never.to(logits.device), -math.inf)
        if self.not_these:
            logits[:, list(self.not_these)] = -math.inf
        if self.length:
            at_end = logits[:, self.end].clone()
            if written < self.length:
                logits[:, self.end] = -math.inf
            else:
                logits = torch.full_like(logits, -math.inf)
                logits[:, self.end] = at_end
        return logits


@torch.inference_mode()
def write(
    network: EncoderDecoder,
    source: list[int],
    start: int,
    rules: Rules,
    room: int,
    temperature: float,
    seed: int,
    stop: Stop,
) -> Iterator[tuple[int, Tensor]]:
    """At most `room` tokens, each with the logits (V,) that it was chosen from, before any rule; temperature 0 is greedy."""
    memory, state, token = _read(network, source), (), start
    device = memory.states.device
    draws, settings = uniforms([seed], room), Settings(temperature=temperature)
    for written in range(room):
        if stop():
            return
        found = network.decode(torch.tensor([[token]], device=device), memory, state)
        logits, state = network.logits(found.hidden[:, -1]).float().cpu(), found.state
        allowed = rules.apply(logits, written)
        token = int(sample(allowed, settings, draws[:, written], torch.tensor([token])))
        if token == rules.end:
            return
        yield token, logits[0]


@torch.inference_mode()
def beam_search(
    network: EncoderDecoder, source: list[int], start: int, rules: Rules, room: int, beams: int, stop: Stop
) -> list[int]:
    """The best of `beams` hypotheses, without its end; of what there is where `stop()` turns true."""
    one, state = _read(network, source), ()
    device = one.states.device
    memory = one.rows(torch.zeros(1, dtype=torch.long, device=device))
    rows, scores = [[start]], torch.zeros(1)
    finished: list[tuple[float, list[int]]] = []
    for written in range(room):
        found = network.decode(torch.tensor([row[-1:] for row in rows], device=device), memory, state)
        logits = rules.apply(network.logits(found.hidden[:, -1]).float().cpu(), written)
        total = scores[:, None] + logits.log_softmax(-1)
        best = total.flatten().topk(min(2 * beams, total.numel()))
        kept: list[tuple[float, int, int]] = []
        for score, place in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            row, token = divmod(place, total.shape[1])
            if score == -math.inf or len(kept) == beams:
                continue
            if token == rules.end:
                finished.append((score / (written + 1), rows[row][1:]))
            else:
                kept.append((score, row, token))
        if not kept or stop() or (len(finished) >= beams and _settled(finished, kept[0][0], written + 1)):
            break
        chosen = torch.tensor([row for _, row, _ in kept], device=device)
        rows = [[*rows[row], token] for _, row, token in kept]
        scores = torch.tensor([score for score, _, _ in kept])
        state = tuple(part[chosen] for part in found.state)
        memory = one.rows(torch.zeros(len(rows), dtype=torch.long, device=device))
    if not finished:
        return rows[0][1:]
    return max(finished)[1]


def _settled(finished: list[tuple[float, list[int]]], best: float, written: int) -> bool:
    """Whether the best open hypothesis, as it stands, is behind all that are finished."""
    return best / written < max(finished)[0]


def _read(network: EncoderDecoder, source: list[int]) -> Memory:
    device = network.embedding.weight.device
    return network.encode(torch.tensor([source], device=device))
