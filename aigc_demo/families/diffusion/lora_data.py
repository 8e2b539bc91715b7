"""Pictures with captions, as an adapter learns from them, and what the base's own encoders make of them, once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.data.images import load
from aigc_demo.models.pixels import to_float

CAPTIONS = "captions.json"  # {"train": [a caption a picture], "test": [...]}, beside images.safetensors
FEWEST, MOST = 4, 500  # pictures to learn from
AT_ONCE = 4  # pictures that the autoencoder sees at a time


@dataclass(frozen=True)
class Captioned:
    """Pictures uint8 (N, H, W[, 3]) and a caption for each."""

    pictures: Tensor
    captions: list[str]


def read_captioned(data: Path, trigger: str) -> tuple[Captioned, Captioned]:
    """The pictures to learn from and the held-out ones in `data`, with the trigger word before every caption.

    A picture without a caption is called by its class, if it has one. An InputError where there is nothing to call
    them by, or too few or too many of them.
    """
    arrays = _load(data)
    written = _captions(data)
    parts = []
    for split in ("train", "test"):
        classes = [arrays["classes"]["en"][label] for label in arrays[f"{split}_labels"].tolist()]
        named = [name if name not in ("all", "other") else "" for name in classes]
        captions = written.get(split) or [""] * len(named)
        told = [join(trigger, caption or name) for caption, name in zip(captions, named, strict=True)]
        parts.append(Captioned(arrays[f"{split}_images"], told))
    train, held_out = parts
    if not FEWEST <= len(train.captions) <= MOST:
        raise InputError(
            en=f"{data.name} has {len(train.captions)} pictures to learn from; bring {FEWEST} to {MOST}, best 5 to 50.",
            zh=f"{data.name} 有 {len(train.captions)} 张训练图片；请提供 {FEWEST} 到 {MOST} 张，最好 5 到 50 张。",
        )
    if not all(train.captions + held_out.captions):
        raise InputError(
            en="Some pictures have no caption; write captions, or choose a trigger word that stands for all of them.",
            zh="有的图片没有说明；请填写说明，或设置一个代表全部图片的触发词。",
        )
    return train, held_out


def join(trigger: str, caption: str) -> str:
    """The trigger word before a caption."""
    return ", ".join(part for part in (trigger, caption.strip()) if part)


def _load(data: Path) -> dict[str, Any]:
    if not data.is_dir() or (data / "texts.jsonl").exists() or (data / "chats.jsonl").exists():
        raise InputError(
            en=f"{data.name} holds no pictures; a diffusion model learns from pictures with captions.",
            zh=f"{data.name} 中没有图片；扩散模型从带说明的图片中学习。",
        )
    return load(data)


def _captions(data: Path) -> dict[str, list[str]]:
    path = data / CAPTIONS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def to_images(pictures: Tensor, side: int) -> Tensor:
    """uint8 (N, H, W[, 3]) to float (N, 3, side, side) in [-1, 1], by Lanczos's filter."""
    from PIL import Image

    rows = []
    for picture in pictures.numpy():
        image = Image.fromarray(picture).convert("RGB")
        sized = image if image.size == (side, side) else image.resize((side, side), Image.Resampling.LANCZOS)
        rows.append(torch.from_numpy(np.asarray(sized).copy()))
    return to_float(torch.stack(rows))


@torch.no_grad()
def encode(autoencoder: Any, pictures: Tensor, side: int) -> Tensor:
    r"""The latents (N, C, h, w) of pictures in float32, $(\mu - s)\,f$ with the checkpoint's shift s and scale f.

    The mean of q(z | x), not a draw: what is learnt of a few pictures is not to depend on one more noise.
    """
    config = autoencoder.config
    shift = getattr(config, "shift_factor", None) or 0.0
    found = []
    for part in pictures.split(AT_ONCE):
        images = to_images(part, side).to(autoencoder.device, autoencoder.dtype)
        found.append((autoencoder.encode(images).latent_dist.mode().float() - shift) * config.scaling_factor)
    return torch.cat(found)


class Encoded:
    """Latents (N, C, h, w) and for each the conditions of its caption, as the pipeline's encoder gives them."""

    def __init__(self, part: Captioned, drawer: Any, side: int, known: dict[str, dict[str, Tensor]]) -> None:
        self.latents = encode(drawer.pipe.vae, part.pictures, side) if part.captions else torch.empty(0)
        for caption in part.captions:
            if caption not in known:
                known[caption] = drawer.conditions(caption)
        self.conditions = [known[caption] for caption in part.captions]

    def __len__(self) -> int:
        return len(self.conditions)

    def pick(self, places: Sequence[int]) -> tuple[Tensor, list[dict[str, Tensor]]]:
        """Latents and conditions of some of the pictures."""
        return self.latents[list(places)], [self.conditions[place] for place in places]
