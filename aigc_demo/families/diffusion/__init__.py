"""Pretrained diffusion models: pictures of a sentence, of a class, or of nothing but noise.

loading.py            a checkpoint by the class that it names, if that is allowed, and put where it belongs
hub_text_to_image.py  Drawer: from a sentence, from a picture, inside a mask; adapters
hub_denoiser.py       Denoiser: pictures of classes or of none, by our own DDIM, with noise as a latent space
defaults.py           what a request's zeros mean for a model, and what it cannot do
preview.py            latents as pictures, while they are being drawn
sampling.py           noise to picture in a few steps (DDIM)
losses.py             what such a network learns; objective.py, how each pipeline is asked for it
lora.py               an adapter: its learner, beside lora_data.py and lora_validation.py
"""

from typing import Any

from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement


def load_pretrained(card: ModelCard, placement: Placement) -> Any:
    """The model of a checked folder, where `placement` says; an InputError where its files do not fit."""
    if card.kind == "text_to_image":
        from aigc_demo.families.diffusion.hub_text_to_image import Drawer

        return Drawer(card, placement)
    from aigc_demo.families.diffusion.hub_denoiser import Denoiser

    return Denoiser(card, placement)
