"""What attention heads look at, measured on one text.

Row r of a head's matrix is how token r mixes what came before, just before the model names token r + 1. For each kind of
place that a head may look at, its share is the weight that lies there, averaged over the rows that have such a place.
"""

from dataclasses import dataclass, replace

import numpy as np

# The more telling first: what a reader would not have expected of a machine.
KINDS = ("line", "title", "followed", "same", "previous", "first", "itself")
TELLING = 0.25  # the least share that is worth a sentence
FEWEST = 4  # rows that a share is averaged over, at least


@dataclass(frozen=True)
class Reading:
    """The labels of the T tokens of a text; `prompt` of them were given. In a poem `line` is the length of a line without
    its mark, `start` the place of its first character; the `title` characters of its title stand before the mark at start - 1."""

    labels: list[str]
    prompt: int
    line: int = 0
    start: int = 0
    title: int = 0

    def places(self, kind: str) -> np.ndarray:
        """(T, T) of bool: where a head of this kind looks, from the rows that name what was written."""
        total = len(self.labels)
        rows, columns = np.arange(total)[:, None], np.arange(total)[None]
        names = np.array(self.labels, dtype=object)
        if kind == "line":  # of the token that is named next, so that the partner stands `line` before row r
            found = (columns == rows - self.line) & (columns >= self.start) & (self.line > 0)
        elif kind == "title":
            found = (columns < self.start - 1) & (columns >= self.start - 1 - self.title)
        elif kind == "followed":
            found = np.zeros((total, total), bool)
            found[:, 1:] = (names[:, None] == names[None, :-1]) & (columns[:, 1:] <= rows)
        elif kind == "same":
            found = (names[:, None] == names[None]) & (columns < rows)
        elif kind == "previous":
            found = columns == rows - 1
        elif kind == "first":
            found = (columns == 0) & (rows > 0)
        else:
            found = columns == rows
        return found & (columns <= rows) & (rows >= max(self.prompt - 1, 1))


@dataclass(frozen=True)
class Finding:
    """A head, counted from 0, and the share of its weight that lies on places of this kind."""

    kind: str
    layer: int
    head: int
    share: float


def shares(weights: np.ndarray, reading: Reading) -> dict[str, np.ndarray]:
    """By kind the shares (layers, heads) of weights (layers, heads, T, T), for the kinds of which the text has enough."""
    found = {}
    for kind in KINDS:
        places = reading.places(kind)
        rows = places.any(1)
        if rows.sum() >= FEWEST:
            found[kind] = np.einsum("lhrc,rc->lh", weights[:, :, rows], places[rows]) / rows.sum()
    return found


def most_telling(weights: np.ndarray, reading: Reading, count: int = 2) -> list[Finding]:
    """The heads worth a sentence: of the first kinds that any head looks at, the one that does so most; each head once.

    There is always one, however little it looks at anything.
    """
    measured, found = shares(weights, reading), []
    for kind, share in measured.items():
        free = share.copy()
        for other in found:
            free[other.layer, other.head] = 0
        layer, head = np.unravel_index(free.argmax(), free.shape)
        if free[layer, head] >= TELLING and len(found) < count:
            found.append(Finding(kind, int(layer), int(head), float(free[layer, head])))
    return found or [_largest(measured)]


def describe(weights: np.ndarray, reading: Reading, layer: int, head: int) -> Finding | None:
    """What one head, of weights (T, T), looks at most; None where nothing is worth a sentence."""
    found = _largest(shares(weights[None, None], reading))
    return replace(found, layer=layer, head=head) if found.share >= TELLING else None


def _largest(measured: dict[str, np.ndarray]) -> Finding:
    """The largest share of all; a text of a few tokens has none."""
    best = Finding("itself", 0, 0, 0.0)
    for kind, share in measured.items():
        layer, head = np.unravel_index(share.argmax(), share.shape)
        if share[layer, head] > best.share:
            best = Finding(kind, int(layer), int(head), float(share[layer, head]))
    return best
