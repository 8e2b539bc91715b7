"""Training an n-gram model: each step counts the next part of the text, in an order that the seed decides."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo.core.errors import InputError
from aigc_demo.families.ngram.export import CONTEXT, export
from aigc_demo.families.ngram.model import LEAST, NgramModel
from aigc_demo.language.corpus import Corpus
from aigc_demo.language.learner import size_of, source_of
from aigc_demo.language.likelihood import enough_text, held_out_bits
from aigc_demo.language.ngram import LARGEST, KneserNey, count_levels, ngrams
from aigc_demo.language.open_corpus import open_corpus
from aigc_demo.language.samples import write_samples
from aigc_demo.language.tokenizer import START, load_tokenizer
from aigc_demo.language.validation import Validation
from aigc_demo.training import TrainPlan

if TYPE_CHECKING:
    from accelerate import Accelerator

WATCHED = 64  # rows looked at while training, held out and of the training text


@dataclass(frozen=True)
class Size:
    """What `size` chooses: the order, vocabulary for verse and prose, and how many n-grams are kept."""

    order: int
    characters: int
    pieces: int
    most: int


SIZES = {
    "tiny": Size(2, characters=2048, pieces=512, most=200_000),
    "small": Size(3, characters=5120, pieces=2048, most=400_000),
    "base": Size(5, characters=5120, pieces=4096, most=1_500_000),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of an n-gram model on the text of `plan.data`; an InputError where the plan cannot be."""
    size = size_of(plan, SIZES)
    if plan.start:
        raise InputError(
            en="An n-gram model is counted anew each time; train it from the start.",
            zh="n-gram 模型每次都重新计数；请从头训练。",
        )
    source = source_of(plan)
    tokenizer = load_tokenizer(source) if source else None
    corpus = open_corpus(plan.data, size.characters, size.pieces, CONTEXT, tokenizer)
    return Learner(plan, accelerator, corpus, size)


def grams_of(corpus: Corpus, order: int, seed: int = 0) -> np.ndarray:
    """Every n-gram of the training text that ends in a learned token, as codes, text after text in the order of `seed`."""
    shuffle = random.Random(f"{seed}/0")
    if corpus.separator is None:
        stream = corpus.stream.numpy()
        starts = np.flatnonzero(stream == corpus.tokenizer.token_to_id(START))
        rows = np.split(stream, starts[1:])
    else:
        rows = list(corpus.rows(shuffle))
    shuffle.shuffle(rows)
    codes = ngrams(rows, order, corpus.tokenizer.get_vocab_size())
    if corpus.separator is None:
        return codes
    return codes[np.concatenate([np.arange(len(row) - 1) >= row.index(corpus.separator) for row in rows])]


class Place:
    """How many n-grams have been counted, and how many when they were last made into a model."""

    counted = looked = 0

    def state_dict(self) -> dict[str, int]:
        """Both numbers; the counts follow from them and the text."""
        return {"counted": self.counted, "looked": self.looked}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from `state_dict()`."""
        self.counted, self.looked = state["counted"], state["looked"]


class Learner:
    """The text as n-grams, and how far they are counted; training/loop.py says what each method is for."""

    def __init__(self, plan: TrainPlan, accelerator: "Accelerator", corpus: Corpus, size: Size) -> None:
        self.plan, self.accelerator, self.corpus, self.size = plan, accelerator, corpus, size
        self.vocab_size = corpus.tokenizer.get_vocab_size()
        if self.vocab_size**size.order >= LARGEST:
            raise InputError(
                en=f"An order of {size.order} over {self.vocab_size} tokens is too high; choose a smaller size.",
                zh=f"对 {self.vocab_size} 个词元来说，{size.order} 阶太高；请选择更小的规模。",
            )
        self.grams = grams_of(corpus, size.order, plan.seed)
        self.examples = max(1, len(self.grams) // plan.steps)
        self.validation = Validation(corpus, WATCHED)
        self.place = Place()
        self._made: tuple[int, KneserNey] | None = None

    def model(self, counted: int) -> KneserNey:
        """The model of the first `counted` n-grams."""
        if self._made is None or self._made[0] != counted:
            levels = count_levels(self.grams[:counted], self.vocab_size, self.size.order)
            self._made = counted, KneserNey.of(levels, self.vocab_size)
        return self._made[1]

    def step(self, progress: float, rate: float) -> Mapping[str, float]:
        """Count the next part; `loss` is how many bits a token of it cost the model of the last look, before it was counted."""
        end = round(len(self.grams) * min(1.0, progress + 1 / self.plan.steps))
        part, self.place.counted = self.grams[self.place.counted : end], end
        odds = self.model(self.place.looked).of_grams(part)
        return {"loss": float(-np.log2(np.maximum(odds, LEAST)).mean()) if len(part) else 0.0}

    def parts(self) -> dict[str, Any]:
        """How far the text is counted."""
        return {"place": self.place}

    def writer(self) -> NgramModel:
        """All that has been counted, as a model."""
        self.place.looked = self.place.counted
        return NgramModel.of(self.model(self.place.counted), self.corpus)

    def validate(self) -> dict[str, float]:
        """What every language model is looked at for; the same by one order less; and how often the longest context was known."""
        model, rows = self.writer(), self.validation.held_out
        figures = self.validation.figures(model)
        if self.size.order > 1 and enough_text(rows):
            shorter = self.grams[: self.place.counted] % self.vocab_size ** (self.size.order - 1)
            levels = count_levels(shorter, self.vocab_size, self.size.order - 1)
            lower = NgramModel.of(KneserNey.of(levels, self.vocab_size), self.corpus)
            figures["held_out_lower"] = held_out_bits(lower, rows)
        return {**figures, "known_contexts": known_contexts(model, [row.ids for row in rows])}

    def sample(self) -> list[str]:
        """Four texts."""
        samples = write_samples(self.writer(), self.corpus.held_out_texts)
        return [sample.opening + sample.text for sample in samples]

    def export(self, final: bool) -> None:
        """The counts that matter most, with the tokenizer; until the end those that are most."""
        model = self.writer().counts.pruned(self.size.most, exactly=final)
        export(self.plan.run, model, self.corpus.tokenizer, self.corpus.language, self.corpus.forms)


def known_contexts(model: NgramModel, rows: list[list[int]]) -> float:
    """The share of places in `rows` whose longest context was seen in training."""
    counts = model.counts
    grams = ngrams(rows, counts.order, counts.vocab_size)
    known = np.isin(grams // counts.vocab_size, counts.levels[-1].contexts)
    return float(known.mean()) if len(known) else 0.0


def count_parameters(size: str) -> int:
    """Numbers in a model of a preset size once it is full: a token and a count for each n-gram that is kept."""
    return 2 * (SIZES[size].most + SIZES[size].pieces)
