"""From data on disk, and the tokenizer of a model to go on from if there is one, to the corpus of a run."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.data.poems import TITLE_LENGTH, Poem, form_of, read_poems
from aigc_demo.language.corpus import (
    POEM_CONTEXT,
    Corpus,
    HeldOut,
    PoemCorpus,
    ProseCorpus,
    score_poems,
    score_prose,
)
from aigc_demo.language.forms import FORMS, MARKS
from aigc_demo.language.prompts import simplify
from aigc_demo.language.texts import Texts, read_texts
from aigc_demo.language.tokenizer import UNKNOWN, build_bytes, build_characters

BYTES = 258
MOST_UNKNOWN = 0.2
MUCH = 50_000  # characters of a text from which on one that occurs once is left unknown
PASSAGE = 500  # characters of running text that are judged as one, at least
LEARNED_FROM = 20_000_000  # characters that are plenty to find the frequent pieces


def open_corpus(
    data: Path, characters: int, pieces: int, context_length: int, tokenizer: Any = None
) -> Corpus:
    """The corpus in `data` for a new model, or in the tokens of a model to go on from, where one is given.

    A new vocabulary has at most `characters` characters, or `pieces` pieces of bytes, and fewer for a short text,
    so that each is seen often enough to be learned; poems have their own context length.
    """
    found = read_material(data, tokenizer)
    if isinstance(found, Texts):
        tokenizer = tokenizer or new_tokenizer(found, characters, pieces)
        return ProseCorpus(found, tokenizer, context_length)
    train, held_out = found
    if tokenizer is None:
        controls = [form.control for form in FORMS.values()]
        tokenizer = build_characters((poem.title + poem.text for poem in train), characters, controls)
    return PoemCorpus(train, held_out, tokenizer)


def read_material(data: Path, tokenizer: Any = None) -> tuple[list[Poem], list[Poem]] | Texts:
    """The poems in `data`, to train on and held out, or its texts, as a model with this tokenizer, or a new one, reads them."""
    is_poems = (data / "poems.jsonl").is_file()
    if is_poems and (tokenizer is None or speaks_verse(tokenizer)):
        poems = read_poems(data)
        return [p for p in poems if not p.held_out], [p for p in poems if p.held_out]
    texts = poems_as_texts(read_poems(data)) if is_poems else read_texts(data)
    if tokenizer is None:
        return texts
    check_known(tokenizer, texts, data.name)
    if not speaks_verse(tokenizer):
        return texts
    train, held_out = ([p for text in part for p in to_poems(text)] for part in (texts.train, texts.held_out))
    if any(poem.form for poem in train):
        return train, held_out
    return Texts([poem.text for poem in train], [poem.text for poem in held_out])


def open_held_out(data: Path, tokenizer: Any, context_length: int) -> list[list[HeldOut]]:
    """The held-out texts in `data` as rows to be judged by: each poem by itself, running text in passages."""
    found = read_material(data, tokenizer)
    if not isinstance(found, Texts):
        return [[row] for row in score_poems(tokenizer, found[1])]
    return [
        rows
        for text in found.held_out
        for rows in passages_of(score_prose(tokenizer, [text], context_length))
    ]


def passages_of(rows: Sequence[HeldOut]) -> list[list[HeldOut]]:
    """The rows of one text in runs that spell PASSAGE characters or more; what is left goes to the last, or is all there is."""
    found: list[list[HeldOut]] = [[]]
    for row in rows:
        if sum(other.characters for other in found[-1]) >= PASSAGE:
            found.append([])
        found[-1].append(row)
    if len(found) > 1 and sum(row.characters for row in found[-1]) < PASSAGE:
        found[-2] += found.pop()
    return [run for run in found if run]


def training_texts(data: Path) -> tuple[list[str], list[str]]:
    """The texts in `data` that are trained on, and those that are held out."""
    if not (data / "poems.jsonl").is_file():
        texts = read_texts(data)
        return texts.train, texts.held_out
    poems = read_poems(data)
    train, held_out = ([poem.text for poem in poems if poem.held_out is flag] for flag in (False, True))
    return train, held_out


def new_tokenizer(texts: Texts, characters: int, pieces: int) -> Any:
    """Characters for mostly Chinese text, else byte-level BPE with a piece for 64 characters."""
    if texts.chinese_share > 0.5:
        return build_characters(texts.train, characters, [], seen=1 if texts.characters < MUCH else 2)
    every = -(-texts.characters // LEARNED_FROM)
    return build_bytes(texts.train[::every], min(pieces, BYTES + texts.characters // 64))


def speaks_verse(tokenizer: Any) -> bool:
    """Whether a tokenizer has the control tokens of the poems' forms."""
    return all(tokenizer.token_to_id(form.control) is not None for form in FORMS.values())


def check_known(tokenizer: Any, texts: Texts, name: str) -> None:
    """An InputError where more than a fifth of the characters are unknown to a model that reads characters."""
    if tokenizer.token_to_id(UNKNOWN) is None:
        return
    text = "".join("".join(texts.train).split())
    if speaks_verse(tokenizer):
        text = simplify(text)
    unknown = sum(tokenizer.token_to_id(character) is None for character in text) / max(len(text), 1)
    if unknown > MOST_UNKNOWN:
        raise InputError(
            en=f"{name}: the model to start from does not know {unknown:.0%} of the characters; "
            "start from another model, or from none.",
            zh=f"{name}：起点模型不认识其中 {unknown:.0%} 的字符；请换一个起点模型，或从头训练。",
        )


def poems_as_texts(poems: list[Poem]) -> Texts:
    """The prepared poems as plain texts, title and verse, for a model that knows no forms."""
    train, held_out = ([p for p in poems if p.held_out is flag] for flag in (False, True))
    return Texts([f"{p.title}\n{p.text}" for p in train], [f"{p.title}\n{p.text}" for p in held_out])


def to_poems(text: str) -> list[Poem]:
    """One's own text as a poem model reads it: poems where the whole, its paragraphs or its lines fit a form.

    What fits none is plain text without form or title, in parts that fit the context.
    """
    text = simplify(text.strip())
    for parts in ([text], re.split(r"\n\s*\n", text), text.splitlines()):
        found = [fit_form(part) for part in parts]
        if any(found):
            pairs = zip(parts, found, strict=True)
            return [poem for part, fit in pairs for poem in ([fit] if fit else _plain(part))]
    return _plain(text)


def fit_form(text: str) -> Poem | None:
    """The text as a poem of one of the four forms, its first line as the title if that is none of the verse's."""
    first, _, rest = text.strip().partition("\n")
    for title, verse in (("", text), (first.strip(), rest)):
        form = form_of("".join(verse.split()))
        if form and len(title) <= TITLE_LENGTH:
            lines = re.split("[，。？！；]", "".join(verse.split()))[:-1]
            marked = "".join(line + MARKS[index % 2] for index, line in enumerate(lines))
            return Poem("", form, title, marked)
    return None


def _plain(text: str) -> list[Poem]:
    text = "".join(text.split())
    size = POEM_CONTEXT - 3  # beside <s>, <sep> and </s>
    return [Poem("", "", "", text[start : start + size]) for start in range(0, len(text), size)]
