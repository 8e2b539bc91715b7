r"""Encoder and decoder: a Transformer (Vaswani et al. 2017), and what all encoder-decoders here have in common.

The encoder reads the whole source $x_1 \dots x_S$ and makes of it a memory; the decoder goes through the target and gives,
behind $y_1 \dots y_{t-1}$, the odds of the next token:

    $h_t = \mathrm{decoder}(y_{<t}, \mathrm{encoder}(x))$,   $p(y_t \mid y_{<t}, x) = \mathrm{softmax}(E\,W h_t)$

$E$ (V, e) is the one embedding of source, target and output; $W$ leads from the network's width to e, so that a large
vocabulary does not outweigh a small network. The LSTMs are in recurrent.py.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PADDING = 0  # the token that fills rows up


@dataclass(frozen=True)
class Shape:
    """What fixes a network; `width` is that of its hidden vectors, `longest` the most tokens of a source or a target."""

    architecture: str
    vocab_size: int
    embedding: int
    width: int
    layers: int
    heads: int
    longest: int
    dropout: float = 0.0


@dataclass(frozen=True)
class Memory:
    """What the decoder knows of the source: a row a source in each tensor.

    states (B, S, width): a vector for each of its tokens, `padding` (B, S) true where there is none. start: the decoder's
    state before its first token. prepared: what the decoder made of the states once, for all its steps.
    """

    states: Tensor
    padding: Tensor
    start: tuple[Tensor, ...] = ()
    prepared: tuple[Tensor, ...] = ()

    def rows(self, chosen: Tensor) -> "Memory":
        """The memory of these sources (N,), which may repeat."""
        return Memory(
            self.states[chosen],
            self.padding[chosen],
            tuple(part[chosen] for part in self.start),
            tuple(part[chosen] for part in self.prepared),
        )


@dataclass(frozen=True)
class Decoded:
    """hidden (B, T, width) behind each token; weights (B, T, S), how each looked at the source, None without attention.

    state: what the next step goes on from, a row a sequence in each tensor.
    """

    hidden: Tensor
    weights: Tensor | None
    state: tuple[Tensor, ...]


class EncoderDecoder(nn.Module):
    """What the three architectures share: the embedding, which is the output matrix, too, and the way from ids to logits."""

    attends = True

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocab_size, shape.embedding)
        self.to_embedding = nn.Linear(shape.width, shape.embedding, bias=False)
        self.dropout = nn.Dropout(shape.dropout)
        nn.init.normal_(self.embedding.weight, std=shape.embedding**-0.5)

    def encode(self, source: Tensor) -> Memory:
        """source: (B, S) ids, filled up with PADDING."""
        raise NotImplementedError

    def decode(self, tokens: Tensor, memory: Memory, state: tuple[Tensor, ...] = ()) -> Decoded:
        """tokens: (B, T) ids behind those of which `state` is; without a state, from the start."""
        raise NotImplementedError

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., width) to (..., V)."""
        return F.linear(self.to_embedding(hidden), self.embedding.weight)

    def before_odds(self, source: Tensor, tokens: Tensor) -> Tensor:
        """(B, T, e): what the embedding makes into logits of what follows each of `tokens` (B, T), given `source` (B, S)."""
        return self.to_embedding(self.dropout(self.decode(tokens, self.encode(source)).hidden))

    def forward(self, source: Tensor, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) of what follows each of `tokens` (B, T), given `source` (B, S)."""
        return F.linear(self.before_odds(source, tokens), self.embedding.weight)


class Attention(nn.Module):
    r"""Multi-head attention, $\mathrm{softmax}(QK^\top / \sqrt{d})\,V$, with queries and keys normed (Henry et al. 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.query_norm, self.key_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)

    def keys_and_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, width) to two of (B, heads, S, d)."""
        return self.key_norm(self._split(self.key(x))), self._split(self.value(x))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """What x (B, T, width) finds, and its weights (B, heads, T, S); `hidden` is true where it must not look."""
        queries = self.query_norm(self._split(self.query(x)))
        scores = queries @ keys.mT / math.sqrt(queries.shape[-1])
        weights = scores.masked_fill(hidden, -math.inf).softmax(-1)
        return self.out((weights.to(values.dtype) @ values).transpose(1, 2).flatten(2)), weights

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    r"""$W_2\,\mathrm{relu}(W_1 x)^2$, four times as wide inside (So et al. 2021, Primer)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up, self.out = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width), the same out."""
        return self.out(F.relu(self.up(x)).square())


class EncoderLayer(nn.Module):
    """Every source token looks at all source tokens; each part on the normed stream, added back to it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norm, self.attention = nn.RMSNorm(width), Attention(width, heads)
        self.feed_norm, self.feed_forward = nn.RMSNorm(width), FeedForward(width)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """x: (B, S, width), padding: (B, S)."""
        normed = self.norm(x)
        found, _ = self.attention(normed, *self.attention.keys_and_values(normed), padding[:, None, None])
        x = x + self.dropout(found)
        return x + self.dropout(self.feed_forward(self.feed_norm(x)))


