"""The preset sizes: how large the networks are, and how they are optimised."""

from dataclasses import dataclass, replace

from aigc_demo.families.gan.losses import penalty_weight
from aigc_demo.families.gan.networks import GANConfig
from aigc_demo.training import TrainPlan


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
