"""Pairs as a model learns from them: what is to be done with a source, rows of ids, and what is held out."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from aigc_demo.core.errors import InputError
from aigc_demo.data.pairs import Pair, read_pairs
from aigc_demo.families.seq2seq.losses import IGNORED, shift_right
from aigc_demo.families.seq2seq.networks import PADDING
from aigc_demo.families.seq2seq.vocabulary import Vocabulary, build, script_of
from aigc_demo.language.batches import Rows

SAMPLE = 4000  # pairs that are looked at to see of what kind they are
MOSTLY = 0.9
SHORTER = 0.6  # a target of less than this share of its source sums it up
LEARNED_FROM = 100_000  # pairs that are plenty to find the frequent pieces
SEPARATOR = -1  # between source and target in a row


@dataclass(frozen=True)
class Task:
    """What a model does with a source: "couplet", "translate", "summarise" or "rewrite"; both ways or one.

    languages: of the source and of the target.
    """

    name: str
    languages: tuple[str, str]
    both_ways: bool = False


@dataclass(frozen=True)
class Batch:
    """source (B, S) and what the decoder reads, (B, T), filled up with PADDING; targets (B, T) with IGNORED."""

    source: Tensor
    tokens: Tensor
    targets: Tensor

    def to(self, device: torch.device | str) -> "Batch":
        """The same on a device."""
        return Batch(self.source.to(device), self.tokens.to(device), self.targets.to(device))


def task_of(pairs: Sequence[Pair]) -> Task:
    """What pairs teach, told by their scripts and lengths."""
    some = pairs[:: max(1, len(pairs) // SAMPLE)]
    scripts = [(script_of(pair.source), script_of(pair.target)) for pair in some]
    languages = max(set(scripts), key=scripts.count)
    if languages[0] != languages[1]:
        return Task("translate", languages, both_ways=scripts.count(languages) >= MOSTLY * len(some))
    lengths = [(len(pair.source), len(pair.target)) for pair in some]
    if languages == ("zh", "zh") and sum(a == b for a, b in lengths) >= MOSTLY * len(some):
        return Task("couplet", languages)
    short = median(target / max(source, 1) for source, target in lengths) < SHORTER
    return Task("summarise" if short else "rewrite", languages)


class Corpus:
    """Pairs in a vocabulary; those of two languages in both directions. What is longer than `longest` tokens is left out."""

    def __init__(self, pairs: Sequence[Pair], task: Task, vocabulary: Vocabulary, longest: int) -> None:
        self.task, self.vocabulary, self.longest = task, vocabulary, longest
        self.train, self.train_pairs = encode(pairs, False, task, vocabulary, longest)
        self.held_out, self.held_out_pairs = encode(pairs, True, task, vocabulary, longest)
        if not self.train or not self.held_out:
            raise InputError(
                en="There are not enough pairs that a model of this size can read; give shorter ones, or more.",
                zh="没有足够的、这种规模的模型读得下的句对；请提供更短或更多的句对。",
            )
        self.target_tokens = sum(len(row) - row.index(SEPARATOR) - 1 for row in self.train)
        self.mean_target = self.target_tokens / len(self.train)

    def rows(self, shuffle: random.Random) -> Rows:
        """An epoch's rows: all of them."""
        return self.train


def encode(
    pairs: Sequence[Pair], held_out: bool, task: Task, vocabulary: Vocabulary, longest: int
) -> tuple[list[list[int]], list[Pair]]:
    """Rows of ids, source SEPARATOR target </s>, of the pairs on one side of the split, and these pairs, beside each other.

    Where there are two languages each pair comes twice, once each way, and a source has the language to write in front.
    """
    asked = [pair for pair in pairs if pair.held_out is held_out]
    if task.both_ways:
        back = [Pair(pair.target, pair.source, pair.held_out, pair.origin) for pair in asked]
        asked = [pair for two in zip(asked, back, strict=True) for pair in two]
    sources = vocabulary.encode_all(pair.source for pair in asked)
    targets = vocabulary.encode_all(pair.target for pair in asked)
    rows, kept = [], []
    for pair, source, target in zip(asked, sources, targets, strict=True):
        into = [vocabulary.into[script_of(pair.target)]] if task.both_ways else []
        if source and target and max(len(into) + len(source), len(target) + 1) <= longest:
            rows.append([*into, *source, SEPARATOR, *target, vocabulary.end])
            kept.append(pair)
    return rows, kept


def to_batch(rows: Sequence[Sequence[int]], start: int) -> Batch:
    """Rows of ids, source SEPARATOR target </s>, as tensors."""
    cut = [(list(row), list(row).index(SEPARATOR)) for row in rows]
    sources = [torch.tensor(row[:place]) for row, place in cut]
    targets = [torch.tensor(row[place + 1 :]) for row, place in cut]
    wanted = pad_sequence(targets, batch_first=True, padding_value=IGNORED)
    source = pad_sequence(sources, batch_first=True, padding_value=PADDING)
    return Batch(source, shift_right(wanted, start, PADDING), wanted)


def open_corpus(data: Path, pieces: int, longest: int, vocabulary: Vocabulary | None = None) -> Corpus:
    """The corpus of a prepared folder, in the vocabulary of a model to go on from, or in a new one of at most `pieces`."""
    pairs = read_pairs(data)
    task = task_of(pairs)
    if vocabulary is None:
        train = [pair for pair in pairs if not pair.held_out]
        some = train[:: max(1, len(train) // LEARNED_FROM)]
        vocabulary = Vocabulary(build([text for pair in some for text in (pair.source, pair.target)], pieces))
    return Corpus(pairs, task, vocabulary, longest)
