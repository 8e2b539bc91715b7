"""A language model: how likely it finds held-out text, and what its own texts are like."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.actions.evaluate.result import Failure, Measure, Measured
from aigc_demo.actions.evaluate.work import Work, parts_of
from aigc_demo.actions.text import write_text
from aigc_demo.core.errors import Stopped
from aigc_demo.core.words import Text
from aigc_demo.language.forms import FORMS, check_form
from aigc_demo.language.prosody import lines_of, prosody
from aigc_demo.metrics import text as of_text
from aigc_demo.metrics.evidence import Rows, Share, Whole
from aigc_demo.metrics.intervals import mean_rows
from aigc_demo.metrics.memorisation import KnownText
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import LikelihoodModel
from aigc_demo.schemas import TextRequest

AT_ONCE = 16
PROSE_TOKENS, VERSE_TOKENS = 100, 90
OPENING = 24  # characters of held-out text that prose goes on from
SEARCHED = 5_000_000  # characters of training text in which copies are looked for
WORST = 8


def measure(card: ModelCard, work: Work) -> Measured:
    """All figures of a language model."""
    found = Measured()
    found.measures |= likelihood(card, work)
    work.check()
    train, held_out = _texts(work.folder)
    work.check()
    titles = [(form, f"{form} {place}") for place, form in enumerate(FORMS)] if work.verse else []
    forms = [form for form, _ in titles]
    known, chinese = KnownText(train, SEARCHED), of_text.is_chinese(held_out)
    by_seed = [_written(card, work, forms, held_out, seed) for seed in work.seeds]
    rows = [row for part in by_seed for row in part]
    texts, wanted = [text for text, _ in rows], [form for _, form in rows]
    found.made = list(texts)
    real = _passages(held_out, len(texts), texts)
    for n in (1, 2):
        found.measures[f"distinct_{n}"] = Measure(
            Whole(*of_text.distinct(texts, n, chinese), len(texts)),
            [of_text.distinct([text for text, _ in part], n, chinese)[0] for part in by_seed],
            of_text.distinct(real, n, chinese)[0],
        )
    work.check()
    runs = [known.longest_run(text) for text in texts]
    found.measures["longest_copy"] = Measure(
        Rows(mean_rows(runs)),
        [float(np.mean(part)) for part in parts_of(runs, len(by_seed))],
        float(np.mean([known.longest_run(text) for text in real])) if real else None,
    )
    if forms:
        found.measures |= _verse(texts, wanted, len(by_seed), held_out)
    found.failures = _worst(texts, wanted, runs, known)
    return found


def likelihood(card: ModelCard, work: Work) -> dict[str, Measure]:
    """Bits a character and perplexity on the held-out part of the data, where the model can say them."""

    def measured(model: Any) -> np.ndarray | None:
        if not isinstance(model, LikelihoodModel):
            return None
        found = model.measure(work.folder, work.request.count, work.stop)
        return np.array([[part.nats, part.characters, part.tokens] for part in found], dtype=np.float64)

    rows = work.lend(card, measured)
    if rows is None or not len(rows):
        return {}
    return {
        "bits_per_character": Measure(Rows(rows, of_text.bits_per_character)),
        "perplexity": Measure(Rows(rows, of_text.perplexity)),
    }


def _texts(folder: Path) -> tuple[list[str], list[str]]:
    """The texts to train on and those held out, of verse or prose."""
    if (folder / "poems.jsonl").is_file():
        from aigc_demo.data.poems import read_poems

        poems = read_poems(folder)
        return [p.text for p in poems if not p.held_out], [p.text for p in poems if p.held_out]
    from aigc_demo.language.texts import read_texts

    texts = read_texts(folder)
    return texts.train, texts.held_out


def _written(
    card: ModelCard, work: Work, forms: Sequence[str], held_out: Sequence[str], seed: int
) -> list[tuple[str, str]]:
    """`count` texts of one seed, each with the form that was asked for: one draft each, sampled as the model's own settings say."""
    found: list[tuple[str, str]] = []
    opening = "" if forms else _opening(held_out)
    while len(found) < work.request.count:
        form = forms[len(found) // AT_ONCE % len(forms)] if forms else ""
        asked = TextRequest(
            model=card.id,
            prompt=opening,
            prompt_is="opening" if opening else "title",
            count=min(AT_ONCE, work.request.count - len(found)),
            seed=(seed * 1_000_003 + len(found)) % 2**32,
            max_new_tokens=VERSE_TOKENS if form else PROSE_TOKENS,
            drafts=1,
            **({"form": form} if form else {}),
        )
        result = deque(write_text(asked, work.cache, work.stop), maxlen=1).pop()
        if work.stop():
            raise Stopped
        found += [(sample.text.strip(), form) for sample in result.samples]
        work.done(min(AT_ONCE, asked.count))
    return found


def _opening(held_out: Sequence[str]) -> str:
    """The first words of the longest held-out text: the same for every model, so that what follows is independent and comparable."""
    start = max(held_out, key=len, default="")[:OPENING]
    return start.rpartition(" ")[0] or start


def _passages(held_out: Sequence[str], count: int, like: Sequence[str]) -> list[str]:
    """As many passages of held-out text as were written, as long as those: what is usual for real text."""
    if not held_out or not like:
        return []
    length = round(sum(map(len, like)) / len(like)) or 1
    if np.median([len(text) for text in held_out]) < 3 * length:  # poems: whole ones
        every = max(len(held_out) // count, 1)
        return list(held_out[::every])[:count]
    whole = "\n".join(held_out)
    return [whole[i * len(whole) // count :][:length] for i in range(count)]


def _verse(texts: list[str], forms: list[str], seeds: int, held_out: Sequence[str]) -> dict[str, Measure]:
    """Form, rhyme and tones; a text that is no poem of the four forms keeps none."""

    def kept(poems: Sequence[str]) -> tuple[list[float], list[float]]:
        found = [prosody(lines_of(text)) for text in poems]
        return [float(p is not None and p.rhyme == 1) for p in found], [p.tones if p else 0.0 for p in found]

    rhyme, tone = kept(texts)
    real_rhyme, real_tone = kept(held_out[:: max(len(held_out) // 300, 1)])
    form = [float(check_form(text, wanted)) for text, wanted in zip(texts, forms, strict=True)]

    def means(values: list[float]) -> list[float]:
        return [float(np.mean(part)) for part in parts_of(values, seeds)]

    return {
        "form": Measure(Share.of(form), means(form)),
        "rhyme": Measure(Share.of(rhyme), means(rhyme), float(np.mean(real_rhyme))),
        "tone": Measure(Rows(mean_rows(tone)), means(tone), float(np.mean(real_tone))),
    }


def _worst(texts: list[str], forms: list[str], runs: list[int], known: KnownText) -> list[Failure]:
    """Poems out of form first, then the longest copies."""
    broken = [
        Failure(text, None, Text(f"not the form {form} that was asked for", f"不是所要求的体裁 {form}"))
        for text, form in zip(texts, forms, strict=True)
        if form and not check_form(text, form)
    ][: WORST // 2]
    order = sorted(range(len(texts)), key=lambda i: -runs[i])
    copies = [
        Failure(
            texts[i],
            known.longest_passage(texts[i]),
            Text(
                f"{runs[i]} characters in a row stand in the training text",
                f"连续 {runs[i]} 个字符出自训练文字",
            ),
        )
        for i in order[: WORST - len(broken)]
        if runs[i]
    ]
    return broken + copies
