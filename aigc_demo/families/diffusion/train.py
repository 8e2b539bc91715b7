"""Training a painter from nothing: rectified flow on pictures with captions, some of which are left out for guidance.

The network computes in the dtype that the device multiplies fastest, on a copy of the weights in that dtype; gradients
move the float32 weights themselves. A batch goes through it in pieces that fit a processor's cache, sorted by the length
of their captions, so that short ones are not filled up to the longest.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from aigc_demo.core.errors import InputError
from aigc_demo.data.material import Captioned, Material, of_others, open_material
from aigc_demo.data.word_tokenizer import NONE, WordTokenizer
from aigc_demo.families.diffusion.export import GUIDANCE, export, load_painter
from aigc_demo.families.diffusion.flow import draw_times, noise_levels, solve
from aigc_demo.families.diffusion.losses import flow_loss, interpolate
from aigc_demo.families.diffusion.networks import SIDES, Painter, PainterConfig, Words
from aigc_demo.families.diffusion.sampling import guided
from aigc_demo.language.muon import KernelMuon, Muon
from aigc_demo.language.padding import trimmed
from aigc_demo.metrics.least import enough
from aigc_demo.models.pixels import to_uint8
from aigc_demo.training import (
    Average,
    Randomness,
    TrainPlan,
    average_gradients,
    own_share,
    set_rate,
    warmup_stable_decay,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

VALIDATED, BINS = 128, 4  # held-out pictures that are looked at while training, and shares of noise apart
SAMPLE_SEED, SAMPLES, SAMPLE_STEPS = 0, 64, 8
PIECE = {"cpu": 64}  # pictures computed at once
GPU_PIECE = 256
WARMUP = 100  # steps until the full rate
ADAMW_SHARE = 0.1  # of the rate that Muon takes
MUON_DECAY = 0.01


@dataclass(frozen=True)
class Recipe:
    """Settings of the optimisation. `batch` counts the pictures a step of one process.

    dropped: share of captions that are left out. clip: the longest gradient. rested: share of the run at the full rate.
    """

    batch: int = 128
    learning_rate: float = 0.01
    ema_decay: float = 0.999
    dropped: float = 0.12
    clip: float = 1.0
    rested: float = 0.6


SIZES = {
    "tiny": (
        {
            "fine": 32,
            "coarse": 64,
            "blocks": 1,
            "text_width": 64,
            "text_layers": 1,
            "heads": 2,
            "embedding": 64,
        },
        Recipe(batch=32, learning_rate=0.02, ema_decay=0.99),
    ),
    "small": (
        {"fine": 64, "coarse": 128, "text_width": 128, "text_layers": 2, "embedding": 128},
        Recipe(batch=64),
    ),
    "base": ({}, Recipe()),
}
WORDS = 1000  # of a vocabulary, for an estimate


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of a painter on the pictures and captions of `plan.data`; an InputError where it cannot be."""
    if plan.frozen_layers:
        raise InputError(
            en="A painter has no frozen layers; set frozen layers to 0.",
            zh="绘画模型不支持冻结层；请把冻结层数设为 0。",
        )
    return Learner(plan, accelerator, open_material(plan.data))


