"""Have a diffusion model draw a sentence: from noise, from a picture, or inside a mask."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_demo import safety
from aigc_demo.actions.base import find_adapter, put_adapter
from aigc_demo.actions.callback_stream import stepwise
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text, joined, plain
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.protocols import CodeWriter, TextToImageModel, WordReader
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.worker_thread import WorkerThread
from aigc_demo.runtime.zero_gpu import on_gpu
from aigc_demo.schemas import DrawRequest

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import Tensor

UNCHECKED = Text(
    "This model came without a filter for what should not be shown; look before you share.",
    "此模型没有附带内容过滤器；分享之前请先查看图片。",
)
BLACKED_OUT = Text(
    "The model's own safety checker blacked out {count} of the pictures, which show a warning sign instead; change the prompt or "
    "the seed.",
    "模型自带的安全检查器将其中 {count} 张图片涂黑，现以警示标志代替；请更改提示词或随机种子。",
)

UNREAD = Text(
    "The prompt is longer than this model reads; it did not see: {words}",
    "提示词超出此模型能读的长度；它没有看到：{words}",
)
UNKNOWN = Text(
    "The model never learned these words and drew without them: {words}",
    "模型没有学过这些词，作画时忽略了它们：{words}",
)

ONE_BY_ONE = 16  # pictures at most, of a model that draws them one after the other
# Settings of which zero means the model's own: as they were settled.
AS_USED = ("width", "height", "num_inference_steps", "guidance_scale")


@dataclass
class DrawResult:
    """Pictures as they come, each with its own seed, as many at once as the model draws together.

    `step` of `steps` over all rounds, `each` of them in one round. `request` has the size, steps and guidance that
    were really used. `preview` (k, H, W, 3) uint8 are the `finished` pictures and those that are being drawn;
    `pictures` (count, H, W, 3) are there at the end, as are `note` and `sigmas`, the share of noise in one picture
    before each of its steps and after the last. `evidence`: of a model that writes codes, how much each of several
    pictures speaks for the prompt, in bits.
    """

    request: DrawRequest
    card: ModelCard
    step: int
    steps: int
    seeds: list[int]
    preview: np.ndarray | None = None
    pictures: np.ndarray | None = None
    note: Text | None = None
    sigmas: list[float] = field(default_factory=list)
    each: int = 1
    finished: int = 0
    evidence: list[float] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """What a program is told beside the files."""
        return {
            "seeds": self.seeds,
            "note": plain(self.note),
            **({"evidence": self.evidence} if self.evidence else {}),
            **{name: getattr(self.request, name) for name in AS_USED},
        }


@dataclass
class _Told:
    """One step of a round, with what its pictures look like (n, H, W, 3); or its finished pictures."""

    step: int = 0
    steps: int = 0
    preview: np.ndarray | None = None
    pictures: np.ndarray | None = None
    blacked_out: int = 0
    evidence: Sequence[float] = ()


@dataclass
class _Start:
    """What is drawn from: nothing, a picture, or a picture and where to change it; as uploaded; what to say of it."""

    picture: "Image.Image | None" = None
    mask: "Image.Image | None" = None
    note: Text | None = None

    @property
    def task(self) -> str:
        return "inpaint" if self.mask else "redraw" if self.picture else "draw"

    def fitted(self, width: int, height: int) -> "tuple[Image.Image | None, Image.Image | None]":
        """Picture and mask at the size to draw: scaled to cover it, cut at the centre."""
        from PIL import Image, ImageOps

        size = (width, height)
        picture = self.picture and ImageOps.fit(self.picture, size, Image.Resampling.LANCZOS)
        return picture, self.mask and ImageOps.fit(self.mask, size, Image.Resampling.BILINEAR)


@on_gpu()
def draw(request: DrawRequest, cache: ModelCache, stop: Stop = never) -> Iterator[DrawResult]:
    """Yield the result after every step and every finished picture, the same object growing.

    Picture i is the same however many are asked for, but for the rounding of a network that sees others beside it.
    Raises Stopped inside a step once `stop()` turns true.
    """
    start = _read_start(request)
    card = registry.find_card(request.model, cache.settings, start.task)
    adapter = find_adapter(request, cache.settings)
    safety.check_asked(request, cache.settings)
    safety.require_classifier(card, cache.settings)
    looked_at = safety.guarded(card, cache.settings) and safety.picture_judge(cache.settings) is not None
    trusted = looked_at or not safety.seen_everything(card)

    def work(model: Any) -> Iterator[DrawResult]:
        _check_count(request.count, model.at_once, card)
        put_adapter(model, adapter, request.adapter_weight)
        filled = model.fill(request, start.picture and start.picture.size)
        if model.previewer:
            model.previewer.use_tiny(tiny_autoencoder(model.previewer.id, cache.settings))
        yield from _grow(filled, card, model, start, stop, cache.thread(card), trusted)

    yield from _checked(cache.stream(card, work, stop), card, cache, stop)


def _check_count(count: int, at_once: int, card: ModelCard) -> None:
    """An InputError where a model that draws one picture after the other would hold the device for too long."""
    if at_once == 1 and count > ONE_BY_ONE:
        raise InputError(
            en=f"{card.id} draws one picture after the other, {ONE_BY_ONE} at most; ask for fewer than {count}.",
            zh=f"{card.id} 逐张作画，一次最多 {ONE_BY_ONE} 张；请把数量 {count} 调小。",
        )


def _checked(
    results: Iterator[DrawResult], card: ModelCard, cache: ModelCache, stop: Stop
) -> Iterator[DrawResult]:
    """The results as they may be seen: where a filter is to look, veiled until it has, which takes the device again."""
    if not safety.guarded(card, cache.settings):
        yield from results
        return
    result = None
    for result in results:
        if result.pictures is None:
            preview = None if result.preview is None else safety.veiled(result.preview)
            yield replace(result, preview=preview)  # a copy: nobody else holds what has not been looked at
    if result is not None and result.pictures is not None:
        pictures, blurred = safety.shown(result.pictures, card, cache, stop)
        note = joined([blurred, result.note]) or None
        yield replace(result, pictures=pictures, preview=pictures, note=note)


def tiny_autoencoder(model_id: str, settings: Settings) -> Path | None:
    """The folder of the tiny autoencoder that decodes previews, if it has been fetched."""
    return next((card.folder for card in registry.all_cards(settings) if card.id == model_id), None)


def _grow(
    request: DrawRequest,
    card: ModelCard,
    model: TextToImageModel,
    start: _Start,
    stop: Stop,
    thread: WorkerThread,
    trusted: bool,
) -> Iterator[DrawResult]:
    """The result after all that `_draw_all` tells; the last one has the pictures. `trusted`: see `_note`."""
    from aigc_demo.models.latents import picture_seed

    seeds = [picture_seed(request.seed, i) for i in range(request.count)]
    rounds = [seeds[i : i + model.at_once] for i in range(0, len(seeds), model.at_once)]
    each = max(request.num_inference_steps, 1)
    result = DrawResult(request, card, 0, len(rounds) * each, seeds, each=each)
    finished: list[np.ndarray] = []
    blacked_out = 0
    for told in stepwise(partial(_draw_all, request, rounds, model, start), stop, thread):
        if told.pictures is None:
            result.each, result.steps = told.steps, len(rounds) * told.steps
            result.step = len(finished) * told.steps + told.step
            if told.preview is not None:
                result.preview = np.concatenate([*finished, told.preview])
        else:
            finished.append(told.pictures)
            blacked_out += told.blacked_out
            result.evidence += told.evidence
            result.preview = np.concatenate(finished)
            result.finished = len(result.preview)
        if len(finished) < len(rounds):
            yield result
    result.pictures = result.preview
    result.note = joined([start.note, _note(model, request.prompt, blacked_out, trusted)]) or None
    result.sigmas = list(model.noise_levels)
    yield result


def _draw_all(
    request: DrawRequest,
    rounds: list[list[int]],
    model: TextToImageModel,
    start: _Start,
    tell: Callable[[_Told], None],
    stop: Stop,
) -> None:
    """Draw one round of pictures after the other, each picture from its own seed, and tell of every step."""
    import torch

    conditions = model.conditions(request.prompt, request.negative_prompt, stop)
    picture, mask = start.fitted(request.width, request.height)

    def on_step(step: int, steps: int, preview: Any) -> None:
        rough = preview()
        tell(_Told(step, steps, None if rough is None else rough.numpy()))

    for seeds in rounds:
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        noise = None if picture else _noise(model, generators, request)
        drawn = model.draw(request, conditions, generators, noise, picture, mask, stop=stop, on_step=on_step)
        whole = [one.picture.numpy() for one in drawn]
        if mask is not None:
            whole = [_only_inside(pixels, picture, mask) for pixels in whole]
        seen = [
            safety.cautioned(pixels) if one.blacked_out else pixels
            for pixels, one in zip(whole, drawn, strict=True)
        ]
        pictures, black = np.stack(seen), sum(one.blacked_out for one in drawn)
        tell(_Told(pictures=pictures, blacked_out=black, evidence=_evidence(model, request, pictures)))


def _evidence(model: TextToImageModel, request: DrawRequest, pictures: np.ndarray) -> list[float]:
    """How much each of several pictures speaks for the prompt, in bits; empty where the model cannot tell."""
    import torch

    if not isinstance(model, CodeWriter) or request.count == 1 or not request.prompt.strip():
        return []
    return [round(bits, 1) for bits in model.evidence(torch.from_numpy(pictures), request.prompt).tolist()]


def _noise(
    model: TextToImageModel, generators: Sequence["torch.Generator"], request: DrawRequest
) -> "Tensor | None":
    """The noise of a round, (n, C, h, w), each picture's from its own generator."""
    import torch

    parts = [model.noise(generator, request.width, request.height) for generator in generators]
    return torch.cat(parts) if all(part is not None for part in parts) else None


