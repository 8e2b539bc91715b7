"""Figures of a language model of our own: bits per character on held-out text beside n-gram models, form, copied lines.

    python -m aigc_demo.families.transformer.evaluate --model weights/gpt-poems --data DIR

and the same of other families prints one JSON object; DIR holds the prepared data set that the model was trained on.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.data.austen import read_chapters
from aigc_demo.data.poems import Poem, judged, read_poems
from aigc_demo.language.corpus import Corpus, HeldOut, encode_poems, score_poems, score_prose
from aigc_demo.language.forms import FORMS, check_form
from aigc_demo.language.likelihood import enough_text, held_out_bits
from aigc_demo.language.losses import bits
from aigc_demo.language.ngram import KneserNey
from aigc_demo.language.open_corpus import open_corpus
from aigc_demo.language.prosody import lines_of, prosody
from aigc_demo.language.samples import passages, repetition, write_samples
from aigc_demo.language.writer import Writer
from aigc_demo.language.writers import SAMPLING
from aigc_demo.metrics.least import enough_characters
from aigc_demo.metrics.memorisation import KnownText, copied_windows, longest_copy
from aigc_demo.metrics.words import invented_share, vocabulary

SAMPLES_A_TITLE = 5
EVALUATED = 40_000  # held-out tokens that a finished run is judged by
SEARCHED = 20_000_000  # characters of training text in which copies are looked for
PROSE_TOKENS, OPENING_WORDS = (
    100,
    12,
)  # of each passage that is written for a card, and of what it begins with
WHOLE_WORDS = re.compile(r"^[^\W\d_]+|[^\W\d_]+$")  # cut off at either end
SMALL = 1_000_000  # characters up to which the n-gram is counted beside it


def ngram_bits(
    train: Sequence[Sequence[int]], held_out: Sequence[HeldOut], vocab_size: int, order: int
) -> float:
    """Bits per character of a Kneser-Ney model of `train` on the predicted places of the same held-out rows."""
    model = KneserNey(train, vocab_size, order)
    probabilities = model.probabilities([row.ids for row in held_out])
    predicted = np.concatenate([np.arange(1, len(row.ids)) >= row.start for row in held_out])
    nats = -np.log(probabilities[predicted]).sum()
    return bits(nats, sum(row.characters for row in held_out))


def evaluate(model: Writer, data: Path) -> dict[str, float | int | str]:
    """A finished run's figures for its card, on the held-out text of `data`.

    Bits a character, beside a character 3-gram's where the data is small; and how much of what the model writes
    stands in the training text, beside as much of the held-out text.
    """
    corpus = open_corpus(data, 0, 0, model.context_length, model.tokenizer)
    rows = judged_rows(corpus)
    figures: dict[str, float | int | str] = {}
    if enough_text(rows):
        figures["bits_per_character"] = round(held_out_bits(model, rows), 3)
        figures["held_out_characters"] = sum(row.characters for row in rows)
    if enough_characters(corpus.held_out_texts) and sum(map(len, corpus.train_texts)) <= SMALL:
        figures["kneser_ney_3gram"] = round(
            character_ngram_bits(corpus.train_texts, corpus.held_out_texts, 3), 3
        )
    known = KnownText(corpus.train_texts, SEARCHED)
    samples = write_samples(model, corpus.held_out_texts)
    texts, usual = [sample.text for sample in samples], passages(corpus.held_out_texts)
    if enough_characters(texts):
        figures["repetition"] = round(repetition([sample.ids for sample in samples]), 3)
        figures["longest_copy"] = longest_copy(texts, known)
        figures["copied_share"] = round(copied_windows(texts, known), 4)
    if enough_characters(texts) and enough_characters(usual):
        figures["longest_copy_of_held_out"] = longest_copy(usual, known)
    return figures


def judged_rows(corpus: Corpus) -> list[HeldOut]:
    """The held-out rows that a finished run is judged by, evenly taken."""
    return corpus.held_out[:: max(1, sum(len(row.ids) for row in corpus.held_out) // EVALUATED)]


def character_ngram_bits(train: Sequence[str], held_out: Sequence[str], order: int) -> float:
    """Bits per character of a Kneser-Ney model that reads characters; those never seen in training are one."""
    alphabet = {character: index for index, character in enumerate(sorted(set("".join(train))), start=2)}
    rows = [[1, *(alphabet.get(c, 0) for c in text)] for text in train]
    scored = [HeldOut([1, *(alphabet.get(c, 0) for c in text)], 1, len(text)) for text in held_out if text]
    return ngram_bits(rows, scored, len(alphabet) + 2, order)


def continuations(model: Any, prompt: str, count: int, seed: int, **settings: Any) -> list[str]:
    """What the model writes after `prompt`, `count` times."""
    texts = [""] * count
    for step in model.generate(prompt, count=count, seed=seed, **settings):
        texts = [text + (token.text if token else "") for text, token in zip(texts, step.tokens, strict=True)]
    return texts


def sample_poems(model: Any, titles: dict[str, list[str]], **settings: Any) -> dict[str, list[str]]:
    """SAMPLES_A_TITLE poems for each title of each form, without any constraint on their form."""
    poems: dict[str, list[str]] = defaultdict(list)
    for form, wanted in titles.items():
        for index, title in enumerate(wanted):
            poems[form] += continuations(
                model, title, SAMPLES_A_TITLE, 1000 * index, form=form, max_new_tokens=90, **settings
            )
    return poems


def copied_share(texts: Sequence[str], known: set[str]) -> float:
    """Share of the 7-character lines in `texts` that are, character for character, lines in `known`."""
    lines = [line for text in texts for line in _lines(text) if len(line) == 7]
    return sum(line in known for line in lines) / max(len(lines), 1)


def one_draft(kind: str) -> dict[str, Any]:
    """How the app samples verse or prose, but in one draft."""
    return {name: value for name, value in SAMPLING[kind].items() if name != "drafts"}


def rhyming_share(texts: Sequence[str]) -> float:
    """Share of the poems in which the last characters of all couplets are of one rhyme group (平水韵), each another character.

    A text that is no poem of one of the four forms does not rhyme.
    """
    found = [prosody(lines_of(text)) for text in texts]
    return sum(poem is not None and poem.rhyme == 1 for poem in found) / max(len(found), 1)


def _lines(text: str) -> list[str]:
    return text.replace("。", "，").split("，")


def poem_figures(model: Any, poems: list[Poem], samples: int) -> dict[str, Any]:
    """Bits per character beside the 3-gram, forms kept, couplets that rhyme, lines copied.

    `samples` poems for held-out titles: at temperature 1 without a filter, and as the app samples but in one draft.
    """
    train = [poem for poem in poems if not poem.held_out]
    real = [poem for poem in poems if poem.held_out]
    held_out = score_poems(model.tokenizer, judged(real))
    vocab_size = model.tokenizer.get_vocab_size()
    ours = held_out_bits(model, held_out)
    ngram = ngram_bits(encode_poems(model.tokenizer, train), held_out, vocab_size, 3)
    each = samples // len(FORMS) // SAMPLES_A_TITLE
    titles = {
        form: [poem.title for poem in poems if poem.held_out and poem.form == form and poem.title][:each]
        for form in FORMS
    }
    written = sample_poems(model, titles, temperature=1.0)
    drawn = sample_poems(model, titles, **one_draft("verse"))
    as_shipped = [text for texts in drawn.values() for text in texts]
    plain = [text for texts in written.values() for text in texts]
    texts = [poem.text for poem in real]
    kept = {form: np.mean([check_form(text, form) for text in texts]) for form, texts in written.items()}
    known = {line for poem in train for line in _lines(poem.text)}
    return {
        "bits_per_character": round(ours, 3),
        "kneser_ney_3gram": round(ngram, 3),
        "below_3gram": round(ngram - ours, 3),
        "held_out_poems": len(held_out),
        "bits_per_character_of_all": round(held_out_bits(model, score_poems(model.tokenizer, real)), 3),
        "all_held_out_poems": len(real),
        "training_poems": len(train),
        "samples": sum(map(len, written.values())),
        "form_kept": round(float(np.mean(list(kept.values()))), 4),
        "form_kept_each": {form: round(float(share), 3) for form, share in kept.items()},
        "rhyming": round(rhyming_share(plain), 3),
        "rhyming_as_shipped": round(rhyming_share(as_shipped), 3),
        "rhyming_of_held_out_poems": round(rhyming_share(texts), 3),
        "copied_lines": round(copied_share(plain, known), 4),
        "copied_lines_of_held_out_poems": round(copied_share(texts, known), 4),
    }


def sample_prose(model: Any, texts: Sequence[str], count: int) -> list[str]:
    """`count` passages as the app samples, each after the first words of a paragraph of `texts`; whole words only."""
    usual = one_draft("prose")
    paragraphs = [part.split() for text in texts for part in text.split("\n\n")]
    openings = [" ".join(part[:OPENING_WORDS]) for part in paragraphs if len(part) > 2 * OPENING_WORDS]
    apart = max(1, len(openings) // count)
    written = [
        continuations(model, opening, 1, seed, max_new_tokens=PROSE_TOKENS, **usual)[0]
        for seed, opening in enumerate(openings[::apart][:count])
    ]
    return [WHOLE_WORDS.sub("", text) for text in written]


def prose_figures(model: Any, folder: Path, samples: int, known: set[str]) -> dict[str, Any]:
    """Bits per character beside character n-grams of order 3 and 6, which see characters, not pieces; words invented.

    `known` are words of a list, beside those of the training text.
    """
    chapters = read_chapters(folder)
    train = [chapter.text for chapter in chapters if not chapter.held_out]
    texts = [chapter.text for chapter in chapters if chapter.held_out]
    pieces = score_prose(model.tokenizer, texts, model.context_length)
    known = known | vocabulary(train)
    written = sample_prose(model, texts, samples)
    return {
        "bits_per_character": round(held_out_bits(model, pieces), 3),
        **{
            f"kneser_ney_{order}gram": round(character_ngram_bits(train, texts, order), 3) for order in (3, 6)
        },
        "held_out_chapters": len(texts),
        "held_out_characters": sum(map(len, texts)),
        "characters_a_piece": round(
            sum(map(len, texts)) / sum(len(row.ids) - row.start for row in pieces), 2
        ),
        "samples": len(written),
        "invented_words": round(invented_share(written, known), 4),
        "invented_words_of_held_out_chapters": round(invented_share(texts, known), 4),
    }


def main(load: Callable[[Path, str], Writer]) -> None:
    """Print the figures of a model as JSON; `load` is its family's."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--words", type=Path, help="a word list, such as Debian's /usr/share/dict/words")
    arguments = parser.parse_args()
    model = load(arguments.model, "cpu")
    data, samples = arguments.data, arguments.samples
    if model.forms:
        figures = poem_figures(model, read_poems(data), samples)
    else:
        known = vocabulary([arguments.words.read_text("utf-8")] if arguments.words else [])
        figures = prose_figures(model, data, samples, known)
    print(json.dumps(figures))
