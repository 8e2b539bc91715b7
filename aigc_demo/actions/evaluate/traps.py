r"""Figures that mislead, computed: each trap beside what it hides.

raw_rouge      ROUGE by rouge-score's own words, which are of a to z: 0 for Chinese, however alike the texts are
headless       the Inception score $\exp \mathbb E\,\mathrm{KL}(p(y|x) \,\|\, p(y))$ with a softmax over features for p(y|x)
ties           an opinion that is none, counted as right
falls          a distance that is biased by $O(1/n)$ and so falls as n grows
best_seed      $\mathbb E \max_k$ of k seeds, told as if it were the mean
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from aigc_demo.actions.evaluate.features import find_features
from aigc_demo.actions.evaluate.material import data_folder
from aigc_demo.actions.evaluate.pictures import draw_classes, frechet, of_classes
from aigc_demo.actions.evaluate.work import Work
from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, unheard
from aigc_demo.core.words import Text
from aigc_demo.metrics import text as of_text
from aigc_demo.metrics.intervals import wilson
from aigc_demo.metrics.kernels import kernel_distance
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas.evaluate import EvaluateRequest

SIZES = (20, 40, 80, 160, 320)
ORIGINAL, WRITTEN = (
    "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
    "白日依山尽，黄河入海流。欲看千里远，再上一层楼。",
)


@dataclass(frozen=True)
class TrapRow:
    """A line of what came out. `wrong` is the figure that misleads, `right` what this page tells instead."""

    name: Text
    wrong: str
    right: str


@dataclass(frozen=True)
class Trap:
    """What was computed, on what, under which two headings."""

    on: Text
    wrong: Text
    right: Text
    rows: list[TrapRow]


@on_gpu()
def spring(name: str, request: EvaluateRequest, cache: ModelCache, stop: Stop) -> Trap:
    """Compute one trap: on the first model of the request where it can be, else on a fixed example."""
    return TRAPS[name](request, cache, stop)


def raw_rouge(request: EvaluateRequest, cache: ModelCache, stop: Stop) -> Trap:
    """Two poems that share most of their characters."""
    pairs = [
        (Text("a line changed in two characters", "改动两处的诗"), WRITTEN, ORIGINAL),
        (Text("the poem itself", "原诗自身"), ORIGINAL, ORIGINAL),
        (Text("English, one word changed", "英文，改一词"), "the cat sat on a mat", "the cat sat on the mat"),
    ]
    rows = []
    for words, mine, reference in pairs:
        raw, right = (
            of_text.rouge_rows([mine], [reference], by_characters)[0, 0]
            for by_characters in (False, of_text.is_chinese([reference]))
        )
        rows.append(TrapRow(words, f"{raw:.1f}", f"{right:.1f}"))
    return Trap(
        Text("A poem by Wang Zhihuan, and the same with changes.", "王之涣《登鹳雀楼》及其改动。"),
        Text("ROUGE-1, words of a–z", "ROUGE-1，按 a–z 的词"),
        Text("ROUGE-1, characters", "ROUGE-1，按字"),
        rows,
    )


def inception_score(odds: np.ndarray) -> float:
    r"""$\exp\big(\frac1n \sum_i \sum_y p(y|x_i) \log \frac{p(y|x_i)}{p(y)}\big)$ of odds (N, K). (Salimans et al. 2016.)"""
    odds = np.clip(odds, 1e-12, 1)
    return float(np.exp(np.mean(np.sum(odds * np.log(odds / odds.mean(0)), axis=1))))


def softmax(rows: np.ndarray) -> np.ndarray:
    """$e^{x_k} / \\sum_j e^{x_j}$ of each row."""
    exponents = np.exp(rows - rows.max(1, keepdims=True))
    return exponents / exponents.sum(1, keepdims=True)


def headless(request: EvaluateRequest, cache: ModelCache, stop: Stop) -> Trap:
    """Ten classes in 64 features, with a head that tells them: drawn all, drawn one alone, and with features in another unit."""
    rng = np.random.default_rng(request.seed)
    centres = rng.normal(size=(10, 64))
    every = centres[np.arange(500) % 10] + 0.3 * rng.normal(size=(500, 64))
    alone = centres[np.zeros(500, dtype=int)] + 0.3 * rng.normal(size=(500, 64))
    sets = [
        (Text("all ten classes", "十个类别都有"), every, 1.0),
        (Text("one class alone (collapsed)", "只有一个类别（模式崩溃）"), alone, 1.0),
        (Text("all ten, features in another unit", "十个类别，特征换单位"), every, 4.0),
    ]
    rows = [
        TrapRow(
            words,
            f"{inception_score(softmax(unit * features)):.2f}",
            f"{inception_score(softmax(features @ centres.T)):.2f}",
        )
        for words, features, unit in sets
    ]
    return Trap(
        Text(
            "500 points of ten classes in 64 features, seeded.",
            "64 维特征中十个类别的 500 个点（固定种子）。",
        ),
        Text("softmax over features", "对特征做 softmax"),
        Text("softmax over class odds", "对类别概率"),
        rows,
    )


def ties(request: EvaluateRequest, cache: ModelCache, stop: Stop) -> Trap:
    """Judges that know nothing, and say so more or less often."""
    rng = np.random.default_rng(request.seed)
    rows = []
    for share in (0.0, 0.5, 1.0):
        tied = rng.random(400) < share
        won = (rng.random(400) < 0.5) & ~tied
        counted, half = (won | tied).mean(), (won + tied / 2).mean()
        rows.append(
            TrapRow(
                Text(f"coin flips, {share:.0%} ties", f"掷硬币，{share:.0%} 为平局"),
                f"{counted:.0%}",
                f"{half:.0%}",
            )
        )
    return Trap(
        Text("400 comparisons by a judge that flips coins.", "由掷硬币的裁判做出的 400 次比较。"),
        Text("ties count as right", "平局算对"),
        Text("ties count half", "平局算一半"),
        rows,
    )


def falls(request: EvaluateRequest, cache: ModelCache, stop: Stop) -> Trap:
    """One and the same model at growing n; without one that draws and its data, two draws of one Gaussian."""
    try:
        drawn, real, on = _drawn(request, cache, stop)
    except InputError:
        rng = np.random.default_rng(request.seed)
        drawn, real = rng.normal(size=(2, SIZES[-1], 32))
        on = Text(
            "Twice the same Gaussian of 32 features: the true distance is 0.",
            "两次取自同一个 32 维高斯分布：真实距离为 0。",
        )
    sizes = [size for size in SIZES if size <= min(len(drawn), len(real))]
    rows = [
        TrapRow(
            Text(f"n = {size}", f"n = {size}"),
            f"{frechet(drawn[:size], real[:size]):.3g}",
            f"{mean_kernel(drawn, real, size):.3g}",
        )
        for size in sizes
    ]
    return Trap(on, Text("Fréchet distance", "弗雷歇距离"), Text("kernel distance", "核距离"), rows)


def mean_kernel(drawn: np.ndarray, real: np.ndarray, size: int) -> float:
    """The kernel distance at this n, a mean over all disjoint parts of the sets."""
    starts = range(0, min(len(drawn), len(real)) - size + 1, size)
    return float(np.mean([kernel_distance(drawn[s : s + size], real[s : s + size]) for s in starts]))


def _drawn(request: EvaluateRequest, cache: ModelCache, stop: Stop) -> tuple[np.ndarray, np.ndarray, Text]:
    """Features of drawn and held-out pictures of the request's model; an InputError where it does not draw by class."""
    card = registry.find_card(request.model, cache.settings, "image")
    asked = request.model_copy(update={"count": SIZES[-1], "seeds": 1, "against": []})
    work = Work(asked, data_folder(request.data, card, cache.settings), cache, stop, unheard, [card])
    real = of_classes(card, work)
    features = find_features(work, real.pictures, work.folder.name)
    drawn = features.of(draw_classes(card, work, real))
    on = Text(
        f"{card.id} on {work.folder.name}, features of {features.name}.",
        f"{card.id}，{work.folder.name}，特征来自 {features.name}。",
    )
    return drawn, features.of(real.pictures), on