def config_for(size: str, side: int, vocabulary: int) -> PainterConfig:
    """The preset's network for pictures of a side; an InputError where that is none it learns."""
    if side not in SIDES:
        raise InputError(
            en=f"A painter learns square pictures of 16 to 64 pixels, a multiple of 4; these have {side} a side. "
            "Import them again with another size.",
            zh=f"绘画模型学习 16 到 64 像素（4 的倍数）的正方形图片；这些图片边长为 {side}。请换一个尺寸重新导入。",
        )
    return PainterConfig(side, vocabulary, **SIZES[size][0])


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size, with a vocabulary of a thousand words; takes no memory."""
    with torch.device("meta"):
        network = Painter(config_for(size, 32, WORDS))
    return sum(weight.numel() for weight in network.parameters())


class Learner:
    """Network, its average and the optimisers; see training/loop.py for what each method is for."""

    def __init__(self, plan: TrainPlan, accelerator: "Accelerator", material: Material) -> None:
        self.plan, self.accelerator, self.material = plan, accelerator, material
        self.recipe = SIZES[plan.size][1]
        self.randomness = Randomness(plan.seed)
        if plan.start is None:
            self.tokenizer = WordTokenizer(material.words)
            self.network = Painter(config_for(plan.size, material.side, len(self.tokenizer)))
        else:
            self.network, self.tokenizer = load_start(plan, material)
        self.network.to(accelerator.device, memory_format=torch.channels_last)
        self.average = Average(self.network, self.recipe.ema_decay)
        half = accelerator.mixed_precision == "bf16"
        self.working = deepcopy(self.network).bfloat16() if half else self.network
        rate = plan.learning_rate or self.recipe.learning_rate
        self.optimizers = make_optimizers(self.network, rate)
        self.examples = (plan.batch_size or self.recipe.batch) * accelerator.num_processes
        self.held_out = material.held_out(VALIDATED)
        self.seen = material.draw(VALIDATED, torch.Generator().manual_seed(SAMPLE_SEED))
        self._drawn: tuple[int, Tensor] | None = None

    def parts(self) -> dict[str, Any]:
        """Everything that a step changes."""
        own = {"network": self.network, "average": self.average, "randomness": self.randomness}
        return own | self.optimizers

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One step down the flow's loss on the next batch."""
        pictures, ids, times, noise = self.batch()
        copy_weights(self.network, self.working)
        loss = torch.zeros((), device=self.accelerator.device)
        for some in pieces(ids, PIECE.get(self.accelerator.device.type, GPU_PIECE)):
            words = trimmed(ids[some])
            losses = self.losses(self.working, pictures[some], words, times[some], noise[some])
            part = losses.sum() / len(ids)
            part.backward()
            loss += part.detach()
        copy_gradients(self.working, self.network)
        average_gradients(self.network.parameters(), self.accelerator)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        factor = rate * warmup_stable_decay(progress, self.plan.steps, WARMUP, self.recipe.rested)
        for optimizer in self.optimizers.values():
            set_rate(optimizer, factor)
            optimizer.step()
        self.network.zero_grad(set_to_none=True)
        self.average.update(self.network)
        return {"loss": loss}

    def losses(self, network: Painter, clean: Tensor, ids: Tensor, times: Tensor, noise: Tensor) -> Tensor:
        """The loss of each row (N,), of pictures (N, 3, S, S) in [-1, 1] and token numbers (N, T)."""
        noisy = interpolate(clean, noise, times)
        dtype = network.leave.weight.dtype
        output = network(noisy.to(dtype), times, network.text(ids))
        return flow_loss(output, clean, noise)

    def batch(self) -> tuple[Tensor, ...]:
        """This process's share of the next batch: pictures in [-1, 1], token numbers, shares of noise, noise."""
        generator = self.randomness.generator
        drawn = self.material.draw(self.examples, generator)
        pictures, ids = scaled(drawn.pictures), self.encode(drawn.captions)
        dropped = torch.rand(len(ids), generator=generator) < self.recipe.dropped
        ids[dropped] = nothing(ids)
        times = draw_times(len(ids), generator)
        noise = torch.randn(pictures.shape, generator=generator)
        shares = (own_share(part, self.accelerator) for part in (pictures, ids, times, noise))
        return tuple(shares)

    def encode(self, captions: list[str]) -> Tensor:
        """Token numbers (N, length)."""
        length = self.network.config.length
        return torch.tensor([self.tokenizer.encode(caption, length) for caption in captions])

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Losses on always the same pictures, noise and shares of noise: seen ones, and where enough are held out, those.

        `held_out_loss` is the mean over `BINS` equal ranges of t, which `held_out_range_1` ... have for themselves;
        `other_words_loss` the same with each picture under another's caption; `colour_shift` how far the mean colour of
        samples lies from that of the held-out pictures with the same captions, in 1/255.
        """
        figures = {"train_loss": float(self.look(self.seen).mean())}
        if not enough(self.held_out.captions):
            return figures
        own, count = self.look(self.held_out), len(self.held_out)
        by_range = [float(own[torch.arange(count) % BINS == index].mean()) for index in range(BINS)]
        others = self.look(Captioned(self.held_out.pictures, of_others(self.held_out.captions)))
        return {
            **figures,
            "held_out_loss": sum(by_range) / BINS,
            **{f"held_out_range_{index + 1}": value for index, value in enumerate(by_range)},
            "other_words_loss": float(others.mean()),
            "colour_shift": self.colour_shift(),
        }

    def look(self, shown: Captioned) -> Tensor:
        """The averaged network's loss of each picture (N,): picture i at a t of its own in range i of `BINS`."""
        clean, ids = scaled(shown.pictures), self.encode(shown.captions)
        place, count = torch.arange(len(ids)), len(ids)
        times = (place % BINS + (place + 0.5) / count) / BINS
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(SAMPLE_SEED))
        network, device = self.shown(), self.accelerator.device
        size = PIECE.get(device.type, GPU_PIECE)
        found = []
        for start in range(0, count, size):
            some = slice(start, start + size)
            parts = (part.to(device) for part in (clean[some], trimmed(ids[some]), times[some], noise[some]))
            found.append(self.losses(network, *parts).cpu())
        return torch.cat(found)

    def shown(self) -> Painter:
        """The averaged network, in the dtype that is computed in; until the next step."""
        if self.working is self.network:
            return self.average.network
        copy_weights(self.average.network, self.working)
        return self.working

    def colour_shift(self) -> float:
        """The largest difference of a channel's mean, samples to the pictures whose captions they have."""
        count = min(SAMPLES, len(self.held_out))
        drawn = self.sample()[:count].float().mean((0, 1, 2))
        real = self.held_out.pictures[:count].float().mean((0, 2, 3))
        return float((drawn - real).abs().max())

    @torch.no_grad()
    def sample(self) -> Tensor:
        """64 pictures uint8 (64, S, S, 3) of the same captions and noise each time, in few steps."""
        if self._drawn is None or self._drawn[0] != self.average.updates:
            self._drawn = (self.average.updates, self._sample())
        return self._drawn[1]

    def _sample(self) -> Tensor:
        network, device = self.shown(), self.accelerator.device
        captions = self.sample_captions()
        side = network.config.side
        generator = torch.Generator().manual_seed(SAMPLE_SEED)
        noise = torch.randn(SAMPLES, 3, side, side, generator=generator)
        ids = self.encode(captions)
        found = []
        for x, part in zip(noise.split(16), ids.split(16), strict=True):
            both = trimmed(torch.cat([part, nothing(part).expand_as(part)]).to(device))
            words = network.text(both)
            found.append(solve(lambda x, t, w=words: doubled(network, x, t, w), x.to(device), LEVELS))
        return to_uint8(torch.cat(found))

    def sample_captions(self) -> list[str]:
        """Held-out captions; of a set that holds none out, those of some of its pictures."""
        shown = self.held_out if len(self.held_out) else self.seen
        return [shown.captions[place % len(shown)] for place in range(SAMPLES)]

    def export(self, final: bool) -> None:
        """Write what the app uses."""
        material = self.material
        export(self.plan.run, self.average.network, self.tokenizer, material.phrases, material.ground)


