"""Training of the first DALL-E's way: an autoencoder learns an alphabet, then a Transformer learns to write in it.

One run trains both. For the first share of its steps the autoencoder learns; then its average stays as it is, and the
Transformer learns from captions and codes. Muon for kernels and matrices inside both, Adam for the rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.data.material import Captioned, Material, open_material
from aigc_demo.data.word_tokenizer import NONE, PAD, WordTokenizer
from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.decoding import Asked, write_codes
from aigc_demo.families.dalle.export import export
from aigc_demo.families.dalle.losses import reconstruction_loss
from aigc_demo.families.dalle.networks import SIDES, Shape, Transformer
from aigc_demo.families.dalle.start import load_start
from aigc_demo.language.muon import KernelMuon, Muon
from aigc_demo.language.padding import trimmed
from aigc_demo.language.sampling import Settings
from aigc_demo.metrics.least import enough
from aigc_demo.metrics.pictures import peak_signal_to_noise
from aigc_demo.models.pixels import to_uint8
from aigc_demo.training import (
    Average,
    Randomness,
    TrainPlan,
    average_gradients,
    own_share,
    set_rate,
    warmup_cosine,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

VALIDATED, SAMPLES, SAMPLE_SEED = 128, 16, 0
ADAMW_SHARE = 0.15  # of Muon's rate
PIECE = {"cpu": 24}  # pictures computed at once, of like captions; any number elsewhere


@dataclass(frozen=True)
class Recipe:
    """Settings of the optimisation.

    `share` of the steps is the autoencoder's, each of which takes half the time of the Transformer's. `batch` counts the
    pictures a step of one process. `unnamed`: how often a caption is left out, so that the model also knows pictures
    without words.
    """

    batch: int = 64
    share: float = 0.45
    learning_rate: float = 2e-3
    muon_rate: float = 0.02
    ema_decay: float = 0.998
    unnamed: float = 0.1


SIZES = {
    "tiny": (Shape(words=2, width=16, depth=1, hidden=64, layers=2, heads=2), Recipe(batch=16)),
    "small": (Shape(words=2, width=32, depth=1, hidden=192, layers=4, heads=3), Recipe(batch=32)),
    "base": (Shape(words=2), Recipe()),
}
USUAL_WORDS = 400  # in a vocabulary, to count a new model's parameters


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner on the captioned pictures of `plan.data`; an InputError where plan and data do not fit."""
    if plan.size not in SIZES:
        raise InputError(
            en=f"Size {plan.size!r} is unknown; choose {', '.join(SIZES)}.",
            zh=f"未知的规模 {plan.size!r}；请选择 {'、'.join(SIZES)}。",
        )
    if plan.frozen_layers:
        raise InputError(
            en="The autoencoder freezes by itself when the Transformer begins; set frozen layers to 0.",
            zh="Transformer 开始学习时，自编码器会自动冻结；请把冻结层数设为 0。",
        )
    return Learner(plan, accelerator, open_material(plan.data))


