"""The templates nearest to what a reader wants to write.

By meaning: cosine of the sentence vectors of the wish and of each template's title and description
(transformer/encoder.py). The encoder knows English only.

By characters, for Chinese and where no encoder is there: the share of the wish that a template has, counted in runs of
one to three characters g, each weighted by how rare it is among the N templates (Sparck Jones 1972),

    score = sum of idf(g) over g in both / sum of idf(g) over g in the wish,    idf(g) = log((N + 1) / (1 + n_g)),

where n_g templates contain g.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aigc_demo.actions.prompt_templates.template import Template, Wording, templates
from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, never
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu

CHINESE = re.compile("[㐀-鿿]")
LONGEST_WISH = 500


@dataclass(frozen=True)
class Found:
    """Templates with their scores, best first, and how they were compared; `model` is the encoder's id, or empty."""

    ranked: list[tuple[Template, float]]
    by: Literal["meaning", "characters"]
    model: str = ""


@on_gpu()
def nearest(wish: str, cache: ModelCache, stop: Stop = never) -> Found:
    """All templates ranked by nearness to the wish; an InputError where it is empty or too long."""
    wish = wish.strip()
    if not 0 < len(wish) <= LONGEST_WISH:
        raise InputError(
            en=f"Say in a few words what you want to write, at most {LONGEST_WISH} characters.",
            zh=f"请用几个词说明想写什么，不超过 {LONGEST_WISH} 字。",
        )
    encoders = registry.cards_for("embed", cache.settings)
    if CHINESE.search(wish) or not encoders:
        return Found(_ranked(by_characters(wish)), "characters")
    scores = cache.run(encoders[0], lambda model: _by_meaning(wish, model.embed), stop)
    return Found(_ranked(scores), "meaning", encoders[0].id)


def _ranked(scores: list[float]) -> list[tuple[Template, float]]:
    return sorted(zip(templates(), scores, strict=True), key=lambda pair: -pair[1])


def _by_meaning(wish: str, embed: Callable) -> list[float]:
    """The cosine of the wish and each template."""
    words = [f"{template.en.title}. {template.en.about}" for template in templates()]
    vectors = embed([wish, *words])
    return (vectors[1:] @ vectors[0]).tolist()


def by_characters(wish: str) -> list[float]:
    """The score of each template in the wish's own language, in [0, 1]."""
    lang = "zh" if CHINESE.search(wish) else "en"
    known = [_runs(_all_words(template.wording(lang))) for template in templates()]
    holders = Counter(run for runs in known for run in runs)
    weight = {run: math.log((len(known) + 1) / (1 + holders[run])) for run in _runs(wish)}
    total = sum(weight.values()) or 1.0
    return [sum(weight[run] for run in weight.keys() & runs) / total for runs in known]


def _all_words(wording: Wording) -> str:
    labels = " ".join(f"{blank.label} {blank.example}" for blank in wording.fields.values())
    return f"{wording.title} {wording.about} {wording.text} {labels}"


def _runs(text: str) -> set[str]:
    """Runs of one to three characters inside words, in lower case."""
    words = re.findall(r"\w+", text.casefold())
    return {
        word[start : start + n] for word in words for n in (1, 2, 3) for start in range(len(word) - n + 1)
    }
