r"""What a picture is worth to the model: exact likelihoods of its codes.

    $\log p(c \mid w) = \sum_t \log p_\theta(c_t \mid w, c_{<t})$

By Bayes' rule $\log p(w \mid c) = \log p(c \mid w) - \log p(c) + \log p(w)$: of several pictures drawn for the same words,
the one tells most of them for which $\log p(c \mid w) - \log p(c)$ is largest. DALL-E ranked its drafts by CLIP, a
second model; likelihood does it with the same one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from aigc_demo.data.word_tokenizer import WordTokenizer
from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.losses import digit_bits
from aigc_demo.families.dalle.networks import Transformer

CHUNK = 32  # pictures a pass
ALTERNATIVES = 4


@dataclass(frozen=True)
class Odds:
    """What each of the T codes of a picture was to the model: probability (T,); the likeliest codes, alternatives (T, k),
    and `chances` (T, k), their probabilities.
    """

    probability: Tensor
    alternatives: Tensor
    chances: Tensor


class Likelihood:
    """Codes, likelihoods and odds of pictures uint8 (N, S, S, 3), by a frozen autoencoder and Transformer."""

    def __init__(
        self, autoencoder: Autoencoder, transformer: Transformer, tokenizer: WordTokenizer, device: str
    ) -> None:
        self.autoencoder, self.transformer, self.tokenizer = autoencoder, transformer, tokenizer
        self.device = device

    @torch.inference_mode()
    def codes(self, pictures: Tensor) -> Tensor:
        """Codes (N, grid, grid)."""
        x = pictures.movedim(3, 1).float().to(self.device) / 127.5 - 1
        return torch.cat([self.autoencoder.encode(part) for part in x.split(CHUNK)])

    @torch.inference_mode()
    def code_bits(self, codes: Tensor, captions: Sequence[str]) -> Tensor:
        """-log2 of the probability of each code (N, T), given a caption each, on the CPU; "" is no caption."""
        length = self.transformer.shape.caption
        rows = torch.tensor([self.tokenizer.encode(caption, length) for caption in captions]).to(self.device)
        parts = zip(rows.split(CHUNK), codes.to(self.device).split(CHUNK), strict=True)
        return torch.cat([self.transformer(words, part).cpu() for words, part in parts])

    def log_likelihood(self, pictures: Tensor, captions: Sequence[str]) -> Tensor:
        """log2 p of each picture's codes given its caption, (N,), in bits: never above 0."""
        return -self.code_bits(self.codes(pictures).flatten(1), captions).sum(1)

    def evidence(self, pictures: Tensor, caption: str) -> Tensor:
        """log2 p(codes | caption) - log2 p(codes), (N,), in bits: how much a picture speaks for the caption."""
        count = len(pictures)
        return self.log_likelihood(pictures, [caption] * count) - self.log_likelihood(pictures, [""] * count)

    @torch.inference_mode()
    def odds(self, codes: Tensor, words: Tensor) -> Odds:
        """The odds of each of the codes (T,) of a picture under a caption, the numbers (C,) of its words."""
        states = self.transformer.states(words[None].to(self.device), codes[None].to(self.device))[0]
        own = self.transformer.quantiser.to_digits(codes.to(self.device))
        bits = digit_bits(self.transformer.head(states, own), own)
        digits, logs = self.transformer.head.likeliest(states, ALTERNATIVES)
        alternatives = self.transformer.quantiser.from_digits(digits)
        return Odds(bits.neg().exp2().cpu(), alternatives.cpu(), logs.exp().cpu())

    def bits_a_picture(self) -> float:
        """What a picture's codes would cost if all were as likely."""
        return self.transformer.shape.grid**2 * math.log2(self.transformer.shape.codes)
