"""Between bytes, as pictures are stored, and numbers in [-1, 1], as networks see them."""

from torch import Tensor


def to_float(images: Tensor) -> Tensor:
    """uint8 (N, H, W) or (N, H, W, 3) -> float (N, C, H, W) in [-1, 1], channels last in memory."""
    return images.view(*images.shape[:3], -1).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_uint8(images: Tensor) -> Tensor:
    """Float (N, C, H, W) in [-1, 1] -> uint8 (N, H, W), or (N, H, W, 3) in colour, on the CPU."""
    levels = ((images.float() + 1) * 127.5).round().clamp(0, 255).byte().cpu()
    return levels.permute(0, 2, 3, 1).squeeze(-1)
