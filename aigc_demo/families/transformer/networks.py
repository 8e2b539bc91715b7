r"""A decoder-only Transformer of Llama's shape, or Qwen3's where queries and keys are normed, in torch alone.

The network reads token ids $x_1 \dots x_T$ and gives, at each place $t$, the logits of the next token:

    $h^0 = E[x]$
    $a^l = h^{l-1} + \mathrm{Attention}(\mathrm{RMSNorm}(h^{l-1}))$
    $h^l = a^l + \mathrm{SwiGLU}(\mathrm{RMSNorm}(a^l))$          for each layer $l$
    $\text{logits} = E\,\mathrm{RMSNorm}(h^L)$                      ($E$ is used twice: tied embeddings)

The parameters have the names that transformers' LlamaForCausalLM and Qwen3ForCausalLM give them, so that one file
of weights serves both. (Vaswani et al. 2017; Touvron et al. 2023, Llama, section 2.2; Yang et al. 2025, Qwen3, section 2.)
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """What fixes the network: vocabulary, width, layers, heads, feed-forward width, longest text, norms in attention."""

    vocab_size: int
    hidden_size: int = 256
    layers: int = 4
    heads: int = 4
    intermediate_size: int = 704
    context_length: int = 96
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5
    qk_norm: bool = False

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.heads


class Cache:
    """Keys and values of the tokens read so far, so that a new token costs one position, not all of them.

    One preallocated tensor (layers, 2, batch, heads, context, head_size); `length` positions are filled.
    """

    def __init__(self, shape: Shape, batch: int, device: torch.device | str = "cpu") -> None:
        size = (shape.layers, 2, batch, shape.heads, shape.context_length, shape.head_size)
        self.memory = torch.zeros(size, device=device)
        self.length = 0

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write keys and values (batch, heads, new, head_size) behind the others; all of both so far."""
        end = self.length + keys.shape[2]
        self.memory[layer, 0, :, :, self.length : end] = keys
        self.memory[layer, 1, :, :, self.length : end] = values
        return self.memory[layer, 0, :, :, :end], self.memory[layer, 1, :, :, :end]


def rope_tables(shape: Shape, device: torch.device | str = "cpu") -> Tensor:
    r"""Of rotary positions the cosines, twice, and the sines, negative and positive: (2, context, head_size).

    The angles are $t\,\theta^{-2i/d}$, i < d/2. (Su et al. 2021, RoFormer, eq. 15.)
    """
    half = torch.arange(0, shape.head_size, 2, device=device, dtype=torch.float32)
    rates = shape.rope_theta ** (-half / shape.head_size)
    angles = torch.outer(torch.arange(shape.context_length, device=device, dtype=torch.float32), rates)
    cosines, sines = angles.cos(), angles.sin()
    return torch.stack((torch.cat((cosines, cosines), dim=-1), torch.cat((-sines, sines), dim=-1)))


