"""Pictures that are nearly the same, and a split that never puts two of them on both sides.

A difference hash says in 64 bits whether each of 8 x 8 tones is lighter than its right neighbour (N. Krawetz 2013,
"Kind of Like That", hackerfactor.com). Few differing bits make a candidate; the pictures' own distance decides, since
plain pictures and strokes share hashes without being copies.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

MAX_BITS = 4  # Hamming distance of two hashes
MAX_CANDIDATES = 50  # compared pixel by pixel, for each picture
MAX_LEVELS = 5.0  # root mean square distance of two pictures, in levels of 255: JPEG's loss is 2 to 4


def difference_hash(picture: np.ndarray) -> int:
    """64 bits of a picture, uint8 (H, W) or (H, W, 3): is each tone of 8 x 8 lighter than the one right of it?"""
    grey = Image.fromarray(picture).convert("L").resize((9, 8), Image.Resampling.BOX)
    tones = np.asarray(grey, dtype=np.int16)
    return int.from_bytes(np.packbits(tones[:, :-1] > tones[:, 1:]).tobytes(), "big")


def near_pairs(hashes: Sequence[int], pictures: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of pictures that are nearly the same, i the first of its kind; `pictures` is uint8 (N, ...)."""
    codes = np.array(hashes, dtype=np.uint64)
    heads = np.empty(
        len(codes), dtype=np.int64
    )  # those that resemble none before them: copies of copies cost nothing
    count, pairs = 0, []
    for index, code in enumerate(codes):
        bits = np.bitwise_count(codes[heads[:count]] ^ code)
        alike = heads[:count][bits <= MAX_BITS][:MAX_CANDIDATES]
        found = [int(head) for head in alike if distance(pictures[head], pictures[index]) <= MAX_LEVELS]
        pairs += [(head, index) for head in found]
        if not found:
            heads[count] = index
            count += 1
    return pairs


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference of two uint8 arrays of one shape, in levels."""
    return float(np.sqrt(np.mean((a.astype(np.float32) - b.astype(np.float32)) ** 2)))


def groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """For each of `count` items the least index that a chain of `pairs` joins it to (union-find)."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(i) for i in range(count)]


def held_out(hashes: Sequence[str], labels: Sequence[int], group: Sequence[int], share: float) -> list[bool]:
    """Which items are kept from training: in each class about `share`, whole groups, chosen by their sha256 alone.

    At least one item in all, and never the last group of a class.
    """
    members: dict[int, list[int]] = {}
    for index, head in enumerate(group):
        members.setdefault(head, []).append(index)
    # by sha256, so that neither the order nor the names of the files matter
    order = sorted(members, key=lambda head: min(hashes[index] for index in members[head]))
    chosen = [False] * len(hashes)
    for label in sorted(set(labels)):
        own = [head for head in order if labels[head] == label]
        wish = share * sum(len(members[head]) for head in own)
        taken = 0
        for head in own[:-1]:
            if taken + len(members[head]) <= wish + 0.5:
                taken += len(members[head])
                for index in members[head]:
                    chosen[index] = True
    if not any(chosen):  # few of every class: the smallest group of all
        for index in members[min(order, key=lambda head: len(members[head]))]:
            chosen[index] = True
    return chosen
