"""Have a classifier say what a picture shows, and what in the picture speaks for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from aigc_demo import media
from aigc_demo.actions.base import from_picture, read_picture, resolve_labels
from aigc_demo.actions.save import SHEET_SIDE, recipe_of, scale_to, stem
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import NO_TEXT, Text, plain
from aigc_demo.media.overlay import under_map
from aigc_demo.media.pixels import font_for
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import Classifier, SelfAware
from aigc_demo.provenance.marking import PLAIN, Marking
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas.classify import ClassifyRequest

if TYPE_CHECKING:
    from torch import Tensor

SHOWN = 10  # classes in a file, the likeliest ones
ROW, NAME, SHARE, BAR = (
    20,
    110,
    56,
    160,
)  # pixels of a row of bars: its height, the name, the number, the longest bar
PAPER, INK, FILL, PALE = (255, 255, 255), (60, 60, 60), (79, 125, 92), (225, 225, 225)


@dataclass(frozen=True)
class ClassifyResult:
    """The odds of the K classes of a picture (H, W[, 3]) uint8, as the model saw it; `label` is the class that was looked for.

    look: float (H, W), above zero what speaks for that class, below what against; None where it was not asked for.
    right, total: of held-out pictures of which the model was about as sure, how many it named right; zero where it is
    not known. strangeness: the share of held-out pictures that are more like what it has learnt; None where not known.
    """

    request: ClassifyRequest
    card: ModelCard
    picture: np.ndarray
    odds: list[float]
    label: int
    look: np.ndarray | None = None
    right: int = 0
    total: int = 0
    strangeness: float | None = None
    note: Text = NO_TEXT

    @property
    def said(self) -> int:
        """The likeliest class."""
        return int(np.argmax(self.odds))

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        names = self.card.classes["en"]
        return {
            "class": names[self.said],
            "odds": dict(zip(names, self.odds, strict=True)),
            "looked_for": names[self.label],
            "as_sure": {"right": self.right, "total": self.total},
            "strangeness": self.strangeness,
            "note": plain(self.note),
        }


@on_gpu()
def classify(
    request: ClassifyRequest, cache: ModelCache, stop: Stop = never, look: bool = True
) -> ClassifyResult:
    """The odds of the classes of a picture; with `look`, also where in it the evidence for one of them lies."""
    card = registry.find_card(request.model, cache.settings, "classify")

    def work(model: Any) -> ClassifyResult:
        picture, note = read_picture(Path(request.image), card, model.image_shape)
        images = from_picture(picture)
        odds = model.classify(images)[0].tolist()
        label = resolve_labels(request.label, model.classes)[0] if request.label else int(np.argmax(odds))
        record, strange = (0, 0), None
        if isinstance(model, SelfAware):
            record, strange = model.record(max(odds)), float(model.strangeness(images))
        where = evidence(model, images, label).numpy() if look else None
        return ClassifyResult(request, card, picture, odds, label, where, *record, strange, note)

    return cache.run(card, work, stop)


def evidence(model: Classifier, image: "Tensor", label: int) -> "Tensor":
    r"""Where in a picture (1, C, H, W) the evidence for a class lies, (H, W) in nats of its log odds $\log p_c - \log \sum_{k \neq c} p_k$."""
    from aigc_demo.models.occlusion import occlusion_map

    def log_odds(images: "Tensor") -> "Tensor":
        odds = model.classify(images).clamp(min=1e-30)
        return odds[:, label].log() - (odds.sum(1) - odds[:, label]).clamp(min=1e-30).log()

    return occlusion_map(log_odds, image)


@dataclass(frozen=True)
class Recognised:
    """How many of n pictures the classifier called `judge` names as they were asked for."""

    judge: str
    right: int
    n: int


def recognised(
    pictures: np.ndarray, labels: list[int], card: ModelCard, cache: ModelCache
) -> Recognised | None:
    """What a classifier of the model's own classes makes of its pictures (N, H, W[, 3]); None where no such one is here."""
    known = [other for other in registry.cards_for("classify", cache.settings) if alike(other, card)]

    def work(model: Any) -> int | None:
        import torch

        from aigc_demo.models.pixels import to_float

        images = to_float(torch.from_numpy(pictures))
        if images.shape[1:] != model.image_shape:
            return None
        return int((model.classify(images).argmax(1) == torch.tensor(labels)).sum())

    for judge in known:
        if (right := cache.run(judge, work)) is not None:
            return Recognised(judge.id, right, len(labels))
    return None


def alike(judge: ModelCard, card: ModelCard) -> bool:
    """Whether two models know the same classes, more than one."""
    return judge.classes == card.classes and len(card.classes.get("en", ())) > 1


def write_classification(
    result: ClassifyResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN
) -> Path:
    """The picture as the model saw it, the same under the map, and the odds as bars."""
    row = (
        [result.picture] if result.look is None else [result.picture, under_map(result.picture, result.look)]
    )
    shown = [part if part.ndim == 3 else np.repeat(part[..., None], 3, axis=2) for part in row]
    seen = media.contact_sheet(shown, len(shown), gap=4, scale=scale_to(SHEET_SIDE, np.stack(shown)))
    bars = bars_picture(result)
    sheet = Image.new("RGB", (seen.width + 12 + bars.width, max(seen.height, bars.height)), PAPER)
    sheet.paste(seen, (0, (sheet.height - seen.height) // 2))
    sheet.paste(bars, (seen.width + 12, (sheet.height - bars.height) // 2))
    path = media.new_path(folder, stem(result), suffix)
    return media.save_image(sheet, path, recipe_of(result.request, result.card), marking=marking)


def bars_picture(result: ClassifyResult) -> Image.Image:
    """The odds of the likeliest classes, in the order of the classes, as bars."""
    names = result.card.classes["en"]
    likeliest = sorted(sorted(range(len(names)), key=lambda place: -result.odds[place])[:SHOWN])
    picture = Image.new("RGB", (NAME + BAR + SHARE, ROW * len(likeliest)), PAPER)
    draw = ImageDraw.Draw(picture)
    for row, place in enumerate(likeliest):
        top, odds = row * ROW, result.odds[place]
        middle = top + ROW // 2
        font = font_for(names[place], 13)
        draw.text((NAME - 8, middle), names[place][:14], fill=INK, font=font, anchor="rm")
        draw.rectangle((NAME, top + 5, NAME + BAR, top + ROW - 6), fill=PALE)
        draw.rectangle((NAME, top + 5, NAME + max(round(BAR * odds), 1), top + ROW - 6), fill=FILL)
        draw.text((NAME + BAR + 8, middle), f"{odds:.1%}", fill=INK, font=font_for("0", 13), anchor="lm")
    return picture
