"""What a language model trains on: rows of token ids, and held-out rows with their characters counted.

A poem is one row, `<s><form>title<sep>line，line。line，line。</s>`. Running text is one long stream of
`<s>text</s>`, cut into windows of the context length.
"""

import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from aigc_demo.data.poems import Poem
from aigc_demo.language.batches import Rows
from aigc_demo.language.forms import FORMS
from aigc_demo.language.losses import IGNORED
from aigc_demo.language.texts import Texts
from aigc_demo.language.tokenizer import END, SEPARATOR, START

UNTITLED = 0.1
POEM_CONTEXT = 96
PART = 1_000_000  # characters encoded at a time
AT_ONCE = 10_000  # poems


@dataclass(frozen=True)
class HeldOut:
    """Rows that a model is judged by: `ids` with the places before `start` as context only, and what they spell."""

    ids: Sequence[int]
    start: int
    characters: int


class Corpus(Protocol):
    """Text in a model's tokens. Where `separator` is a token, what stands before it is given and not learned."""

    tokenizer: Any
    language: str
    forms: tuple[str, ...]
    context_length: int
    separator: int | None
    mean_length: float
    held_out: list[HeldOut]
    held_out_texts: list[str]
    train_texts: list[str]

    def rows(self, shuffle: random.Random) -> Rows:
        """An epoch's rows of ids."""
        ...

    def train_rows(self, count: int) -> list[HeldOut]:
        """About `count` rows of the training text, counted like the held-out ones."""
        ...


def targets_of(ids: Tensor, separator: int | None) -> Tensor:
    """What follows each place of ids (batch, T), as (batch, T - 1).

    With a `separator`, places before it are IGNORED: form and title are given, the poem is learned.
    """
    targets = ids[:, 1:]
    if separator is None:
        return targets
    given = (ids[:, :-1] == separator).cumsum(1) == 0
    return targets.masked_fill(given, IGNORED)


def encode_poems(tokenizer: Any, poems: Sequence[Poem]) -> "list[array[int]]":
    """One row of token ids a poem; a text without form is `<s><sep>text</s>`.

    In arrays: eleven million tokens take 44 MB in them and ten times as much in lists.
    """
    controls = [f"<{poem.form}>" if poem.form else "" for poem in poems]
    texts = [
        f"{control}{poem.title}{SEPARATOR}{poem.text}{END}"
        for control, poem in zip(controls, poems, strict=True)
    ]
    parts = (texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE))
    return [array("i", encoding.ids) for part in parts for encoding in tokenizer.encode_batch(part)]


def score_poems(tokenizer: Any, poems: Sequence[Poem]) -> list[HeldOut]:
    """Rows to score: form and title are given, the poem's characters, marks and end are predicted."""
    separator = tokenizer.token_to_id(SEPARATOR)
    return [
        HeldOut(row, row.index(separator) + 1, len(poem.text) + 1)
        for poem, row in zip(poems, encode_poems(tokenizer, poems), strict=True)
    ]


class PoemCorpus:
    """Poems, each a row; also other texts short enough for one, in a poem model's tokens."""

    language = "zh"
    forms = tuple(FORMS)
    context_length = POEM_CONTEXT

    def __init__(self, train: Sequence[Poem], held_out: Sequence[Poem], tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.separator = tokenizer.token_to_id(SEPARATOR)
        self.train = list(train)
        self.encoded = encode_poems(tokenizer, self.train)
        self.mean_length = sum(map(len, self.encoded)) / len(self.encoded)
        self.held_out = score_poems(tokenizer, held_out)
        self.train_texts = [poem.text for poem in train]
        self.held_out_texts = [poem.text for poem in held_out]

    def rows(self, shuffle: random.Random) -> Rows:
        """Every poem once; one title in ten is left out, so that the model can do without."""
        return [self._untitled(row) if shuffle.random() < UNTITLED else row for row in self.encoded]

    def _untitled(self, row: "array[int]") -> "array[int]":
        place = row.index(self.separator)
        return row[: min(2, place)] + row[place:]

    def train_rows(self, count: int) -> list[HeldOut]:
        """Training poems, evenly taken."""
        return score_poems(self.tokenizer, self.train[:: max(1, len(self.train) // count)][:count])


class ProseCorpus:
    """Running text: windows of the context length over one stream of all texts."""

    separator = None
    forms = ()

    def __init__(self, texts: Texts, tokenizer: Any, context_length: int) -> None:
        self.tokenizer, self.context_length, self.language = tokenizer, context_length, texts.language
        self.train_texts, self.held_out_texts = texts.train, texts.held_out
        self.stream = encode_stream(tokenizer, texts.train)
        self.window = min(context_length, len(self.stream) // 2)
        self.mean_length = float(self.window + 1)
        self.held_out = score_prose(tokenizer, texts.held_out, context_length)

    def rows(self, shuffle: random.Random) -> Rows:
        """The stream in windows of context + 1 ids, from a random start."""
        first = shuffle.randrange(min(self.window, len(self.stream) - self.window))
        starts = range(first, len(self.stream) - self.window, self.window)
        return [self.stream[start : start + self.window + 1].long() for start in starts]

    def train_rows(self, count: int) -> list[HeldOut]:
        """Windows' worth of text from eight evenly spread places."""
        text = "\n".join(self.train_texts)
        length = count * self.context_length // 4  # characters, of which a token has about two
        starts = range(0, len(text), max(1, len(text) // 8))
        passages = [text[start : start + length // 8 + 2] for start in starts[:8]]
        return score_prose(self.tokenizer, passages, self.context_length)


def encode_stream(tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """`<s>text</s><s>text</s>...` as one row of int32; a part at a time, since encodings take far more memory than ids."""
    start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
    rows = []
    for text in texts:
        parts = [text[place : place + PART] for place in range(0, len(text), PART)]
        ids = [tokenizer.encode(part, add_special_tokens=False).ids for part in parts]
        rows += [torch.tensor(row, dtype=torch.int32) for row in ([start], *ids, [end])]
    return torch.cat(rows)


def score_prose(tokenizer: Any, texts: Sequence[str], context: int) -> list[HeldOut]:
    """Windows of up to context + 1 ids that together predict every token of `texts` once.

    All windows of a text but its first predict in their second half, so that half the context is always seen.
    """
    rows = []
    for encoding in tokenizer.encode_batch(list(texts)):
        ids = encoding.ids
        ends = [end for _, end in encoding.offsets]  # characters spelled so far
        rows.append(HeldOut(ids[: context + 1], 1, ends[min(context, len(ids) - 1)]))
        for done in range(context + 1, len(ids), context // 2):
            stop = min(done + context // 2, len(ids))
            start = stop - context - 1
            rows.append(HeldOut(ids[start:stop], done - start, ends[stop - 1] - ends[done - 1]))
    return [row for row in rows if len(row.ids) > row.start]
