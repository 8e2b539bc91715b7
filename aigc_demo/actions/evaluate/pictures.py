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
from aigc_demo.metrics.least import LEAST
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

    labels: the class of each held-out picture; prompts: the caption or class of each drawn one, in words. others: as many
    held-out pictures again, which tell what real pictures themselves would reach; no caption is among both.
    """

    pictures: np.ndarray
    others: np.ndarray
    prompts: list[Text]
    known: np.ndarray
    labels: np.ndarray | None = None


def of_classes(card: ModelCard, work: Work) -> Real:
    """Held-out pictures whose classes come by turns, as the drawn ones' do."""
    total = work.request.count * work.request.seeds
    every = labelled(work.folder, 10**9)
    classes = max(len(every.classes["en"]), 1)
    by_class = [np.flatnonzero(every.labels == label) for label in range(classes)]
    size = min(total, min(map(len, by_class)) // 2 * classes)
    if card.classes.get("en") != every.classes["en"] or size < LEAST:
        part, known = labelled(work.folder, 2 * total).pictures, labelled(work.folder, KNOWN, train=True)
        return Real(part[::2], part[1::2], [Text("", "")] * total, known.pictures)
    chosen = [[int(by_class[i % classes][i // classes * 2 + half]) for i in range(size)] for half in (0, 1)]
    names = every.classes
    prompts = [Text(names["en"][i % classes], names["zh"][i % classes]) for i in range(total)]
    known = labelled(work.folder, KNOWN, train=True)
    pictures, others = (every.pictures[part] for part in chosen)
    return Real(pictures, others, prompts, known.pictures, every.labels[chosen[0]])


def of_captions(card: ModelCard, work: Work) -> Real:
    """Held-out captions to draw, their own pictures, and pictures of other captions to compare with."""
    from aigc_demo.data.material import open_material

    material = open_material(work.folder)
    every, known = material.held_out(2 * work.request.count), material.seen(KNOWN)
    pictures, seen = (part.pictures.movedim(1, 3).numpy() for part in (every, known))
    half = len(pictures) // 2
    prompts = [Text(caption, caption) for caption in every.captions[:half]]
    return Real(pictures[half : 2 * half], pictures[:half], prompts, seen)


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
    others = features.of(real.others) if len(real.others) >= LEAST else held_out[:0]
    size = min(len(seen), len(held_out))
    found = Measured(made=list(pictures))
    found.measures = _distances(
        seen[:size], held_out[:size], parts_of(seen, len(work.seeds)), others, work.check
    )
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
    seen: np.ndarray,
    real: np.ndarray,
    by_seed: list[Any],
    others: np.ndarray,
    check: Callable[[], None],
) -> dict[str, Measure]:
    """Distances of the sets, the four of neighbours, and variety, of as many drawn pictures as real ones.

    The same of `others`, real pictures in place of drawn ones, is what there is to reach at this n.
    """
    reach, count = neighbours.reach(seen, real), len(seen)
    parts = [np.arange(count) % PARTS != part for part in range(PARTS)]

    def each(figure: Callable[[np.ndarray, np.ndarray], float]) -> tuple[list[float], float | None]:
        check()
        seeds = [figure(part[: len(real)], real[: len(part)]) for part in by_seed] if len(by_seed) > 1 else []
        return seeds, figure(others[:count], real[: len(others)]) if len(others) else None

    check()
    without = np.array([frechet(seen[keep], real[keep]) for keep in parts])
    found = {
        "frechet": Measure(Whole(frechet(seen, real), without, count), *each(frechet)),
        "kernel": Measure(
            Whole(kernel_distance(seen, real), kernel_distances_without(seen, real), count),
            *each(kernel_distance),
        ),
    }
    for name in ("precision", "recall", "coverage", "density"):
        values = getattr(reach, name)
        evidence = Rows(mean_rows(values)) if name == "density" else Share.of(values)
        found[name] = Measure(
            evidence, *each(lambda a, b, name=name: float(getattr(neighbours.reach(a, b), name).mean()))
        )
    varied = np.array([vendi(seen[keep]) for keep in parts])
    found["vendi"] = Measure(Whole(vendi(seen), varied, count), *each(lambda a, _: vendi(a)))
    return found


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """The Fréchet distance of features (N, d) and (M, d)."""
    import torch

    from aigc_demo.metrics import features

    return features.frechet(torch.from_numpy(a), torch.from_numpy(b))


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
