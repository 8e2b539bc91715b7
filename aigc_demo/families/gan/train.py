"""Training: on every batch both players take one step, the discriminator first.

Where the pictures are few, both see them augmented. Two savings: the gradient penalties look at a quarter of the
batch, an unbiased estimate that keeps their weight; and the generator's step reuses the fakes and the real logits
of the discriminator's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.core.errors import InputError
from aigc_demo.data import images
from aigc_demo.families.gan.augment import DRAWS, FEW, augment
from aigc_demo.families.gan.evaluate import glance
from aigc_demo.families.gan.export import export
from aigc_demo.families.gan.finetune import adopt, freeze, trained
from aigc_demo.families.gan.losses import (
    discriminator_loss,
    generator_loss,
    penalised_loss,
    penalty_weight,
    squared_gradients,
)
from aigc_demo.families.gan.networks import Discriminator, GANConfig, Generator
from aigc_demo.models.checkpoints import states
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

SAMPLES, COLUMNS, SAMPLE_SEED = 64, 8, 0
FEWEST = 4  # training pictures


@dataclass(frozen=True)
class Recipe:
    r"""Settings of the optimisation; $\gamma$ falls on a cosine over the first share `burn_in`."""

    batch: int = 64
    learning_rate: float = 6e-4
    gamma_last: float = 0.05
    burn_in: float = 0.1
    ema_decay: float = 0.999

    def gamma(self, progress: float) -> float:
        r"""Weight $\gamma$ of the penalties at `progress` in [0, 1]."""
        return penalty_weight(progress, self.gamma_last, self.burn_in)


SIZES = {
    # forty pictures of 64 x 64 in colour in some two minutes of one core: many steps, of few pictures each
    "tiny": (GANConfig(latent_dim=16, w_dim=32, width=8, head=32), Recipe(batch=16, learning_rate=2e-3)),
    "small": (GANConfig(width=16, head=128), Recipe()),
    "base": (GANConfig(width=32, head=256), Recipe()),
}


def prescribe(plan: TrainPlan) -> Recipe:
    """The size's recipe with what the plan sets itself."""
    recipe = SIZES[plan.size][1]
    return replace(
        recipe,
        batch=plan.batch_size or recipe.batch,
        learning_rate=plan.learning_rate or recipe.learning_rate,
        gamma_last=plan.gradient_penalty,
    )


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of a GAN on the prepared pictures of `plan.data`.

    An InputError where the pictures do not fit the networks, the start does not fit the pictures, or more layers are
    to be frozen than there are.
    """
    data = images.load(plan.data)
    randomness = Randomness(plan.seed)
    players = make_players(plan, data)
    return Learner(plan, accelerator, data, randomness, *players)


def make_players(plan: TrainPlan, data: Mapping[str, Any]) -> tuple[Generator, Discriminator]:
    """Fresh players of the plan's size, or those of its start; some of the discriminator's layers frozen."""
    side, channels = picture_shape(data["train_images"])
    if plan.start is not None:
        # a run that goes on finds its shape in its own folder, whatever has become of the start
        start = plan.run if states(plan.run) and (plan.run / "config.json").is_file() else plan.start
        generator, discriminator = adopt(start, data["classes"]["en"], side, channels)
        freeze(discriminator, plan.frozen_layers)
        return generator, discriminator
    if plan.frozen_layers:
        raise InputError(
            en="Only a trained discriminator has layers worth freezing; choose a model to start from, or freeze 0.",
            zh="只有训练过的判别器才值得冻结；请选择一个起点模型，或把冻结层数设为 0。",
        )
    classes = len(data["classes"]["en"])
    config = replace(SIZES[plan.size][0], classes=classes, side=side, channels=channels)
    return Generator(config), Discriminator(config)


def picture_shape(pictures: Tensor) -> tuple[int, int]:
    """Side and channels of pictures (N, H, W) or (N, H, W, 3) that the networks can learn from."""
    count, height, width = pictures.shape[:3]
    if height != width or height not in range(28, 129, 4):
        raise InputError(
            en=f"The pictures are {width} x {height}; import them as squares with a side of 28 to 128, a multiple of 4.",
            zh=f"图片尺寸为 {width} x {height}；请导入为边长 28 到 128、且为 4 的倍数的正方形。",
        )
    if count < FEWEST:
        raise InputError(
            en=f"A GAN needs {FEWEST} training pictures at the least, and learns little from fewer than 20; there are {count}.",
            zh=f"GAN 至少需要 {FEWEST} 张训练图片，少于 20 张也学不到什么；现在只有 {count} 张。",
        )
    return height, 3 if pictures.ndim == 4 else 1


@dataclass(frozen=True)
class Batch:
    """Pictures (N, C, H, W) in [-1, 1], class weights (N, K), z (N, latent_dim), draws of augmentation for reals and fakes."""

    reals: Tensor
    class_weights: Tensor
    z: Tensor
    draws: tuple[Tensor, ...]


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size, for ten classes of grey 28 x 28 pictures; takes no memory."""
    config = SIZES[size][0]
    with torch.device("meta"):
        networks = Generator(config), Discriminator(config)
    return sum(weight.numel() for network in networks for weight in network.parameters())


