r"""The objective of R3GAN (Huang, Gokaslan, Kuleshov and Tompkin 2024, "The GAN is dead; long live the GAN").

Relativistic pairing: a real and a fake picture of the same class are judged against each other, so that fakes
must keep up everywhere and dropping a mode never pays. Two zero-centred gradient penalties make it converge.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    r"""$L_D = \mathbb E\,\log(1 + e^{D(G(z)) - D(x)})$, from the logits (N,) of N pairs; a scalar."""
    return F.softplus(fake - real).mean()


def generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    r"""$L_G = \mathbb E\,\log(1 + e^{D(x) - D(G(z))})$: the same with the roles exchanged."""
    return F.softplus(real - fake).mean()


def squared_gradients(logits: Tensor, images: Tensor) -> Tensor:
    r"""$\lVert\nabla_x D(x)\rVert^2$ of each picture (N,), from logits (N,) of `images` (N, C, H, W).

    The mean over real pictures is $R_1$ (Mescheder et al. 2018), over fakes $R_2$; the discriminator's loss
    takes $\frac\gamma2 (R_1 + R_2)$. It can be differentiated again, as that needs.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))
