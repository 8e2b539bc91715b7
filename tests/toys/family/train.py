"""Training: gradient descent on the error."""

from collections.abc import Mapping
from typing import Any

import torch
from aigc_demo.families.toy.losses import error
from aigc_demo.families.toy.networks import LATENT_DIM, Decoder
from torch import Tensor

from aigc_demo.data import images
from aigc_demo.models.checkpoints import save_weights
from aigc_demo.training import Randomness, TrainPlan, set_rate


def make_learner(plan: TrainPlan, accelerator: Any) -> "Learner":
    """The learner on the prepared pictures of `plan.data`."""
    return Learner(plan, accelerator, images.load(plan.data))


def count_parameters(size: str) -> int:
    """Numbers in a model of ten classes of 28 x 28 pictures."""
    return (10 + LATENT_DIM) * 784


class Learner:
    """See training/loop.py for what each method is for."""

    examples = 8

    def __init__(self, plan: TrainPlan, accelerator: Any, data: Mapping[str, Any]) -> None:
        self.plan, self.accelerator, self.data = plan, accelerator, data
        self.randomness = Randomness(plan.seed)
        self.shape = (1, *data["train_images"].shape[1:])
        self.classes = len(data["classes"]["en"])
        self.decoder = Decoder(self.classes, data["train_images"][0].numel())
        self.optimizer = torch.optim.SGD(self.decoder.parameters(), lr=50.0)

    def parts(self) -> dict[str, Any]:
        """Everything that a step changes."""
        return {name: getattr(self, name) for name in ("decoder", "optimizer", "randomness")}

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One step down the error of a batch."""
        set_rate(self.optimizer, rate)
        generator, train = self.randomness.generator, self.data["train_images"]
        chosen = torch.randint(len(train), (self.examples,), generator=generator)
        z = torch.randn(self.examples, LATENT_DIM, generator=generator)
        loss = self.loss(train[chosen], self.data["train_labels"][chosen], z)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.detach()}

    def loss(self, pictures: Tensor, labels: Tensor, z: Tensor) -> Tensor:
        """The error of pictures uint8 (N, H, W) of classes (N,)."""
        real = pictures.flatten(1).float() / 127.5 - 1
        return error(self.decoder(z, torch.eye(self.classes)[labels.long()]), real)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """The error of held-out pictures."""
        held_out = self.data["test_images"], self.data["test_labels"]
        return {"held_out_loss": float(self.loss(*held_out, torch.zeros(len(held_out[0]), LATENT_DIM)))}

    @torch.no_grad()
    def sample(self) -> Tensor:
        """The mean pictures, uint8 (K, H, W)."""
        drawn = self.decoder(torch.zeros(self.classes, LATENT_DIM), torch.eye(self.classes))
        return ((drawn + 1) * 127.5).byte().reshape(-1, *self.shape[1:])

    def export(self, final: bool) -> None:
        """Write what the app uses."""
        config = {"family": "toy", "classes": self.data["classes"], "image_shape": list(self.shape)}
        save_weights(self.plan.run, self.decoder.state_dict(), config)
