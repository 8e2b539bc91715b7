r"""The objective of R3GAN (Huang, Gokaslan, Kuleshov and Tompkin 2024, "The GAN is dead; long live the GAN").

With $f(t) = \log(1 + e^t)$ (softplus), pairs of a real picture $x$ and a fake $G(z)$ of the same class, and logits $D$,
the discriminator minimises all of

    $\mathbb E\,f(D(G(z)) - D(x)) + \frac\gamma2 (R_1 + R_2),\quad
    R_1 = \mathbb E\,\lVert\nabla_x D(x)\rVert^2,\quad R_2 = \mathbb E\,\lVert\nabla_x D(G(z))\rVert^2,$

and the generator $\mathbb E\,f(D(x) - D(G(z)))$. Relativistic pairing: fakes must keep up everywhere, and dropping a
mode never pays. The two zero-centred gradient penalties make it converge (Mescheder et al. 2018).
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    r"""$L_D = \mathbb E\,f(D(G(z)) - D(x))$, from the logits (N,) of N pairs; a scalar."""
    return F.softplus(fake - real).mean()


def generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    r"""$L_G = \mathbb E\,f(D(x) - D(G(z)))$: the same with the roles exchanged."""
    return F.softplus(real - fake).mean()


def squared_gradients(logits: Tensor, images: Tensor) -> Tensor:
    r"""$\lVert\nabla_x D(x)\rVert^2$ of each picture (N,), from logits (N,) of `images` (N, C, H, W).

    The mean over real pictures is $R_1$, over fakes $R_2$. It can be differentiated again, as training needs.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))


def penalised_loss(loss: Tensor, r1: Tensor, r2: Tensor, gamma: float) -> Tensor:
    r"""$L_D + \frac\gamma2 (R_1 + R_2)$, of scalars: the whole of what the discriminator minimises."""
    return loss + gamma / 2 * (r1 + r2)


def penalty_weight(progress: float, last: float, burn_in: float) -> float:
    r"""$\gamma$ at `progress` in [0, 1]: on a cosine over the first share `burn_in` from ten times `last` down to it."""
    fall = 0.5 * (1 + math.cos(math.pi * min(progress / burn_in, 1.0)))
    return last * (1 + 9 * fall)