class Learner:
    """Both players, the generator's average and the optimisers; see training/loop.py for what each method is for."""

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        data: dict[str, Any],
        randomness: Randomness,
        generator: Generator,
        discriminator: Discriminator,
    ) -> None:
        self.plan, self.accelerator, self.recipe = plan, accelerator, prescribe(plan)
        self.data, self.randomness, self.config = data, randomness, generator.config
        self.images = data["train_images"].to(accelerator.device)
        self.labels = data["train_labels"].long()
        self.augmented = plan.augment == "on" or (plan.augment == "auto" and len(self.labels) < FEW)
        here = {"device": accelerator.device, "memory_format": torch.channels_last}
        self.generator, self.discriminator = generator.to(**here), discriminator.to(**here)
        self.average = Average(self.generator, self.recipe.ema_decay)
        adam = {"lr": self.recipe.learning_rate, "betas": (0.0, 0.99), "fused": True}
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(trained(discriminator), **adam)
        self.examples = self.recipe.batch * accelerator.num_processes

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name."""
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
            "randomness": self.randomness,
        }

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One step of each player; `progress` in [0, 1] and the factor `rate` set learning rates and gamma."""
        # Not to zero: the players circle about their equilibrium, and the average over several rounds is
        # better than the place where a vanishing rate would freeze them.
        for optimizer in (self.discriminator_optimizer, self.generator_optimizer):
            set_rate(optimizer, rate * warmup_cosine(progress, floor=1 / 3))
        batch = self.draw()
        with self.accelerator.autocast():
            fakes = self.generator(batch.z, batch.class_weights).float()
        reals = batch.reals
        if self.augmented:
            reals, fakes = (
                augment(part, draws) for part, draws in zip((reals, fakes), batch.draws, strict=True)
            )
        figures, real_logits = self._step_discriminator(reals, fakes.detach(), batch.class_weights, progress)
        figures["generator_loss"] = self._step_generator(fakes, batch.class_weights, real_logits)
        figures["loss"] = figures["generator_loss"] + figures["discriminator_loss"]
        self.average.update(self.generator)
        return figures

    def draw(self) -> Batch:
        """This process's rows of a batch, drawn with replacement: it may be larger than the data.

        The quarter that is penalised comes first and is shared out on its own, so that all processes together
        penalise what one alone would.
        """
        generator = self.randomness.generator
        chosen = torch.randint(len(self.labels), (self.examples,), generator=generator)
        z = torch.randn(self.examples, self.config.latent_dim, generator=generator)
        draws = torch.rand(self.examples, 2, DRAWS, generator=generator)
        class_weights = F.one_hot(self.labels[chosen], self.config.classes).float()
        chosen, class_weights, z, draws = (self._share(part) for part in (chosen, class_weights, z, draws))
        return Batch(to_float(self.images[chosen]), class_weights, z, draws.unbind(1))

    @property
    def quarter(self) -> int:
        """How many of a process's pairs the penalties look at."""
        return max(self.recipe.batch // 4, 1)

    def _share(self, whole: Tensor) -> Tensor:
        penalised = self.quarter * self.accelerator.num_processes
        parts = [part for part in (whole[:penalised], whole[penalised:]) if len(part)]
        return torch.cat([own_share(part, self.accelerator) for part in parts])

    def _step_discriminator(
        self, reals: Tensor, fakes: Tensor, class_weights: Tensor, progress: float
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Figures for the log, and the logits (N,) of the real pictures."""
        both = torch.stack([reals, fakes])  # (2, N, C, H, W)
        quarter, count = self.quarter, len(reals)
        penalised = both[:, :quarter].flatten(0, 1).requires_grad_()
        with self.accelerator.autocast():
            logits = self.discriminator(penalised, class_weights[:quarter].repeat(2, 1)).float()
            r1, r2 = squared_gradients(logits, penalised).view(2, quarter).mean(1)
            if quarter < count:
                rest = both[:, quarter:].flatten(0, 1)
                more = self.discriminator(rest, class_weights[quarter:].repeat(2, 1)).float()
                logits = torch.cat([logits.view(2, -1), more.view(2, -1)], dim=1)
        real, fake = logits.view(2, count)
        loss = discriminator_loss(real, fake)
        objective = penalised_loss(loss, r1, r2, self.recipe.gamma(progress))
        self._update(self.discriminator, self.discriminator_optimizer, objective)
        figures = {
            "discriminator_loss": loss,
            "discriminator_accuracy": (real > fake).float().mean(),
            "r1": r1,
            "r2": r2,
            "real_logit": real.mean(),
            "fake_logit": fake.mean(),
        }
        return {name: figure.detach() for name, figure in figures.items()}, real.detach()

    def _step_generator(self, fakes: Tensor, class_weights: Tensor, real_logits: Tensor) -> Tensor:
        """The generator's loss; the discriminator only passes gradients on."""
        learning = trained(self.discriminator)
        for parameter in learning:
            parameter.requires_grad_(False)
        with self.accelerator.autocast():
            logits = self.discriminator(fakes, class_weights).float()
        loss = generator_loss(real_logits, logits)
        self._update(self.generator, self.generator_optimizer, loss)
        for parameter in learning:
            parameter.requires_grad_(True)
        return loss.detach()

    def _update(self, network: torch.nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(network.parameters(), self.accelerator)
        optimizer.step()

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Variety, distance from the training pictures, and the discriminator's judgement of unseen ones."""
        draw, draw_average = (
            partial(self.pictures, player) for player in (self.generator, self.average.network)
        )
        figures = glance(self.data, draw, draw_average, self.scores)
        return figures | {"augmented": float(self.augmented)}

    @torch.no_grad()
    def sample(self) -> Tensor:
        """64 pictures of the same z each time, uint8 (64, H, W[, 3]): classes in columns, or all in turn where many."""
        classes = self.config.classes
        places = torch.arange(SAMPLES)
        labels = places % COLUMNS * classes // COLUMNS if classes <= COLUMNS else places % classes
        return to_uint8(self.pictures(self.average.network, labels, SAMPLE_SEED))

    def export(self, final: bool) -> None:
        """Write config.json and model.safetensors."""
        export(self.plan.run, self.data, self.average.network, self.discriminator, final)

    def pictures(self, generator: Generator, labels: Tensor, seed: int) -> Tensor:
        """What a generator makes of labels (N,) and a seed, (N, C, H, W) in [-1, 1]."""
        z = torch.randn(len(labels), self.config.latent_dim, generator=torch.Generator().manual_seed(seed))
        return generator(z.to(self.images.device), self._one_hot(labels))

    def scores(self, pictures: Tensor, labels: Tensor) -> Tensor:
        """The discriminator's logits (N,) of pictures and their labels (N,)."""
        return self.discriminator(pictures.to(self.images.device), self._one_hot(labels))

    def _one_hot(self, labels: Tensor) -> Tensor:
        return F.one_hot(labels, self.config.classes).float().to(self.images.device)
