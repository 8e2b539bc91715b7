"""A Vision Transformer (Dosovitskiy et al. 2021) that tells two kinds of pictures apart: "normal" and "nsfw"."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.pretrained.configs import read_config
from aigc_demo.pretrained.loading import from_pretrained
from aigc_demo.pretrained.refusal import refused

UNSAFE = "nsfw"
LABELS = {"normal", UNSAFE}
CHUNK = 8  # pictures at once
HALF = [0.5, 0.5, 0.5]  # what ViT's own preprocessing takes for mean and deviation


class HubClassifier:
    """ViTForImageClassification with the two labels above; one with others is refused."""

    def __init__(self, card: ModelCard, placement: Placement) -> None:
        from transformers import ViTForImageClassification

        network = from_pretrained(
            ViTForImageClassification, card.folder, dtype=getattr(torch, placement.dtype)
        )
        names = {index: str(name).casefold() for index, name in network.config.id2label.items()}
        if set(names.values()) != LABELS or len(names) != len(LABELS):
            raise refused(
                card.id, "it does not tell normal pictures from nsfw ones", "它不区分 normal 与 nsfw 两类图片"
            )
        self.unsafe = next(index for index, name in names.items() if name == UNSAFE)
        self.network = network.requires_grad_(False).to(placement.device)
        self.device = placement.device
        path = card.folder / "preprocessor_config.json"
        scaling: Mapping[str, Any] = read_config(path) if path.is_file() else {}
        self.mean, self.deviation = (
            torch.tensor(scaling.get(name, HALF)).view(3, 1, 1) for name in ("image_mean", "image_std")
        )

    @torch.inference_mode()
    def unsafe_probabilities(self, pictures: np.ndarray) -> list[float]:
        r"""$p(\text{nsfw} \mid x)$ of each picture (N, H, W, 3) uint8, in [0, 1]."""
        found = []
        for start in range(0, len(pictures), CHUNK):
            batch = torch.stack([self._pixels(picture) for picture in pictures[start : start + CHUNK]])
            logits = self.network(pixel_values=batch.to(self.device, self.network.dtype)).logits
            found += logits.float().softmax(dim=1)[:, self.unsafe].tolist()
        return found

    def _pixels(self, picture: np.ndarray) -> Tensor:
        """A picture as the network was trained on them: scaled to its square, bilinear, each channel normalised."""
        side = self.network.config.image_size
        square = Image.fromarray(picture).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        values = torch.from_numpy(np.array(square, np.float32) / 255).movedim(2, 0)
        return (values - self.mean) / self.deviation
