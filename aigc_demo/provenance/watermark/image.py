r"""A watermark in a picture's low frequencies: a keyed sign for each (after Cox et al. 1997, Secure Spread Spectrum
Watermarking for Multimedia).

The luminance $Y$ (H, W) of a picture has the orthonormal cosine coefficients

$$C_{kl} = \sum_{y,x} a_k \cos\frac{\pi k (y + 1/2)}{H}\; Y_{yx}\; b_l \cos\frac{\pi l (x + 1/2)}{W}.$$

Frequencies are counted in half waves across the whole picture, so a picture scaled to another size keeps the signs of its
coefficients, and those below 80 half waves are what JPEG spends most of its bits on. Of the $n \approx 4800$ coefficients with
$16 \le \sqrt{k^2 + l^2} < 80$ the key gives each a sign $w_{kl} = \pm 1$. In a picture that knows nothing of the key,
half the signs agree by chance; the number that does is binomial over the keys, exactly and for any picture:

$$z = \frac{\#\{w_{kl} C_{kl} > 0\} - n/2}{\sqrt{n}/2}, \qquad p = P(\mathrm{Bin}(n, 1/2) \ge \#).$$

Embedding knows the picture and turns signs where that is cheap, as quantization index modulation does (Chen and Wornell
2001), rather than adding the pattern blindly: every coefficient with $-3m < w C < m$ is moved to $w C = m$. The margin
$m$, what a later compression may take, is the largest that keeps the picture's PSNR near 41 dB. Pixels that leave [0, 255]
are cut off, which takes from the mark, so the moves are repeated.

Limits: a crop, a turn or a mirror shifts the frequencies and hides the mark; who averages many marked pictures can see
the pattern.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aigc_demo.provenance.watermark.chance import THRESHOLD, binomial_tail, deviation

LOWEST, HIGHEST = 16, 80  # half waves across the picture
SMALLEST = 112  # pixels of the shorter side below which a picture has no room for a mark
READABLE = 32  # pixels of the shorter side below which none is looked for
REACH = 3.0  # margins by which a coefficient may disagree and still be turned
STRENGTH = 2.2  # root mean square of the change of a pixel: 41 dB
ROUNDS = 4
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as JPEG


@dataclass(frozen=True)
class Finding:
    """How far a picture agrees with a key: z and p, of how many coefficients."""

    z: float
    p: float
    coefficients: int

    @property
    def found(self) -> bool:
        """Whether chance is no explanation."""
        return self.p < THRESHOLD


def carries(pixels: np.ndarray) -> bool:
    """Whether a picture is large enough for `embed` to mark it."""
    return min(pixels.shape[:2]) >= SMALLEST


def embed(pixels: np.ndarray, key: bytes) -> np.ndarray:
    """The picture, uint8 (H, W), (H, W, 3) or (H, W, 4), with the key's mark; as it is where it is too small for one."""
    if not carries(pixels):
        return pixels
    waves = _Waves(pixels.shape[0], pixels.shape[1])
    signs = _signs(key)[waves.band]
    colours = pixels[..., :3].astype(np.float32) if pixels.ndim == 3 else pixels.astype(np.float32)
    agreement = signs * waves.read(_luminance(colours))
    margin = _margin(agreement, STRENGTH**2 * pixels.shape[0] * pixels.shape[1])
    turned = _short(agreement, margin) > 0
    for _ in range(ROUNDS):
        missing = np.maximum(margin - signs * waves.read(_luminance(colours)), 0)
        change = waves.write(np.where(turned, signs * missing, 0))
        colours = np.clip(colours + (change[..., None] if colours.ndim == 3 else change), 0, 255)
    marked = np.rint(colours).astype(np.uint8)
    return np.concatenate((marked, pixels[..., 3:]), axis=2) if pixels.ndim == 3 else marked


def detect(pixels: np.ndarray, key: bytes) -> Finding:
    """How far the picture, uint8 (H, W), (H, W, 3) or (H, W, 4), agrees with the key."""
    if min(pixels.shape[:2]) < READABLE:
        return Finding(0.0, 1.0, 0)
    waves = _Waves(pixels.shape[0], pixels.shape[1])
    colours = pixels[..., :3] if pixels.ndim == 3 else pixels
    agreement = _signs(key)[waves.band] * waves.read(_luminance(colours.astype(np.float32)))
    agreement = agreement[np.abs(agreement) > 1e-3]  # what is nothing but rounding has no sign
    hits, total = int((agreement > 0).sum()), len(agreement)
    return Finding(deviation(hits, total, 0.5), binomial_tail(hits, total, 0.5), total)


def _margin(agreement: np.ndarray, energy: float) -> float:
    """The largest margin whose moves have at most this energy, by bisection."""
    low, high = 0.0, float(np.sqrt(energy))
    for _ in range(40):
        middle = (low + high) / 2
        if float((_short(agreement, middle) ** 2).sum()) > energy:
            high = middle
        else:
            low = middle
    return low


def _short(agreement: np.ndarray, margin: float) -> np.ndarray:
    """How far each coefficient is to be moved; 0 for those that agree enough, or disagree too much."""
    return np.where((agreement > -REACH * margin) & (agreement < margin), margin - agreement, 0)


def _luminance(colours: np.ndarray) -> np.ndarray:
    return colours @ LUMA if colours.ndim == 3 else colours


class _Waves:
    """The cosines of the band for pictures of H x W pixels: from luminance to its n coefficients, and back."""

    def __init__(self, height: int, width: int) -> None:
        self.rows, self.columns = _cosines(height), _cosines(width)
        index = np.arange(HIGHEST)
        radius = np.hypot(index[:, None], index[None])
        there = (index[:, None] < height) & (index[None] < width)  # a small picture has no shorter waves
        self.band = (radius >= LOWEST) & (radius < HIGHEST) & there

    def read(self, luminance: np.ndarray) -> np.ndarray:
        """Coefficients (n,) of a luminance (H, W)."""
        return (self.rows @ luminance @ self.columns.T)[self.band]

    def write(self, coefficients: np.ndarray) -> np.ndarray:
        """The luminance (H, W) that has these coefficients (n,) alone."""
        whole = np.zeros(self.band.shape, np.float32)
        whole[self.band] = coefficients
        return self.rows.T @ whole @ self.columns


def _cosines(size: int) -> np.ndarray:
    """The first HIGHEST rows of the orthonormal DCT-II (Ahmed, Natarajan and Rao 1974) of `size` samples."""
    angles = np.pi * np.outer(np.arange(HIGHEST), np.arange(size) + 0.5) / size
    cosines = np.cos(angles) * np.sqrt(2 / size)
    cosines[0] /= np.sqrt(2)
    return cosines.astype(np.float32)


@lru_cache(maxsize=8)
def _signs(key: bytes) -> np.ndarray:
    """(HIGHEST, HIGHEST) of +1 and -1, from the key by SHAKE-256."""
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(key).digest(HIGHEST * HIGHEST // 8), np.uint8))
    return (2.0 * bits - 1).astype(np.float32).reshape(HIGHEST, HIGHEST)
