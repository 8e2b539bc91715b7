r"""Cross entropy: what it costs to have said $p$ where the label is $y$.

    $L = -\frac1N \sum_i \log p(y_i \mid x_i), \quad p(c \mid x) = \frac{e^{z_c}}{\sum_k e^{z_k}},$

with logits $z$. Its minimum is the true $p(c \mid x)$ where the network can say it (a proper score, Good 1952), its gradient
with respect to $z$ is $p - e_y$. Guessing among K equally frequent classes costs $\log K$ nats.
"""

from torch import Tensor
from torch.nn import functional as F


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""$-\frac1N \sum_i \log p(y_i \mid x_i)$ in nats, a scalar; logits (N, K), labels (N,) from 0 to K - 1."""
    return -F.log_softmax(logits, dim=1).gather(1, labels[:, None]).mean()
