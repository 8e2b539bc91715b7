"""Training of the VAE: one step of its mathematics, and how to sample, validate and export.

Half of each batch enters the encoder damaged, with noise, at half the resolution or with a hole, while the decoder is
asked for the whole picture, so that the trained model also repairs. A density is fitted to the codes whenever weights are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.data import images
from aigc_demo.families.vae.critic import Adversary
from aigc_demo.families.vae.export import Latents, export, fit_latents
from aigc_demo.families.vae.losses import negative_elbo
from aigc_demo.families.vae.networks import SIDES, Decoder, Encoder, VAEConfig, reparameterise
from aigc_demo.metrics.least import enough
from aigc_demo.metrics.pictures import active_units
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights
from aigc_demo.models.damage import add_noise, cut, halve, holes
from aigc_demo.models.pixels import to_float, to_uint8
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

VALIDATED = 500  # held-out pictures that are looked at while training
SAMPLE_SEED, SAMPLES, COLUMNS = 0, 64, 8


@dataclass(frozen=True)
class Recipe:
    """Settings of the optimisation and of the density. `noise` is the largest standard deviation, pictures in [-1, 1].

    `batch` counts the pictures a step of one process.
    """

    batch: int = 64
    learning_rate: float = 1e-3
    ema_decay: float = 0.999
    noise: float = 1.0
    components: int = 6
    critic_from: float = 0.25  # of the run: before, pictures are too blurred to teach a critic anything


SIZES = {
    "tiny": (VAEConfig(width=8, hidden=64), Recipe(components=2)),
    "small": (VAEConfig(width=16, hidden=256), Recipe()),
    "base": (VAEConfig(width=32, hidden=224), Recipe()),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of a VAE on the prepared pictures of `plan.data`; an InputError where plan and data do not fit."""
    if plan.frozen_layers:
        raise InputError(
            en="A VAE has no frozen layers: encoder and decoder have to learn together; set frozen layers to 0.",
            zh="VAE 不支持冻结层：编码器和解码器必须一起学习；请把冻结层数设为 0。",
        )
    return Learner(plan, accelerator, images.load(plan.data))