LEVELS = noise_levels(SAMPLE_STEPS)


def doubled(network: Painter, x: Tensor, t: float, words: Words, scale: float = GUIDANCE) -> Tensor:
    """The guided direction, from words of twice as many rows: those asked for, then none."""
    times = torch.full((2 * len(x),), t, device=x.device)
    output = network(torch.cat([x, x]).to(network.leave.weight.dtype), times, words).float()
    return guided(*output.chunk(2), scale)


def make_optimizers(network: Painter, rate: float) -> dict[str, torch.optim.Optimizer]:
    """Muon for matrices and kernels inside the network; AdamW for what words and pixels enter and leave by, and for the rest."""
    edges = {id(weight) for part in (network.enter, network.leave) for weight in part.parameters()}
    edges |= {id(network.text.embedding.weight), id(network.text.position)}
    weights = list(network.parameters())
    inside = [weight for weight in weights if weight.ndim in (2, 4) and id(weight) not in edges]
    matrices = [weight for weight in inside if weight.ndim == 2]
    kernels = [weight for weight in inside if weight.ndim == 4]
    chosen = {id(weight) for weight in inside}
    rest = [weight for weight in weights if id(weight) not in chosen]
    adamw = torch.optim.AdamW(rest, lr=rate * ADAMW_SHARE, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    return {
        "muon": Muon(matrices, lr=rate, weight_decay=MUON_DECAY),
        "kernels": KernelMuon(kernels, lr=rate, weight_decay=MUON_DECAY),
        "adamw": adamw,
    }


def load_start(plan: TrainPlan, material: Material) -> tuple[Painter, WordTokenizer]:
    """The network and the words of a model to go on from; an InputError where it draws another size."""
    network, tokenizer = load_painter(plan.start)
    if network.config.side != material.side:
        raise InputError(
            en=f"{plan.start.name} draws {network.config.side} pixels a side, these pictures have {material.side}; "
            "import them with that size.",
            zh=f"{plan.start.name} 画边长 {network.config.side} 像素的图片，而这些图片为 {material.side}；请按该尺寸重新导入。",
        )
    return network, tokenizer


def scaled(pictures: Tensor) -> Tensor:
    """uint8 (N, 3, S, S) -> float in [-1, 1]."""
    return pictures.float() / 127.5 - 1


def nothing(ids: Tensor) -> Tensor:
    """The row (T,) of an empty caption, as long as rows of `ids` (N, T)."""
    row = torch.zeros_like(ids[0])
    row[0] = NONE
    return row


def pieces(ids: Tensor, size: int) -> Iterator[Tensor]:
    """Places of rows, `size` at a time, the shortest captions first."""
    yield from (ids != 0).sum(1).argsort(stable=True).split(size)


@torch.no_grad()
def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Give a working copy in another dtype the weights of now."""
    if source is not target:
        torch._foreach_copy_(list(target.parameters()), list(source.parameters()))


@torch.no_grad()
def copy_gradients(source: nn.Module, target: nn.Module) -> None:
    """Move the gradients of a working copy to the weights that the optimiser moves."""
    if source is target:
        return
    for worked, weight in zip(source.parameters(), target.parameters(), strict=True):
        weight.grad = None if worked.grad is None else worked.grad.to(weight.dtype)
        worked.grad = None
