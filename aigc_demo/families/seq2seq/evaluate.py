"""Figures of encoder-decoders on pairs that were held out, each with its 95 % interval.

    python -m aigc_demo.families.seq2seq.evaluate --data DIR [--dictionary DIR] MODEL [MODEL ...]

prints one JSON object; DIR holds the prepared data set that the models were trained on. Several models are judged on the
same pairs, and all but the first are compared with it pair by pair.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.core.stopping import never
from aigc_demo.data.pairs import Pair, read_pairs
from aigc_demo.families.seq2seq.corpus import encode, open_corpus
from aigc_demo.families.seq2seq.likelihood import nats_of, with_wrong_sources
from aigc_demo.families.seq2seq.model import PairModel
from aigc_demo.language.couplets import shares
from aigc_demo.language.losses import bits
from aigc_demo.language.word_for_word import Dictionary
from aigc_demo.metrics import text as metrics
from aigc_demo.metrics.intervals import bootstrap, paired
from aigc_demo.metrics.least import LEAST_CHARACTERS

EVALUATED = 1000  # pairs that a finished run is judged by
WRITTEN = 100  # of which so many are written
LONGEST = 96  # tokens
COUNT = 500  # pairs that the command judges of each origin and direction
EXAMPLES = 20

Rows = Mapping[str, np.ndarray]


def rewritten(model: PairModel, source: str, beams: int = 1, rules: bool = False) -> str:
    """What the model makes of a text: the likeliest, token by token, or by beams."""
    text = ""
    for part in model.cut(source, "auto"):
        tokens = model.write(part, LONGEST, beams, never, couplet_rules=rules)
        text += "".join(token.text for token in tokens) + part.behind
    return text.strip()


def evaluate(folder: Path, data: Path, device: str) -> dict[str, float | int | str]:
    """A finished run's figures for its card, on the held-out pairs of `data`."""
    model = PairModel.load(folder, device)
    corpus = open_corpus(data, 0, model.network.shape.longest, model.vocabulary)
    rows, pairs = some(corpus.held_out, corpus.held_out_pairs, EVALUATED)
    characters = sum(len(pair.target) for pair in pairs)
    if characters < LEAST_CHARACTERS:
        return {}
    wrong = with_wrong_sources(rows, int(corpus.task.both_ways))

    def told(rows: Sequence[Sequence[int]]) -> float:
        return round(bits(sum(nats_of(model.network, rows, model.vocabulary.start)), characters), 3)

    figures: dict[str, float | int | str] = {
        "bits_per_character": told(rows), "wrong_source": told(wrong), "held_out_pairs": len(rows),
    }  # fmt: skip
    _, asked = some(rows, pairs, WRITTEN)
    texts = [rewritten(model, pair.source) for pair in asked]
    sums = metrics.chrf_rows(texts, [pair.target for pair in asked]).sum(0)
    figures["chrf"] = round(float(metrics.chrf(sums)), 2)
    if model.task.name == "couplet":
        kept = shares([pair.source for pair in asked], texts)
        figures |= {name: round(share, 3) for name, share in kept.items()}
    return figures


def some(rows: Sequence[Any], pairs: Sequence[Pair], count: int) -> tuple[list[Any], list[Pair]]:
    """At most `count` rows with their pairs, evenly taken."""
    count = min(count, len(rows))
    chosen = [index * len(rows) // count for index in range(count)]
    return [rows[index] for index in chosen], [pairs[index] for index in chosen]


def figures_of(
    model: PairModel, pairs: Sequence[Pair], rows: Sequence[Any], beams: int, rules: bool = False
) -> tuple[dict[str, Any], Rows, list[str]]:
    """A model's figures on pairs, which `rows` encode; the rows that they are sums of; and what it writes."""
    texts = [rewritten(model, pair.source, beams, rules) for pair in pairs]
    nats = nats_of(model.network, rows, model.vocabulary.start)
    characters = [len(pair.target) for pair in pairs]
    measured = np.array([[n, c, 1] for n, c in zip(nats, characters, strict=True)], dtype=np.float64)
    counted = {"bits_per_character": measured, **overlap_rows(texts, pairs)}
    figures = told(counted)
    if model.task.name == "couplet":
        figures |= {k: round(v, 4) for k, v in shares([pair.source for pair in pairs], texts).items()}
    return figures, counted, texts


STATISTICS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "bits_per_character": metrics.bits_per_character,
    "chrf": metrics.chrf,
    "bleu": metrics.bleu,
}


