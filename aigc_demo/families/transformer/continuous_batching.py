"""Several requests answered at once: the sequences of each are part of one batch, which they join and leave as they like."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.stopping import Stop, never
from aigc_demo.families.transformer.kv_batch import KVBatch
from aigc_demo.language.sampling import Settings, penalise, sample, uniforms
from aigc_demo.models.protocols import Step, TokenChoice
from aigc_demo.pretrained.detokenise import Pieces

ALTERNATIVES = 8


@dataclass
class GenerationRequest:
    """What is wanted: `count` sequences that go on from the prompt `ids`, of at most `length` tokens. `stop` ends it early.

    Sample i depends on seed + i alone. `spaced`: the text goes on from the prompt, else it stands by itself.
    """

    ids: Sequence[int]
    settings: Settings
    length: int
    seed: int = 0
    count: int = 1
    stop: Stop = never
    spaced: bool = False


@dataclass(eq=False)
class SequenceGroup:
    """The sequences of a request while they are written, and what their sampler remembers."""

    request: GenerationRequest
    draws: Tensor
    writers: list[Callable[[int], str]]
    alive: list[bool]
    seen: Tensor
    chosen: Tensor  # (count,), the last token of each sequence; at first, the prompt's
    written: int = 0


class ContinuousBatch:
    """The sequences that one network writes at once. `add` a request, then `step` until its group is no longer `running`."""

    def __init__(self, network: Any, pieces: Pieces) -> None:
        self.network, self.pieces = network, pieces
        self.kv = KVBatch(network)
        self.running: list[SequenceGroup] = []
        self.logits = torch.empty(0)
        special = [index for index, token in pieces.tokenizer.added_tokens_decoder.items() if token.special]
        self.unpenalised = torch.tensor(special, dtype=torch.long, device=self.kv.device)

    @torch.inference_mode()
    def add(self, request: GenerationRequest) -> SequenceGroup:
        """Read the prompt; its sequences are written from the next step on. Stopped where its stop flag is set."""
        logits = self.kv.prefill(request.ids, request.count, request.stop)
        self.logits = torch.cat((self.logits, logits)) if self.running else logits
        seen = torch.zeros(logits.shape, dtype=torch.bool, device=logits.device)
        seen[:, torch.tensor(list(request.ids), device=logits.device)] = True
        writers = [self.pieces.writer(request.ids if request.spaced else ()) for _ in range(request.count)]
        seeds = range(request.seed, request.seed + request.count)
        draws = uniforms(seeds, request.length).to(logits.device)
        last = torch.full((request.count,), request.ids[-1], device=logits.device)
        group = SequenceGroup(request, draws, writers, [True] * request.count, seen, last)
        self.running.append(group)
        return group

    @torch.inference_mode()
    def step(self) -> list[tuple[SequenceGroup, Step | None]]:
        """A token more for every sequence, with its odds; None for a group that has ended, been stopped or is full."""
        counts = [group.request.count for group in self.running]
        steps = [
            (group, self._sample(group, logits))
            for group, logits in zip(self.running, self.logits.split(counts), strict=True)
        ]
        self._keep([step is not None and group.written < group.request.length for group, step in steps])
        if self.running:
            self.logits = self.kv.decode(torch.cat([group.chosen for group in self.running]))
        return steps

    def _sample(self, group: SequenceGroup, logits: Tensor) -> Step | None:
        """Choose the next token of each sequence of one group; logits (count, vocab)."""
        request = group.request
        if request.stop() or group.written == request.length:
            return None
        seen, penalty = group.seen, request.settings.repetition_penalty
        if penalty != 1:
            seen = seen.index_fill(1, self.unpenalised, False)
        scores = penalise(logits, seen, penalty)
        group.chosen = sample(scores, request.settings, group.draws[:, group.written], group.chosen)
        tokens = group.chosen.tolist()
        group.alive = [
            was and token not in self.pieces.ends for was, token in zip(group.alive, tokens, strict=True)
        ]
        if not any(group.alive):
            return None
        group.seen.scatter_(1, group.chosen.unsqueeze(1), True)
        group.written += 1
        choices = zip(group.writers, tokens, self._odds(logits, group.chosen), group.alive, strict=True)
        return Step(
            group.written - 1,
            [
                TokenChoice(write(token), token, *odds) if alive else None
                for write, token, odds, alive in choices
            ],
        )

    def _odds(self, logits: Tensor, chosen: Tensor) -> Iterator[tuple[float, list[tuple[str, float]]]]:
        """For each sequence: the model's own probability of the chosen token, and the likeliest tokens with theirs."""
        probabilities = logits.softmax(-1)
        best = probabilities.topk(min(ALTERNATIVES, probabilities.shape[1]))
        own = probabilities.gather(1, chosen.unsqueeze(1)).squeeze(1)
        for probability, ids, values in zip(
            own.tolist(), best.indices.tolist(), best.values.tolist(), strict=True
        ):
            yield probability, [(self.pieces.label(i), value) for i, value in zip(ids, values, strict=True)]

    def _keep(self, stays: Sequence[bool]) -> None:
        """Let the groups go of which `stays` is false."""
        kept, place = [], 0
        for group, stay in zip(self.running, stays, strict=True):
            kept += range(place, place + group.request.count) if stay else ()
            place += group.request.count
        self.running = [group for group, stay in zip(self.running, stays, strict=True) if stay]
        self.kv.keep(kept)
        self.logits = self.logits[kept]


def generate_alone(network: Any, pieces: Pieces, request: GenerationRequest) -> Iterator[Step]:
    """The steps of a single request."""
    batch = ContinuousBatch(network, pieces)
    batch.add(request)
    while batch.running:
        [(_, step)] = batch.step()
        if step is None:
            return
        yield step
