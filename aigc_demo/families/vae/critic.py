r"""A critic of the decoder's pictures, patch by patch: it tells blur from what is real, which cross-entropy forgives.

With $f(t) = \log(1 + e^t)$, pairs of a picture $x$ and its own reconstruction $\hat x$, and the logits $C$ of their patches
(each sees 20 x 20 pixels), the critic minimises all of

    $\mathbb E\,f(C(\hat x) - C(x)) + \frac\gamma2\,\mathbb E\,(\lVert\nabla C(x)\rVert^2 + \lVert\nabla C(\hat x)\rVert^2)$

and the VAE adds $\lambda\,\mathbb E\,f(C(x) - C(\hat x))$ to its bound, where $\lambda$ makes the pull of this term on the
decoder's last layer $W$ a fixed `share` of the reconstruction's: $\lambda = s\,\lVert\nabla_W\text{rec}\rVert /
\lVert\nabla_W\text{adv}\rVert$. (Larsen et al. 2016, VAE/GAN; patches by Isola et al. 2017; the weight by Esser et al. 2021,
VQGAN, eq. 7; the pairs and the penalty as in our GAN, Huang et al. 2024.)
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aigc_demo.families.vae.networks import VAEConfig
from aigc_demo.training import TrainPlan, average_gradients

if TYPE_CHECKING:
    from accelerate import Accelerator

GAMMA = 0.05  # weight of the gradient penalties


class Critic(nn.Module):
    """Pictures (N, C, H, W) in [-1, 1] -> logits (N, h, w), one a patch: high where it looks real."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.patch, width = config.patch, config.width
        self.stem = nn.Conv2d(config.channels * config.patch**2, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
        self.deep = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.logit = nn.Conv2d(2 * width, 1, 1, bias=False)  # pairs would cancel it

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, h, w)."""
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(images, self.patch)), 0.2)
        x = F.leaky_relu(self.down(x), 0.2)
        return self.logit(F.leaky_relu(self.deep(x), 0.2)).squeeze(1)


def critic_objective(critic: Critic, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """What the critic minimises, and the share of pairs of patches that it tells apart; `fake` has no gradient.

    The penalties look at a quarter of the pairs, an unbiased estimate.
    """
    both = torch.stack([real, fake.detach()])
    quarter = max(len(real) // 4, 1)
    penalised = both[:, :quarter].flatten(0, 1).requires_grad_()
    logits = critic(penalised)
    (gradient,) = torch.autograd.grad(logits.sum(), penalised, create_graph=True)
    penalty = 2 * gradient.square().sum(dim=(1, 2, 3)).mean()
    if quarter < len(real):
        rest = critic(both[:, quarter:].flatten(0, 1))
        logits = torch.cat([logits.unflatten(0, (2, -1)), rest.unflatten(0, (2, -1))], dim=1).flatten(0, 1)
    of_real, of_fake = logits.unflatten(0, (2, -1))
    objective = F.softplus(of_fake - of_real).mean() + GAMMA / 2 * penalty
    return objective, (of_real > of_fake).float().mean()


def adversarial(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    r"""$\mathbb E\,f(C(x) - C(\hat x))$, whose gradient reaches `fake` alone."""
    learning = list(critic.parameters())
    for parameter in learning:
        parameter.requires_grad_(False)
    loss = F.softplus(critic(real) - critic(fake)).mean()
    for parameter in learning:
        parameter.requires_grad_(True)
    return loss


def balance(reconstruction: Tensor, loss: Tensor, last: Tensor, share: float) -> Tensor:
    r"""$\lambda$: what makes the pull of `loss` on the weights `last` a share of that of `reconstruction`."""
    pulls = [torch.autograd.grad(term, last, retain_graph=True)[0].norm() for term in (reconstruction, loss)]
    return (share * pulls[0] / (pulls[1] + 1e-8)).detach()


class Adversary:
    """A critic that learns beside a VAE, and what it adds to the VAE's loss."""

    def __init__(self, plan: TrainPlan, config: VAEConfig, rate: float, accelerator: "Accelerator") -> None:
        self.share, self.accelerator = plan.adversarial_weight, accelerator
        self.critic = Critic(config).to(accelerator.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.critic.parameters(), lr=rate, betas=(0.0, 0.99), fused=True)

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name."""
        return {"critic": self.critic, "critic_optimizer": self.optimizer}

    def step(self, real: Tensor, fake: Tensor, reconstruction: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the critic; then the weighted term of the VAE, and the share of patches told apart."""
        objective, told_apart = critic_objective(self.critic, real, fake)
        self.optimizer.zero_grad(set_to_none=True)
        objective.backward()
        average_gradients(self.critic.parameters(), self.accelerator)
        self.optimizer.step()
        sharpness = adversarial(self.critic, real, fake)
        return sharpness * balance(reconstruction, sharpness, last, self.share), told_apart
