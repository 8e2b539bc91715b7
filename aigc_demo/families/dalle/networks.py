r"""The Transformer that writes pictures: one sequence of a caption's words and a picture's codes (Ramesh et al. 2021).

    $p(c_1 \dots c_T \mid w) = \prod_t p_\theta(c_t \mid w, c_{<t})$

The words $w$ look at each other, each code at all words and at the codes before it, in the order of reading. A layer adds
attention, then a feed-forward network, to a stream that is normed on the way into each:

    $a = h + W_o\,\mathrm{Attention}(\mathrm{LayerNorm}(h))$,   $h' = a + W_2\,\mathrm{GELU}(W_1\,\mathrm{LayerNorm}(a))$.

A code's vector is the sum of one for each of its digits, and digit by digit its odds are told (digits.py), so that the alphabet
may be large. LayerNorm, GELU and a mask that is added are chosen for a CPU, where they have kernels of their
own: RMSNorm, squared ReLU and masked_fill take three to five times as long.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aigc_demo.families.dalle.digits import Digits
from aigc_demo.families.dalle.losses import digit_bits
from aigc_demo.families.dalle.quantiser import Quantiser

UNSEEN = -1e4  # finite: a row of nothing but padding stays a row of numbers
PATCH = 4  # pixels a side of what one code stands for
SIDES = range(16, 65, PATCH)
MOST = {
    "words": 100_000,
    "caption": 256,
    "width": 512,
    "depth": 16,
    "hidden": 1024,
    "layers": 24,
    "heads": 32,
}


@dataclass(frozen=True)
class Shape:
    """Sizes of both networks.

    `side` pixels, one of SIDES; `levels` of the quantiser; `words` in the vocabulary, with padding (0) and "no caption"
    (1); `caption` tokens at most. Autoencoder: `width` channels at half the side, twice as many at a quarter, `depth`
    residual blocks. Transformer: `hidden` numbers a token, `layers`, `heads`. A ValueError where a size is none of these,
    or larger than any use: files may come from strangers.
    """

    words: int
    caption: int = 56
    side: int = 32
    levels: tuple[int, ...] = (8, 8, 8, 8, 8, 8)
    width: int = 64
    depth: int = 4
    hidden: int = 256
    layers: int = 5
    heads: int = 4

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))  # JSON has lists
        sizes = asdict(self)
        for name, most in MOST.items():
            if not isinstance(sizes[name], int) or not 1 <= sizes[name] <= most:
                raise ValueError(f"{name} is {sizes[name]}, not a number from 1 to {most}")
        if self.side not in SIDES or self.hidden % self.heads:
            raise ValueError(f"pictures of {self.side} pixels, {self.hidden} numbers in {self.heads} heads")
        if not 1 <= len(self.levels) <= 8 or not all(
            isinstance(n, int) and 2 <= n <= 64 for n in self.levels
        ):
            raise ValueError(f"levels are {self.levels}")
        if math.prod(self.levels) > 1 << 24:
            raise ValueError(f"{math.prod(self.levels)} codes")

    @property
    def grid(self) -> int:
        """Codes a side of a picture."""
        return self.side // PATCH

    @property
    def codes(self) -> int:
        """Codes that there are: the picture's alphabet."""
        return math.prod(self.levels)


