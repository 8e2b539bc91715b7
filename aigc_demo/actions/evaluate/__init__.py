"""How good one to four models of a kind are: one table of figures with intervals, and what stands behind it.

result.py        what comes of it                figures.py     what each figure is called and tells
texts.py         language models                 rewriters.py   sequence to sequence
pictures.py      models that draw                classifiers.py models that tell classes
features.py      what pictures are compared by   material.py    the data that are measured on
work.py          what the measuring shares       traps.py       figures that mislead, computed
votes.py         blind comparison
"""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from aigc_demo.actions.evaluate import classifiers, pictures, rewriters, texts
from aigc_demo.actions.evaluate.features import find_features
from aigc_demo.actions.evaluate.figures import figures
from aigc_demo.actions.evaluate.material import data_folder, labelled
from aigc_demo.actions.evaluate.result import EvaluateResult, Failure, Made, Measured, Row
from aigc_demo.actions.evaluate.work import Work
from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Progress, Stop, never, unheard
from aigc_demo.core.words import Text
from aigc_demo.metrics.intervals import DRAWS, LEVEL
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas.evaluate import EvaluateRequest

__all__ = ["KINDS", "EvaluateResult", "Failure", "Row", "can_evaluate", "evaluate", "kind_of"]

KINDS = ("classify", "rewrite", "text", "image", "draw")  # what is measured, the first that all models can do
MOST = 5000  # pictures or texts of all seeds together: every one is compared with every other
SHOWN = 64  # of what each model made, kept for looking at side by side


def can_evaluate(card: ModelCard) -> bool:
    """Whether a model can be chosen: it runs here, and does what can be measured."""
    drawn = "draw" in card.tasks and not card.kind
    return runs_here(card.family) and (drawn or bool(set(KINDS[:-1]) & set(card.tasks)))


def kind_of(cards: Sequence[ModelCard]) -> str:
    """What all the models do; an InputError where they do different things."""
    kind = next((kind for kind in KINDS if all(kind in card.tasks for card in cards)), "")
    if kind and all(can_evaluate(card) for card in cards):
        return kind
    names = ", ".join(card.id for card in cards)
    raise InputError(
        en=f"{names} do not all do the same thing that can be measured; choose models of one kind: all that write, all that "
        "rewrite, all that draw, or all that tell classes.",
        zh=f"{names} 做的不是同一件可评测的事；请选择同一种模型：都写作、都改写、都作画，或都判别类别。",
    )


@on_gpu()
def evaluate(
    request: EvaluateRequest, cache: ModelCache, stop: Stop = never, progress: Progress = unheard
) -> EvaluateResult:
    """Measure the models one after the other on the same data. Raises Stopped soon after `stop()` turns true.

    `progress` hears a share in [0, 1].
    """
    names = list(dict.fromkeys([request.model, *request.against]))
    cards = [registry.find_card(name, cache.settings) for name in names]
    kind = kind_of(cards)
    if request.count * request.seeds > MOST:
        raise InputError(
            en=f"{request.count} items of {request.seeds} seeds are more than {MOST}; lower one of the two.",
            zh=f"{request.seeds} 个种子各 {request.count} 个，超过 {MOST} 个；请调低其中之一。",
        )
    folder = data_folder(request.data, cards[0], cache.settings)
    work = Work(request, folder, cache, stop, progress, cards)
    prompts, wanted, measured = _measured(kind, work)
    settled = request.model_copy(update={"data": folder.name, "against": [card.id for card in cards[1:]]})
    _warn(work, kind)
    return EvaluateResult(
        request=settled,
        cards=cards,
        kind=kind,
        data=folder.name,
        rows=_rows(cards, measured, work),
        prompts=prompts[:SHOWN],
        made=[part.made[:SHOWN] for part in measured],
        wanted=wanted[:SHOWN],
        failures=[part.failures for part in measured],
        signature=_signature(kind, work, settled),
        confusion=[part.confusion for part in measured],
        classes=labelled(folder, 8).classes if kind == "classify" else {},
        notes=work.notes,
    )


