r"""The network of networks.py, arranged for one token at a time; the same numbers with half the operations.

A decoding step reads every weight once for very little arithmetic, so that its time is the number of operations
and the memory they touch. Three identities make them fewer:

- norms are diagonal, $W(g \odot x) = (W\,\mathrm{diag}(g))x$: each norm's gain goes into the matrix behind it;
- matrices that read the same input are stacked: $[W_q; W_k; W_v]$ and $[W_g; W_u]$;
- attention does not change when queries and keys are permuted alike, so the pairs that rotary positions turn
  are stored side by side and turned by one complex product.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc_demo.families.transformer.networks import Attention, Cache, Decoder, Layer, Shape


class FoldedLayer:
    """One layer's weights, stacked, with the norms' gains folded in."""

    def __init__(self, layer: Layer, shape: Shape) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        gain = layer.input_layernorm.weight
        queries = _pair_up(attention.q_proj.weight, shape)
        keys = _pair_up(attention.k_proj.weight, shape)
        self.qkv = torch.cat((queries, keys, attention.v_proj.weight)) * gain
        self.qk_gain = _pair_up_gains(attention, shape) if shape.qk_norm else None
        self.out = attention.o_proj.weight
        self.gate_up = (
            torch.cat((mlp.gate_proj.weight, mlp.up_proj.weight)) * layer.post_attention_layernorm.weight
        )
        self.down = mlp.down_proj.weight


def _pair_up(weight: Tensor, shape: Shape) -> Tensor:
    """Rows of a query or key matrix with coordinates i and i + d/2 of each head side by side."""
    return weight.view(shape.heads, 2, shape.head_size // 2, -1).transpose(1, 2).reshape(weight.shape)


def _pair_up_gains(attention: Attention, shape: Shape) -> Tensor:
    """Gains of the norms of queries and keys, (2 heads, head_size), in the order of `_pair_up`."""
    gains = [norm.weight.view(2, -1).T.flatten() for norm in (attention.q_norm, attention.k_norm)]
    return torch.stack(gains).repeat_interleave(shape.heads, 0)


class FastDecoder:
    """Decoder for generation: `read` tokens, get the logits of what follows the last of them."""

    @torch.inference_mode()
    def __init__(self, network: Decoder) -> None:
        self.shape = network.shape
        self.embedding = network.model.embed_tokens.weight
        self.head = self.embedding * network.model.norm.weight
        self.layers = [FoldedLayer(layer, network.shape) for layer in network.model.layers]
        cos, sin = network.model.tables[:, :, self.shape.head_size // 2 :]
        self.turns = torch.complex(cos, sin)

    @property
    def context_length(self) -> int:
        """The most tokens that a cache holds."""
        return self.shape.context_length

    def new_cache(self, batch: int) -> Cache:
        """An empty cache on the device of the weights."""
        return Cache(self.shape, batch, self.embedding.device)

    def expand(self, cache: Cache, batch: int) -> Cache:
        """A cache of one text, copied for `batch` samples that go on from it."""
        result = self.new_cache(batch)
        result.memory.copy_(cache.memory.expand(-1, -1, batch, -1, -1, -1))
        result.length = cache.length
        return result

    @torch.inference_mode()
    def read(self, ids: Tensor, cache: Cache) -> Tensor:
        """Append ids (batch, T) to the cache; logits (batch, vocab) behind the last. T > 1 needs an empty cache."""
        size, eps, start = (self.shape.hidden_size,), self.shape.norm_eps, cache.length
        turns = self.turns[start : start + ids.shape[1]].unsqueeze(1)
        x = F.embedding(ids, self.embedding)
        for index, layer in enumerate(self.layers):
            qkv = F.linear(F.rms_norm(x, size, eps=eps), layer.qkv)
            x = x + F.linear(self._attend(qkv, layer.qk_gain, turns, cache, index), layer.out)
            gate, up = F.linear(F.rms_norm(x, size, eps=eps), layer.gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate).mul_(up), layer.down)
        cache.length += ids.shape[1]
        return F.linear(F.rms_norm(x[:, -1], size, eps=eps), self.head)

    def _attend(self, qkv: Tensor, gain: Tensor | None, turns: Tensor, cache: Cache, layer: int) -> Tensor:
        """Causal attention of the new positions over all in the cache: (batch, T, 3 hidden) to (batch, T, hidden)."""
        heads, hidden = self.shape.heads, self.shape.hidden_size
        both = qkv[..., : 2 * hidden].unflatten(-1, (2 * heads, -1))
        if gain is not None:
            both = F.rms_norm(both, both.shape[-1:], eps=self.shape.norm_eps) * gain
        pairs = both.unflatten(-1, (-1, 2))
        turned = torch.view_as_real(torch.view_as_complex(pairs) * turns).flatten(-2).transpose(1, 2)
        value = qkv[..., 2 * hidden :].unflatten(-1, (heads, -1)).transpose(1, 2)
        keys, values = cache.extend(layer, turned[:, heads:], value)
        query = turned[:, :heads]
        mixed = F.scaled_dot_product_attention(query, keys, values, is_causal=query.shape[2] > 1)
        return mixed.transpose(1, 2).flatten(2)
