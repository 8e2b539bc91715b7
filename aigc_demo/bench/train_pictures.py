"""The races of GAN and VAE on pictures of 28 x 28, against plain_gan.py and plain_vae.py."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.bench.measure import Comparison
from aigc_demo.bench.plain_gan import PlainGAN
from aigc_demo.bench.plain_vae import PlainVAE
from aigc_demo.bench.race import Race, Way, compare, told, turns
from aigc_demo.core.words import Text
from aigc_demo.models.pixels import to_float
from aigc_demo.training import TrainPlan, warmup_cosine

if TYPE_CHECKING:
    from accelerate import Accelerator

SEED = 1


def race_gan(plan: TrainPlan, race: Race, accelerator: "Accelerator") -> Comparison:
    """On from trained players, since two games from scratch soon differ for all their equal rules.

    Ours looks at a quarter of the batch for the penalties, an unbiased estimate, and judges the reals once a step.
    """
    learner, twin = twins("gan", plan, accelerator)
    betas = twin.generator_optimizer.defaults["betas"]
    plain = PlainGAN(twin.generator, twin.discriminator, twin.recipe.learning_rate, betas)
    reals = scaled(twin.data["test_images"], accelerator)
    rows = F.one_hot(twin.data["test_labels"].long(), twin.config.classes).to(reals)
    z = torch.randn(len(reals), twin.config.latent_dim, generator=torch.Generator().manual_seed(SEED)).to(
        reals
    )

    def plain_step(step: int) -> None:
        batch, progress = twin.draw(), step / race.total
        factor, gamma = warmup_cosine(progress, floor=1 / 3), twin.recipe.gamma(progress)
        plain.step(batch.reals, batch.class_weights, batch.z, factor, gamma)

    @torch.no_grad()
    def loss(players: Any) -> float:
        """Both players' losses on held-out pictures, added up."""
        real, fake = (players.discriminator(part, rows) for part in (reals, players.generator(z, rows)))
        return float((F.softplus(fake - real) + F.softplus(real - fake)).mean())

    ours = Way(turns(lambda step: learner.step(step / race.total, 1.0)), lambda: loss(learner))
    other = Way(turns(plain_step), lambda: loss(plain))
    race.run([ours, other])
    names = told(
        Text("GAN", " GAN"),
        Text("a plain loop in the style of pytorch/examples", "pytorch/examples 风格的普通循环"),
    )
    return compare(ours, other, names, "pictures/s", 1.6)


def race_vae(plan: TrainPlan, race: Race, accelerator: "Accelerator") -> Comparison:
    """Both ways compute the same numbers but for rounding."""
    learner, twin = twins("vae", plan, accelerator)
    plain = PlainVAE(twin.encoder, twin.decoder, twin.recipe.learning_rate)

    def plain_step(step: int) -> None:
        clean, noisy, noise = twin.batch()
        plain.step(noisy, (clean + 1) / 2, noise, warmup_cosine(step / race.total), plan.kl_weight)

    @torch.no_grad()
    def loss(networks: Any) -> float:
        """The negative bound on held-out pictures, at the mean of the posterior."""
        mean, log_variance = networks.encoder(clean)
        return float(twin.figures(clean, mean, log_variance, networks.decoder(mean))["loss"])

    clean = scaled(twin.data["test_images"], accelerator)
    ours = Way(turns(lambda step: learner.step(step / race.total, 1.0)), lambda: loss(learner))
    other = Way(turns(plain_step), lambda: loss(plain))
    race.run([ours, other])
    names = told(
        Text("VAE", " VAE"),
        Text("a plain loop in the style of pytorch/examples", "pytorch/examples 风格的普通循环"),
    )
    return compare(ours, other, names, "pictures/s", 1.4)


def twins(family: str, plan: TrainPlan, accelerator: "Accelerator") -> tuple[Any, Any]:
    """Two learners of one plan: one to train, one to give the plain loop its first weights and its batches."""
    make = import_module(f"aigc_demo.families.{family}.train").make_learner
    return make(plan, accelerator), make(plan, accelerator)


def scaled(images: Tensor, accelerator: "Accelerator") -> Tensor:
    """uint8 (N, H, W) -> (N, 1, H, W) in [-1, 1]."""
    return to_float(images.to(accelerator.device))
