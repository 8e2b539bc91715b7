"""`python -m tests.poems [FILE]`: 40 poems and 40 pieces of prose by the defaults, beside as many by those of before drafts.

Same titles, openings and seeds. Prints a table with 95 % intervals; all texts go to FILE in Markdown. With `--only N`: no
more than the table of N poems by the defaults, of the same titles with other forms and seeds.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.actions import TextResult, write_text
from aigc_demo.core.settings import settings_from
from aigc_demo.language.drafts import score
from aigc_demo.language.forms import FORMS, MARKS
from aigc_demo.language.prosody import is_standard, lines_of
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import TextRequest
from aigc_demo.schemas.text import BEFORE_DRAFTS

TITLES = [
    "春望",
    "月夜",
    "秋夜登楼",
    "江上",
    "山居",
    "送友人",
    "早行",
    "夜泊",
    "寄远",
    "咏梅",
    "秋思",
    "雪",
    "登高",
    "春日",
    "夏夜",
    "中秋",
    "题壁",
    "怀古",
    "塞下曲",
    "闻笛",
    "落花",
    "新柳",
    "渔父",
    "古寺",
    "听雨",
    "归雁",
    "重阳",
    "客中",
    "晚晴",
    "江村",
    "对酒",
    "访隐者",
    "宿山寺",
    "采莲曲",
    "长安道",
    "边思",
    "春晓",
    "望月",
    "溪行",
    "除夜",
]
OPENINGS = (
    "It was",
    "She had been",
    "Mr. Darcy",
    "The next morning",
    "Elizabeth was",
    "There was no",
    "My dear",
    "In the evening",
    "He could not",
    "When they were",
)
UNLIKELY = 0.005


@dataclass
class Sample:
    """One text and its facts; `facts` has a number for each row of the table."""

    title: str
    text: str
    facts: dict[str, float]


def write(cache: ModelCache, values: dict[str, Any]) -> TextResult:
    """The finished result of a request."""
    *_, result = write_text(TextRequest(**values), cache)
    return result


def poem(cache: ModelCache, index: int, old: bool) -> Sample:
    """The poem of that number: titles and the four forms in turn, each title with another form the next time."""
    again, place = divmod(index, len(TITLES))
    title, form = TITLES[place], list(FORMS)[(place + again) % len(FORMS)]
    before = BEFORE_DRAFTS if old else {}
    result = write(cache, {"prompt": title, "form": form, "seed": index + 1, **before})
    sample = result.samples[0]
    characters = [token for token in sample.tokens if token.text not in MARKS]
    found = score(sample.text, [token.probability for token in sample.tokens])
    rhyme, tones = (found.prosody.rhyme, found.prosody.tones) if found.prosody else (0.0, 0.0)
    facts = {
        "every couplet rhymes": float(rhyme == 1),
        "tone pattern kept in every place": float(tones == 1),
        "places that keep their tone": tones,
        "characters under 0.5 % a poem": float(sum(token.probability < UNLIKELY for token in characters)),
        "the same, share of characters": sum(token.probability < UNLIKELY for token in characters)
        / len(characters),
        "mean ln p": found.likelihood,
        "characters that stood before, share": found.repeated,
        "characters that are not standard": float(sum(not is_standard(token.text) for token in characters)),
    }
    return Sample(f"{title} ({form}, {result.request.seed})", "  \n".join(_rows(sample.text)), facts)


def prose(cache: ModelCache, index: int, old: bool) -> Sample:
    """The piece of prose of that number."""
    opening = OPENINGS[index % len(OPENINGS)]
    values = {"model": "gpt-austen", "prompt": opening, "prompt_is": "opening", "max_new_tokens": 60}
    result = write(cache, {**values, "seed": index + 1, **(BEFORE_DRAFTS if old else {})})
    tokens, text = result.samples[0].tokens, result.full_texts()[0]
    words = text.lower().split()
    grams = list(zip(words, words[1:], words[2:], strict=False))
    facts = {
        "tokens under 0.5 %, share": sum(token.probability < UNLIKELY for token in tokens)
        / max(1, len(tokens)),
        "mean ln p": score(text, [token.probability for token in tokens]).likelihood,
        "trigrams of words that stood before, share": 1 - len(set(grams)) / max(1, len(grams)),
    }
    return Sample(f"{opening} ({result.request.seed})", " ".join(text.split()), facts)


def table(
    new: Sequence[Sample], old: Sequence[Sample], units: Callable[[str], Sequence[str]]
) -> Iterable[str]:
    """Rows of Markdown: means with bootstrap intervals, and how much differs among the texts."""
    yield "| | by default now | before |\n|---|---|---|"
    for name in new[0].facts:
        yield (
            f"| {name} | "
            + " | ".join(_interval([s.facts[name] for s in side]) for side in (new, old))
            + " |"
        )
    for name, measure in (
        ("distinct-2", _distinct(units)),
        ("distinct texts", lambda part: len({s.text for s in part}) / len(part)),
    ):
        yield f"| {name} | " + " | ".join(f"{measure(side):.3f}" for side in (new, old)) + " |"


def _rows(text: str) -> list[str]:
    return text.replace("。", "。\n").split()


def _distinct(units: Callable[[str], Sequence[str]]) -> Callable[[Sequence[Sample]], float]:
    """Share of distinct pairs of neighbours among all, over all texts (Li et al. 2016, distinct-2)."""

    def measure(samples: Sequence[Sample]) -> float:
        parts = [units(sample.text) for sample in samples]
        pairs = [pair for part in parts for pair in pairwise(part)]
        return len(set(pairs)) / len(pairs)

    return measure


def _interval(values: Sequence[float]) -> str:
    """Mean and its 95 % interval, by 2 000 bootstrap samples."""
    numbers, rng = np.array(values), np.random.default_rng(0)
    means = numbers[rng.integers(0, len(numbers), (2000, len(numbers)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return f"{numbers.mean():.3f} [{low:.3f}, {high:.3f}]"


def compare(cache: ModelCache) -> Iterable[str]:
    """Tables of both kinds, by the defaults and by those of before, and all texts; the tables are printed, too."""
    for name, make, units in (
        ("Poems", poem, lambda text: "".join(lines_of(text))),
        ("Prose", prose, str.split),
    ):
        new, old = ([make(cache, index, side) for index in range(len(TITLES))] for side in (False, True))
        rows = "\n".join(table(new, old, units))
        print(rows)
        yield f"\n# {name}: {len(new)} by the defaults, {len(old)} by those before\n\n{rows}"
        for a, b in zip(new, old, strict=True):
            yield f"\n**{a.title}**\n\nnow:\n\n{a.text}\n\nbefore:\n\n{b.text}"


def main() -> None:
    """Write, print the tables, and keep the texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--only", type=int, metavar="N")
    arguments = parser.parse_args()
    cache = ModelCache(settings_from({}))
    if arguments.only:
        samples = [poem(cache, index, old=False) for index in range(arguments.only)]
        for name in samples[0].facts:
            print(f"| {name} | {_interval([sample.facts[name] for sample in samples])} |")
        return
    lines = list(compare(cache))
    if arguments.file:
        arguments.file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
