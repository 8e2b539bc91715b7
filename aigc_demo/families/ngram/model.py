"""An n-gram model as the app uses it: a writer, and a look at what it has counted."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.ngram.export import CONTEXT, read_counts
from aigc_demo.language.corpus import Corpus, HeldOut
from aigc_demo.language.ngram import KneserNey, ngrams
from aigc_demo.language.writer import Writer, read_writer
from aigc_demo.models.protocols import Rung

LEAST = 1e-30  # a probability that no token falls below


class Memory:
    """The last tokens of each text that was read, as many as the longest context has."""

    def __init__(self, contexts: list[list[int]], length: int = 0) -> None:
        self.contexts, self.length = contexts, length


class Reader:
    """Reads a text a token at a time; it remembers the last order - 1."""

    context_length = 1 << 30

    def __init__(self, counts: KneserNey) -> None:
        self.counts, self.span = counts, max(counts.order - 1, 1)

    def new_cache(self, batch: int) -> Memory:
        """Nothing read yet."""
        return Memory([[] for _ in range(batch)])

    def read(self, ids: Tensor, memory: Memory) -> Tensor:
        """Read ids (batch, T); logits (batch, vocab), which are log probabilities."""
        for row, new in enumerate(ids.tolist()):
            memory.contexts[row] = padded(memory.contexts[row] + new, self.span)[-self.span :]
        memory.length += ids.shape[1]
        known = {tuple(context): None for context in memory.contexts}
        odds = {context: self.counts.distribution(context) for context in known}
        rows = np.stack([odds[tuple(context)] for context in memory.contexts])
        return torch.from_numpy(np.log(np.maximum(rows, LEAST))).float()

    def expand(self, memory: Memory, batch: int) -> Memory:
        """The memory of one text, copied for `batch` samples that go on from it."""
        return Memory([list(memory.contexts[0]) for _ in range(batch)], memory.length)


def padded(ids: Sequence[int], span: int) -> list[int]:
    """A text from its start with its first token in front as often as a context of `span` tokens lacks."""
    return [ids[0]] * (span - len(ids)) + list(ids)


class NgramModel(Writer):
    """Counts with their tokenizer."""

    context_length = CONTEXT
    device = torch.device("cpu")

    def __init__(self, counts: KneserNey, tokenizer: Any, language: str, forms: Sequence[str]) -> None:
        self.counts = counts
        super().__init__(tokenizer, language, forms)

    @classmethod
    def of(cls, counts: KneserNey, corpus: Corpus) -> "NgramModel":
        """Counts of `corpus` as the model that they would be."""
        return cls(counts, corpus.tokenizer, corpus.language, corpus.forms)

    @classmethod
    def load(cls, folder: Path) -> "NgramModel":
        """The model in `folder`; an InputError where files are missing or do not fit."""
        _, *spoken = read_writer(folder)
        model = cls(read_counts(folder), *spoken)
        if model.tokenizer.get_vocab_size() != model.counts.vocab_size:
            raise InputError(
                en=f"{folder.name}: tokenizer.json is not that of its counts; copy the whole folder again.",
                zh=f"{folder.name}：tokenizer.json 与计数不匹配；请重新复制整个文件夹。",
            )
        return model

    @cached_property
    def decoder(self) -> Reader:
        """What remembers the last few tokens."""
        return Reader(self.counts)

    def nats(self, rows: Sequence[HeldOut]) -> list[float]:
        """How unlikely the predicted places of each row are, in nats."""
        if not rows:
            return []
        grams = ngrams([row.ids for row in rows], self.counts.order, self.counts.vocab_size)
        lost = -np.log(np.maximum(self.counts.of_grams(grams), LEAST))
        predicted = np.concatenate([np.arange(1, len(row.ids)) >= row.start for row in rows])
        ends = np.cumsum([len(row.ids) - 1 for row in rows])
        return [float(part.sum()) for part in np.split(lost * predicted, ends[:-1])]

    def back_off(self, ids: Sequence[int]) -> list[tuple[list[str], Rung]]:
        """How the odds of the last token came about: of each order its context as labels, and what it has to say."""
        *context, token = ids
        context = padded(context, self.decoder.span)
        rungs = self.counts.rungs(context, token)
        labels = [self.pieces.labels[token] for token in context]
        return [(labels[len(labels) - n :], rung) for n, rung in enumerate(rungs)]
