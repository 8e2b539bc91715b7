"""Diffusion models: pictures of a sentence, of a class, or of nothing but noise; trained here, or pretrained by others.

A painter, trained here from nothing on pictures with captions (rectified flow):

networks.py           the U-Net that looks at noise and reads words
flow.py               from noise to picture along what it learnt
train.py  export.py   its training, and what its folder holds
painter.py            a trained one as the app uses it; evaluate.py, its figures

Pretrained ones:

loading.py            a checkpoint by the class that it names, if that is allowed, and put where it belongs
hub_text_to_image.py  Drawer: from a sentence, from a picture, inside a mask; adapters
hub_denoiser.py       Denoiser: pictures of classes or of none, by our own DDIM, with noise as a latent space
defaults.py           what a request's zeros mean for a model, and what it cannot do
preview.py            latents as pictures, while they are being drawn
sampling.py           noise to picture in a few steps (DDIM)
losses.py             what such a network learns; objective.py, how each pipeline is asked for it
lora.py               an adapter: its learner, beside lora_data.py and lora_validation.py
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import PICTURE_LIMITS, Family, Goal, Kind, Training
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from aigc_demo.families.diffusion.painter import OwnPainter

PACKAGES = ("diffusers", "transformers", "accelerate")
SHARED: Mapping[str, Any] = {"packages": PACKAGES, "halved": True, "parts": True, "sliced": True}
FAMILY = Family(
    "diffusion",
    Text("Diffusion", "扩散模型"),
    reads="pictures",
    tasks=("draw", "redraw", "inpaint", "latent"),
    trains={
        "full": Training("pytorch", ("size",)),
        "lora": Training(
            "diffusers",
            ("lora_rank", "lora_alpha", "load_in_4bit", "trigger", "resolution"),
            "pytorch_lora_weights.safetensors",
            (*PACKAGES, "peft"),
        ),
    },
    sizes=("tiny", "small", "base"),
    kinds={
        "text_to_image": Kind(
            ("draw", "redraw", "inpaint", "latent"), room="pictures", adaptable=True, **SHARED
        ),
        "unconditional": Kind(("image", "latent"), **SHARED),
        "class_conditional": Kind(("image", "latent"), **SHARED),
    },
    pipeline_tag="text-to-image",
    run_stem="lora",
    curves={
        "denoising": (("train_loss", 1, False), ("held_out_loss", 1, True), ("other_words_loss", 3, True)),
        "step_loss": (("loss", 2, False),),
        "ranges": tuple((f"held_out_range_{place}", place, True) for place in (1, 2, 3, 4)),
        "nearness": (("nearest_ratio", 4, False),),
    },
    limits=PICTURE_LIMITS,
    sampled=True,
    guarded=True,
    goal=Goal("held_out_loss", "held_out_loss"),
)


def load(folder: Path, device: str) -> "OwnPainter":
    """The painter of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.diffusion.painter import OwnPainter

    return OwnPainter(folder, device)


def load_pretrained(card: ModelCard, placement: Placement) -> Any:
    """The model of a checked folder, where `placement` says; an InputError where its files do not fit."""
    if card.kind == "text_to_image":
        from aigc_demo.families.diffusion.hub_text_to_image import Drawer

        return Drawer(card, placement)
    from aigc_demo.families.diffusion.hub_denoiser import Denoiser

    return Denoiser(card, placement)


def write_debug_model(folder: Path, seed: int = 0, side: int = 16) -> None:
    """Write a tiny painter that has learned nothing, but looks at its words, through the path that training saves by."""
    import torch

    from aigc_demo.data.word_tokenizer import WordTokenizer
    from aigc_demo.families.diffusion.export import export
    from aigc_demo.families.diffusion.networks import Painter, PainterConfig
    from aigc_demo.models.phrases import Phrases, Slot

    tokenizer = WordTokenizer(["a", "blue", "green", "red", "square", "方", "红", "绿", "蓝"])
    config = PainterConfig(
        side,
        len(tokenizer),
        fine=16,
        coarse=16,
        blocks=1,
        text_width=16,
        text_layers=1,
        heads=2,
        embedding=16,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Painter(config)
        for weight in network.parameters():
            if (
                weight.ndim > 1 and not weight.any()
            ):  # which begins at nothing, so that a block changes nothing
                torch.nn.init.normal_(weight, std=0.1)
    colours = (Text("a red square", "红方"), Text("a green square", "绿方"), Text("a blue square", "蓝方"))
    export(folder, network, tokenizer, Phrases((Slot(Text("square", "方块"), colours),)), (41, 43, 51))