def _measured(kind: str, work: Work) -> tuple[Sequence[Text], Sequence[Made], list[Measured]]:
    """What was asked for item by item, what should have come where that is known, and what each model came to."""
    if kind == "text":
        found = [texts.measure(card, work) for card in work.cards]
        return [Text("", "")] * work.request.count, [], found
    if kind == "rewrite":
        pairs = rewriters.held_out_pairs(work)
        found = [rewriters.measure(card, work) for card in work.cards]
        return [Text(pair.source, pair.source) for pair in pairs], [pair.target for pair in pairs], found
    if kind == "classify":
        data = labelled(work.folder, work.request.count)
        names = [(data.classes["en"][label], data.classes["zh"][label]) for label in data.labels]
        found = [classifiers.measure(card, work) for card in work.cards]
        return [Text(*pair) for pair in names], list(data.pictures), found
    collect, draw = {
        "image": (pictures.of_classes, pictures.draw_classes),
        "draw": (pictures.of_captions, pictures.draw_captions),
    }[kind]
    real = collect(work.cards[0], work)
    features = find_features(work, real.pictures, work.folder.name)
    found = [pictures.measure(card, work, real, features, draw) for card in work.cards]
    return real.prompts, list(real.others if kind == "draw" else real.pictures), found


def _rows(cards: Sequence[ModelCard], measured: Sequence[Measured], work: Work) -> list[Row]:
    """The table: every figure, and under it every model that has it; differences are to the first model."""
    rows, seed = [], work.request.seed
    names = dict.fromkeys(name for part in measured for name in part.measures)
    for name in sorted(names, key=list(figures()).index):
        first = measured[0].measures.get(name)
        for card, part in zip(cards, measured, strict=True):
            if (own := part.measures.get(name)) is None:
                continue
            work.check()
            difference = own.evidence.minus(first.evidence, seed) if first and own is not first else None
            better, verdict = figures()[name].higher, ""
            if difference is not None:
                verdict = difference.verdict(better is not False)
                if better is None:
                    verdict = {"better": "higher", "worse": "lower"}.get(verdict, verdict)
            rows.append(
                Row(name, card.id, own.evidence.interval(seed), difference, verdict, own.by_seed, own.real)
            )
    return rows


def _warn(work: Work, kind: str) -> None:
    """What is to be known of the figures of few items, or of features that are many."""
    if work.request.count < 100:
        work.note(
            Text(
                f"{work.request.count} items tell only large differences apart; 100 or more say more.",
                f"{work.request.count} 个样本只能分辨较大的差异；100 个以上更可靠。",
            )
        )
    size = int(work.settings.get("d", 0))
    if kind in ("image", "draw") and work.request.count * work.request.seeds < 10 * size:
        work.note(
            Text(
                f"The Fréchet distance of {size} features wants more than {10 * size} pictures; at this n it is too large for every "
                "model. The kernel distance is not.",
                f"{size} 维特征的弗雷歇距离需要多于 {10 * size} 张图片；在目前的 n 下它对每个模型都偏大。核距离则不会。",
            )
        )


def _signature(kind: str, work: Work, request: EvaluateRequest) -> str:
    """One line that pins the settings, in the manner of sacrebleu's."""
    told = {
        "task": kind,
        "data": work.folder.name,
        "n": request.count,
        "seeds": ",".join(map(str, work.seeds)),
        "ci": f"{LEVEL:.0%}",
        "bootstrap": f"bca.{DRAWS}",
        **({"drafts": 1, "sampling": "own"} if kind == "text" else {}),
        **({"beams": 1} if kind == "rewrite" else {}),
        **work.settings,
        "weights": ",".join(card.weights_hash()[:8] for card in work.cards),
        "numpy": np.__version__,
        "torch": version("torch"),
    }
    return " | ".join(f"{name}:{value}" for name, value in told.items())
