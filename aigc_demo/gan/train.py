"""Training: on every batch both players take one step, the discriminator first.

Two savings: the gradient penalties look at a quarter of the batch, an unbiased estimate that keeps their
weight; and the generator's step reuses the fakes and the real logits of the discriminator's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.data import images
from aigc_demo.gan.export import export, to_float, to_uint8
from aigc_demo.gan.losses import discriminator_loss, generator_loss, squared_gradients
from aigc_demo.gan.networks import Discriminator, GANConfig, Generator
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

SAMPLE_SEED = 0


@dataclass(frozen=True)
class Recipe:
    r"""Settings of the optimisation; $\gamma$ falls on a cosine over the first share `burn_in`."""

    batch: int = 64
    learning_rate: float = 6e-4
    gamma_last: float = 0.05
    burn_in: float = 0.1
    ema_decay: float = 0.999

    def gamma(self, progress: float) -> float:
        r"""Weight $\gamma$ of the penalties at `progress` in [0, 1]: from ten times the last one down to it."""
        fall = 0.5 * (1 + math.cos(math.pi * min(progress / self.burn_in, 1.0)))
        return self.gamma_last * (1 + 9 * fall)


SIZES = {
    "tiny": (GANConfig(latent_dim=16, w_dim=32, width=8, head=32), Recipe(batch=32)),
    "small": (GANConfig(width=16, head=128), Recipe()),
    "base": (GANConfig(width=32, head=256), Recipe()),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of a GAN on the prepared pictures of `plan.data`."""
    return Learner(plan, accelerator)


def prescribe(plan: TrainPlan) -> Recipe:
    """The size's recipe with what the plan sets itself."""
    recipe = SIZES[plan.size][1]
    return replace(
        recipe,
        batch=plan.batch_size or recipe.batch,
        learning_rate=plan.learning_rate or recipe.learning_rate,
        gamma_last=plan.gradient_penalty,
    )


class Learner:
    """Both players, the generator's average and the optimisers; see training/loop.py for what each method is for."""

    def __init__(self, plan: TrainPlan, accelerator: "Accelerator") -> None:
        self.plan, self.accelerator, self.recipe = plan, accelerator, prescribe(plan)
        self.data = images.load(plan.data)
        self.images = self.data["train_images"].to(accelerator.device)
        self.labels = self.data["train_labels"].long()
        self.randomness = Randomness(plan.seed)
        self.config = replace(SIZES[plan.size][0], classes=len(self.data["classes"]["en"]))
        here = {"device": accelerator.device, "memory_format": torch.channels_last}
        self.generator = Generator(self.config).to(**here)
        self.discriminator = Discriminator(self.config).to(**here)
        self.average = Average(self.generator, self.recipe.ema_decay)
        self.generator_optimizer = self._optimizer(self.generator)
        self.discriminator_optimizer = self._optimizer(self.discriminator)
        self.examples = self.recipe.batch * accelerator.num_processes

    def _optimizer(self, network: torch.nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(
            network.parameters(), lr=self.recipe.learning_rate, betas=(0.0, 0.99), fused=True
        )

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
        reals, class_weights, z = self.draw()
        with self.accelerator.autocast():
            fakes = self.generator(z, class_weights).float()
        figures, real_logits = self._step_discriminator(reals, fakes.detach(), class_weights, progress)
        figures["generator_loss"] = self._step_generator(fakes, class_weights, real_logits)
        figures["loss"] = figures["generator_loss"] + figures["discriminator_loss"]
        self.average.update(self.generator)
        return figures

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """This process's rows of a batch: pictures (N, C, H, W) in [-1, 1], class weights (N, K), z (N, latent_dim).

        Drawn with replacement, so that a batch may be larger than the data. The quarter that is penalised comes
        first, and is shared out on its own: all processes together penalise what one alone would.
        """
        generator = self.randomness.generator
        chosen = torch.randint(len(self.labels), (self.examples,), generator=generator)
        z = torch.randn(self.examples, self.config.latent_dim, generator=generator)
        class_weights = F.one_hot(self.labels[chosen], self.config.classes).float()
        chosen, class_weights, z = (self._share(part) for part in (chosen, class_weights, z))
        return to_float(self.images[chosen]), class_weights, z

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
        quarter = self.quarter
        both = torch.stack([reals, fakes])  # (2, N, C, H, W)
        penalised = both[:, :quarter].flatten(0, 1).requires_grad_()
        with self.accelerator.autocast():
            first = self.discriminator(penalised, class_weights[:quarter].repeat(2, 1)).float()
            rest = self.discriminator(both[:, quarter:].flatten(0, 1), class_weights[quarter:].repeat(2, 1))
        r1, r2 = squared_gradients(first, penalised).view(2, quarter).mean(1)
        real, fake = torch.cat([first.view(2, -1), rest.float().view(2, -1)], dim=1)
        loss = discriminator_loss(real, fake)
        objective = loss + self.recipe.gamma(progress) / 2 * (r1 + r2)
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
        trained = [parameter for parameter in self.discriminator.parameters() if parameter.requires_grad]
        for parameter in trained:
            parameter.requires_grad_(False)
        with self.accelerator.autocast():
            logits = self.discriminator(fakes, class_weights).float()
        loss = generator_loss(real_logits, logits)
        self._update(self.generator, self.generator_optimizer, loss)
        for parameter in trained:
            parameter.requires_grad_(True)
        return loss.detach()

    def _update(self, network: torch.nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(network.parameters(), self.accelerator)
        optimizer.step()

    def validate(self) -> dict[str, float]:
        """Nothing yet."""
        return {}

    @torch.no_grad()
    def sample(self) -> Tensor:
        """64 pictures of fixed seeds, uint8 (N, H, W) or (N, H, W, 3), to stand in a square with classes in columns."""
        columns = min(max(self.config.classes, 8), 10)
        labels = (torch.arange(columns) * self.config.classes // columns).repeat(columns)
        seeded = torch.Generator().manual_seed(SAMPLE_SEED)
        z = torch.randn(len(labels), self.config.latent_dim, generator=seeded).to(self.accelerator.device)
        rows = F.one_hot(labels, self.config.classes).float().to(self.accelerator.device)
        return to_uint8(self.average.network(z, rows))

    def export(self, final: bool) -> None:
        """Write config.json and model.safetensors."""
        export(self.plan.run, self.data, self.average.network, self.discriminator, final, self.plan.seed)