class DecoderLayer(nn.Module):
    """Every target token looks at itself and those before it, then at the source (cross-attention)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norm, self.attention = nn.RMSNorm(width), Attention(width, heads)
        self.cross_norm, self.cross = nn.RMSNorm(width), Attention(width, heads)
        self.feed_norm, self.feed_forward = nn.RMSNorm(width), FeedForward(width)

    def forward(
        self, x: Tensor, past: tuple[Tensor, ...], source: tuple[Tensor, ...], padding: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
        """x (B, T, width) behind `past` keys and values; the stream, all keys and values, cross-attention's weights."""
        normed = self.norm(x)
        keys, values = self.attention.keys_and_values(normed)
        if past:
            keys, values = torch.cat((past[0], keys), 2), torch.cat((past[1], values), 2)
        new, total = x.shape[1], keys.shape[2]
        later = torch.ones(new, total, dtype=torch.bool, device=x.device).triu(total - new + 1)
        x = x + self.dropout(self.attention(normed, keys, values, later)[0])
        found, weights = self.cross(self.cross_norm(x), *source, padding[:, None, None])
        x = x + self.dropout(found)
        return x + self.dropout(self.feed_forward(self.feed_norm(x))), (keys, values), weights


class Transformer(EncoderDecoder):
    """An encoder-decoder in which nothing but attention carries from place to place."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.from_embedding = nn.Linear(shape.embedding, shape.width, bias=False)
        sizes = shape.width, shape.heads, shape.dropout
        self.encoder = nn.ModuleList(EncoderLayer(*sizes) for _ in range(shape.layers))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(shape.layers))
        self.source_norm, self.target_norm = nn.RMSNorm(shape.width), nn.RMSNorm(shape.width)
        self.register_buffer("places", sinusoids(shape.longest + 1, shape.width), persistent=False)
        for name, weight in self.named_parameters():
            if name.endswith("out.weight"):
                nn.init.zeros_(weight)  # what writes to the stream: each layer begins as the identity

    def encode(self, source: Tensor) -> Memory:
        """source: (B, S); `prepared` are keys and values of every decoder layer's cross-attention."""
        padding = source == PADDING
        x = self._embed(source, 0)
        for layer in self.encoder:
            x = layer(x, padding)
        states = self.source_norm(x)
        prepared = [part for layer in self.decoder for part in layer.cross.keys_and_values(states)]
        return Memory(states, padding, prepared=tuple(prepared))

    def decode(self, tokens: Tensor, memory: Memory, state: tuple[Tensor, ...] = ()) -> Decoded:
        """The weights are those of the last layer, the mean over its heads; the state, keys and values of all layers."""
        x = self._embed(tokens, state[0].shape[2] if state else 0)
        kept: list[Tensor] = []
        for index, layer in enumerate(self.decoder):
            two = slice(2 * index, 2 * index + 2)
            x, new, weights = layer(x, state[two], memory.prepared[two], memory.padding)
            kept += new
        return Decoded(self.target_norm(x), weights.mean(1), tuple(kept))

    def _embed(self, tokens: Tensor, start: int) -> Tensor:
        """Vectors of tokens from place `start` on: what each is, plus where it stands."""
        x = self.from_embedding(self.dropout(self.embedding(tokens)))
        return x + self.places[start : start + tokens.shape[1]]


def sinusoids(length: int, width: int) -> Tensor:
    r"""(length, width): $\sin(t\,\omega_i)$ and $\cos(t\,\omega_i)$ with $\omega_i = 10^{-4 \cdot 2i/d}$ (Vaswani et al., section 3.5)."""
    rates = 10_000 ** (-torch.arange(0, width, 2) / width)
    angles = torch.outer(torch.arange(length), rates)
    return torch.cat((angles.sin(), angles.cos()), 1)
