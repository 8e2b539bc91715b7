"""Training: on every batch both players take one step, the discriminator first.

Two savings for a CPU: the gradient penalties look at a quarter of the batch, an unbiased estimate that keeps
their weight; and the generator's step reuses the fakes and the real logits of the discriminator's.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aigc_demo.checkpoints import load_state, save_state, save_weights
from aigc_demo.gan.losses import discriminator_loss, generator_loss, squared_gradients
from aigc_demo.gan.networks import Discriminator, GANConfig, Generator
from aigc_demo.training import (
    Average,
    Clock,
    Log,
    Progress,
    StopFlag,
    random_state,
    restore_optimizer,
    restore_random_state,
    set_rate,
    warmup_cosine,
)

LOG_EVERY = 50


@dataclass(frozen=True)
class TrainPlan:
    """What to train, where, and for how long. `data` is what `aigc_demo.data.images.load` returns."""

    data: dict[str, Any]
    run: Path
    size: str
    steps: int
    seed: int
    save_every: int


@dataclass(frozen=True)
class Recipe:
    r"""Settings of the optimisation; $\gamma$ falls on a cosine over the first share `burn_in`."""

    batch: int = 64
    learning_rate: float = 6e-4
    gamma_first: float = 0.5
    gamma_last: float = 0.05
    burn_in: float = 0.1
    ema_decay: float = 0.999

    def gamma(self, progress: float) -> float:
        r"""Weight $\gamma$ of the penalties at `progress` in [0, 1]."""
        fall = 0.5 * (1 + math.cos(math.pi * min(progress / self.burn_in, 1.0)))
        return self.gamma_last + (self.gamma_first - self.gamma_last) * fall


SIZES = {
    "tiny": (GANConfig(latent_dim=16, w_dim=32, width=8, head=32), Recipe(batch=32)),
    "small": (GANConfig(width=16, head=128), Recipe()),
    "base": (GANConfig(width=32, head=256), Recipe()),
}


class Players:
    """Both networks, the generator's average and the optimisers: all that a step changes."""

    def __init__(self, config: GANConfig, recipe: Recipe) -> None:
        self.recipe = recipe
        self.generator = Generator(config).to(memory_format=torch.channels_last)
        self.discriminator = Discriminator(config).to(memory_format=torch.channels_last)
        self.average = Average(self.generator, recipe.ema_decay)
        adam = {"lr": recipe.learning_rate, "betas": (0.0, 0.99), "fused": True}
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name."""
        return {name: part for name, part in vars(self).items() if name != "recipe"}

    def step(self, images: Tensor, class_weights: Tensor, z: Tensor, progress: float) -> dict[str, float]:
        """Step on pictures (N, 1, 28, 28) in [-1, 1]; `progress` in [0, 1] sets rates and gamma."""
        # Not to zero: the players circle about their equilibrium, and the average over several rounds is
        # better than the place where a vanishing rate would freeze them.
        for optimizer in (self.discriminator_optimizer, self.generator_optimizer):
            set_rate(optimizer, warmup_cosine(progress, floor=1 / 3))
        fakes = self.generator(z, class_weights)
        gamma = self.recipe.gamma(progress)
        figures, real_logits = self._step_discriminator(images, fakes.detach(), class_weights, gamma)
        figures["generator_loss"] = self._step_generator(fakes, class_weights, real_logits)
        self.average.update(self.generator)
        return figures

    def _step_discriminator(
        self, images: Tensor, fakes: Tensor, class_weights: Tensor, gamma: float
    ) -> tuple[dict[str, float], Tensor]:
        """Figures for the log, and the logits (N,) of the real pictures."""
        quarter = len(images) // 4
        both = torch.stack([images, fakes])  # (2, N, 1, H, W)
        penalised = both[:, :quarter].flatten(0, 1).requires_grad_()
        logits_penalised = self.discriminator(penalised, class_weights[:quarter].repeat(2, 1))
        r1, r2 = squared_gradients(logits_penalised, penalised).view(2, quarter).mean(1)
        logits_rest = self.discriminator(
            both[:, quarter:].flatten(0, 1), class_weights[quarter:].repeat(2, 1)
        )
        real, fake = torch.cat([logits_penalised.view(2, -1), logits_rest.view(2, -1)], dim=1)
        loss = discriminator_loss(real, fake)
        self.discriminator_optimizer.zero_grad(set_to_none=True)
        (loss + gamma / 2 * (r1 + r2)).backward()
        self.discriminator_optimizer.step()
        terms = {
            "discriminator_loss": loss,
            "r1": r1,
            "r2": r2,
            "real_logit": real.mean(),
            "fake_logit": fake.mean(),
        }
        return {name: term.item() for name, term in terms.items()}, real.detach()

    def _step_generator(self, fakes: Tensor, class_weights: Tensor, real_logits: Tensor) -> float:
        """The generator's loss; the discriminator only passes gradients on."""
        self.discriminator.requires_grad_(False)
        loss = generator_loss(real_logits, self.discriminator(fakes, class_weights))
        self.generator_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.generator_optimizer.step()
        self.discriminator.requires_grad_(True)
        return loss.item()


