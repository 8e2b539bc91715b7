"""The first DALL-E's way (Ramesh et al. 2021): an autoencoder makes pictures sequences of codes, a Transformer writes them.

quantiser.py    finite scalar quantisation: numbers to codes and back
autoencoder.py  pictures to codes and back; networks.py, the Transformer over [caption, codes]
digits.py       the odds of a code; decoding.py, codes one at a time: guidance, given codes, noise
model.py        Dalle: draws, completes, and tells the exact likelihood of a picture; likelihood.py, its figures
start.py        going on from a trained model

Serves the tasks draw, inpaint and latent. It is no GAN and no diffusion model: each code is a choice, with odds.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.family import PICTURE_LIMITS, Family, Goal, Training

if TYPE_CHECKING:
    from aigc_demo.families.dalle.model import Dalle

FAMILY = Family(
    "dalle",
    Text("Picture codes (DALL·E)", "图像词元（DALL·E）"),
    reads="pictures",
    tasks=("draw", "inpaint", "latent"),
    trains={"full": Training("pytorch", ("size",))},
    sizes=("tiny", "small", "base"),
    pipeline_tag="text-to-image",
    curves={
        "reconstruction": (("reconstruction", 1, False),),
        "psnr": (("psnr", 3, True),),
        "code_bits": (("bits", 2, False), ("held_out_bits", 2, True), ("bits_without", 4, True)),
    },
    limits=PICTURE_LIMITS,
    goal=Goal("bits_a_picture", "held_out_bits"),
)


def load(folder: Path, device: str) -> "Dalle":
    """The model of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.dalle.model import Dalle

    return Dalle(folder, device)


def write_debug_model(folder: Path, seed: int = 0, side: int = 16) -> None:
    """Write a tiny untrained model of red, green and blue squares, through the path that training saves by."""
    import torch

    from aigc_demo.data.word_tokenizer import WordTokenizer
    from aigc_demo.families.dalle.autoencoder import Autoencoder
    from aigc_demo.families.dalle.export import export
    from aigc_demo.families.dalle.networks import Shape, Transformer
    from aigc_demo.models.phrases import Phrases, Slot

    tokenizer = WordTokenizer(["a", "blue", "green", "red", "square", "方", "红", "绿", "蓝"])
    shape = Shape(
        words=len(tokenizer),
        caption=12,
        side=side,
        levels=(4, 3),
        width=4,
        depth=1,
        hidden=16,
        layers=2,
        heads=2,
    )
    colours = (Text("a red square", "红方"), Text("a green square", "绿方"), Text("a blue square", "蓝方"))
    phrases = Phrases((Slot(Text("square", "方块"), colours),))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        autoencoder, transformer = Autoencoder(shape), Transformer(shape)
        for layer in transformer.layers:  # which would begin as the identity, and look at nothing
            torch.nn.init.normal_(layer.out.weight, std=0.2)
            torch.nn.init.normal_(layer.down.weight, std=0.2)
    export(folder, shape, autoencoder, transformer, tokenizer, phrases, (41, 43, 51))
