"""Numbers in English words and in Chinese characters, made by code: a translation that can be checked to the last word.

    two hundred and five    二百零五        nine thousand and forty-one    九千零四十一

English says tens and ones, hundreds and thousands; Chinese says its digits with 十, 百, 千 and 万 behind, and 零 where
places are skipped. So words change their order and their number, as in any translation, and there is one right answer.
"""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

from aigc_demo.data.pairs import Pair, write_pairs

TOP = 100_000
PAIRS = 6000
SEED = 0
ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
DIGITS, UNITS = "零一二三四五六七八九", ("", "十", "百", "千", "万")


def prepare(source: Path, out: Path) -> tuple[dict[str, int], str]:
    """Write pairs.jsonl, English to Chinese; counts, and SHA-256. Nothing is fetched: `source` is empty."""
    return write_pairs(out, pairs())


def pairs() -> Iterator[Pair]:
    """Numbers below 100 000, each once: as many of one digit as there are, and of more digits a chance sample each."""
    chosen = random.Random(SEED)
    numbers = list(range(100))
    for low, high in ((100, 1000), (1000, 10_000), (10_000, TOP)):
        numbers += chosen.sample(range(low, high), min((PAIRS - 100) // 3, high - low))
    for number in numbers:
        english = in_english(number)
        held_out = int(hashlib.sha256(english.encode()).hexdigest(), 16) % 20 == 0
        yield Pair(english, in_chinese(number), held_out, "numbers")


def in_english(number: int) -> str:
    """A number below 100 000 in words, as in British usage: 305 is "three hundred and five"."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    head, rest = divmod(number, size)
    said = f"{in_english(head)} {name}"
    if not rest:
        return said
    return f"{said}{' and' if rest < 100 else ''} {in_english(rest)}"


def in_chinese(number: int) -> str:
    """A number below 100 000 in characters: 305 is 三百零五, 12 is 十二, 10 010 is 一万零一十."""
    said, skipped = "", False
    for place, digit in reversed(list(enumerate(map(int, reversed(str(number)))))):
        if digit == 0:
            skipped = True
            continue
        said += ("零" if skipped and said else "") + DIGITS[digit] + UNITS[place]
        skipped = False
    return (said.removeprefix("一") if said.startswith("一十") else said) or DIGITS[0]