def config_for(size: str, pictures: Tensor) -> VAEConfig:
    """The preset's networks for pictures uint8 (N, H, W[, 3]); larger or coloured ones get a wider latent."""
    height, width, channels = (*pictures.shape[1:], 1)[:3]
    if height != width or height not in SIDES or channels not in (1, 3):
        raise InputError(
            en=f"A VAE learns square pictures of 28 to 128 pixels, a multiple of 4; these are {width} x {height}."
            " Import them again with another size.",
            zh=f"VAE 学习 28 到 128 像素（4 的倍数）的正方形图片；这些图片为 {width} × {height}。请换一个尺寸重新导入。",
        )
    latent_dim = 16 if height * width * channels <= 1024 else 32
    return replace(SIZES[size][0], side=height, channels=channels, latent_dim=latent_dim)


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size, for grey 28 x 28 pictures; takes no memory."""
    config = SIZES[size][0]
    with torch.device("meta"):
        networks = Encoder(config), Decoder(config)
    return sum(weight.numel() for network in networks for weight in network.parameters())


class Learner:
    """Encoder and decoder, their averages and the optimiser; see training/loop.py for what each method is for."""

    def __init__(self, plan: TrainPlan, accelerator: "Accelerator", data: Mapping[str, Any]) -> None:
        self.plan, self.accelerator, self.data = plan, accelerator, data
        self.recipe = SIZES[plan.size][1]
        self.randomness = Randomness(plan.seed)
        config = config_for(plan.size, data["train_images"])
        if plan.start is None:
            self.config, self.encoder, self.decoder = config, Encoder(config), Decoder(config)
        else:
            self.config, self.encoder, self.decoder = load_start(plan.start, config.side, config.channels)
        for network in (self.encoder, self.decoder):
            network.to(accelerator.device, memory_format=torch.channels_last)
        self.encoder_average = Average(self.encoder, self.recipe.ema_decay)
        self.decoder_average = Average(self.decoder, self.recipe.ema_decay)
        self.parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        rate = plan.learning_rate or self.recipe.learning_rate
        self.optimizer = torch.optim.Adam(self.parameters, lr=rate, fused=True)
        self.adversary = Adversary(plan, self.config, rate, accelerator) if plan.adversarial_weight else None
        self.examples = (plan.batch_size or self.recipe.batch) * accelerator.num_processes

    def parts(self) -> dict[str, Any]:
        """Everything that a step changes."""
        names = ("encoder", "decoder", "encoder_average", "decoder_average", "optimizer", "randomness")
        adversary = self.adversary.parts() if self.adversary else {}
        return {name: getattr(self, name) for name in names} | adversary

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One step down the weighted negative ELBO of the next batch."""
        set_rate(self.optimizer, rate * warmup_cosine(progress))
        clean, damaged, noise = self.batch()
        with self.accelerator.autocast():
            mean, log_variance = self.encoder(damaged)
            logits = self.decoder(reparameterise(mean, log_variance, noise))
        logits = logits.float()
        figures = self.figures(clean, mean.float(), log_variance.float(), logits)
        objective = figures["loss"]
        if self.adversary and progress >= self.recipe.critic_from:
            fake = 2 * logits.sigmoid() - 1
            pull, figures["told_apart"] = self.adversary.step(
                clean, fake, figures["reconstruction"], self.decoder.out.weight
            )
            objective = objective + pull
        self.optimizer.zero_grad(set_to_none=True)
        objective.backward()
        average_gradients(self.parameters, self.accelerator)
        self.optimizer.step()
        self.encoder_average.update(self.encoder)
        self.decoder_average.update(self.decoder)
        return {name: value.detach() for name, value in figures.items()}

    def figures(self, clean: Tensor, mean: Tensor, log_variance: Tensor, logits: Tensor) -> dict[str, Tensor]:
        """Loss, reconstruction and KL in nats a picture."""
        beta = self.plan.kl_weight
        loss, distortion, kl = negative_elbo(logits, (clean + 1) / 2, mean, log_variance, beta)
        return {"loss": loss, "reconstruction": distortion, "kl": kl}

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """This process's share of the next batch: pictures, the same with half of them damaged, noise for z."""
        generator = self.randomness.generator
        chosen = torch.randint(len(self.data["train_images"]), (self.examples,), generator=generator)
        clean = to_float(self.data["train_images"][chosen])
        if self.plan.augment == "on":
            clean = mirror_half(clean, generator)
        damaged = damage_half(clean, self.recipe.noise, generator)
        noise = torch.randn(self.examples, self.config.latent_dim, generator=generator)
        clean, damaged, noise = (own_share(part, self.accelerator) for part in (clean, damaged, noise))
        return clean, damaged, noise

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """The same figures on held-out pictures (half of them damaged, as in training), and active units.

        None of them where too few are held out to tell.
        """
        generator = torch.Generator().manual_seed(SAMPLE_SEED)
        clean = to_float(held_out(self.data)[:VALIDATED])
        if not enough(clean):
            return {}
        damaged = damage_half(clean, self.recipe.noise, generator)
        noise = torch.randn(len(clean), self.config.latent_dim, generator=generator)
        encoder, decoder = self.encoder_average.network, self.decoder_average.network
        clean, damaged, noise = (part.to(self.accelerator.device) for part in (clean, damaged, noise))
        parts = [encoder(part) for part in damaged.split(256)]
        mean, log_variance = (torch.cat(part) for part in zip(*parts, strict=True))
        z = reparameterise(mean, log_variance, noise)
        logits = torch.cat([decoder(part) for part in z.split(256)])
        figures = self.figures(clean, mean, log_variance, logits)
        return {
            **{f"held_out_{name}": float(value) for name, value in figures.items()},
            "active_units": active_units(mean),
            "latent_dim": self.config.latent_dim,
            "picture_values": clean[0].numel(),
        }

    @torch.no_grad()
    def sample(self) -> Tensor:
        """64 pictures uint8 of the same random numbers each time, classes in columns where there are few."""
        classes = len(self.data["classes"]["en"])
        generator = torch.Generator().manual_seed(SAMPLE_SEED)
        uniform = torch.rand(SAMPLES, generator=generator).double()
        noise = torch.randn(SAMPLES, self.config.latent_dim, generator=generator).double()
        mixtures = self.latents(glance=True).density
        rows = [
            mixtures[label_at(place, classes)].sample(uniform[place, None], noise[place, None])
            for place in range(SAMPLES)
        ]
        z = torch.cat(rows).float().to(self.accelerator.device)
        return to_uint8(2 * self.decoder_average.network(z).sigmoid() - 1)

    def latents(self, glance: bool) -> Latents:
        """Codes and density of now."""
        encoder, components = self.encoder_average.network, self.recipe.components
        return fit_latents(encoder, self.data, components, self.plan.seed, glance)

    def export(self, final: bool) -> None:
        """Write what the app uses; the density is fitted to all training pictures where it is `final`."""
        export(
            self.plan.run,
            self.config,
            self.encoder_average.network,
            self.decoder_average.network,
            self.latents(glance=not final),
            self.data["classes"],
            self.recipe.noise,
        )


