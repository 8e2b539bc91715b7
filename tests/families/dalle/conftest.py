"""A material of coloured squares, and a tiny untrained model of them."""

import pytest
import torch

from aigc_demo.data.material import Captioned
from aigc_demo.data.word_tokenizer import vocabulary
from aigc_demo.families import dalle
from aigc_demo.models.phrases import Phrases

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220)}
CHINESE = {"red": "红方", "green": "绿方", "blue": "蓝方"}


class Squares:
    """A square in one of three colours somewhere on a ground, named in either language."""

    ground = (41, 43, 51)
    phrases = Phrases()

    def __init__(self, side=16):
        self.side = side
        self.words = vocabulary([f"a {colour} square" for colour in COLOURS] + list(CHINESE.values()))

    def draw(self, count, generator):
        names = [list(COLOURS)[i] for i in torch.randint(3, (count,), generator=generator).tolist()]
        corners = torch.randint(self.side - 8, (count, 2), generator=generator).tolist()
        pictures = torch.tensor(self.ground).byte().view(1, 3, 1, 1).repeat(count, 1, self.side, self.side)
        for picture, name, (top, left) in zip(pictures, names, corners, strict=True):
            picture[:, top : top + 8, left : left + 8] = torch.tensor(COLOURS[name]).byte().view(3, 1, 1)
        captions = [CHINESE[name] if i % 2 else f"a {name} square" for i, name in enumerate(names)]
        return Captioned(pictures, captions)

    def held_out(self, count):
        return self.draw(count, torch.Generator().manual_seed(99))


@pytest.fixture
def squares(monkeypatch):
    """Every folder of data holds squares."""
    from aigc_demo.families.dalle import evaluate, train

    material = Squares()
    monkeypatch.setattr(train, "open_material", lambda folder: material)
    monkeypatch.setattr(evaluate, "open_material", lambda folder: material)
    return material


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny untrained model of 16 x 16 pixels, 4 x 4 codes."""
    folder = tmp_path_factory.mktemp("model")
    dalle.write_debug_model(folder)
    return dalle.load(folder, "cpu")
