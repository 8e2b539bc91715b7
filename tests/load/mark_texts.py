"""The text mark on gpt-austen and gpt-poems, as the Text tab writes by default.

Plain texts: windows of 200 tokens of Austen's novels, of Python's own reference, and of Tang and Song poems.
"""

import math
from collections.abc import Sequence
from itertools import chain
from statistics import mean
from typing import Any

from aigc_demo import data
from aigc_demo.actions import text_mark
from aigc_demo.cli.flags import Asked
from aigc_demo.data.austen import read_chapters
from aigc_demo.data.poems import read_poems
from aigc_demo.provenance.watermark.text import TextMark
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import TextRequest
from tests.load.figures import Figure

PROSE, POEMS = "gpt-austen", "gpt-poems"
PLAIN, WINDOW = 10_000, 200
LENGTHS = (50, 100, 200, 400)
OPENINGS = (
    "It is a truth universally acknowledged",
    "She had been",
    "The evening",
    '"My dear sir,"',
    "When they were gone",
    "Mr. Knightley",
    "In the morning",
    "There was",
)
TITLES = ("春望", "秋夜", "送友人", "登楼", "江上", "月夜", "山居", "寒食")
EACH = 16  # texts an opening
FORMS = {"wujue": 24, "qijue": 32, "wulu": 48, "qilu": 64}  # tokens of a poem
SAMPLER = {
    name: TextRequest.model_fields[name].default
    for name in ("temperature", "top_k", "top_p", "repetition_penalty")
}


def measure(asked: Asked) -> list[Figure]:
    """False alarms, then what is found of what is marked, and the cost."""
    mark = text_mark(asked.settings)
    with asked.cache.use(find_card(PROSE, asked.settings)) as model:
        plain, prose = plain_prose(model.tokenizer, asked), found_in_prose(mark, model)
    with asked.cache.use(find_card(POEMS, asked.settings)) as model:
        plain += plain_verse(model.tokenizer, asked)
        poems = found_in_poems(mark, model)
    return [*false_alarms(mark, plain[:PLAIN]), *prose, *poems]


def false_alarms(mark: TextMark, plain: Sequence[Sequence[int]]) -> list[Figure]:
    """Plain texts in which a mark is found, and the highest z of all of them."""
    found = [mark.detect(ids) for ids in plain]
    return [
        Figure.share(
            f"plain texts of {WINDOW} tokens said to be marked",
            f"{WINDOW} 个词元的普通文字被误判为有水印",
            [finding.found for finding in found],
            at_most=0,
        ),
        Figure("the highest z of them", "其中最高的 z", max(finding.z for finding in found)),
    ]


def plain_prose(tokenizer: Any, asked: Asked) -> list[Sequence[int]]:
    """Windows of English that no model wrote: Austen's novels and Python's reference."""
    from pydoc_data.topics import topics

    chapters = read_chapters(data.get("austen", asked.settings.data_dir, offline=asked.settings.offline))
    texts = ["\n\n".join(chapter.text for chapter in chapters), "\n".join(topics.values())]
    return [
        window for text in texts for window in windows(tokenizer.encode(text, add_special_tokens=False).ids)
    ]


def plain_verse(tokenizer: Any, asked: Asked) -> list[Sequence[int]]:
    """Windows of Chinese that no model wrote: poems of Tang and Song, one after the other."""
    poems = read_poems(data.get("poems", asked.settings.data_dir, offline=asked.settings.offline))
    verse = "\n".join(poem.text for poem in poems[: 5 * PLAIN])
    return windows(tokenizer.encode(verse, add_special_tokens=False).ids)


def windows(ids: Sequence[int]) -> list[Sequence[int]]:
    """Neighbouring windows of WINDOW tokens."""
    return [ids[start : start + WINDOW] for start in range(0, len(ids) - WINDOW + 1, WINDOW)]


def found_in_prose(mark: TextMark, model: Any) -> list[Figure]:
    """Share of marked texts found at each length, and perplexity with and without the mark, by the unmarked model."""
    marked = [write(model, opening, place, mark) for place, opening in enumerate(OPENINGS)]
    plain = [write(model, opening, place, None) for place, opening in enumerate(OPENINGS)]
    texts = [ids for samples, _ in marked for ids in samples]
    figures = []
    for length in LENGTHS:
        enough = [mark.detect(ids[:length]).found for ids in texts if len(ids) >= length]
        goal = 0.95 if length == WINDOW else None
        figures.append(
            Figure.share(
                f"{PROSE}: marked texts found by {length} tokens",
                f"{PROSE}：由 {length} 个词元认出水印",
                enough,
                at_least=goal,
            )
        )
    with_mark, without = (math.exp(mean(chain(*(nats for _, nats in run)))) for run in (marked, plain))
    cost = with_mark / without
    return [
        *figures,
        Figure(f"{PROSE}: perplexity without the mark", f"{PROSE}：无水印时的困惑度", without),
        Figure("times as much with it", "有水印时为其倍数", cost),
    ]


def write(model: Any, prompt: str, place: int, mark: TextMark | None) -> tuple[list[list[int]], list[float]]:
    """EACH texts' tokens, and -ln p of each token by the model alone."""
    ids: list[list[int]] = [[] for _ in range(EACH)]
    nats = []
    steps = model.generate(
        prompt, count=EACH, max_new_tokens=max(LENGTHS), seed=1000 * place, mark=mark, **SAMPLER
    )
    for step in steps:
        for text, token in zip(ids, step.tokens, strict=True):
            if token:
                text.append(token.id)
                nats.append(-math.log(max(token.probability, 1e-12)))
    return ids, nats


def found_in_poems(mark: TextMark, model: Any) -> list[Figure]:
    """Share of marked poems found, by form: short texts, whose punctuation leaves no choice."""
    figures = []
    for form, tokens in FORMS.items():
        found = []
        for place, title in enumerate(TITLES):
            ids: list[list[int]] = [[] for _ in range(EACH)]
            for step in model.generate(
                title, form=form, count=EACH, max_new_tokens=90, seed=1000 * place, mark=mark, **SAMPLER
            ):
                for text, token in zip(ids, step.tokens, strict=True):
                    if token:
                        text.append(token.id)
            found += [mark.detect(text).found for text in ids]
        figures.append(
            Figure.share(
                f"{POEMS}: marked poems found, {form}, {tokens} tokens",
                f"{POEMS}：认出水印的诗，{form}，{tokens} 个词元",
                found,
            )
        )
    return figures