def mirror_half(images: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N, C, H, W), each with left and right exchanged by the toss of a coin."""
    heads = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    return torch.where(heads, images.flip(3), images)


def damage_half(images: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """Every second picture of a batch damaged: with noise, at half the resolution or with a hole, each as likely.

    The noise has a deviation drawn from U(0, largest) for each. Every second, so that processes that share a batch have
    as many damaged ones each.
    """
    some = images[::2]
    kind = torch.randint(3, (len(some), 1, 1, 1), generator=generator)
    deviation = largest * torch.rand(len(some), 1, 1, 1, generator=generator)
    noisy = add_noise(some, deviation, generator)
    holed = cut(some, holes(len(some), some.shape[-1], generator))
    damaged = images.clone()
    damaged[::2] = noisy.where(kind == 0, halve(some).where(kind == 1, holed))
    return damaged


def label_at(place: int, classes: int) -> int:
    """The class shown at a place of the samples' square: in columns, or all in turn where there are many."""
    return place % COLUMNS * classes // COLUMNS if classes <= COLUMNS else place % classes


def held_out(data: Mapping[str, Any]) -> Tensor:
    """The held-out pictures; those of training where none are."""
    return data["test_images"] if len(data["test_images"]) else data["train_images"]


def load_start(folder: Path, side: int, channels: int) -> tuple[VAEConfig, Encoder, Decoder]:
    """Config and networks of the VAE in a run folder, for pictures of that side and that many channels.

    Its sizes hold, whatever preset was asked for. Its classes do not matter: the networks see no labels, and the
    density is fitted anew. An InputError where it is no VAE, or one of other pictures.
    """
    try:
        config = VAEConfig(**read_config(folder)["network"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            en=f"{folder.name} is no VAE that can be trained on; start from another model, or from random weights.",
            zh=f"{folder.name} 不是可以继续训练的 VAE；请换一个起点，或从随机权重开始。",
        ) from error
    if (config.side, config.channels) != (side, channels):
        own, own_zh = _in_words(config.side, config.channels)
        other, other_zh = _in_words(side, channels)
        raise InputError(
            en=f"{folder.name} knows {own} pictures, and the data are {other}; import the data as {own}, or start"
            " from random weights.",
            zh=f"{folder.name} 学的是 {own_zh}图片，而数据为 {other_zh}；请按 {own_zh}重新导入数据，或从随机权重开始。",
        )
    tensors = read_weights(folder)
    encoder, decoder = Encoder(config), Decoder(config)
    load_strictly(encoder, tensors, "encoder.")
    load_strictly(decoder, tensors, "decoder.")
    return config, encoder, decoder


def _in_words(side: int, channels: int) -> tuple[str, str]:
    colour, colour_zh = ("grey", "灰度") if channels == 1 else ("colour", "彩色")
    return f"{side} x {side} {colour}", f"{side} × {side} {colour_zh}"
