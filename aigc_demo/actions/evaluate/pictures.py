"""A model that draws, by class, from latents or from words: how near its pictures come to held-out ones, and how many kinds there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from aigc_demo.actions.evaluate.features import Features
from aigc_demo.actions.evaluate.material import labelled, tensors
from aigc_demo.actions.evaluate.result import Failure, Measure, Measured
from aigc_demo.actions.evaluate.work import Work, parts_of
from aigc_demo.actions.pictures import make_images
from aigc_demo.core.words import Text
from aigc_demo.metrics import neighbours
from aigc_demo.metrics.evidence import Rows, Share, Whole
from aigc_demo.metrics.intervals import mean_rows
from aigc_demo.metrics.kernels import kernel_distance, kernel_distances_without, vendi
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family
from aigc_demo.models.protocols import Classifier
from aigc_demo.schemas import ArrayRequest

AT_ONCE, DRAWN_AT_ONCE = 50, 16
KNOWN = 2000  # training pictures that the nearest one is looked for among
PARTS = 20  # of the set that the jackknife leaves out in turn
WORST = 12


@dataclass(frozen=True)
class Real:
    """What is compared with: held-out pictures, item by item what was asked for, and training pictures.

    labels: the class of each held-out picture; prompts: its caption or its class in words.
    """

    pictures: np.ndarray
    prompts: list[Text]
    known: np.ndarray
    labels: np.ndarray | None = None


def of_classes(card: ModelCard, work: Work) -> Real:
    """Held-out pictures whose classes come by turns, as the drawn ones' do."""
    total = work.request.count * work.request.seeds
    every = labelled(work.folder, 10**9)
    classes = max(len(every.classes["en"]), 1)
    same = card.classes.get("en") == every.classes["en"]
    if not same or classes == 1:
        part, known = labelled(work.folder, total), labelled(work.folder, KNOWN, train=True)
        return Real(part.pictures, [Text("", "")] * total, known.pictures)
    by_class = [np.flatnonzero(every.labels == label) for label in range(classes)]
    least = min(map(len, by_class))
    chosen = [int(by_class[i % classes][i // classes]) for i in range(min(total, least * classes))]
    names = every.classes
    prompts = [Text(names["en"][i % classes], names["zh"][i % classes]) for i in range(total)]
    known = labelled(work.folder, KNOWN, train=True)
    return Real(every.pictures[chosen], prompts, known.pictures, every.labels[chosen])


def of_captions(card: ModelCard, work: Work) -> Real:
    """Held-out pictures and their captions."""
    from aigc_demo.data.material import open_material

    material = open_material(work.folder)
    asked, known = material.held_out(work.request.count), material.seen(KNOWN)
    pictures, seen = (part.pictures.movedim(1, 3).numpy() for part in (asked, known))
    return Real(pictures, [Text(caption, caption) for caption in asked.captions], seen)


def draw_classes(card: ModelCard, work: Work, real: Real) -> np.ndarray:
    """`count` pictures of each seed, the classes by turns."""
    classes = max(len(card.classes.get("en", ())), 1)
    at_once = max(AT_ONCE // classes, 1) * classes
    found = []
    for seed in work.seeds:
        for start in range(0, work.request.count, at_once):
            size = min(at_once, work.request.count - start)
            asked = ArrayRequest(model=card.id, count=size, seed=(seed * 1_000_003 + start) % 2**32)
            found.append(make_images(asked, work.cache, work.stop).pictures)
            work.done(size)
    return np.concatenate(found)


def draw_captions(card: ModelCard, work: Work, real: Real) -> np.ndarray:
    """A picture of each held-out caption, once a seed."""
    import torch

    captions, draw = [prompt.en for prompt in real.prompts], family(card.family).part("evaluate").samples

    def drawn(model: Any) -> np.ndarray:
        found = []
        for seed in work.seeds:
            for start in range(0, len(captions), DRAWN_AT_ONCE):
                part = captions[start : start + DRAWN_AT_ONCE]
                found.append(draw(model, part, (seed * 1_000_003 + start) % 2**32))
                work.done(len(part))
        return torch.cat(found).movedim(1, 3).cpu().numpy()

    return work.lend(card, drawn)


def measure(
    card: ModelCard,
    work: Work,
    real: Real,
    features: Features,
    draw: Callable[[ModelCard, Work, Real], np.ndarray],
) -> Measured:
    """All figures of a model that draws."""
    pictures = draw(card, work, real)
    seen, held_out, known = (features.of(part) for part in (pictures, real.pictures, real.known))
    size = min(len(seen), len(held_out))
    found = Measured(made=list(pictures))
    found.measures = _distances(seen[:size], held_out[:size], parts_of(seen, len(work.seeds)), held_out)
    apart, _ = neighbours.nearest(seen, known)
    usual = float(neighbours.nearest(held_out, known)[0].mean())
    found.measures["nearest"] = Measure(
        Rows(mean_rows(apart / max(usual, 1e-12))),
        [float(np.mean(part) / max(usual, 1e-12)) for part in parts_of(apart, len(work.seeds))],
        1.0,
    )
    if real.labels is not None and features.card and "classify" in features.card.tasks:
        found.measures["as_asked"] = _as_asked(pictures, real, features, len(work.seeds))
    work.settings |= {"features": features.name, "d": str(seen.shape[1])}
    far, where = neighbours.nearest(seen, held_out)
    for i in np.argsort(-far, kind="stable")[:WORST]:
        words = Text(f"{far[i]:.2f} from the nearest real picture", f"距最近的真图 {far[i]:.2f}")
        found.failures.append(Failure(pictures[i], real.pictures[where[i]], words))
    return found


def _distances(
    seen: np.ndarray, real: np.ndarray, by_seed: list[Any], held_out: np.ndarray
) -> dict[str, Measure]:
    """Distances of the sets, the four of neighbours, and variety, of as many drawn pictures as real ones."""
    reach = neighbours.reach(seen, real)
    parts = [np.arange(len(seen)) % PARTS != part for part in range(PARTS)]
    count = len(seen)

    def each(figure: Callable[[np.ndarray, np.ndarray], float]) -> list[float]:
        return (
            [figure(part[: len(held_out)], held_out[: len(part)]) for part in by_seed]
            if len(by_seed) > 1
            else []
        )

    def reached(name: str) -> list[float]:
        return each(lambda a, b: float(getattr(neighbours.reach(a, b), name).mean()))

    found = {
        "frechet": Measure(
            Whole(frechet(seen, real), np.array([frechet(seen[keep], real[keep]) for keep in parts]), count),
            each(frechet),
            _halves(real, frechet),
        ),
        "kernel": Measure(
            Whole(kernel_distance(seen, real), kernel_distances_without(seen, real), count),
            each(kernel_distance),
            _halves(real, kernel_distance),
        ),
    }
    for name in ("precision", "recall", "coverage"):
        found[name] = Measure(Share.of(getattr(reach, name)), reached(name))
    found["density"] = Measure(Rows(mean_rows(reach.density)), reached("density"))
    found["vendi"] = Measure(
        Whole(vendi(seen), np.array([vendi(seen[keep]) for keep in parts]), count),
        each(lambda a, _: vendi(a)),
        vendi(real),
    )
    return found


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """The Fréchet distance of features (N, d) and (M, d)."""
    import torch

    from aigc_demo.metrics import features

    return features.frechet(torch.from_numpy(a), torch.from_numpy(b))


def _halves(real: np.ndarray, figure: Callable[[np.ndarray, np.ndarray], float]) -> float:
    """The figure of one half of the real pictures against the other: what pictures like the real ones would reach at half this n."""
    half = len(real) // 2
    return figure(real[0 : 2 * half : 2], real[1 : 2 * half : 2])


def _as_asked(pictures: np.ndarray, real: Real, features: Features, seeds: int) -> Measure:
    """Whether the classifier whose features these are calls each drawn picture by the class that was asked for."""
    classes = int(real.labels.max()) + 1  # type: ignore[union-attr]

    def judged(model: Any) -> np.ndarray:
        assert isinstance(model, Classifier)
        parts = range(0, len(pictures), AT_ONCE)
        return np.concatenate(
            [model.classify(tensors(pictures[start : start + AT_ONCE])).numpy().argmax(1) for start in parts]
        )

    called = features.work.lend(features.card, judged)  # type: ignore[arg-type]
    each = len(pictures) // seeds
    right = (called == np.arange(len(pictures)) % each % classes).astype(float)
    return Measure(Share.of(right), [float(np.mean(part)) for part in parts_of(right, seeds)])
