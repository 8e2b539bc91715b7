"""How much of a text stands, character for character, in the text that a model was trained on.

Runs are found through windows of WIDTH characters: a window's hash is looked up among those of the whole training
text, and only what may be there is searched for. (Carlini et al. 2023, "Quantifying memorization".)
"""

from collections.abc import Sequence

import numpy as np

WIDTH = 8
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits well mixed: 2^64 / golden ratio


def window_hashes(text: str, width: int) -> np.ndarray:
    r"""Hashes of all windows, (len - width + 1,) of uint64: $\sum_k c_{i+k} f^{w-k} \bmod 2^{64}$, its bits folded."""
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    count = max(len(codes) - width + 1, 0)
    result = np.zeros(count, dtype=np.uint64)
    for offset in range(width):
        result *= FACTOR
        result += codes[offset : offset + count]
    result *= FACTOR
    return result ^ (result >> np.uint64(32))


class KnownText:
    """The training text, ready to be asked for what it holds."""

    def __init__(self, texts: Sequence[str], at_most: int) -> None:
        """Of more than `at_most` characters, an even selection of the texts, or the first part."""
        every = -(-sum(map(len, texts)) // at_most)
        self.text = "\n".join(texts[::every])[:at_most]
        self.windows = np.unique(window_hashes(self.text, WIDTH))

    def longest_run(self, text: str) -> int:
        """Length of `longest_passage`."""
        return len(self.longest_passage(text))

    def longest_passage(self, text: str) -> str:
        """The longest part of `text` that the training text holds; nothing where it is below WIDTH characters."""
        hashes = window_hashes(text, WIDTH)
        place = np.minimum(np.searchsorted(self.windows, hashes), len(self.windows) - 1)
        known = self.windows[place] == hashes if len(self.windows) else np.zeros(len(hashes), dtype=bool)
        best = ""
        for start in np.flatnonzero(known).tolist():
            while self._holds(text, start, longer := max(len(best) + 1, WIDTH), known):
                best = text[start : start + longer]
        return best

    def _holds(self, text: str, start: int, length: int, known: np.ndarray) -> bool:
        if start + length > len(text) or not known[start : start + length - WIDTH + 1].all():
            return False
        return text[start : start + length] in self.text


def longest_copy(texts: Sequence[str], known: KnownText) -> int:
    """The longest run of characters in any of the texts that stands in the training text."""
    return max((known.longest_run(text) for text in texts), default=0)


def copied_windows(texts: Sequence[str], known: KnownText, width: int = 50) -> float:
    """Share of the windows of `width` characters in `texts` that stand in the training text."""
    mine = np.concatenate([window_hashes(text, width) for text in texts])
    if not len(mine):
        return 0.0
    return float(np.isin(mine, window_hashes(known.text, width)).mean())
