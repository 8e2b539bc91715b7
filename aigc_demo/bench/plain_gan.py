"""The GAN's training loop as a first reader of the paper writes it, in eager float32: what ours is timed against.

The objective is the same (Huang et al. 2024), and so are networks, batches, rates and the order of the draws.
Reals and fakes pass through the discriminator apart, the penalties look at the whole batch, the generator's step
sends gradients through the discriminator's weights too, the optimisers are torch's default, and the losses are
read after each step: the habits of pytorch/examples' DCGAN.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainGAN:
    """Copies of both networks, laid out row by row, and an Adam for each."""

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, rate: float, betas: tuple[float, float]
    ) -> None:
        self.generator = deepcopy(generator).to(memory_format=torch.contiguous_format)
        self.discriminator = deepcopy(discriminator).to(memory_format=torch.contiguous_format)
        self.rate = rate
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=rate, betas=betas)
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), lr=rate, betas=betas)

    def step(
        self, images: Tensor, class_weights: Tensor, z: Tensor, factor: float, gamma: float
    ) -> dict[str, float]:
        """Both players' step on pictures (N, C, H, W) in [-1, 1]; `factor` on the learning rate."""
        for optimizer in (self.optimizer_d, self.optimizer_g):
            for group in optimizer.param_groups:
                group["lr"] = self.rate * factor

        self.optimizer_d.zero_grad()
        real = images.clone().requires_grad_()
        fake = self.generator(z, class_weights)
        shown = fake.detach().requires_grad_()
        real_logit = self.discriminator(real, class_weights)
        fake_logit = self.discriminator(shown, class_weights)
        r1 = squared_gradient(real_logit, real)
        r2 = squared_gradient(fake_logit, shown)
        loss_d = F.softplus(fake_logit - real_logit).mean()
        (loss_d + gamma / 2 * (r1 + r2)).backward()
        self.optimizer_d.step()

        self.optimizer_g.zero_grad()
        real_logit = self.discriminator(images, class_weights)
        fake_logit = self.discriminator(fake, class_weights)
        loss_g = F.softplus(real_logit - fake_logit).mean()
        loss_g.backward()
        self.optimizer_g.step()
        return {
            "discriminator_loss": loss_d.item(),
            "generator_loss": loss_g.item(),
            "r1": r1.item(),
            "r2": r2.item(),
        }


def squared_gradient(logits: Tensor, images: Tensor) -> Tensor:
    r"""Mean of $\lVert\nabla_x D(x)\rVert^2$ over the batch, differentiable (Mescheder et al. 2018, eq. 9)."""
    gradient = torch.autograd.grad(logits.sum(), images, create_graph=True)[0]
    return gradient.pow(2).reshape(len(images), -1).sum(1).mean()