def rotate(x: Tensor, tables: Tensor) -> Tensor:
    r"""Turn each pair $(x_i, x_{i+d/2})$ by its position's angle, so that $q_s \cdot k_t$ depends on $s - t$ only.

    x: (..., T, head_size); tables: (2, T, head_size).
    """
    return torch.addcmul(x * tables[0], x.roll(x.shape[-1] // 2, -1), tables[1])


class Attention(nn.Module):
    r"""Causal multi-head self-attention with rotary positions, $\mathrm{softmax}(QK^\top/\sqrt{d})\,V$.

    With `qk_norm`, each head's queries and keys are RMS-normed before they are turned, so that logits cannot grow with
    the weights. (Henry et al. 2020, Query-Key Normalization.)
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q_proj = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)
        self.o_proj = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)
        if shape.qk_norm:
            self.q_norm = nn.RMSNorm(shape.head_size, eps=shape.norm_eps)
            self.k_norm = nn.RMSNorm(shape.head_size, eps=shape.norm_eps)
        self.qk_norm = shape.qk_norm

    def _queries_and_keys(self, x: Tensor, tables: Tensor) -> tuple[Tensor, Tensor]:
        """Both (batch, heads, T, head_size), turned by their positions."""
        q, k = self._split(self.q_proj(x)), self._split(self.k_proj(x))
        if self.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        return rotate(q, tables), rotate(k, tables)

    def _split(self, x: Tensor) -> Tensor:
        """(batch, T, hidden) to (batch, heads, T, head_size)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, tables: Tensor, cache: Cache | None = None, layer: int = 0) -> Tensor:
        """x: (batch, T, hidden); with a cache, the T new tokens see all tokens in it as well."""
        q, k = self._queries_and_keys(x, tables)
        v = self._split(self.v_proj(x))
        if cache is None:
            mixed = attend(q, k, v)
        else:
            k, v = cache.extend(layer, k, v)
            mask = causal_mask(q.shape[2], k.shape[2], x.device)
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, tables: Tensor) -> Tensor:
        r"""The attention matrix $\mathrm{softmax}(QK^\top/\sqrt{d})$, (batch, heads, T, T); rows sum to 1."""
        q, k = self._queries_and_keys(x, tables)
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        return scores.masked_fill(~causal_mask(x.shape[1], x.shape[1], x.device), -math.inf).softmax(-1)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of all positions at once, by the form that is fastest; each (batch, heads, T, head_size).

    A processor multiplies bfloat16 so fast that the fused form, whose backward pass goes block by block, takes seven
    times as long as plain products at T = 74, and twice at 256.
    """
    if v.dtype != torch.bfloat16 or v.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    scores = (q / math.sqrt(q.shape[-1])).to(v.dtype) @ k.to(v.dtype).mT
    later = ~causal_mask(q.shape[2], k.shape[2], q.device)
    return scores.masked_fill(later, -math.inf).softmax(-1) @ v


def causal_mask(new: int, total: int, device: torch.device | str = "cpu") -> Tensor:
    """(new, total) booleans: the last `new` of `total` positions, each seeing itself and what came before."""
    return torch.ones(new, total, dtype=torch.bool, device=device).tril(total - new)


class FeedForward(nn.Module):
    r"""SwiGLU, $W_d(\mathrm{silu}(W_g x) \odot W_u x)$. (Shazeer 2020, GLU variants, eq. 6.)"""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., hidden), the same out."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Attention and feed-forward, each on the normed stream and added back to it."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)
        self.mlp = FeedForward(shape)

    def forward(self, x: Tensor, tables: Tensor, cache: Cache | None = None, layer: int = 0) -> Tensor:
        """x: (batch, T, hidden), the same out."""
        x = x + self.self_attn(self.input_layernorm(x), tables, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class Stack(nn.Module):
    """Embedding, layers and the last norm: Llama's `model`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)
        self.register_buffer("tables", rope_tables(shape), persistent=False)

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """ids: (batch, T) to the normed stream (batch, T, hidden)."""
        start = cache.length if cache else 0
        tables = self.tables[:, start : start + ids.shape[1]]
        x = self.embed_tokens(ids)
        for index, layer in enumerate(self.layers):
            x = layer(x, tables, cache, index)
        if cache:
            cache.length += ids.shape[1]
        return self.norm(x)


class Decoder(nn.Module):
    """The whole network, from token ids to the logits of the next token."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Stack(shape)
        for name, weight in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(weight)  # what writes to the stream: each layer begins as the identity
            elif weight.ndim == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """ids: (batch, T) of int64 to logits (batch, T, vocab_size)."""
        return F.linear(self.model(ids, cache), self.model.embed_tokens.weight)

    @torch.no_grad()
    def attentions(self, ids: Tensor) -> Tensor:
        """Attention matrices of all layers, (batch, layers, heads, T, T)."""
        tables = self.model.tables[:, : ids.shape[1]]
        x, found = self.model.embed_tokens(ids), []
        for layer in self.model.layers:
            found.append(layer.self_attn.weights(layer.input_layernorm(x), tables))
            x = layer(x, tables)
        return torch.stack(found, dim=1)
