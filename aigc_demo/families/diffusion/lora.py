"""Teaching a text-to-image model a subject or a style from a few captioned pictures, by an adapter.

training/adapters.py says what an adapter is. Here it sits beside the attention of the denoiser; autoencoder and text
encoder only ever see each picture and caption once, before the first step. (Ruiz et al. 2023, DreamBooth, for the
trigger word; Hu et al. 2021 for the adapter.) A run's first samples are the base's own.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aigc_demo.families.diffusion.loading import denoiser
from aigc_demo.families.diffusion.lora_data import Encoded, read_captioned
from aigc_demo.families.diffusion.lora_validation import LoraValidation, load_drawer, side_of
from aigc_demo.families.diffusion.objective import objective_of
from aigc_demo.models.checkpoints import write_atomically, write_json
from aigc_demo.training import Randomness, TrainPlan, own_share, set_rate, warmup_cosine
from aigc_demo.training.adapters import (
    AdapterWeights,
    dtype_of,
    lora_config,
    make_optimizer,
    plain_config,
    take_step,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

RATE, BATCH = 1e-4, 2
FILE = "pytorch_lora_weights.safetensors"


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "LoraLearner":
    """The learner of an adapter for `plan.base` on the pictures of `plan.data`; an InputError where it cannot be."""
    drawer = load_drawer(plan, str(accelerator.device), dtype_of(accelerator))
    return LoraLearner(plan, accelerator, drawer)


class LoraLearner:
    """Adapter and optimiser beside a frozen pipeline; training/loop.py says what each method is for."""

    def __init__(self, plan: TrainPlan, accelerator: "Accelerator", drawer: Any) -> None:
        self.plan, self.accelerator, self.drawer = plan, accelerator, drawer
        self.objective = objective_of(drawer.pipe)
        train, held_out = read_captioned(plan.data, plan.trigger)
        side = side_of(plan, drawer)
        conditions: dict[str, dict[str, Tensor]] = {}
        self.pictures = Encoded(train, drawer, side, conditions)
        self.validation = LoraValidation(
            plan, drawer, self.objective, (train, held_out), self.pictures, conditions
        )
        let_encoders_go(drawer.pipe)
        self.randomness = Randomness(plan.seed)
        self.network = add_adapter(drawer.pipe, plan, self.objective.targets)
        self.adapter = AdapterWeights(self.network)
        self.optimizer = make_optimizer(self.adapter, plan.learning_rate or RATE)
        self.examples = (plan.batch_size or BATCH) * accelerator.num_processes

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One optimiser step on pictures, noise and times drawn anew; `loss` is the objective's mean."""
        generator = self.randomness.generator
        places = torch.randint(len(self.pictures), (self.examples,), generator=generator)
        noise = torch.randn(self.examples, *self.pictures.latents.shape[1:], generator=generator)
        uniform = torch.rand(self.examples, generator=generator)
        own = own_share(places, self.accelerator).tolist()
        latents, conditions = self.pictures.pick(own)
        times = self.objective.times(own_share(uniform, self.accelerator))
        with self.accelerator.autocast():
            losses = self.objective.loss(
                self.network, latents, own_share(noise, self.accelerator), times, conditions
            )
        loss = losses.mean()
        loss.backward()
        set_rate(self.optimizer, warmup_cosine(progress) * rate)
        length = take_step(self.adapter, self.optimizer, self.accelerator)
        self.validation.changed()
        return {"loss": loss.detach(), "gradient": length}

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name; the base is no part of it."""
        return {"adapter": self.adapter, "optimizer": self.optimizer, "randomness": self.randomness}

    def validate(self) -> dict[str, float]:
        """train_loss, held_out_loss and nearest_ratio; lora_validation.py says what they are."""
        return self.validation.figures()

    def sample(self) -> Any:
        """Pictures of the held-out captions from fixed seeds; before the first step they are the base's."""
        return self.validation.draw().numpy()

    def export(self, final: bool) -> None:
        """The adapter in diffusers' own format, beside a config.json that names its base."""
        run, base = self.plan.run, self.plan.base
        own = {"trigger": self.plan.trigger, "resolution": self.validation.side}
        write_json(
            run / "config.json",
            {"family": "diffusion", "kind": "lora", "base": base.id, "base_revision": base.revision, **own},
        )
        save_adapter(self.drawer.pipe, self.network, run)


def add_adapter(pipe: Any, plan: TrainPlan, targets: Any) -> Any:
    """The pipeline's denoiser, frozen, with a fresh adapter in float32 in it."""
    from diffusers.training_utils import cast_training_params

    network = denoiser(pipe)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(False).eval()
    network.add_adapter(lora_config(plan, targets))
    cast_training_params(network, dtype=torch.float32)
    if network.device.type == "cuda":
        network.enable_gradient_checkpointing()  # half the memory for a third more time
    return network


def let_encoders_go(pipe: Any) -> None:
    """Free the text encoders, which have done their work and may be larger than all the rest."""
    for name in pipe.components:
        if name.startswith("text_encoder"):
            setattr(pipe, name, None)


def save_adapter(pipe: Any, network: Any, run: Path) -> None:
    """Write FILE by the pipeline's own method, and put it in its place when it is whole."""
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft.utils import get_peft_model_state_dict

    part = "unet" if network is pipe.components.get("unet") else "transformer"
    tensors = convert_state_dict_to_diffusers(get_peft_model_state_dict(network))
    settings = plain_config(network.peft_config["default"])
    kept = {name: settings[name] for name in ("r", "lora_alpha", "target_modules")}
    with tempfile.TemporaryDirectory() as folder:
        options = {f"{part}_lora_layers": tensors, f"{part}_lora_adapter_metadata": kept}
        pipe.save_lora_weights(folder, **options)
        write_atomically(run / FILE, (Path(folder) / FILE).read_bytes())


def evaluate(plan: TrainPlan, device: str) -> dict[str, float | int]:
    """A finished adapter's figures for its card: its loss on held-out pictures beside its base's, and what it copies."""
    drawer = load_drawer(plan, device)
    parts = read_captioned(plan.data, plan.trigger)
    conditions: dict[str, dict[str, Tensor]] = {}
    pictures = Encoded(parts[0], drawer, side_of(plan, drawer), conditions)
    validation = LoraValidation(plan, drawer, objective_of(drawer.pipe), parts, pictures, conditions)
    base = validation.losses()
    drawer.set_adapter(plan.run, 1.0)
    figures = (
        {f"base_{name}": value for name, value in base.items()} | validation.figures() | validation.copies()
    )
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return {**rounded, "pictures": len(parts[0].captions), "held_out_pictures": len(parts[1].captions)}
