"""Writing token by token, whatever the model is: it reads what was chosen and gives the logits of what may come next."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from aigc_demo.language.sampling import Settings, penalise, sample


class Cache(Protocol):
    """What a decoder remembers of the `length` tokens that it has read."""

    length: int


class Decoder(Protocol):
    """A model that reads text a token at a time; `context_length` tokens at most before it has to begin again."""

    context_length: int

    def new_cache(self, batch: int) -> Any:
        """The Cache of `batch` texts of which nothing was read yet."""
        ...

    def read(self, ids: Tensor, cache: Any) -> Tensor:
        """Append ids (batch, T) to what was read; logits (batch, vocab) behind the last. T > 1 needs an empty cache."""
        ...

    def expand(self, cache: Any, batch: int) -> Any:
        """The cache of one text, copied for `batch` samples that go on from it."""
        ...


@torch.inference_mode()
def decode(
    decoder: Decoder,
    ids: list[int],
    draws: Tensor,
    settings: Settings,
    forbidden: Callable[[int], Tensor],
    penalised: Tensor,
    kept: Sequence[int] = (),
) -> Iterator[tuple[Tensor, Tensor]]:
    """Go on from the text `ids` in `count` samples: at each step, logits (count, vocab) and the tokens chosen (count,).

    draws: (count, steps) numbers of [0, 1), one a token. forbidden(step): (vocab,) of bool, what may not be chosen.
    penalised: (vocab,) of bool, what the repetition penalty falls on. kept: the first tokens, which are not drawn; those
    behind them are drawn by the same numbers as without. A full context is read again from its last half.
    """
    count, context = len(draws), decoder.context_length
    text = torch.tensor([ids], device=draws.device)
    cache = decoder.new_cache(1)
    logits = decoder.read(text, cache).expand(count, -1)
    cache, text = decoder.expand(cache, count), text.repeat(count, 1)
    seen = torch.zeros(logits.shape, dtype=torch.bool, device=draws.device).scatter_(1, text, penalised[text])
    for step in range(draws.shape[1]):
        scores = penalise(logits, seen, settings.repetition_penalty)
        scores = scores.masked_fill(forbidden(step), -torch.inf)
        chosen = sample(scores, settings, draws[:, step], text[:, -1])
        if step < len(kept):
            chosen = torch.full_like(chosen, kept[step])
        yield logits, chosen
        new = chosen.unsqueeze(1)
        text = torch.cat((text, new), dim=1)
        seen.scatter_(1, new, penalised[new])
        if cache.length == context:
            cache, new = decoder.new_cache(count), text[:, -(context // 2) :]
        logits = decoder.read(new, cache)