class Cache:
    """Keys and values of what was read so far, so that a new code costs one place, not all of them.

    One preallocated tensor (layers, 2, batch, heads, places, head size); `length` places are filled. `padding` (batch,
    caption) of bool are places that nobody looks at.
    """

    def __init__(self, shape: Shape, padding: Tensor) -> None:
        batch, caption = padding.shape
        size = (shape.layers, 2, batch, shape.heads, caption + shape.grid**2, shape.hidden // shape.heads)
        self.memory = torch.zeros(size, device=padding.device)
        self.shape, self.padding = shape, padding
        self.length = 0

    def repeated(self, count: int) -> "Cache":
        """A cache in which each row stands `count` times."""
        copy = Cache(self.shape, self.padding.repeat_interleave(count, 0))
        copy.memory = self.memory.repeat_interleave(count, 2)
        copy.length = self.length
        return copy

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write keys and values (batch, heads, new, head size) behind the others; all of both so far."""
        end = self.length + keys.shape[2]
        self.memory[layer, 0, :, :, self.length : end] = keys
        self.memory[layer, 1, :, :, self.length : end] = values
        return self.memory[layer, 0, :, :, :end], self.memory[layer, 1, :, :, :end]


class Layer(nn.Module):
    """Attention and feed-forward network, each added to the stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        hidden, self.heads = shape.hidden, shape.heads
        self.attention_norm = nn.LayerNorm(hidden)
        self.qkv = nn.Linear(hidden, 3 * hidden, bias=False)
        self.out = nn.Linear(hidden, hidden, bias=False)
        self.feed_norm = nn.LayerNorm(hidden)
        self.up = nn.Linear(hidden, 4 * hidden, bias=False)
        self.down = nn.Linear(4 * hidden, hidden, bias=False)
        for matrix in (self.out, self.down):
            nn.init.zeros_(matrix.weight)  # each layer begins as the identity

    def forward(
        self, x: Tensor, mask: Tensor, cache: Cache | None = None, layer: int = 0
    ) -> tuple[Tensor, Tensor]:
        """The stream (B, T, hidden) behind this layer, and the attention weights (B, heads, T, S); rows sum to 1.

        `mask` (B, 1, T, S): what is added to the logits of S places so far, 0 or UNSEEN, for each of the T new ones.
        """
        qkv = self.qkv(self.attention_norm(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        if cache:
            key, value = cache.extend(layer, key, value)
        scores = (query / math.sqrt(query.shape[-1])) @ key.mT
        # plain products: on a CPU the backward pass of scaled_dot_product_attention takes several times as long
        weights = (scores + mask.to(scores.dtype)).softmax(-1)
        x = x + self.out((weights.to(value.dtype) @ value).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.feed_norm(x)))), weights


class Transformer(nn.Module):
    """From captions and codes to the odds of each code."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, hidden = shape, shape.hidden
        self.words = nn.Embedding(shape.words, hidden)
        self.word_places = nn.Parameter(0.02 * torch.randn(shape.caption, hidden))
        self.level = nn.ParameterList(0.02 * torch.randn(count, hidden) for count in shape.levels)
        self.start = nn.Parameter(0.02 * torch.randn(hidden))
        self.rows = nn.Parameter(0.02 * torch.randn(shape.grid, 1, hidden))
        self.columns = nn.Parameter(0.02 * torch.randn(1, shape.grid, hidden))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(hidden)
        self.head = Digits(shape.levels, hidden)
        for weight in (
            self.words.weight,
            *(m.weight for layer in self.layers for m in (layer.qkv, layer.up)),
        ):
            nn.init.normal_(weight, std=0.02)
        self.quantiser = Quantiser(shape.levels)

    def vectors(self, codes: Tensor) -> Tensor:
        """A vector for each code, (..., hidden), of codes (...).

        Rows are taken by F.embedding: the backward pass of `rows[digits]` adds by atomic operations, whose order, and so the
        last bits, differ from run to run.
        """
        digits = self.quantiser.to_digits(codes).unbind(-1)
        return torch.stack([F.embedding(*pair) for pair in zip(digits, self.level, strict=True)]).sum(0)

    def places(self) -> Tensor:
        """A vector for each place in a picture, (T, hidden), in the order of reading."""
        return (self.rows + self.columns).flatten(0, 1)

    def forward(self, captions: Tensor, codes: Tensor) -> Tensor:
        """Bits (B, T) of each code by what is before it: -log2 p, of captions (B, C) and codes (B, T) of int64."""
        digits = self.quantiser.to_digits(codes)
        return digit_bits(self.head(self.states(captions, codes), digits), digits)

    def states(self, captions: Tensor, codes: Tensor) -> Tensor:
        """The normed stream (B, T, hidden) by which each code is chosen."""
        return self.norm(self._through(captions, codes)[0])

    def attentions(self, captions: Tensor, codes: Tensor) -> Tensor:
        """Where each code looked before it was chosen: (layers, B, heads, T, C + T), rows sum to 1."""
        weights = self._through(captions, codes)[1]
        return torch.stack(weights)[..., captions.shape[1] :, :]

    def _through(self, captions: Tensor, codes: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = torch.cat((self._read(captions), self._behind(self.vectors(codes[:, :-1]))), 1)
        mask = mask_of(captions == 0, codes.shape[1])
        weights = []
        for layer in self.layers:
            x, looked = layer(x, mask)
            weights.append(looked)
        return x[:, captions.shape[1] :], weights

    def _read(self, captions: Tensor) -> Tensor:
        """The words' vectors, (B, C, hidden)."""
        return self.words(captions) + self.word_places[: captions.shape[1]]

    def _behind(self, vectors: Tensor) -> Tensor:
        """Vectors (B, t, hidden) of the first t codes, each put where the next is asked for: (B, t + 1, hidden)."""
        start = self.start.expand(len(vectors), 1, -1)
        return torch.cat((start, vectors), 1) + self.places()[: vectors.shape[1] + 1]

    def read(self, captions: Tensor) -> tuple[Cache, Tensor]:
        """A cache that holds the captions (B, C), and the state (B, hidden) by which a picture's first code is chosen."""
        cache = Cache(self.shape, captions == 0)
        x = torch.cat(
            (self._read(captions), self._behind(self.start.new_zeros(len(captions), 0, self.shape.hidden))), 1
        )
        return cache, self._step(x, mask_of(cache.padding, 1), cache)

    def go_on(self, codes: Tensor, cache: Cache) -> Tensor:
        """Add one code to each picture, (B,); the state (B, hidden) by which the next is chosen."""
        place = cache.length - cache.padding.shape[1]
        x = (self.vectors(codes) + self.places()[place]).unsqueeze(1)
        mask = UNSEEN * F.pad(cache.padding, (0, place + 1))[:, None, None]
        return self._step(x, mask, cache)

    def _step(self, x: Tensor, mask: Tensor, cache: Cache) -> Tensor:
        for index, layer in enumerate(self.layers):
            x, _ = layer(x, mask, cache, index)
        cache.length += x.shape[1]
        return self.norm(x[:, -1])


def mask_of(padding: Tensor, codes: int) -> Tensor:
    """What is added to attention in [caption, codes], (B, 1, C + T, C + T), for padding (B, C) of bool and T codes.

    Words do not see codes, codes do not see later ones, and nobody sees padding.
    """
    caption = padding.shape[1]
    total = caption + codes
    later = torch.ones(total, total, dtype=torch.bool, device=padding.device).triu(1)
    later[:caption, :caption] = False
    return UNSEEN * (later | F.pad(padding, (0, codes))[:, None])[:, None]