def train(plan: TrainPlan) -> Iterator[Progress]:
    """Train, or go on where the run folder stands; leaves config.json and model.safetensors there.

    Yields every 50 steps and at the end. Ends early, all saved, when the file STOP appears in the run folder.
    """
    config, recipe = SIZES[plan.size]
    config = replace(config, classes=len(plan.data["classes"]["en"]))
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    players = Players(config, recipe)
    step, seconds = _resume(plan.run, players, generator)
    clock, log, stop = Clock(seconds), Log(plan.run / "log.jsonl"), StopFlag(plan.run)
    stop.clear()
    images, labels = plan.data["train_images"], plan.data["train_labels"].long()
    last = step >= plan.steps
    while not last:
        chosen = torch.randint(len(images), (recipe.batch,), generator=generator)
        real = images[chosen, None].float() / 127.5 - 1
        class_weights = F.one_hot(labels[chosen], config.classes).float()
        z = torch.randn(recipe.batch, config.latent_dim, generator=generator)
        figures = players.step(real, class_weights, z, step / plan.steps)
        step += 1
        last = step == plan.steps or stop.is_set()  # asked once a step, so that no stop slips past the save
        if step % LOG_EVERY == 0 or last:
            progress = Progress(step, plan.steps, clock.seconds(), figures)
            log.write(progress)
            yield progress
        if step % plan.save_every == 0 or last:
            _save(plan.run, players, generator, step, clock.seconds())
            export(plan, config, players.average.network, players.discriminator)


def _resume(run: Path, players: Players, generator: torch.Generator) -> tuple[int, float]:
    """Steps and seconds done so far in this run folder, with everything put back as it stood then."""
    state = load_state(run)
    if state is None:
        return 0, 0.0
    for name, part in players.parts().items():
        if isinstance(part, torch.optim.Optimizer):
            restore_optimizer(part, state[name])
        else:
            part.load_state_dict(state[name])
    restore_random_state(state["random"], generator)
    return state["step"], state["seconds"]


def _save(run: Path, players: Players, generator: torch.Generator, step: int, seconds: float) -> None:
    parts = {name: part.state_dict() for name, part in players.parts().items()}
    save_state(run, {**parts, "random": random_state(generator), "step": step, "seconds": seconds})


@torch.no_grad()
def export(plan: TrainPlan, config: GANConfig, generator: Generator, discriminator: Discriminator) -> None:
    """Write what the app uses: both networks in half precision, each class's mean style, the score quantiles."""
    labels = torch.eye(config.classes)
    z = torch.randn(4096, config.latent_dim, generator=torch.Generator().manual_seed(plan.seed))
    for row, mean in zip(labels, generator.w_mean, strict=True):
        mean.copy_(generator.mapping(z, row.expand(len(z), -1)).mean(0))
    scores = _held_out_scores(plan.data, discriminator, labels)
    networks = {"generator": generator, "discriminator": discriminator}
    tensors = {
        f"{name}.{key}": value.half()
        for name, part in networks.items()
        for key, value in part.state_dict().items()
    }
    quantiles = torch.quantile(scores, torch.linspace(0, 1, 101)).tolist()
    save_weights(
        plan.run,
        tensors,
        {
            "family": "gan",
            "classes": plan.data["classes"],
            "network": asdict(config),
            "score_quantiles": [round(value, 4) for value in quantiles],
        },
    )


def _held_out_scores(data: dict[str, Any], discriminator: Discriminator, one_hot: Tensor) -> Tensor:
    """D's logits of at most 2000 held-out pictures, each with its true class."""
    images, labels = data["test_images"][:2000], data["test_labels"][:2000].long()
    return discriminator(images[:, None].float() / 127.5 - 1, one_hot[labels])
