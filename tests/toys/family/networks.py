"""A mean picture for each class, and a linear map from the latent to pictures."""

import torch
from torch import Tensor, nn

LATENT_DIM = 2


class Decoder(nn.Module):
    """tanh(class weights (N, K) @ means (K, D) + z (N, 2) @ directions (2, D))."""

    def __init__(self, classes: int, pixels: int) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.zeros(classes, pixels))
        self.directions = nn.Parameter(0.1 * torch.randn(LATENT_DIM, pixels))

    def forward(self, z: Tensor, class_weights: Tensor) -> Tensor:
        """Pictures (N, D) in [-1, 1]."""
        return torch.tanh(class_weights @ self.means + z @ self.directions)
