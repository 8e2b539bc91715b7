"""Training: steps down the cross entropy of batches drawn by chance, with augmentation where pictures are few.

Some training pictures are set aside, on which the odds of the finished model are brought to scale (export.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.data import images
from aigc_demo.families.classifier.augment import DRAWS, FEW, augment
from aigc_demo.families.classifier.evaluate import glance, said_of, some
from aigc_demo.families.classifier.export import export, logits_of
from aigc_demo.families.classifier.finetune import adopt, freeze
from aigc_demo.families.classifier.losses import cross_entropy
from aigc_demo.families.classifier.networks import ClassifierConfig, Network
from aigc_demo.metrics.least import enough
from aigc_demo.models.checkpoints import states
from aigc_demo.models.pixels import to_float
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

SAMPLES, SAMPLE_SEED = 64, 0
ASIDE, FROM, MOST_ASIDE = 0.05, 1000, 2000  # share of the training pictures, where there are so many
WRONG, COVER = (255, 122, 26), 0.6  # the tint of a picture that is named wrong


@dataclass(frozen=True)
class Recipe:
    """Settings of the optimisation; `batch` counts the pictures a step of one process."""

    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    ema_decay: float = 0.998


SIZES = {
    "tiny": (ClassifierConfig(width=8, hidden=32), Recipe(batch=32)),
    "small": (ClassifierConfig(width=16, hidden=48), Recipe()),
    "base": (ClassifierConfig(), Recipe()),
}


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "Learner":
    """The learner of a classifier on the prepared pictures of `plan.data`; an InputError where plan and data do not fit."""
    data, randomness = images.load(plan.data), Randomness(plan.seed)
    return Learner(plan, accelerator, data, randomness, make_network(plan, data))


def make_network(plan: TrainPlan, data: Mapping[str, Any]) -> Network:
    """A fresh network of the plan's size, or that of its start with the classes of these data."""
    shape = config_for(plan.size, data)
    if plan.start is None:
        if plan.frozen_layers:
            raise InputError(
                en="Only a trained network has layers worth freezing; choose a model to start from, or freeze 0.",
                zh="只有训练过的网络才值得冻结；请选择一个起点模型，或把冻结层数设为 0。",
            )
        return Network(shape)
    # a run that goes on finds its shape in its own folder, whatever has become of the start
    start = plan.run if states(plan.run) and (plan.run / "config.json").is_file() else plan.start
    network = adopt(start, data["classes"]["en"], shape)
    freeze(network, plan.frozen_layers)
    return network


def config_for(size: str, data: Mapping[str, Any]) -> ClassifierConfig:
    """The preset's network for these pictures and classes; an InputError where they cannot be learnt."""
    height, width, channels = (*data["train_images"].shape[1:], 1)[:3]
    classes = len(data["classes"]["en"])
    if height != width or height not in range(28, 129, 4):
        raise InputError(
            en=f"The pictures are {width} x {height}; import them as squares with a side of 28 to 128, a multiple of 4.",
            zh=f"图片尺寸为 {width} x {height}；请导入为边长 28 到 128、且为 4 的倍数的正方形。",
        )
    if classes < 2 or len(data["train_labels"].unique()) < 2:
        raise InputError(
            en="A classifier needs pictures of two classes at least, and these have one; put each class into a folder"
            " of its name, or bring a table of labels.",
            zh="分类器至少需要两个类别的图片，而这些数据只有一类；请把每一类放进以类名命名的文件夹，或提供标签表。",
        )
    return replace(SIZES[size][0], classes=classes, side=height, channels=channels)


def count_parameters(size: str) -> int:
    """Numbers in a new model of a preset size, for ten classes of grey 28 x 28 pictures; takes no memory."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in Network(SIZES[size][0]).parameters())


def set_aside(count: int) -> tuple[Tensor, Tensor]:
    """Which of `count` training pictures are learnt from, and which are set aside, always the same."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    aside = min(round(ASIDE * count), MOST_ASIDE) if count >= FROM else 0
    return order[aside:], order[:aside]


