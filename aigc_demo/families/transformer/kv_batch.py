"""Keys and values of several sequences of different lengths, read by one network at once.

Sequence b of the batch holds $n_b$ tokens, written at the right end of $T = \\max_b n_b$ columns. The columns to their left are
masked out of every attention, and positions count from each sequence's own first token, so that its logits are those it
would have alone (to rounding). Sequences join and leave between any two steps: this is continuous batching (Yu et al.
2022, Orca, section 3.1). A step reads every weight once, however many sequences there are.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.errors import Stopped
from aigc_demo.core.stopping import Stop
from aigc_demo.pretrained.loading import cache_argument

PREFILL_CHUNK = 256  # tokens of a long prompt that are read between two looks at the stop flag
SPARE_COLUMNS = 128  # set aside when a cache is full


def device_of(network: Any) -> torch.device:
    """Where a network computes; the weights of an offloaded one are elsewhere between its layers' turns."""
    hook = getattr(network.get_input_embeddings(), "_hf_hook", None)
    return torch.device(hook.execution_device) if hook else network.device


class KVBatch:
    """Sequences of one network side by side: `prefill` a prompt, `decode` a token each, `keep` some of them."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.device = device_of(network)
        self.lengths: list[int] = []
        self.cache = new_cache()

    @torch.inference_mode()
    def prefill(self, ids: Sequence[int], copies: int, stop: Stop) -> Tensor:
        """Append `copies` sequences that begin with the prompt `ids`; logits (copies, vocab) behind it. Stopped by `stop`."""
        prompt, logits = new_cache(), None
        for chunk in torch.tensor([list(ids)], device=self.device).split(PREFILL_CHUNK, dim=1):
            if stop():
                raise Stopped
            logits = self._forward(prompt, input_ids=chunk)
        for index, layer in enumerate(prompt.layers):
            if self.lengths:
                self.cache.layers[index].append(layer, copies)
            else:
                layer.append(None, copies)
        if not self.lengths:
            self.cache = prompt
        self.lengths += [len(ids)] * copies
        return logits.expand(copies, -1)

    @torch.inference_mode()
    def decode(self, tokens: Tensor) -> Tensor:
        """Append a token to each sequence, (N,); logits (N, vocab) behind it."""
        positions = torch.tensor(self.lengths, device=self.device).unsqueeze(1)
        self.lengths = [length + 1 for length in self.lengths]
        return self._forward(
            self.cache,
            input_ids=tokens.unsqueeze(1),
            position_ids=positions,
            attention_mask=self._mask(),
        )

    @torch.inference_mode()
    def keep(self, places: Sequence[int]) -> None:
        """Let all sequences go but those at these places."""
        if list(places) == list(range(len(self.lengths))):
            return
        self.lengths = [self.lengths[place] for place in places]
        if not places:
            self.cache = new_cache()
            return
        index = torch.tensor(list(places), device=self.device)
        for layer in self.cache.layers:
            layer.keep(index, max(self.lengths))

    def _mask(self) -> Tensor | None:
        """(N, T), false left of each sequence; None where all are equally long."""
        width = max(self.lengths)
        if min(self.lengths) == width:
            return None
        starts = width - torch.tensor(self.lengths, device=self.device).unsqueeze(1)
        return torch.arange(width, device=self.device) >= starts

    def _forward(self, cache: Any, **inputs: Any) -> Tensor:
        inputs[cache_argument()] = cache
        return self.network(**inputs, use_cache=True, logits_to_keep=1).logits[:, -1].float()


def new_cache() -> Any:
    """An empty transformers Cache of layers that grow in place."""
    from transformers.cache_utils import Cache

    return Cache(layer_class_to_replicate=_layer_type())


@lru_cache(maxsize=1)
def _layer_type() -> type:
    """The class of a layer's cache. transformers' own copies all keys and values at every token; this one has columns
    to spare, and `keys` and `values` (N, heads, T, d) are windows into them."""
    from transformers.cache_utils import DynamicLayer

    class GrowingLayer(DynamicLayer):
        buffer: Tensor  # (2, N, heads, columns, d), keys and values

        def update(
            self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
        ) -> tuple[Tensor, Tensor]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.buffer = torch.stack((key_states, value_states))[..., :0, :]
                self._show(0)
            start = self.keys.shape[-2]
            end = start + key_states.shape[-2]
            if end > self.buffer.shape[-2]:
                larger = self.buffer.new_empty(
                    2, *key_states.shape[:2], end + max(SPARE_COLUMNS, end // 2), key_states.shape[3]
                )
                larger[..., :start, :] = self.buffer[..., :start, :]
                self.buffer = larger
            self.buffer[0, :, :, start:end], self.buffer[1, :, :, start:end] = key_states, value_states
            self._show(end)
            return self.keys, self.values

        def append(self, other: "GrowingLayer | None", copies: int) -> None:
            """Append `copies` of the one sequence of `other`; of None, become `copies` of the own one."""
            width = self.keys.shape[-2]
            own = self.buffer[..., :width, :]
            if other is None:
                self.buffer = own.repeat(1, copies, 1, 1, 1)
                self._show(width)
                return
            length = other.keys.shape[-2]
            theirs = other.buffer[..., :length, :].expand(-1, copies, -1, -1, -1)
            widest = max(width, length)
            shape = (2, own.shape[1] + copies, own.shape[2], widest + SPARE_COLUMNS, own.shape[4])
            self.buffer = own.new_zeros(shape)  # zeros: what is masked must still be finite
            self.buffer[:, : own.shape[1], :, widest - width : widest] = own
            self.buffer[:, own.shape[1] :, :, widest - length : widest] = theirs
            self._show(widest)

        def keep(self, places: Tensor, width: int) -> None:
            """Only the sequences at these places, and the last `width` columns in use."""
            end = self.keys.shape[-2]
            self.buffer = self.buffer[..., end - width : end, :].index_select(1, places)
            self._show(width)

        def _show(self, end: int) -> None:
            self.keys, self.values = self.buffer[0, :, :, :end], self.buffer[1, :, :, :end]

    return GrowingLayer
