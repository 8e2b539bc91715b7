"""A trained model as the app uses it: draws a sentence, completes a picture, shows which word it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, never
from aigc_demo.data.word_tokenizer import WordTokenizer
from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.decoding import UNKNOWN, Asked, Written, write_codes
from aigc_demo.families.dalle.likelihood import Likelihood
from aigc_demo.families.dalle.networks import PATCH, Shape, Transformer
from aigc_demo.language.padding import trimmed
from aigc_demo.language.sampling import Settings
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights
from aigc_demo.models.phrases import Phrases
from aigc_demo.models.pixels import to_uint8
from aigc_demo.models.protocols import CodeOdds, Drawn, StepHook, no_hook

DRAFTS = 4  # of a hole, of which the one stays that goes best with what lies behind it
UNDRAWN = (128, 128, 128)  # in a preview, where the ground is not known


@dataclass(frozen=True)
class Conditions:
    """Captions with weights that sum to 1, several on the way between sentences; and what guidance leads away from.

    Rows of word numbers, cut to what is said: captions (K, C), negative (1, C').
    """

    captions: Tensor
    weights: tuple[float, ...]
    negative: Tensor


class Dalle:
    """Autoencoder and Transformer of one run folder, in float32 on `device`. Results are on the CPU.

    at_once, noise_levels, has_checker and previewer are as TextToImageModel has them.
    """

    at_once = 16
    has_checker = None
    previewer = None

    def __init__(self, folder: Path, device: str) -> None:
        config, tensors = read_config(folder), read_weights(folder)
        try:
            self.shape = Shape(**config["network"])
            self.tokenizer = WordTokenizer.load(folder)
            self.phrases = Phrases.load(folder)
            ground = config.get("ground") or UNDRAWN
            self.guidance = float(config["guidance_scale"])
            self.sampling = Settings(temperature=float(config["temperature"]), top_p=float(config["top_p"]))
            self.undrawn = torch.tensor(ground, dtype=torch.uint8).view(3)
        except (KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
            raise InputError(
                en=f"{folder.name}: its files do not describe a model of picture codes ({error}); copy the folder again.",
                zh=f"{folder.name}：其中的文件描述的不是图像词元模型（{error}）；请重新复制该文件夹。",
            ) from error
        self.device = device
        self.noise_levels: list[float] = []
        self.autoencoder = Autoencoder(self.shape).eval()
        self.transformer = Transformer(self.shape).eval()
        load_strictly(self.autoencoder, tensors, "autoencoder.")
        load_strictly(self.transformer, tensors, "transformer.")
        self.autoencoder.requires_grad_(False).to(device, memory_format=torch.channels_last)
        self.transformer.requires_grad_(False).to(device)
        self.likelihood = Likelihood(self.autoencoder, self.transformer, self.tokenizer, device)

    def fill(self, request: Any, picture: tuple[int, int] | None) -> Any:
        """The request with this model's own side, steps (a row of codes each) and guidance.

        An InputError where it asks for a picture from a picture without a mask: there is no noise to go back to.
        """
        if picture is not None and not request.mask:
            raise InputError(
                en="This model writes pictures code by code: it completes a picture, but has no way to redraw a whole one."
                " Mark with the brush what is to be drawn anew, or take a diffusion model.",
                zh="此模型逐个写出图像词元：它能补全图片，但不能整张重画。请用画笔标出要重新画的部分，或改用扩散模型。",
            )
        side = self.shape.side
        if (request.width or side, request.height or side) != (side, side):
            raise InputError(
                en=f"This model draws {side} x {side} pixels and nothing else; leave width and height at 0.",
                zh=f"此模型只画 {side} × {side} 像素的图片；请把宽度和高度保持为 0。",
            )
        guidance = request.guidance_scale if request.guidance_scale >= 0 else self.guidance
        values = {
            "width": side,
            "height": side,
            "num_inference_steps": self.shape.grid,
            "guidance_scale": guidance,
        }
        return request.model_copy(update=values)

    def unknown(self, prompt: str) -> list[str]:
        """The words of a prompt that it has never learnt; it draws as if they were not there."""
        return self.tokenizer.unknown(prompt)

    def left_out(self, prompt: str) -> str:
        """The words of a prompt that are beyond what it reads."""
        return " ".join(self.tokenizer.known(prompt)[self.shape.caption :])

    def numbers(self, captions: Sequence[str]) -> Tensor:
        """Captions as numbers of words, (N, C)."""
        return torch.tensor([self.tokenizer.encode(caption, self.shape.caption) for caption in captions])

    @torch.inference_mode()
    def pictures(self, codes: Tensor) -> Tensor:
        """Pictures (n, S, S, 3) uint8 of codes (n, T)."""
        grid = self.shape.grid
        return to_uint8(self.autoencoder.decode(codes.to(self.device).view(-1, grid, grid)))

    def conditions(self, prompt: str, negative: str = "", stop: Stop = never) -> Conditions:
        """The numbers of a prompt's words, and of what guidance is to lead away from: no caption where nothing is said."""
        return Conditions(trimmed(self.numbers([prompt])), (1.0,), trimmed(self.numbers([negative])))

    def between(self, a: Conditions, b: Conditions, t: float) -> Conditions:
        r"""Both prompts, at 1 - t and t: codes are drawn by $p_a^{1-t} p_b^t$, up to a factor."""
        length = max(a.captions.shape[1], b.captions.shape[1])
        captions = torch.cat([_widened(part.captions, length) for part in (a, b)])
        weights = (*((1 - t) * weight for weight in a.weights), *(t * weight for weight in b.weights))
        return Conditions(captions, weights, a.negative if t < 0.5 else b.negative)

    def noise(self, generator: torch.Generator, width: int, height: int) -> Tensor:
        """A number of N(0, I) for each digit of each code, (1, d, grid, grid): they decide which of the odds come true."""
        return torch.randn(1, len(self.shape.levels), self.shape.grid, self.shape.grid, generator=generator)

    def draw(
        self,
        request: Any,
        conditions: Conditions,
        generators: Sequence[torch.Generator],
        noise: Tensor | None = None,
        image: Any = None,
        mask: Any = None,
        stop: Stop = never,
        on_step: StepHook = no_hook,
    ) -> list[Drawn]:
        """A picture for each generator, as TextToImageModel has it; with `image` and `mask`, its completion."""
        grid = self.shape.grid
        asked = self._asked(conditions, request.guidance_scale)
        if noise is None:
            drafts = DRAFTS if mask is not None else 1
            noise = torch.cat([self.noise(one, 0, 0) for one in generators for _ in range(drafts)])
        noise = noise.flatten(2).mT
        picture, inside = (None, None) if mask is None else as_pixels(image, mask)
        given = None if picture is None or inside is None else self._given(picture, inside, len(noise))

        def told(codes: Tensor) -> None:
            if codes.shape[1] % grid == 0:
                shown = codes[:: len(noise) // len(generators)]
                on_step(codes.shape[1] // grid, grid, lambda: self._preview(shown, given))

        written = write_codes(self.transformer, asked, noise, self.sampling, given, stop, told)
        codes = best_of(written, len(generators))
        pictures = self.pictures(codes)
        if picture is not None and inside is not None:
            pictures = torch.where(inside[..., None], pictures, picture)
        self.noise_levels = []
        return [Drawn(one) for one in pictures]

    def watch(
        self, request: Any, conditions: Conditions, generator: torch.Generator
    ) -> tuple[list[str], Tensor]:
        """The words of the prompt, and how much of the attention to words each got from each code, (W, grid, grid).

        Of a picture that is drawn with `generator`; the mean over layers and heads, of what each code looked at before
        it was chosen. The maps sum to 1 over the words.
        """
        caption, codes = self._written(request, conditions, generator)
        maps = self._looked(caption, codes).T.reshape(-1, self.shape.grid, self.shape.grid)
        return self._words(caption[0]), maps

    def code_odds(self, request: Any, conditions: Conditions, generator: torch.Generator) -> CodeOdds:
        """The odds of the codes of the picture drawn with `generator`, without guidance, and what was looked at.

        `looked` is the mean over layers and heads; of several captions on the way between sentences, of the first.
        """
        caption, codes = self._written(request, conditions, generator)
        odds = self.likelihood.odds(codes[0], caption[0])
        options = torch.cat((codes[0, :, None].cpu(), odds.alternatives), 1)
        return CodeOdds(
            self._words(caption[0]),
            odds.probability,
            odds.chances,
            self._patches(codes[0].cpu(), options),
            self._looked(caption, codes),
        )

    def _written(
        self, request: Any, conditions: Conditions, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The first caption (1, C), and the codes (1, T) of the picture that is drawn with `generator`."""
        noise = self.noise(generator, 0, 0).flatten(2).mT
        asked = self._asked(conditions, request.guidance_scale)
        return conditions.captions[:1], write_codes(self.transformer, asked, noise, self.sampling).codes

    @torch.inference_mode()
    def _looked(self, caption: Tensor, codes: Tensor) -> Tensor:
        """How much of the attention to words each got before a code was chosen, (T, C), rows summing to 1."""
        looked = self.transformer.attentions(caption.to(self.device), codes)
        to_words = looked.mean((0, 1, 2))[:, : caption.shape[1]].cpu()
        return to_words / to_words.sum(1, keepdim=True).clamp(min=1e-9)

    def evidence(self, pictures: Tensor, caption: str) -> Tensor:
        """How much each picture speaks for a caption, in bits, (N,); see likelihood.py."""
        return self.likelihood.evidence(pictures, caption)

    def _patches(self, codes: Tensor, options: Tensor) -> Tensor:
        """Each place (T, k) of a picture's codes (T,) and what lies around it, with each of its options: three codes wide."""
        length, count = options.shape
        rows = codes.repeat(length, count, 1)
        places = torch.arange(length)
        rows[places, :, places] = options
        pictures = self.pictures(rows.flatten(0, 1)).movedim(3, 1).float()
        around = torch.nn.functional.pad(pictures, (PATCH,) * 4, mode="replicate")
        windows = around.unfold(2, 3 * PATCH, PATCH).unfold(3, 3 * PATCH, PATCH).flatten(2, 3)
        own = windows.unflatten(0, (length, count))[places, :, :, places]
        return own.movedim(2, 4).to(torch.uint8)

    def _asked(self, conditions: Conditions, guidance: float) -> Asked:
        """The captions at `guidance`, and the negative one at what is left to 1."""
        weights = tuple(guidance * weight for weight in conditions.weights)
        captions, negative = conditions.captions, conditions.negative
        length = max(captions.shape[1], negative.shape[1])
        rows = torch.cat([_widened(captions, length), _widened(negative, length)])
        pairs = [
            (row, weight)
            for row, weight in zip(rows, (*weights, 1 - guidance), strict=True)
            if abs(weight) > 1e-9
        ]
        return Asked(torch.stack([row[None] for row, _ in pairs]), tuple(weight for _, weight in pairs))

    def _given(self, picture: Tensor, inside: Tensor, count: int) -> Tensor:
        """The codes of a picture (S, S, 3) uint8, UNKNOWN where a pixel of theirs is `inside` the mask; (count, T)."""
        codes = self.likelihood.codes(picture[None]).cpu().flatten(1)
        touched = inside.unfold(0, PATCH, PATCH).unfold(1, PATCH, PATCH).flatten(2).any(-1).flatten()
        return codes.masked_fill(touched, UNKNOWN).expand(count, -1)

    def _preview(self, codes: Tensor, given: Tensor | None) -> Tensor:
        """Pictures (n, S, S, 3) uint8 of the first codes (n, t), and of those that are given; plain where none is yet."""
        n, grid = len(codes), self.shape.grid
        known = torch.full((n, grid**2), UNKNOWN) if given is None else given[:n].clone()
        known[:, : codes.shape[1]] = codes.cpu()
        missing = (known == UNKNOWN).view(n, grid, grid)
        missing = missing.repeat_interleave(PATCH, 1).repeat_interleave(PATCH, 2)
        return torch.where(missing[..., None], self.undrawn, self.pictures(known.clamp(min=0)))

    def _words(self, numbers: Tensor) -> list[str]:
        """The words of a row of numbers; "" for no caption."""
        names = {number: word for word, number in self.tokenizer.numbers.items()}
        return [names.get(number, "") for number in numbers.tolist() if number]


def best_of(written: Written, count: int) -> Tensor:
    """Of as many drafts each, the codes (count, T) that go best with what was given."""
    codes, bits = written.codes.unflatten(0, (count, -1)), written.given_bits.unflatten(0, (count, -1))
    return codes[torch.arange(count), bits.argmin(1)]


def as_pixels(image: Any, mask: Any) -> tuple[Tensor, Tensor]:
    """A PIL picture as (S, S, 3) uint8, and where its PIL mask is to be drawn anew, (S, S) of bool."""
    picture, white = np.array(image, dtype=np.uint8), np.array(mask, dtype=np.uint8)
    return torch.from_numpy(picture), torch.from_numpy(white) > 0


def _widened(captions: Tensor, length: int) -> Tensor:
    """Rows (K, C) padded to (K, length)."""
    return torch.nn.functional.pad(captions, (0, length - captions.shape[1]))
