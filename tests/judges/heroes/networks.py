r"""A convolutional classifier with a head for each slot: $p_s(a \mid x) = \mathrm{softmax}(W_s f(x) + b_s)_a$.

Class 0 of a slot is "empty", class a + 1 its attribute a.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (64, 128, 160)
FEATURES = 192
BATCH = 256


def block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Two convolutions, the first of which may halve the side."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip


class Judge(nn.Module):
    """classes: how many classes each slot has, the empty one among them."""

    def __init__(self, classes: Sequence[int]) -> None:
        super().__init__()
        self.classes = list(classes)
        sides = (12, *WIDTHS)
        self.body = nn.Sequential(*(block(sides[i], sides[i + 1], 1 if i == 0 else 2) for i in range(3)))
        self.features = nn.Linear(16 * WIDTHS[-1], FEATURES)
        self.heads = nn.Linear(FEATURES, sum(classes))

    def embed(self, x: Tensor) -> Tensor:
        """Pictures (N, 3, 32, 32) in [-1, 1] -> features (N, 192)."""
        return self.features(self.body(F.pixel_unshuffle(x, 2)).flatten(1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Logits (N, classes) of each slot."""
        return list(self.heads(torch.relu(self.embed(x))).split(self.classes, 1))

    @torch.inference_mode()
    def judge(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (N, 3, 32, 32) -> attributes (N, slots), -1 for an empty slot, and features (N, 192)."""
        found, features = [], []
        for part in pictures.split(BATCH):
            embedded = self.embed(part.float() / 127.5 - 1)
            logits = self.heads(torch.relu(embedded)).split(self.classes, 1)
            found.append(torch.stack([slot.argmax(1) for slot in logits], 1) - 1)
            features.append(embedded)
        return torch.cat(found), torch.cat(features)


def load_judge(folder: Path = Path(__file__).parent) -> tuple[Judge, dict]:
    """The judge of a folder and what it says of itself: slots and their attributes' names, its own accuracy."""
    known = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    judge = Judge([1 + len(names) for names in known["attributes"].values()])
    judge.load_state_dict(
        {name: part.float() for name, part in load_file(folder / "model.safetensors").items()}
    )
    return judge.eval(), known