def best_seed(request: EvaluateRequest, cache: ModelCache, stop: Stop) -> Trap:
    """A classifier that is right on 80 % of all pictures, measured on 50 by up to 100 seeds."""
    rng = np.random.default_rng(request.seed)
    right = rng.binomial(50, 0.8, size=100)
    rows = []
    for seeds in (1, 5, 20, 100):
        part = right[:seeds]
        sure = wilson(int(part.sum()), 50 * seeds)
        rows.append(
            TrapRow(
                Text(f"{seeds} seeds" if seeds > 1 else "1 seed", f"{seeds} 个种子"),
                f"{part.max() / 50:.0%}",
                f"{sure.point:.0%} [{sure.low:.0%}, {sure.high:.0%}]",
            )
        )
    return Trap(
        Text(
            "The true accuracy is 80 %; each seed looks at 50 pictures.",
            "真实准确率为 80 %；每个种子看 50 张图片。",
        ),
        Text("the best seed", "最好的种子"),
        Text("all seeds, 95 %", "全部种子，95 %"),
        rows,
    )


TRAPS: Mapping[str, Callable[[EvaluateRequest, ModelCache, Stop], Trap]] = {
    "raw_rouge": raw_rouge,
    "headless": headless,
    "ties": ties,
    "falls": falls,
    "best_seed": best_seed,
}
