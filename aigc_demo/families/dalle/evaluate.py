"""Figures of a trained model for its card, measured on pictures that it has not learnt from."""

from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.data.material import of_others, open_material
from aigc_demo.families.dalle.decoding import Asked, write_codes
from aigc_demo.families.dalle.model import Dalle
from aigc_demo.language.padding import trimmed
from aigc_demo.metrics.least import enough
from aigc_demo.metrics.pictures import peak_signal_to_noise
from aigc_demo.models.pixels import to_float

MEASURED = 256  # pictures at most, which takes seconds
AT_ONCE = 64  # pictures of different captions that are written together


@torch.inference_mode()
def evaluate(folder: Path, data: Path, device: str) -> dict[str, float | int | str]:
    """The figures of the model in a run folder, on the held-out pictures of a prepared data set, 256 at most.

    `restored_db`: peak signal-to-noise of pictures through the codes and back. `codes_used` of `codes`. In bits, exactly:
    `code_bits` and `bits_a_picture`, given the caption; `code_bits_without` it. `told_from_others`: how often a picture's own
    caption makes it likelier than the caption of another one does. None of them of too few pictures to tell.
    """
    held_out = open_material(data).held_out(MEASURED)
    if not enough(held_out.captions):
        return {}
    model = Dalle(folder, device)
    pictures, captions = held_out.pictures.movedim(1, 3), list(held_out.captions)
    codes = model.likelihood.codes(pictures)
    restored = model.autoencoder.decode(codes).cpu()
    flat = codes.flatten(1)
    own = model.likelihood.code_bits(flat, captions)
    others = model.likelihood.code_bits(flat, of_others(captions))
    without = model.likelihood.code_bits(flat, [""] * len(captions))
    return {
        "restored_db": round(peak_signal_to_noise((to_float(pictures) + 1) / 2, (restored + 1) / 2), 2),
        "codes_used": int(codes.unique().numel()),
        "codes": model.shape.codes,
        "code_bits": round(float(own.mean()), 3),
        "code_bits_without": round(float(without.mean()), 3),
        "bits_a_picture": round(float(own.sum(1).mean()), 1),
        "told_from_others": round(float((own.sum(1) < others.sum(1)).float().mean()), 3),
        "pictures": len(captions),
        "measured_on": "held-out",
    }


@torch.inference_mode()
def samples(model: Dalle, captions: list[str], seed: int = 0) -> Tensor:
    """A picture of each caption, uint8 (N, 3, S, S), by the model's own guidance, temperature and top-p."""
    generator = torch.Generator().manual_seed(seed)
    rows = model.numbers(captions)
    noise = torch.randn(len(rows), model.shape.grid**2, len(model.shape.levels), generator=generator)
    found = []
    for part, dice in zip(rows.split(AT_ONCE), noise.split(AT_ONCE), strict=True):
        said = trimmed(part)
        nothing = model.numbers([""])[:, : said.shape[1]].expand_as(said)
        asked = Asked(torch.stack((said, nothing)), (model.guidance, 1 - model.guidance))
        codes = write_codes(model.transformer, asked, dice, model.sampling).codes
        found.append(model.pictures(codes).movedim(3, 1))
    return torch.cat(found)
