r"""The evidence lower bound (Kingma and Welling 2014), with a decoder that reports brightness.

Training minimises, with the plan's `kl_weight` as $\beta$,

    $\mathbb E_{q(z \mid \tilde x)}[-\log p(x \mid z)] + \beta\,\mathrm{KL}(q(z \mid \tilde x) \,\|\, \mathcal N(0, I)),$

where $\tilde x$ is $x$ or, for half of a batch, a damaged copy of it: the bound of a denoising VAE (Im et al. 2017), whose
decoder must always give the whole picture. At $\beta = 1$ it is at least $-\log p(x)$. Below 1 (Higgins et al. 2017)
pictures get sharper and codes leave $\mathcal N(0, I)$, which a density fitted to them afterwards makes good (Dai and
Wipf 2019, two-stage VAE; Ghosh et al. 2020).
"""

from torch import Tensor
from torch.nn import functional as F


def negative_elbo(
    logits: Tensor, targets: Tensor, mean: Tensor, log_variance: Tensor, beta: float
) -> tuple[Tensor, Tensor, Tensor]:
    r"""The loss, reconstruction $+\;\beta\,\mathrm{KL}$, and its two terms: scalars, the means over N pictures, in nats.

    `logits` and `targets` (N, C, H, W); `mean` and `log_variance` (N, d) of $q(z \mid \tilde x)$.
    """
    distortion, kl = reconstruction(logits, targets).mean(), divergence(mean, log_variance).mean()
    return distortion + beta * kl, distortion, kl


def reconstruction(logits: Tensor, targets: Tensor) -> Tensor:
    r"""$-\log p(x \mid z) = -\sum_i x_i \log \hat x_i + (1 - x_i) \log (1 - \hat x_i)$ in nats, (N,).

    `targets` (N, C, H, W) are brightnesses in [0, 1], $\hat x$ is the sigmoid of `logits` $\ell$, so that a term is
    $\log (1 + e^\ell) - x \ell$. Brightnesses are no coin tosses: this is the customary cross-entropy, with its
    minimum above zero, not a density of pictures.
    """
    return (F.softplus(logits) - targets * logits).sum(dim=(1, 2, 3))


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""$\mathrm{KL} = \frac12 \sum_j \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2$ in nats, (N,)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