def shape_for(size: str, material: Material) -> Shape:
    """The preset's networks for a material; an InputError where its pictures do not fit."""
    if material.side not in SIDES:
        raise InputError(
            en=f"Pictures of 16 to 64 pixels are learnt, a multiple of 4; these have {material.side}."
            " Import them again with another size.",
            zh=f"可学习的图片边长为 16 到 64 像素，且为 4 的倍数；这些图片为 {material.side} 像素。请换一个尺寸重新导入。",
        )
    words = len(WordTokenizer(material.words))
    return replace(SIZES[size][0], words=words, side=material.side)


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size; takes no memory."""
    shape = replace(SIZES[size][0], words=USUAL_WORDS)
    with torch.device("meta"):
        networks = Autoencoder(shape), Transformer(shape)
    return sum(weight.numel() for network in networks for weight in network.parameters())


class Learner:
    """Both networks, their averages and optimisers; see training/loop.py for what each method is for."""

    def __init__(self, plan: TrainPlan, accelerator: "Accelerator", material: Material) -> None:
        self.plan, self.accelerator, self.material = plan, accelerator, material
        self.recipe = SIZES[plan.size][1]
        self.randomness = Randomness(plan.seed)
        self.tokenizer = WordTokenizer(material.words)
        self.shape = shape_for(plan.size, material)
        if plan.start is None:
            self.autoencoder, self.transformer = Autoencoder(self.shape), Transformer(self.shape)
        else:
            self.shape, self.autoencoder, self.transformer = load_start(
                plan.start, self.shape, self.tokenizer
            )
        self.autoencoder.to(accelerator.device, memory_format=torch.channels_last)
        self.transformer.to(accelerator.device)
        self.autoencoder_average = Average(self.autoencoder, self.recipe.ema_decay)
        self.transformer_average = Average(self.transformer, self.recipe.ema_decay)
        self.optimizers = make_optimizers(self.autoencoder, self.transformer, plan.learning_rate, self.recipe)
        self.examples = (plan.batch_size or self.recipe.batch) * accelerator.num_processes
        self.held_out = material.held_out(VALIDATED)
        self.phases = (self.recipe.share, 1 - self.recipe.share)

    def parts(self) -> dict[str, Any]:
        """Everything that a step changes."""
        names = ("autoencoder", "transformer", "autoencoder_average", "transformer_average", "randomness")
        return {name: getattr(self, name) for name in names} | self.optimizers

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One step of the network whose turn it is."""
        pictures, captions = self.batch()
        share = self.recipe.share
        if progress < share:
            return self.learn_alphabet(pictures, rate * warmup_cosine(progress / share))
        return self.learn_writing(pictures, captions, rate * warmup_cosine((progress - share) / (1 - share)))

    def learn_alphabet(self, pictures: Tensor, rate: float) -> Mapping[str, Tensor]:
        """Two steps of the autoencoder, each on every second of the pictures (N, 3, S, S) in [-1, 1].

        Two, as it learns more from many small steps; every second, so that processes that share a batch agree.
        """
        total = torch.zeros((), device=self.accelerator.device)
        for part in (pictures[::2], pictures[1::2]) if len(pictures) > 1 else (pictures,):
            with self.accelerator.autocast():
                restored = self.autoencoder(part)
            loss = reconstruction_loss(restored.float(), part)
            loss.backward()
            self._descend(self.autoencoder, self.autoencoder_average, ("kernels", "adam"), rate)
            total += loss.detach() * len(part) / len(pictures)
        return {"loss": total, "reconstruction": total}

    def learn_writing(self, pictures: Tensor, captions: Tensor, rate: float) -> Mapping[str, Tensor]:
        """One step of the Transformer on pictures (N, 3, S, S) in [-1, 1] and captions (N, C)."""
        with self.accelerator.autocast():
            codes = self.autoencoder_average.network.encode(pictures).flatten(1)
        total = torch.zeros((), device=self.accelerator.device)
        for rows in self._pieces(captions):
            with self.accelerator.autocast():
                bits = self.transformer(trimmed(captions[rows]), codes[rows])
            loss = bits.sum() / codes.numel()
            loss.backward()
            total += loss.detach()
        self._descend(self.transformer, self.transformer_average, ("muon", "adamw"), rate)
        return {"loss": total, "bits": total}

    def _pieces(self, captions: Tensor) -> Iterator[Tensor]:
        """Which rows to compute together: the longest captions with the longest, so that little padding is read."""
        order = (captions != PAD).sum(1).argsort(descending=True, stable=True)
        return iter(order.split(PIECE.get(self.accelerator.device.type, len(order))))

    def _descend(
        self, network: torch.nn.Module, average: Average, names: tuple[str, ...], rate: float
    ) -> None:
        """One step of the optimisers `names` down the gradients of all processes."""
        average_gradients(network.parameters(), self.accelerator)
        for name in names:
            set_rate(self.optimizers[name], rate)
            self.optimizers[name].step()
            self.optimizers[name].zero_grad(set_to_none=True)
        average.update(network)

    def batch(self) -> tuple[Tensor, Tensor]:
        """This process's share of the next batch: pictures (N, 3, S, S) in [-1, 1], captions (N, C), some left out."""
        generator = self.randomness.generator
        drawn = self.material.draw(self.examples, generator)
        captions = self.encode(drawn.captions)
        unnamed = torch.rand(self.examples, generator=generator) < self.recipe.unnamed
        captions[unnamed] = torch.tensor([NONE] + [PAD] * (self.shape.caption - 1))
        pictures = as_input(drawn.pictures)
        return own_share(pictures, self.accelerator), own_share(captions, self.accelerator)

    def encode(self, captions: list[str]) -> Tensor:
        """Captions as numbers, (N, C)."""
        return torch.tensor([self.tokenizer.encode(caption, self.shape.caption) for caption in captions])

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """On held-out pictures: `psnr` of what is restored in dB, codes in use, and bits a code, given the caption."""
        if not enough(self.held_out.captions):
            return {}
        pictures = as_input(self.held_out.pictures).to(self.accelerator.device)
        autoencoder, transformer = self.autoencoder_average.network, self.transformer_average.network
        with self.accelerator.autocast():
            codes = autoencoder.encode(pictures)
            restored = autoencoder.decode(codes)
        figures = {
            "psnr": peak_signal_to_noise((pictures + 1) / 2, (restored + 1) / 2),
            "codes_used": float(codes.unique().numel()),
        }
        if not self.transformer_average.updates:
            return figures
        captions = self.encode(self.held_out.captions).to(self.accelerator.device)
        bits = self._bits(transformer, captions, codes.flatten(1))
        unnamed = torch.zeros_like(captions[:, :1]) + NONE
        return figures | {
            "held_out_bits": bits,
            "bits_without": self._bits(transformer, unnamed, codes.flatten(1)),
        }

    def _bits(self, network: Transformer, captions: Tensor, codes: Tensor) -> float:
        """Mean bits a code."""
        total = 0.0
        for rows in self._pieces(captions):
            with self.accelerator.autocast():
                bits = network(trimmed(captions[rows]), codes[rows])
            total += float(bits.sum())
        return total / codes.numel()

    @torch.no_grad()
    def sample(self) -> Tensor:
        """16 pictures (N, S, S, 3) uint8: held-out ones restored; once the Transformer learns, drawn from their captions."""
        shown = Captioned(self.held_out.pictures[:SAMPLES], self.held_out.captions[:SAMPLES])
        pictures = as_input(shown.pictures).to(self.accelerator.device)
        autoencoder = self.autoencoder_average.network
        if not self.transformer_average.updates:
            return to_uint8(autoencoder.decode(autoencoder.encode(pictures)))
        grid = self.shape.grid
        size = (len(pictures), grid**2, len(self.shape.levels))
        noise = torch.randn(size, generator=torch.Generator().manual_seed(SAMPLE_SEED))
        asked = Asked(trimmed(self.encode(shown.captions))[None], (1.0,))
        written = write_codes(self.transformer_average.network, asked, noise, Settings())
        return to_uint8(autoencoder.decode(written.codes.view(-1, grid, grid)))

    def export(self, final: bool) -> None:
        """Write what the app uses."""
        networks = self.autoencoder_average.network, self.transformer_average.network
        material = self.material
        export(self.plan.run, self.shape, *networks, self.tokenizer, material.phrases, material.ground)


