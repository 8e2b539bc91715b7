"""What a language model trains on: rows of token ids in batches, and held-out rows with their characters counted.

A poem is one row, `<s><form>title<sep>line，line。line，line。</s>`. Rows of one length go together, so that no
batch holds padding. Prose is one long stream, cut into windows of the context length.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.data.austen import read_chapters
from aigc_demo.data.poems import Poem, read_poems, tang_and_a_quarter_of_song
from aigc_demo.errors import InputError
from aigc_demo.transformer.forms import FORMS
from aigc_demo.transformer.losses import IGNORED
from aigc_demo.transformer.tokenizer import END, SEPARATOR, build_bytes, build_characters

UNTITLED = 0.1
POEM_CONTEXT = 96
PROSE_CONTEXT = 256
SHORTEST = 1000


@dataclass(frozen=True)
class HeldOut:
    """Rows that no model trains on: `ids` with the places before `start` as context only, and what they spell."""

    ids: list[int]
    start: int
    characters: int


def targets_of(ids: Tensor, separator: int | None) -> Tensor:
    """What follows each place of ids (batch, T), as (batch, T - 1).

    With a `separator`, places before it are IGNORED: form and title are given, the poem is learned.
    """
    targets = ids[:, 1:]
    if separator is None:
        return targets
    given = (ids[:, :-1] == separator).cumsum(1) == 0
    return targets.masked_fill(given, IGNORED)


def encode_poems(tokenizer: Any, poems: Sequence[Poem]) -> list[list[int]]:
    """One row of token ids a poem."""
    texts = [f"<{poem.form}>{poem.title}{SEPARATOR}{poem.text}{END}" for poem in poems]
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def held_out_poems(tokenizer: Any, poems: Iterable[Poem]) -> list[HeldOut]:
    """The held-out rows: form and title are given, the poem's characters, marks and end are predicted."""
    held_out = [poem for poem in poems if poem.held_out]
    separator = tokenizer.token_to_id(SEPARATOR)
    return [
        HeldOut(row, row.index(separator) + 1, len(poem.text) + 1)
        for poem, row in zip(held_out, encode_poems(tokenizer, held_out), strict=True)
    ]


class PoemCorpus:
    """Poems of the four forms, with a character tokenizer."""

    language = "zh"
    context_length = POEM_CONTEXT

    def __init__(self, poems: Iterable[Poem], vocab_size: int, seed: int) -> None:
        self.seed = seed
        poems = list(poems)
        train = [poem for poem in poems if not poem.held_out]
        texts = (poem.title + poem.text for poem in train)
        self.tokenizer = build_characters(texts, vocab_size, [form.control for form in FORMS.values()])
        self.separator = self.tokenizer.token_to_id(SEPARATOR)
        self.rows = encode_poems(self.tokenizer, train)
        self.held_out = held_out_poems(self.tokenizer, poems)

    def epoch(self, number: int, tokens: int) -> list[Tensor]:
        """Every row once, in batches (rows, length) of at most `tokens` ids, in an order fixed by seed and number.

        One title in ten is left out, so that the model can do without.
        """
        shuffle = random.Random(f"{self.seed}/{number}")
        order = list(range(len(self.rows)))
        shuffle.shuffle(order)
        groups: dict[int, list[list[int]]] = defaultdict(list)
        batches = []
        for index in order:
            row = self.rows[index]
            if shuffle.random() < UNTITLED:
                row = row[:2] + row[row.index(self.separator) :]
            group = groups[len(row)]
            group.append(row)
            if (len(group) + 1) * len(row) > tokens:
                batches.append(torch.tensor(groups.pop(len(row))))
        batches += [torch.tensor(group) for group in groups.values()]
        shuffle.shuffle(batches)
        return batches


class ProseCorpus:
    """Running text with byte-level BPE: windows of the context length over one stream of chapters."""

    separator = None
    context_length = PROSE_CONTEXT

    def __init__(self, train: list[str], held_out: list[str], pieces: int, seed: int, language: str) -> None:
        self.seed = seed
        self.language = language
        self.tokenizer = build_bytes(train, pieces)
        end = self.tokenizer.token_to_id(END)
        self.stream = torch.tensor([i for row in self.tokenizer.encode_batch(train) for i in [*row.ids, end]])
        self.held_out = held_out_prose(self.tokenizer, held_out, self.context_length)

    def epoch(self, number: int, tokens: int) -> list[Tensor]:
        """The stream in windows of context + 1 ids from a random start, shuffled, in batches of about `tokens` ids."""
        shuffle = random.Random(f"{self.seed}/{number}")
        size = min(self.context_length, len(self.stream) - 1)
        first = shuffle.randrange(min(size, len(self.stream) - size))
        starts = list(range(first, len(self.stream) - size, size))
        shuffle.shuffle(starts)
        count = max(1, tokens // size)
        groups = [starts[i : i + count] for i in range(0, len(starts), count)]
        return [torch.stack([self.stream[start : start + size + 1] for start in group]) for group in groups]


def held_out_prose(tokenizer: Any, texts: list[str], context: int) -> list[HeldOut]:
    """Windows of up to context + 1 ids that together predict every token of `texts` once.

    All windows of a text but its first predict in their second half, so that half the context is always seen.
    The characters of the whole text are booked on its first window.
    """
    rows = []
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        ids = encoding.ids
        rows.append(HeldOut(ids[: context + 1], 1, len(text)))
        for done in range(context + 1, len(ids), context // 2):
            stop = min(done + context // 2, len(ids))
            start = stop - context - 1
            rows.append(HeldOut(ids[start:stop], done - start, 0))
    return rows


def open_corpus(data: Path, characters: int, pieces: int, seed: int) -> PoemCorpus | ProseCorpus:
    """The corpus in `data`: the prepared poems, the prepared novels, or a UTF-8 text file of one's own.

    The vocabulary has up to `characters` characters for poems, up to `pieces` pieces for prose.
    """
    if (data / "poems.jsonl").exists():
        return PoemCorpus(tang_and_a_quarter_of_song(read_poems(data)), characters, seed)
    if data.is_dir() and (chapters := read_chapters(data)):
        train = [chapter.text for chapter in chapters if not chapter.held_out]
        return ProseCorpus(train, [c.text for c in chapters if c.held_out], pieces, seed, "en")
    if data.is_file():
        return _own_text(data, pieces, seed)
    raise InputError(
        en=f"{data.name} is neither prepared poems or novels nor a text file; see `python -m aigc_demo data`.",
        zh=f"{data.name} 既不是已准备好的诗歌或小说，也不是文本文件；请查看 `python -m aigc_demo data`。",
    )


def _own_text(path: Path, pieces: int, seed: int) -> ProseCorpus:
    """A reader's own text; its last twentieth is held out."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            en=f"{path.name} is no readable UTF-8 text ({error}); save it as UTF-8.",
            zh=f"{path.name} 不是可读的 UTF-8 文本（{error}）；请另存为 UTF-8。",
        ) from error
    if len(text) < SHORTEST:
        raise InputError(
            en=f"{path.name} has {len(text)} characters; a model needs at least {SHORTEST}.",
            zh=f"{path.name} 只有 {len(text)} 个字符；训练至少需要 {SHORTEST} 个。",
        )
    cut = len(text) * 19 // 20
    chinese = sum("一" <= character <= "鿿" for character in text) > len(text) / 4
    return ProseCorpus([text[:cut]], [text[cut:]], pieces, seed, "zh" if chinese else "en")