def overlap_rows(texts: Sequence[str], pairs: Sequence[Pair]) -> dict[str, np.ndarray]:
    """Rows whose sums chrF and BLEU need, BLEU by sacrebleu's tokenizer for the language of the targets."""
    targets = [pair.target for pair in pairs]
    return {
        "chrf": metrics.chrf_rows(texts, targets),
        "bleu": metrics.bleu_rows(texts, targets, metrics.tokenizer_for(targets)),
    }


def told(counted: Rows) -> dict[str, Any]:
    """[point, low, high] of each figure."""
    found = {name: bootstrap(rows, STATISTICS[name]) for name, rows in counted.items()}
    return {name: [round(one.point, 3), round(one.low, 3), round(one.high, 3)] for name, one in found.items()}


def compared(mine: Rows, first: Rows) -> dict[str, Any]:
    """[difference, low, high] of each figure to the first model's, pair by pair."""
    found = {name: paired(first[name], mine[name], STATISTICS[name]) for name in mine}
    return {name: [round(one.point, 3), round(one.low, 3), round(one.high, 3)] for name, one in found.items()}


def baselines(pairs: Sequence[Pair], dictionary: Dictionary | None) -> dict[str, Any]:
    """Figures of copying the source, and of translating it word for word."""
    found = {"copy": told(overlap_rows([pair.source for pair in pairs], pairs))}
    if dictionary is not None:
        into_chinese = metrics.is_chinese([pair.target for pair in pairs])
        translate = dictionary.into_chinese if into_chinese else dictionary.into_english
        found["word_for_word"] = told(overlap_rows([translate(pair.source) for pair in pairs], pairs))
    return found


def groups_of(model: PairModel, data: Path) -> dict[str, tuple[list[Any], list[Pair]]]:
    """Held-out pairs and their rows: all together, or by origin and direction where there are two languages."""
    rows, pairs = encode(read_pairs(data), True, model.task, model.vocabulary, model.network.shape.longest)
    if model.task.name != "translate":
        return {"held out": some(rows, pairs, COUNT)}
    into = ["into Chinese" if metrics.is_chinese([pair.target]) else "into English" for pair in pairs]
    names = [f"{pair.origin}, {way}" for pair, way in zip(pairs, into, strict=True)]
    groups = {}
    for name in dict.fromkeys(names):
        chosen = [index for index, other in enumerate(names) if other == name]
        groups[name] = some([rows[index] for index in chosen], [pairs[index] for index in chosen], COUNT)
    return groups


def report(folders: Sequence[Path], data: Path, dictionary: Dictionary | None, beams: int) -> dict[str, Any]:
    """The figures of all models on the same held-out pairs, and twenty of these, evenly taken, with what is written."""
    models = {folder.name: PairModel.load(folder, "cpu") for folder in folders}
    found: dict[str, Any] = {}
    for group, (_, pairs) in groups_of(next(iter(models.values())), data).items():
        rows_by_name: dict[str, Rows] = {}
        texts: dict[str, list[str]] = {}
        figures: dict[str, Any] = {"pairs": len(pairs)}
        for name, model in models.items():
            own, _ = encode(pairs, True, model.task, model.vocabulary, model.network.shape.longest)
            own = own[::2] if model.task.both_ways else own
            figures[name], rows_by_name[name], texts[name] = figures_of(model, pairs, own, beams)
            if model.task.name == "couplet":
                ruled = [rewritten(model, pair.source, 1, True) for pair in pairs]
                kept = shares([pair.source for pair in pairs], ruled)
                figures[name]["with_rules"] = {key: round(share, 4) for key, share in kept.items()}
        first, *others = models
        figures["compared"] = {name: compared(rows_by_name[name], rows_by_name[first]) for name in others}
        if models[first].task.name == "couplet":
            kept = shares([pair.source for pair in pairs], [pair.target for pair in pairs])
            figures["the poets"] = {key: round(share, 4) for key, share in kept.items()}
        if models[first].task.name == "translate":
            figures |= baselines(pairs, dictionary)
        shown, _ = some(range(len(pairs)), pairs, EXAMPLES)
        figures["examples"] = [
            {
                "source": pairs[i].source,
                "target": pairs[i].target,
                **{name: texts[name][i] for name in models},
            }
            for i in shown
        ]
        found[group] = figures
    return found


def main() -> None:
    """Print the figures of models as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dictionary", type=Path, help="the prepared data set cedict, for the baseline")
    parser.add_argument("--beams", type=int, default=1)
    asked = parser.parse_args()
    dictionary = Dictionary(read_pairs(asked.dictionary)) if asked.dictionary else None
    print(json.dumps(report(asked.models, asked.data, dictionary, asked.beams), ensure_ascii=False))


if __name__ == "__main__":
    main()
