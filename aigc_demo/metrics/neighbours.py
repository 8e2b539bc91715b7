r"""Whether drawn pictures look real and real ones are reached, by balls around features that reach to the k-th neighbour.

precision: share of drawn in some real ball; recall: share of real in some drawn ball (Kynkäänniemi et al. 2019, eq. 2).
density: $\frac1k$ of the real balls that a drawn one is in, in the mean; coverage: share of the real balls with a drawn one
inside (Naeem et al. 2020, eq. 6 and 7). Each is a mean over pictures, whose values these functions give.
"""

from dataclasses import dataclass

import numpy as np

K_MANIFOLD, K_DENSITY = 3, 5  # the neighbours of either paper


@dataclass(frozen=True)
class Reach:
    """A value a picture: precision and density (N,) of drawn ones, recall and coverage (M,) of real ones."""

    precision: np.ndarray
    recall: np.ndarray
    density: np.ndarray
    coverage: np.ndarray


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distances (N, M) of features (N, d) and (M, d)."""
    from scipy.spatial.distance import cdist

    return cdist(np.asarray(a, np.float64), np.asarray(b, np.float64))


def radii(features: np.ndarray, k: int) -> np.ndarray:
    """How far each of features (N, d) is from its k-th other, (N,); N above k."""
    return np.partition(distances(features, features), k, axis=1)[:, k]


def reach(
    drawn: np.ndarray, real: np.ndarray, k_manifold: int = K_MANIFOLD, k_density: int = K_DENSITY
) -> Reach:
    """All four of drawn (N, d) and real (M, d), N and M above k. On a ball's edge is inside for the manifolds, outside for the others."""
    apart = distances(drawn, real)
    inside = apart < radii(real, k_density)[None]
    return Reach(
        precision=(apart <= radii(real, k_manifold)[None]).any(1).astype(float),
        recall=(apart <= radii(drawn, k_manifold)[:, None]).any(0).astype(float),
        density=inside.sum(1) / k_density,
        coverage=inside.any(0).astype(float),
    )


def nearest(drawn: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distance (N,) of each drawn one to its nearest real one, and which that is (N,)."""
    apart = distances(drawn, real)
    found = apart.argmin(1)
    return apart[np.arange(len(drawn)), found], found
