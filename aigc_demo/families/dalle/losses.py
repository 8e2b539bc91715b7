r"""What the two networks learn from.

The autoencoder learns first. Of a picture $x$ with values in $[-1, 1]$ and its restored $\hat x$ training minimises

    $\mathcal L_1 = 127.5\;\mathbb E\,\bigl[\,|x - \hat x| + (x - \hat x)^2\,\bigr]$

over all values, in levels of 255: the square brings large errors down, the absolute error asks small details for their very
colour, where a square would be content with a mean. Quantised numbers need no further term (Mentzer et al. 2023).

Then its codes $c_1 \dots c_T$ are given, and the Transformer learns to write them behind the words $w$ of the caption:

    $\mathcal L_2 = -\frac{1}{T} \sum_t \log_2 p_\theta(c_t \mid w, c_{<t})$,

in bits a code. It is an exact likelihood: nothing is bounded, and there is no adversary. (Ramesh et al. 2021 learn to write
the caption, too, at an eighth of the weight; here captions are given.)
"""

import math

from torch import Tensor
from torch.nn import functional as F


def reconstruction_loss(restored: Tensor, pictures: Tensor) -> Tensor:
    """L1, a scalar in levels of 255; both (N, 3, S, S) in [-1, 1]."""
    error = restored - pictures
    return 127.5 * (error.abs() + error.square()).mean()


def digit_bits(logits: Tensor, digits: Tensor) -> Tensor:
    """-log2 p of each code, (...), by logits (..., d, L) of its digits (..., d)."""
    nats = F.cross_entropy(logits.flatten(0, -2).float(), digits.flatten(), reduction="none")
    return nats.view(digits.shape).sum(-1) / math.log(2)
