"""A picture under a map of what speaks for something in it, and what against."""

import numpy as np

# Told apart by those who see no red and green, too.
FOR, AGAINST = (255, 122, 26), (38, 132, 255)
DIMMED, STRONGEST = 0.55, 0.85  # brightness of the picture under the map, and the most that the map covers


def under_map(picture: np.ndarray, look: np.ndarray) -> np.ndarray:
    """A picture (H, W[, 3]) uint8 under its map, float (H, W): the stronger, the more of the colour. (H, W, 3) uint8."""
    grey = picture if picture.ndim == 2 else picture.mean(axis=2)
    share = look / max(float(np.abs(look).max()), 1e-9)
    colour = np.where(share[..., None] > 0, FOR, AGAINST)
    cover = STRONGEST * np.abs(share)[..., None]
    return (DIMMED * grey[..., None] * (1 - cover) + colour * cover).round().astype(np.uint8)
