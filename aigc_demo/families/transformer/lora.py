"""Fine-tuning a pretrained language model by an adapter (training/adapters.py says what that is).

The base stays frozen in its own dtype; matrices of rank r beside each of its linear layers are learned, from text or
from the answers of conversations. A run's first samples are the base's own, so a run's film shows one against the other.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aigc_demo.core.disk import write_atomically, write_json
from aigc_demo.families.transformer import load_pretrained
from aigc_demo.families.transformer.lora_data import Material, Row, collate, open_material
from aigc_demo.families.transformer.lora_validation import LoraValidation, bits_per_character
from aigc_demo.language.batches import Batches
from aigc_demo.language.losses import bits, next_token_loss
from aigc_demo.models.placement import Placement
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

    from aigc_demo.families.transformer.hub_text import HubLanguageModel

RATE = 2e-4
ROWS, LENGTH = 4, 256  # rows a process and step, tokens a row
PIECE = {"cpu": 1024}  # tokens computed at once
GPU_PIECE = 8192


def make_learner(plan: TrainPlan, accelerator: "Accelerator") -> "LoraLearner":
    """The learner of an adapter for `plan.base` on `plan.data`; an InputError where these do not go together."""
    model = load_base(plan, str(accelerator.device), dtype_of(accelerator))
    return LoraLearner(plan, accelerator, model, open_material(plan.data, model, length_for(model)))


def load_base(plan: TrainPlan, device: str, dtype: str = "float32") -> "HubLanguageModel":
    """The plan's base, as the app itself loads it, or in 4 bits."""
    return load_pretrained(plan.base, Placement(device, dtype, load_in_4bit=plan.load_in_4bit))


def length_for(model: "HubLanguageModel") -> int:
    """Tokens a row."""
    return min(LENGTH, model.context_length)


class LoraLearner:
    """Adapter, optimiser and the place in the data; training/loop.py says what each method is for."""

    def __init__(
        self, plan: TrainPlan, accelerator: "Accelerator", model: "HubLanguageModel", material: Material
    ) -> None:
        from peft import get_peft_model

        self.plan, self.accelerator, self.model, self.material = plan, accelerator, model, material
        self.randomness = Randomness(plan.seed)
        # the layers are put into the model's own network, so that `model` writes with the adapter, too
        self.adapted = get_peft_model(model.network, lora_config(plan, "all-linear", "CAUSAL_LM")).eval()
        self.adapter = AdapterWeights(self.adapted)
        self.optimizer = make_optimizer(self.adapter, plan.learning_rate or RATE)
        count = (plan.batch_size or ROWS) * accelerator.num_processes
        self.batches = Batches(lambda _: [[place] for place in range(len(material.train))], count, plan.seed)
        self.examples = round(count * sum(map(learned, material.train)) / len(material.train))
        self.validation = LoraValidation(material)

    def step(self, progress: float, rate: float) -> Mapping[str, Tensor]:
        """One optimiser step on the next batch; `loss` is in bits a learned token, over all processes."""
        places = self.batches.take()
        total = sum(learned(self.material.train[place]) for place in places.flatten().tolist())
        scale = self.accelerator.num_processes / max(total, 1)  # the mean over processes follows
        nats = torch.zeros((), device=self.accelerator.device)
        for ids, targets in self._pieces(own_share(places, self.accelerator)):
            with self.accelerator.autocast():
                logits = self.adapted(ids).logits
            loss = next_token_loss(logits.flatten(0, 1).float(), targets.flatten())
            (loss * scale).backward()
            nats += loss.detach()
        set_rate(self.optimizer, warmup_cosine(progress) * rate)
        length = take_step(self.adapter, self.optimizer, self.accelerator)
        self.validation.changed()
        if self.accelerator.num_processes > 1:
            nats = self.accelerator.reduce(nats, "sum")
        return {"loss": bits(nats, max(total, 1)), "gradient": length}

    def _pieces(self, places: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """The rows some at a time, the longest first, as ids and targets."""
        rows = sorted((self.material.train[place] for place in places.flatten().tolist()), key=row_length)
        tokens = PIECE.get(self.accelerator.device.type, GPU_PIECE)
        while rows:
            count = max(1, tokens // row_length(rows[-1]))
            yield collate(rows[-count:], self.accelerator.device)
            del rows[-count:]

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name; the base is no part of it."""
        return {
            "adapter": self.adapter,
            "optimizer": self.optimizer,
            "batches": self.batches,
            "randomness": self.randomness,
        }

    def validate(self) -> dict[str, float]:
        """train_bits, held_out, repetition and copied_run; lora_validation.py says what they are."""
        return self.validation.figures(self.model)

    def sample(self) -> list[str]:
        """Four texts, or answers; before the first step they are the base's."""
        return self.validation.samples(self.model)

    def export(self, final: bool) -> None:
        """The adapter in peft's own format, beside a config.json that names its base."""
        from peft import get_peft_model_state_dict
        from safetensors.torch import save

        run, base = self.plan.run, self.plan.base
        write_json(
            run / "config.json",
            {
                "family": "transformer",
                "kind": "lora",
                "base": base.id,
                "base_revision": base.revision,
                "language": base.language,
            },
        )
        own = plain_config(self.adapted.peft_config["default"])
        write_json(run / "adapter_config.json", own)
        tensors = get_peft_model_state_dict(self.adapted, save_embedding_layers=False)
        ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_atomically(run / "adapter_model.safetensors", save(ready, metadata={"format": "pt"}))


def evaluate(plan: TrainPlan, device: str) -> dict[str, float | int]:
    """A finished adapter's figures for its card, beside its base's: bits a character held out, and what it copies."""
    model = load_base(plan, device)
    validation = LoraValidation(open_material(plan.data, model, length_for(model)))
    figures: dict[str, float | int] = {}
    if validation.can_judge:
        figures["base_bits_per_character"] = round(bits_per_character(model, validation.held_out), 3)
    model.set_adapter(plan.run, 1.0)
    if validation.can_judge:
        figures["bits_per_character"] = round(bits_per_character(model, validation.held_out), 3)
    return figures | validation.copies(model)


def learned(row: Row) -> int:
    """How many of a row's tokens are learned."""
    return len(row.ids) - row.start


def row_length(row: Row) -> int:
    """Tokens of a row."""
    return len(row.ids)