def _only_inside(drawn: np.ndarray, picture: "Image.Image", mask: "Image.Image") -> np.ndarray:
    """The drawn pixels where the mask is white, the picture's own where it is black, in between a mixture.

    An autoencoder gives no pixel back exactly; what was not to be changed is taken from the picture itself.
    """
    share = np.asarray(mask, np.float32)[..., None] / 255
    return np.rint(share * drawn + (1 - share) * np.asarray(picture, np.float32)).astype(np.uint8)


def _read_start(request: DrawRequest) -> _Start:
    """The picture and the mask that a request names, opened with limits, colour and grey; they have one size."""
    from aigc_demo import media

    if request.mask and not request.image:
        raise InputError(
            en="A mask says where to change a picture; choose the picture too.",
            zh="蒙版用来指明图片中要更改的部分；请同时选择图片。",
        )
    if not request.image:
        return _Start()
    upload = media.read_upload(request.image)
    picture = upload.picture.convert("RGB")
    if not request.mask:
        return _Start(picture, note=upload.note)
    mask = media.open_picture(request.mask, background=(0, 0, 0)).convert("L")
    if mask.size != picture.size:
        raise InputError(
            en=f"The mask has {mask.width} x {mask.height} pixels, the picture {picture.width} x {picture.height}; "
            "draw the mask on this picture.",
            zh=f"蒙版为 {mask.width} x {mask.height} 像素，图片为 {picture.width} x {picture.height}；请在这张图片上画蒙版。",
        )
    if not mask.getextrema()[1]:
        raise InputError(
            en="The mask is empty; paint white what is to be drawn anew.",
            zh="蒙版是空的；请把要重新绘制的部分涂白。",
        )
    return _Start(picture, mask, upload.note)


def _note(model: TextToImageModel, prompt: str, blacked_out: int, trusted: bool) -> Text | None:
    """What a reader should know of the pictures. `trusted`: a filter sees them yet, or their model saw nothing bad."""
    notes = [] if model.has_checker or trusted else [UNCHECKED]
    if blacked_out:
        notes.append(BLACKED_OUT.format(count=blacked_out))
    if unread := model.left_out(prompt):
        short = unread if len(unread) <= 60 else unread[:60] + "…"
        notes.append(UNREAD.format(words=short))
    if isinstance(model, WordReader) and (unknown := model.unknown(prompt)):
        notes.append(UNKNOWN.format(words=", ".join(unknown)[:200]))
    return joined(notes) or None
