"""Mean squared error."""

import torch.nn.functional as F
from torch import Tensor


def error(drawn: Tensor, real: Tensor) -> Tensor:
    """The mean over pictures and pixels."""
    return F.mse_loss(drawn, real)
