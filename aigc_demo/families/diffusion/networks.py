r"""The painter: a U-Net that looks at noise and reads words, and says in which direction the picture lies.

A picture of side $S$ is folded to $S/p \times S/p$ places with $3 p^2$ channels (nothing is lost; convolutions get
larger and fewer). Two levels: `fine` channels at $S/p$, `coarse` at half of that, with skips between the two
ways (Ronneberger et al. 2015; Ho et al. 2020). Two things tell every layer what to draw:

- the share of noise $t$ and the mean of all words scale and shift each block's norm (Perez et al. 2018, FiLM);
- attention: every place looks at the words, $\mathrm{softmax}(q k^\top / \sqrt d)\,v$, and takes from those that concern
  it (Vaswani et al. 2017; Rombach et al. 2022); on the coarse level it looks at the other places as well.

Attention is written out, as products and a softmax: for few keys that is faster on a CPU than the fused operation,
and the weights can be looked at.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aigc_demo.families.diffusion.norms import group_norm

SIDES = range(16, 65, 4)
GROUPS = 8
FAR = -1e4  # in place of minus infinity, which a row of nothing else would turn into NaN


@dataclass(frozen=True)
class PainterConfig:
    """Everything that shapes the network. `length` is the most tokens that it reads of a prompt."""

    side: int
    vocabulary: int
    fine: int = 96
    coarse: int = 160
    blocks: int = 2
    text_width: int = 144
    text_layers: int = 2
    heads: int = 4
    embedding: int = 192
    length: int = 64

    @property
    def patch(self) -> int:
        """How many pixels a side are folded into one place: 4 of large pictures, where that leaves an even side."""
        return 4 if self.side > 32 and self.side % 8 == 0 else 2


@dataclass(frozen=True)
class Words:
    """Prompts as the network reads them: tokens (B, T, d), how much each counts (B, T) in [0, 1], their mean (B, d)."""

    tokens: Tensor
    weights: Tensor
    mean: Tensor

    def bias(self) -> Tensor:
        r"""$\log w$ of each token, (B, 1, 1, T): added to scores, it multiplies what the softmax makes of them by $w$."""
        return self.weights.clamp(min=1e-30).log().clamp(min=FAR)[:, None, None]


class TextEncoder(nn.Module):
    """Tokens to vectors that know their neighbours: a convolution over three, then a small Transformer (pre-norm)."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        width = config.text_width
        self.embedding = nn.Embedding(config.vocabulary, width)
        self.position = nn.Parameter(torch.randn(config.length, width) * 0.02)
        self.neighbours = nn.Linear(3 * width, width)
        self.layers = nn.ModuleList(TextLayer(width, config.heads) for _ in range(config.text_layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.embedding.weight, std=0.5)

    def forward(self, ids: Tensor) -> Words:
        """Words of token numbers (B, T), 0 where a row has ended; each row begins with a token."""
        weights = (ids != 0).float()
        x = (self.embedding(ids) + self.position[: ids.shape[1]]) * weights[..., None].to(self.position.dtype)
        padded = F.pad(x, (0, 0, 1, 1))
        x = x + self.neighbours(torch.cat([padded[:, :-2], x, padded[:, 2:]], 2))
        bias = ((1 - weights) * FAR)[:, None, None]
        for layer in self.layers:
            x = layer(x, bias)
        x = self.norm(x)
        share = weights / weights.sum(1, keepdim=True)
        return Words(x, weights, (x * share[..., None].to(x.dtype)).sum(1))


class TextLayer(nn.Module):
    """Self-attention and a two-layer network, each added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, T, d) to the same."""
        q, k, v = (split(part, self.heads) for part in self.qkv(self.norm1(x)).chunk(3, 2))
        x = x + self.out(merge(attend(q, k, v, bias)[0]))
        return x + self.down(F.silu(self.up(self.norm2(x))))


class Block(nn.Module):
    """Two convolutions 3 x 3 beside the straight way, the second on a norm that time and words scale and shift."""

    def __init__(self, channels: int, embedding: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = nn.Linear(embedding, 2 * channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """(B, C, h, w) and what it is told (B, e) to (B, C, h, w)."""
        h = self.conv1(F.silu(affine_norm(x, self.norm1)))
        scale, shift = self.film(told).chunk(2, 1)
        h = group_norm(h, 1 + scale, shift, GROUPS)
        return x + self.conv2(F.silu(h))


class Attention(nn.Module):
    """Places that look at words, and at one another if `around`. Adds nothing before it has learnt something."""

    def __init__(self, channels: int, text_width: int, heads: int, around: bool) -> None:
        super().__init__()
        self.heads, self.around = heads, around
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.words = nn.Linear(text_width, 2 * channels)
        self.places = nn.Linear(channels, 2 * channels) if around else None
        self.nothing = None if around else nn.Parameter(torch.zeros(1, 1, text_width))
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, words: Words, seen: list[Tensor] | None = None) -> Tensor:
        """(B, C, h, w) to the same; `seen` is given the attention to each word, the mean over heads (B, T, h, w)."""
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        y = self.norm(rows)
        tokens, bias = words.tokens, words.bias()
        if self.around:
            others = self.places(y)
            bias = F.pad(bias, (height * width, 0))
            keys, values = torch.cat([others, self.words(tokens).to(others.dtype)], 1).chunk(2, 2)
        else:  # a place may look at no word at all
            nothing = self.nothing.expand(batch, -1, -1).to(tokens.dtype)
            keys, values = self.words(torch.cat([nothing, tokens], 1)).chunk(2, 2)
            bias = F.pad(bias, (1, 0))
        q, k, v = (split(part, self.heads) for part in (self.query(y), keys, values))
        mixed, weights = attend(q, k, v, bias)
        if seen is not None:
            own = weights[..., -tokens.shape[1] :].float().mean(1)
            seen.append(own.mT.unflatten(2, (height, width)))
        out = self.out(merge(mixed)).view(batch, height, width, channels)
        return x + out.permute(0, 3, 1, 2)


class Painter(nn.Module):
    """Noisy pictures, shares of noise and words to directions; see the module's docstring."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.config = config
        fine, coarse, e = config.fine, config.coarse, config.embedding
        colours = 3 * config.patch**2

        def attention(channels: int, around: bool) -> Attention:
            heads = config.heads if around else config.heads // 2
            return Attention(channels, config.text_width, heads, around)

        def blocks(channels: int) -> nn.ModuleList:
            return nn.ModuleList(Block(channels, e) for _ in range(config.blocks))

        def merges(channels: int) -> nn.ModuleList:
            return nn.ModuleList(nn.Conv2d(2 * channels, channels, 1) for _ in range(config.blocks))

        self.text = TextEncoder(config)
        self.time = nn.Sequential(nn.Linear(128, e), nn.SiLU(), nn.Linear(e, e))
        self.said = nn.Linear(config.text_width, e)
        self.enter = nn.Conv2d(colours, fine, 3, padding=1)
        self.fine_in, self.coarse_in = blocks(fine), blocks(coarse)
        self.down = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.look_in = attention(coarse, around=True)
        self.middle, self.look = Block(coarse, e), attention(coarse, around=True)
        self.coarse_merge, self.coarse_out = merges(coarse), blocks(coarse)
        self.look_out = attention(coarse, around=True)
        self.up = nn.Conv2d(coarse, 4 * fine, 1)
        self.fine_merge, self.fine_out = merges(fine), blocks(fine)
        self.look_close = attention(fine, around=False)
        self.norm = nn.GroupNorm(GROUPS, fine)
        self.leave = nn.Conv2d(fine, colours, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, t: Tensor, words: Words, seen: list[Tensor] | None = None) -> Tensor:
        r"""The direction $v(x_t, t, c)$ for noisy pictures (B, 3, S, S), shares of noise (B,) in [0, 1] and words.

        `seen` is given, by each attention, the map of every word (B, T, h, w).
        """
        told = F.silu(self.time(waves(t).to(x.dtype)) + self.said(words.mean.to(x.dtype)))
        skips = []
        x = F.pixel_unshuffle(x, self.config.patch).contiguous(memory_format=torch.channels_last)
        x = self.enter(x)
        for block in self.fine_in:
            x = block(x, told)
            skips.append(x)
        x = self.down(x)
        for block in self.coarse_in:
            x = block(x, told)
            skips.append(x)
        x = self.look_in(x, words, seen)
        x = self.look(self.middle(x, told), words, seen)
        for merge_in, block in zip(self.coarse_merge, self.coarse_out, strict=True):
            x = block(merge_in(torch.cat([x, skips.pop()], 1)), told)
        x = F.pixel_shuffle(self.up(self.look_out(x, words, seen)), 2)
        x = x.contiguous(memory_format=torch.channels_last)
        for index, (merge_in, block) in enumerate(zip(self.fine_merge, self.fine_out, strict=True)):
            x = block(merge_in(torch.cat([x, skips.pop()], 1)), told)
            if index == 0:
                x = self.look_close(x, words, seen)
        return F.pixel_shuffle(self.leave(F.silu(affine_norm(x, self.norm))), self.config.patch)


def affine_norm(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    """The norm of a module that has a scale and a shift of its own."""
    return group_norm(x, norm.weight[None], norm.bias[None], norm.num_groups)


def waves(t: Tensor, width: int = 128) -> Tensor:
    r"""$\cos(1000\,t\,\omega_i), \sin(1000\,t\,\omega_i)$ of shares of noise (B,), $\omega_i$ from 1 down to $10^{-4}$; (B, width)."""
    steps = torch.arange(width // 2, device=t.device) / (width // 2)
    angles = 1000 * t.float()[:, None] * torch.exp(-math.log(1e4) * steps)
    return torch.cat([angles.cos(), angles.sin()], 1)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Attention of queries (B, H, N, d) to keys and values (B, H, M, d), scores plus `bias` (B, 1, 1, M): result, weights."""
    scores = (q * q.shape[-1] ** -0.5) @ k.mT
    weights = torch.softmax(scores + bias.to(scores.dtype), -1).to(v.dtype)
    return weights @ v, weights


def split(x: Tensor, heads: int) -> Tensor:
    """(B, N, C) -> (B, heads, N, C / heads)."""
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def merge(x: Tensor) -> Tensor:
    """(B, heads, N, d) -> (B, N, heads d)."""
    return x.transpose(1, 2).flatten(2)
