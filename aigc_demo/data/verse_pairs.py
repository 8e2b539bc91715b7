"""Pairs out of the poems: the couplets (对联) of regulated verse, and poems with their titles.

Couplets: of the eight lines of regulated verse (律诗) the third and fourth, and the fifth and sixth, have to be
antithetical: word against word of its kind, level tones against oblique ones. The first line of such a couplet is the
source, the second the target.

Titles: the poem is the source, its title the target: what summarising is, in one line.

A pair is held out where its poem is, so that no model which learns from the poems has seen what it is judged by; and
where a line of a held-out couplet stands in a training poem, too, that training pair is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aigc_demo.data.pairs import Pair, write_pairs
from aigc_demo.data.poems import Poem, read_poems

ANTITHETICAL = ((2, 3), (4, 5))  # lines, from 0, of eight
LEAST_TITLE = 2


def prepare(source: Path, out: Path, kind: str) -> tuple[dict[str, int], str]:
    """Write pairs.jsonl of a `kind`, couplets or titles, from the prepared poems; counts, and SHA-256."""
    poems = read_poems(source)
    return write_pairs(out, {"couplets": couplets, "titles": titles}[kind](poems))


def couplets(poems: Sequence[Poem]) -> Iterator[Pair]:
    """The antithetical couplets of regulated verse, each first line once; no line is on both sides of the split."""
    pairs = [
        Pair(lines[first], lines[second], poem.held_out, poem.dynasty)
        for poem in poems
        if len(lines := poem.text.replace("。", "，").split("，")[:-1]) == 8
        for first, second in ANTITHETICAL
    ]
    held_out = {line for pair in pairs if pair.held_out for line in (pair.source, pair.target)}
    return _each_source_once(
        pair for pair in pairs if pair.held_out or held_out.isdisjoint((pair.source, pair.target))
    )


def titles(poems: Sequence[Poem]) -> Iterator[Pair]:
    """Poems with a title of at least two characters."""
    return _each_source_once(
        Pair(poem.text, poem.title, poem.held_out, poem.dynasty)
        for poem in poems
        if len(poem.title) >= LEAST_TITLE
    )


def _each_source_once(pairs: Iterable[Pair]) -> Iterator[Pair]:
    seen: set[str] = set()
    for pair in pairs:
        if pair.source not in seen:
            seen.add(pair.source)
            yield pair
