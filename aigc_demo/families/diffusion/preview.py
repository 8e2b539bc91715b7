"""What a picture looks like while it is being drawn: latents as pictures, roughly and at once.

The autoencoder that decodes the finished latents is too slow to be asked at every step. A tiny one, trained to imitate
it, is not (madebyollin/taesd); where none is at hand, a straight line is guessed from each latent's channels to
red, green and blue.
"""

import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.pretrained.loading import from_pretrained

TINY = {  # pipelines and the tiny autoencoder of their latents
    "StableDiffusionPipeline": "madebyollin/taesd",
    "LatentConsistencyModelPipeline": "madebyollin/taesd",
    "StableDiffusionXLPipeline": "madebyollin/taesdxl",
    "ZImagePipeline": "madebyollin/taef1",
}
SHARE = 0.02  # of the time that drawing takes may go into previews


class Previewer:
    """Latents of one pipeline to small pictures. `id` names the tiny autoencoder that fits, "" where none does."""

    def __init__(self, pipe: Any) -> None:
        self.pipe = pipe
        self.id = TINY.get(type(pipe).__name__, "")
        self._tiny: Any = None
        self._folder: Path | None = None
        self._line: Tensor | None = None
        self._rest = 0.0  # seconds that previews must pause, so that they keep to their share
        self._last = 0.0

    def use_tiny(self, folder: Path | None) -> None:
        """Decode by the tiny autoencoder in `folder` from now on, if it is one for as many channels; None: guess."""
        if folder == self._folder:
            return
        from diffusers import AutoencoderTiny

        self._folder, self._tiny = folder, None
        if folder is not None:
            like = self.pipe.vae
            tiny = from_pretrained(AutoencoderTiny, folder, dtype=like.dtype)
            if tiny.config.latent_channels == like.config.latent_channels:
                self._tiny = tiny.to(self.pipe._execution_device)

    def begin(self) -> None:
        """A new picture: its first preview need not wait."""
        self._rest = self._last = 0.0

    def __call__(self, latents: Tensor, height: int, width: int) -> Tensor | None:
        """The picture (3, height, width) in [0, 1] of one sample's latents as the scheduler has them; None while pausing."""
        start = time.perf_counter()
        if start - self._last < self._rest:
            return None
        latents = unpacked(self.pipe, latents, height, width)
        picture = self._decode(latents) if self._tiny is not None else self._guess(latents)
        shown = F.interpolate(picture.float(), size=(height, width), mode="bilinear")[0].clamp(0, 1).cpu()
        self._last = time.perf_counter()
        self._rest = (self._last - start) / SHARE
        return shown

    @torch.no_grad()
    def _decode(self, latents: Tensor) -> Tensor:
        return self._tiny.decode(latents.to(self._tiny.dtype)).sample / 2 + 0.5

    @torch.no_grad()
    def _guess(self, latents: Tensor) -> Tensor:
        if self._line is None:
            self._line = _fit(self.pipe)
        line = self._line.to(latents.device)
        return torch.einsum("nchw,cr->nrhw", latents.float(), line[:-1]) + line[-1][:, None, None]


def unpacked(pipe: Any, latents: Tensor, height: int, width: int) -> Tensor:
    """Latents (1, C, h, w) from the form in which the scheduler has them: FLUX.2 strings squares of 2 x 2 into a row."""
    if latents.dim() == 4:
        return latents
    side = 2 * pipe.vae_scale_factor
    squares = latents.transpose(1, 2).unflatten(2, (height // side, width // side))
    norm = pipe.vae.bn
    spread = (norm.running_var + pipe.vae.config.batch_norm_eps).sqrt()
    return pipe._unpatchify_latents(squares * spread[:, None, None] + norm.running_mean[:, None, None])


def _fit(pipe: Any, side: int = 16) -> Tensor:
    """Least squares from latents to the mean colours that the real decoder makes of them, (C + 1, 3).

    On smooth noise, since neighbouring latents of a picture are alike.
    """
    vae = pipe.vae
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, vae.config.latent_channels, side // 4, side // 4, generator=generator)
    latents = F.interpolate(coarse, size=(side, side), mode="bilinear")
    scaled = latents / vae.config.get("scaling_factor", 1.0) + (vae.config.get("shift_factor") or 0.0)
    pictures = vae.decode(scaled.to(pipe._execution_device, vae.dtype)).sample.float().cpu() / 2 + 0.5
    colours = F.adaptive_avg_pool2d(pictures, side)[0].flatten(1).T
    rows = torch.cat([latents[0].flatten(1).T, torch.ones(side * side, 1)], 1)
    return torch.linalg.lstsq(rows, colours).solution
