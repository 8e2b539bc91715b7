"""A sequence-to-sequence model: what it makes of held-out sources, beside what should come of them."""

from typing import Any

import numpy as np

from aigc_demo.actions.evaluate.result import Failure, Measure, Measured
from aigc_demo.actions.evaluate.texts import likelihood
from aigc_demo.actions.evaluate.work import Work, evenly
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.pairs import Pair, read_pairs
from aigc_demo.metrics import text as of_text
from aigc_demo.metrics.evidence import Rows
from aigc_demo.metrics.intervals import mean_rows
from aigc_demo.models.cards import ModelCard

TOKENS = 128
WORST = 8


def held_out_pairs(work: Work) -> list[Pair]:
    """The held-out pairs that are measured on, evenly taken."""
    pairs = evenly([pair for pair in read_pairs(work.folder) if pair.held_out], work.request.count)
    if not pairs:
        raise InputError(
            en=f"{work.folder.name} holds no pair back from training; choose data with held-out pairs.",
            zh=f"{work.folder.name} 没有留出的句对；请选择含留出句对的数据集。",
        )
    return pairs


def measure(card: ModelCard, work: Work) -> Measured:
    """BLEU, chrF, ROUGE, and bits a character where the model can say them."""
    pairs = held_out_pairs(work)
    texts = work.lend(card, lambda model: [_rewritten(model, pair.source, work) for pair in pairs])
    wanted = [pair.target for pair in pairs]
    chinese, tokenize = of_text.is_chinese(wanted), of_text.tokenizer_for(wanted)
    chrf, rouge = of_text.chrf_rows(texts, wanted), of_text.rouge_rows(texts, wanted, chinese)
    found = Measured(made=list(texts))
    found.measures["chrf"] = Measure(Rows(chrf, of_text.chrf))
    found.measures["bleu"] = Measure(Rows(of_text.bleu_rows(texts, wanted, tokenize), of_text.bleu))
    for place, name in enumerate(of_text.ROUGE):
        found.measures[name] = Measure(Rows(mean_rows(rouge[:, place])))
    found.measures |= likelihood(card, work)
    work.settings |= of_text.signatures(wanted, len(pairs))
    work.settings["ROUGE"] = f"rouge-score|tok:{'characters' if chinese else 'words'}|stem:no"
    scores = of_text.chrf(chrf)
    for i in np.argsort(scores, kind="stable")[:WORST]:
        words = Text(
            f"chrF2 {scores[i]:.1f}; source: {pairs[i].source}",
            f"chrF2 {scores[i]:.1f}；原文：{pairs[i].source}",
        )
        found.failures.append(Failure(texts[i], wanted[i], words))
    return found


def _rewritten(model: Any, source: str, work: Work) -> str:
    """What the model makes of a source, the likeliest token at each step; by the task that it knows."""
    try:
        parts = model.cut(source, "translate")
    except InputError:
        parts = model.cut(source, "summarise")
    written = ("".join(token.text for token in model.write(part, TOKENS, 1, work.stop)) for part in parts)
    text = " ".join(part.strip() for part in written)
    work.done(1)
    return text