def make_optimizers(
    autoencoder: Autoencoder, transformer: Transformer, rate: float, recipe: Recipe
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the kernels inside the autoencoder and the matrices of the Transformer's layers; Adam for the rest of each.

    In 50 steps Muon brought an autoencoder to 16.2 dB where Adam brought it to 13.6, at a fifth more time. `rate`: Adam's
    learning rate, of which the others are fixed multiples; 0: the recipe's.
    """
    adam_rate = rate or recipe.learning_rate
    muon_rate = recipe.muon_rate * adam_rate / recipe.learning_rate
    edges = {id(weight) for weight in autoencoder.edges()}
    own = list(autoencoder.parameters())
    kernels = [weight for weight in own if weight.ndim == 4 and id(weight) not in edges]
    others = [weight for weight in own if weight.ndim != 4 or id(weight) in edges]
    inside = ("layers", "head.inner")
    named = list(transformer.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim == 2 and name.startswith(inside)]
    rest = [weight for name, weight in named if weight.ndim != 2 or not name.startswith(inside)]
    return {
        "kernels": KernelMuon(kernels, lr=muon_rate),
        "adam": torch.optim.Adam(others, lr=adam_rate, betas=(0.9, 0.99), fused=True),
        "muon": Muon(matrices, lr=muon_rate, weight_decay=0.1),
        "adamw": torch.optim.AdamW(
            rest, lr=muon_rate * ADAMW_SHARE, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        ),
    }


def as_input(pictures: Tensor) -> Tensor:
    """uint8 (N, 3, S, S) to float in [-1, 1], colours last in memory."""
    return (pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