def exchanged(labels: Tensor, classes: int, share: float, seed: int) -> Tensor:
    """Labels (N,), each exchanged with the probability `share` for one drawn from all classes alike."""
    generator = torch.Generator().manual_seed(seed)
    hit = torch.rand(len(labels), generator=generator) < share
    return torch.where(hit, torch.randint(classes, (len(labels),), generator=generator), labels)


class Learner:
    """The network, its average and the optimiser; see training/loop.py for what each method is for."""

    def __init__(
        self,
        plan: TrainPlan,
        accelerator: "Accelerator",
        data: dict[str, Any],
        randomness: Randomness,
        network: Network,
    ) -> None:
        self.plan, self.accelerator, self.recipe = plan, accelerator, SIZES[plan.size][1]
        self.data, self.randomness, self.config = data, randomness, network.config
        self.learnt, self.aside = set_aside(len(data["train_labels"]))
        self.labels = exchanged(data["train_labels"].long(), self.config.classes, plan.label_noise, plan.seed)
        self.augmented = plan.augment == "on" or (plan.augment == "auto" and len(self.learnt) < FEW)
        self.network = network.to(accelerator.device, memory_format=torch.channels_last)
        self.average = Average(self.network, self.recipe.ema_decay)
        self.optimizer = torch.optim.AdamW(
            self.trained(),
            lr=plan.learning_rate or self.recipe.learning_rate,
            weight_decay=self.recipe.weight_decay,
            fused=True,
        )
        self.examples = (plan.batch_size or self.recipe.batch) * accelerator.num_processes

    def trained(self) -> list[Tensor]:
        """The parameters that are not frozen."""
        return [parameter for parameter in self.network.parameters() if parameter.requires_grad]

    def parts(self) -> dict[str, Any]:
        """Everything that a step changes."""
        names = ("network", "average", "optimizer", "randomness")
        return {name: getattr(self, name) for name in names}

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One step down the cross entropy of the next batch."""
        set_rate(self.optimizer, rate * warmup_cosine(progress))
        pictures, labels = self.batch()
        with self.accelerator.autocast():
            logits = self.network(pictures)
        logits = logits.float()
        loss = cross_entropy(logits, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self.trained(), self.accelerator)
        self.optimizer.step()
        self.average.update(self.network)
        right = (logits.detach().argmax(1) == labels).float().mean()
        return {"loss": loss.detach(), "right": right}

    def batch(self) -> tuple[Tensor, Tensor]:
        """This process's share of the next batch, drawn with replacement: pictures, augmented where they are, and labels."""
        generator = self.randomness.generator
        places = torch.randint(len(self.learnt), (self.examples,), generator=generator)
        draws = torch.rand(self.examples, DRAWS, generator=generator)
        rows, draws = (own_share(part, self.accelerator) for part in (self.learnt[places], draws))
        pictures = to_float(self.data["train_images"][rows.cpu()]).to(self.accelerator.device)
        pictures = augment(pictures, draws) if self.augmented else pictures
        return pictures, self.labels[rows.cpu()].to(self.accelerator.device)

    def validate(self) -> dict[str, float]:
        """Loss and share named right on held-out pictures, and what the doctor asks; nothing where few are held out."""
        pictures, labels = some(self.data, "test")
        return glance(logits_of(self.average.network, pictures), labels) if enough(labels) else {}

    def sample(self) -> Tensor:
        """64 held-out pictures, always the same, uint8 (64, H, W, 3): those that are named wrong are tinted."""
        split = "test" if enough(self.data["test_labels"]) else "train"
        pictures, labels = some(self.data, split, SAMPLES)
        wrong = said_of(self.average.network, pictures) != labels
        coloured = pictures if pictures.ndim == 4 else pictures[..., None].expand(-1, -1, -1, 3)
        tint = torch.lerp(coloured.float(), torch.tensor(WRONG).float(), COVER).round().byte()
        return torch.where(wrong[:, None, None, None], tint, coloured)

    def export(self, final: bool) -> None:
        """Write what the app uses; odds and their record by all pictures that were set aside or held out, where `final`."""
        export(self.plan.run, self.average.network, self.data, self.aside, final)
