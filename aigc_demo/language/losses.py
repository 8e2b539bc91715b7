r"""What a language model is trained on and judged by: the probability it gives to what comes next.

The chain rule splits the probability of a text, $p(x_1 \dots x_T) = \prod_t p(x_t \mid x_{<t})$. Training
minimises the mean cross-entropy of the shifted sequence,

    $\mathcal{L} = -\frac{1}{T} \sum_t \log p_\theta(x_t \mid x_{<t})$

(Bengio et al. 2003, section 2): the sum below over the number of tokens that a batch teaches, and nothing besides.
Divided by ln 2 it counts bits a token; times tokens a character, bits a character.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100


def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Summed cross-entropy in nats; logits (N, vocab), targets (N,), where IGNORED counts for nothing."""
    return F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")


def backward_in_pieces(
    hidden: Tensor, embedding: Tensor, targets: Tensor, scale: float, rows: int = 512
) -> Tensor:
    r"""Backward pass of scale * next_token_loss(hidden @ embedding.T, targets), `rows` positions at a time.

    The gradient by the logits is known, $p - e_y$ for the odds $p$ and the target $y$, and costs one softmax. Piece by
    piece, since the logits of a whole batch are larger than the processor's cache.

    hidden (N, width), in whose dtype matrices are multiplied; embedding (vocab, width); targets (N,), none of them
    IGNORED. Returns the summed loss, detached, in which odds below 1e-38 count as that.
    """
    matrix = embedding.detach().to(hidden.dtype)
    stream = torch.empty_like(hidden)
    total = torch.zeros((), device=hidden.device)
    with torch.no_grad():
        by_embedding = torch.zeros_like(embedding) if embedding.requires_grad else None
        parts = (part.split(rows) for part in (hidden, targets[:, None], stream))
        for piece, wanted, by_piece in zip(*parts, strict=True):
            odds = F.linear(piece, matrix).softmax(-1, dtype=torch.float32)
            chosen = odds.gather(1, wanted)
            total -= chosen.clamp(min=1e-38).log().sum()
            error = odds.scatter_(1, wanted, chosen - 1).mul_(scale).to(piece.dtype)
            by_piece.copy_(error @ matrix)
            if by_embedding is not None:
                by_embedding += error.mT @ piece
    if by_embedding is not None:
        embedding.grad = by_embedding if embedding.grad is None else embedding.grad.add_(by_embedding)
    hidden.backward(stream)
    return total


def bits(nats: float, characters: int) -> float:
    """Bits per character of a text whose summed loss is `nats`."""
    return nats / characters / math.log(2)
