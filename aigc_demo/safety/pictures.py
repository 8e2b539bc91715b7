"""What pretrained models draw, looked through before it is shown.

Checked are the pictures of models that have seen everything: diffusion models of others, with adapters or without, and
models on a server. Not those of models that were trained here, which draw nothing but their own small data, nor what an
autoencoder or the upscaler makes of a visitor's own pictures.
"""

import logging

import numpy as np

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Stop
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.safety.blur import cautioned
from aigc_demo.safety.verdict import ALLOWED, Verdict

CLASSIFIERS = ("Falconsai/nsfw_image_detection",)  # whose labels are known; another one is never asked
THRESHOLD = 0.5  # of the probability: above it a picture is blurred
UNSAFE = Text(
    en="The content filter takes this picture for one of nudity, and blurred it; it errs at times. "
    "Change the prompt or the seed.",
    zh="内容过滤器判断此图可能含裸露内容，已作模糊处理；判断有时会出错。请更改提示词或随机种子。",
)
FAILED = Text(
    en="The pictures could not be checked, so they are not shown; try again, or tell the person who runs this page.",
    zh="无法检查图片内容，因此不予显示；请重试，或告知本页面的运营者。",
)
log = logging.getLogger(__name__)


def guarded(card: ModelCard, settings: Settings) -> bool:
    """Whether what a model draws is checked before it is shown."""
    return settings.rules.content_filter and seen_everything(card)


def seen_everything(card: ModelCard) -> bool:
    """Whether a model may draw what should not be shown: one of others, of a family that learns from all there is."""
    return bool(card.kind) and family(card.family).guarded


def picture_judge(settings: Settings) -> ModelCard | None:
    """The picture classifier that has been fetched, if one has."""
    cards = {card.id: card for card in registry.cards_for("moderate", settings)}
    return next((cards[name] for name in CLASSIFIERS if name in cards), None)


def require_classifier(card: ModelCard, settings: Settings) -> None:
    """An InputError where pictures of a model are to be checked and nothing here can do it; unless that is allowed."""
    if guarded(card, settings) and not settings.allow_unchecked_pictures and not picture_judge(settings):
        raise InputError(
            en=f"{card.id} does not draw here: the content filter is on and has no picture classifier. "
            f"Whoever runs this page can fetch one (python -m aigc_demo hub get {CLASSIFIERS[0]}), "
            "or start it with --allow-unchecked-pictures.",
            zh=f"{card.id} 在此不能作画：内容过滤器已开启，但没有图片分类器。"
            f"本页面的运营者可以下载一个（python -m aigc_demo hub get {CLASSIFIERS[0]}），"
            "或用 --allow-unchecked-pictures 启动。",
        )


def check_pictures(pictures: np.ndarray, card: ModelCard, cache: ModelCache, stop: Stop) -> list[Verdict]:
    """A verdict on each picture (N, H, W[, 3]) uint8 that the model of `card` drew. Needs the device, so hold none.

    Whatever goes wrong in the check is a refusal: no picture passes because its filter broke.
    """
    judge = picture_judge(cache.settings) if guarded(card, cache.settings) else None
    if judge is None:
        return [ALLOWED] * len(pictures)
    colour = pictures if pictures.ndim == 4 else np.stack([pictures] * 3, axis=-1)
    try:
        found = cache.run(judge, lambda model: model.unsafe_probabilities(colour), stop)
        if len(found) != len(pictures) or not np.isfinite(found).all():
            raise ValueError(f"{len(found)} probabilities for {len(pictures)} pictures, or not all finite")
    except Stopped:
        raise
    except Exception:
        log.exception("the picture classifier failed")
        return [Verdict("refuse", FAILED, 1.0)] * len(pictures)
    return [Verdict("blur", UNSAFE, p) if p >= THRESHOLD else Verdict("allow", UNSAFE, p) for p in found]


def shown(
    pictures: np.ndarray, card: ModelCard, cache: ModelCache, stop: Stop
) -> tuple[np.ndarray, Text | None]:
    """The pictures as a visitor may see them, and what is to be said of those that were blurred.

    An InputError where one is refused.
    """
    verdicts = check_pictures(pictures, card, cache, stop)
    for verdict in verdicts:
        if verdict.action == "refuse":
            raise verdict.error()
    blurred = [verdict for verdict in verdicts if verdict.action == "blur"]
    if not blurred:
        return pictures, None
    kept = [
        picture if verdict.allowed else cautioned(picture)
        for picture, verdict in zip(pictures, verdicts, strict=True)
    ]
    return np.stack(kept), blurred[0].reason
