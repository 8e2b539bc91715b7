"""A finite set of pictures with captions as material: pictures of one's own, and published ones by the names of their classes.

A caption is what its owner wrote (captions.json, data/imports/captions.py), in whatever language; a picture without one
is called by its class, in English and Chinese equally often; one without either is seen without words.
"""

import json
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.images import load
from aigc_demo.data.imports.captions import FILE
from aigc_demo.data.material import Captioned
from aigc_demo.data.word_tokenizer import vocabulary
from aigc_demo.models.phrases import Phrases, Slot

SMALLEST, LARGEST = 16, 64  # sides that are learnt as they are
FEWEST = 4  # pictures to learn from
NO_CLASS = ("all", "other")  # classes that say nothing of a picture
MOST_PHRASES = 400
PLAIN = 0.95  # of the pixels at the border that a ground has at least
LOOKED_AT = 256  # pictures, to find the ground

Said = tuple[str, str]  # a caption in English and in Chinese, the same where its owner wrote but one


def open_material(folder: Path) -> "CaptionedPictures":
    """The pictures of a prepared folder; an InputError where it holds none, too few, or nothing to call them by."""
    if not folder.is_dir() or any((folder / name).exists() for name in ("texts.jsonl", "chats.jsonl")):
        raise InputError(
            en=f"{folder.name} holds no pictures; a model that draws learns from pictures with captions or classes.",
            zh=f"{folder.name} 中没有图片；绘图模型从带有说明或类别的图片中学习。",
        )
    arrays = load(folder)
    path = folder / FILE
    written = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    parts = []
    for split in ("train", "test"):
        names = [
            _class_name(arrays["classes"], int(label), written)
            for label in arrays[f"{split}_labels"].tolist()
        ]
        captions = written.get(split) or [""] * len(names)
        said = [(text, text) if text else name for text, name in zip(captions, names, strict=True)]
        parts.append((_to_material(arrays[f"{split}_images"]), said))
    if len(parts[0][1]) < FEWEST:
        raise InputError(
            en=f"{folder.name} has {len(parts[0][1])} pictures to learn from; bring at least {FEWEST}, better 50.",
            zh=f"{folder.name} 只有 {len(parts[0][1])} 张训练图片；请至少提供 {FEWEST} 张，最好 50 张。",
        )
    if not any(any(said) for said in parts[0][1]):
        raise InputError(
            en=f"No picture in {folder.name} has a caption or a class; write captions, then a model can learn their words.",
            zh=f"{folder.name} 中的图片没有说明，也没有类别；请填写说明，模型才能学会这些词。",
        )
    return CaptionedPictures(*parts)


def _class_name(classes: dict[str, list[str]], label: int, written: dict[str, list[str]]) -> Said:
    """A class in both languages; "" for one that says nothing, and for all of them where pictures have captions and but one class."""
    english, chinese = (classes[lang][label] for lang in ("en", "zh"))
    return ("", "") if english in NO_CLASS or (written and len(classes["en"]) == 1) else (english, chinese)


def _to_material(pictures: Tensor) -> Tensor:
    """uint8 (N, H, W[, 3]) to (N, 3, S, S) with S a multiple of 4 in range, by Lanczos's filter where it is not one."""
    if pictures.ndim == 3:
        pictures = pictures[..., None].expand(*pictures.shape, 3)
    side = pictures.shape[1]
    wanted = min(max(side // 4 * 4, SMALLEST), LARGEST)
    if wanted == side or not len(pictures):
        return pictures.permute(0, 3, 1, 2).contiguous()
    import numpy as np
    from PIL import Image

    size, lanczos = (wanted, wanted), Image.Resampling.LANCZOS
    sized = [np.asarray(Image.fromarray(picture).resize(size, lanczos)) for picture in pictures.numpy()]
    return torch.from_numpy(np.stack(sized)).permute(0, 3, 1, 2).contiguous()


class CaptionedPictures:
    """Pictures and what they are called; a Material (data/material.py)."""

    def __init__(self, train: tuple[Tensor, list[Said]], test: tuple[Tensor, list[Said]]) -> None:
        self.pictures, self.said = train
        self.test_pictures, self.test_said = test
        self.side = self.pictures.shape[-1]
        self.words = vocabulary(form for said in self.said for form in said)
        self.phrases = _phrases(self.said)
        self.ground = _ground(self.pictures)

    def draw(self, count: int, generator: torch.Generator) -> Captioned:
        """Pictures by chance, each with its caption; classes in both languages by turns."""
        places = torch.randint(len(self.said), (count,), generator=generator)
        captions = [self.said[place][i % 2] for i, place in enumerate(places.tolist())]
        return Captioned(self.pictures[places], captions)

    def held_out(self, count: int) -> Captioned:
        """The first pictures that were split off, as many as there are; the first to learn from where none were."""
        pictures, said = self.test_pictures, self.test_said
        if not said:
            pictures, said = self.pictures, self.said
        return _captioned(pictures[:count], said[:count])

    def seen(self, count: int) -> Captioned:
        """The first pictures to learn from."""
        return _captioned(self.pictures[:count], self.said[:count])


def _captioned(pictures: Tensor, said: list[Said]) -> Captioned:
    """Pictures and what they are called, in both languages by turns."""
    return Captioned(pictures, [forms[i % 2] for i, forms in enumerate(said)])


def _phrases(said: list[Said]) -> Phrases:
    """The most frequent captions as phrases of one slot."""
    common = [forms for forms, _ in Counter(said).most_common(MOST_PHRASES) if all(forms)]
    slot = Slot(Text("caption", "图片说明"), tuple(Text(*forms) for forms in common))
    return Phrases((slot,)) if common else Phrases()


def _ground(pictures: Tensor) -> tuple[int, int, int] | None:
    """The one colour that the borders of all pictures have, nearly everywhere; None where there is none."""
    some = pictures[:: max(1, len(pictures) // LOOKED_AT)]
    edges = [some[:, :, 0], some[:, :, -1], some[:, :, :, 0], some[:, :, :, -1]]
    border = torch.cat(edges, 2).permute(0, 2, 1).reshape(-1, 3)
    colours, counts = border.unique(dim=0, return_counts=True)
    red, green, blue = colours[counts.argmax()].tolist()
    return (red, green, blue) if counts.max() >= PLAIN * len(border) else None
