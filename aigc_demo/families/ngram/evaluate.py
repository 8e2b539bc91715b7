"""Figures of an n-gram model: `python -m aigc_demo.families.ngram.evaluate --model weights/ngram-poems --data DIR`."""

from pathlib import Path
from typing import Any

from aigc_demo.families.ngram import load
from aigc_demo.families.ngram.model import NgramModel
from aigc_demo.families.ngram.train import grams_of
from aigc_demo.language import evaluation
from aigc_demo.language.likelihood import held_out_bits
from aigc_demo.language.ngram import KneserNey, count_levels
from aigc_demo.language.open_corpus import open_corpus


def evaluate(folder: Path, data: Path, device: str) -> dict[str, Any]:
    """A finished run's figures for its card, on the held-out text of `data`; also what pruning has cost, in bits a character."""
    model = load(folder, device)
    figures = evaluation.evaluate(model, data)
    if "bits_per_character" in figures:
        figures["bits_unpruned"] = round(unpruned_bits(model, data), 3)
    return figures


def unpruned_bits(model: NgramModel, data: Path) -> float:
    """Bits per character of everything counted, on the same held-out rows as `evaluation.evaluate` takes."""
    corpus = open_corpus(data, 0, 0, model.context_length, model.tokenizer)
    counts = model.counts
    levels = count_levels(grams_of(corpus, counts.order), counts.vocab_size, counts.order)
    whole = NgramModel.of(KneserNey.of(levels, counts.vocab_size), corpus)
    return held_out_bits(whole, evaluation.judged_rows(corpus))


if __name__ == "__main__":
    evaluation.main(load)
