"""A model that tells classes of pictures: how often it is right on held-out ones, and which it takes for which."""

from typing import Any

import numpy as np

from aigc_demo.actions.evaluate.material import LabelledPictures, labelled
from aigc_demo.actions.evaluate.result import Failure, Measure, Measured
from aigc_demo.actions.evaluate.work import Work
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.metrics.classes import confusion, confusion_rows, macro_f1
from aigc_demo.metrics.evidence import Rows, Share
from aigc_demo.models.cards import ModelCard

AT_ONCE, WORST = 100, 12


def measure(card: ModelCard, work: Work) -> Measured:
    """Accuracy, macro F1, the confusion matrix, and the pictures of which it was wrong and most sure."""
    found = labelled(work.folder, work.request.count)

    def judged(model: Any) -> np.ndarray:
        if len(model.classes["en"]) != len(found.classes["en"]):
            raise InputError(
                en=f"{card.id} knows {len(model.classes['en'])} classes and {work.folder.name} has {len(found.classes['en'])}; "
                "choose the data that it was trained on.",
                zh=f"{card.id} 有 {len(model.classes['en'])} 个类别，而 {work.folder.name} 有 {len(found.classes['en'])} 个；"
                "请选择它的训练数据集。",
            )
        parts = []
        for start in range(0, len(found.labels), AT_ONCE):
            parts.append(model.classify(found.tensors(slice(start, start + AT_ONCE))).numpy())
            work.done(len(parts[-1]))
        return np.concatenate(parts)

    odds = work.lend(card, judged)
    called, classes = odds.argmax(1), odds.shape[1]
    result = Measured(confusion=confusion(found.labels, called, classes))
    result.measures["accuracy"] = Measure(Share.of(called == found.labels))
    result.measures["macro_f1"] = Measure(Rows(confusion_rows(found.labels, called, classes), macro_f1))
    names = found.classes
    result.made = [f"{names['en'][place]} · {names['zh'][place]}" for place in called]
    result.failures = _wrong(found, odds, called)
    return result


def _wrong(found: LabelledPictures, odds: np.ndarray, called: np.ndarray) -> list[Failure]:
    """Wrongly classified pictures, the most confident first."""
    wrong = np.flatnonzero(called != found.labels)
    order = wrong[np.argsort(-odds[wrong, called[wrong]], kind="stable")][:WORST]
    say = {lang: found.classes[lang] for lang in ("en", "zh")}
    return [
        Failure(
            found.pictures[i],
            None,
            Text(
                f"{say['en'][found.labels[i]]}, called {say['en'][called[i]]} with {odds[i, called[i]]:.0%}",
                f"{say['zh'][found.labels[i]]}，被判为 {say['zh'][called[i]]}（{odds[i, called[i]]:.0%}）",
            ),
        )
        for i in order
    ]
