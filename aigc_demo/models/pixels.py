"""Between bytes, as pictures are stored, and numbers in [-1, 1], as networks see them. No torch at import."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def to_float(images: "Tensor") -> "Tensor":
    """uint8 (N, H, W) or (N, H, W, 3) -> float (N, C, H, W) in [-1, 1]; in memory, colours stay last."""
    channels_first = images[:, None] if images.ndim == 3 else images.movedim(3, 1)
    return channels_first.float() / 127.5 - 1


def to_uint8(images: "Tensor") -> "Tensor":
    """Float (N, C, H, W) in [-1, 1] -> uint8 (N, H, W), or (N, H, W, 3) in colour, on the CPU."""
    levels = ((images.float() + 1) * 127.5).round().clamp(0, 255).byte().movedim(1, 3).cpu().contiguous()
    return levels[..., 0] if levels.shape[3] == 1 else levels
