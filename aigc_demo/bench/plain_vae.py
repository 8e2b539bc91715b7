"""The VAE's training loop in eager float32 as pytorch/examples has taught it: what ours is timed against.

The same networks, batches, noise, rates and loss; torch's default Adam, row-by-row layout, the loss read each step.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainVAE:
    """Copies of encoder and decoder, and an Adam for both."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, rate: float) -> None:
        self.encoder = deepcopy(encoder).to(memory_format=torch.contiguous_format)
        self.decoder = deepcopy(decoder).to(memory_format=torch.contiguous_format)
        self.rate = rate
        self.optimizer = torch.optim.Adam([*self.encoder.parameters(), *self.decoder.parameters()], lr=rate)

    def step(
        self, noisy: Tensor, targets: Tensor, noise: Tensor, factor: float, kl_weight: float
    ) -> dict[str, float]:
        """A step on pictures (N, C, H, W): `noisy` in [-1, 1] goes in, `targets` in [0, 1] is to come out.

        `noise` (N, latent_dim) is the standard normal draw of the latent, `factor` stands before the learning rate.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor
        self.optimizer.zero_grad()
        mean, log_variance = self.encoder(noisy)
        z = mean + noise * torch.exp(0.5 * log_variance)
        picture = torch.sigmoid(self.decoder(z))
        distortion = F.binary_cross_entropy(picture, targets, reduction="sum") / len(targets)
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp()) / len(targets)
        loss = distortion + kl_weight * kl
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.item(), "reconstruction": distortion.item(), "kl": kl.item()}
