r"""What a sequence-to-sequence model is trained on: the target, token by token, given the whole source.

The encoder reads the source $x$; the decoder gives each target token a probability from the source and from the target
tokens before it, $p(y \mid x) = \prod_t p(y_t \mid y_{<t}, x)$. Training minimises the mean cross-entropy

    $\mathcal{L} = -\frac{1}{T} \sum_t \log p_\theta(y_t \mid y_{<t}, x)$

(Sutskever et al. 2014, section 2). Teacher forcing: $y_{<t}$ are the true tokens, whatever the model itself would have
written, so that all positions are computed at once.
"""

import torch.nn.functional as F
from torch import Tensor

IGNORED = -100


def shift_right(targets: Tensor, start: int, padding: int) -> Tensor:
    """What the decoder reads, (batch, T): the start token, then targets (batch, T) up to the last but one."""
    shifted = targets.new_full(targets.shape, start)
    shifted[:, 1:] = targets[:, :-1]
    return shifted.masked_fill(shifted == IGNORED, padding)


def teacher_forced_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    r"""Mean cross-entropy in nats; logits (batch, T, vocab), targets (batch, T), where IGNORED counts for nothing.

    smoothing $\epsilon$: the target is $1 - \epsilon$ on the true token and $\epsilon / V$ on every one, which makes
    beams less sure of themselves (Vaswani et al. 2017, section 5.4).
    """
    return F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, label_smoothing=smoothing
    )
