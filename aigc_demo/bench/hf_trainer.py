"""transformers' Trainer on the same weights, rows and rates, as somebody uses it who trusts its defaults."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aigc_demo.bench.race import settle


class TrainerRunner:
    """A LlamaForCausalLM with the weights of `network` (a Decoder, whose names it shares) and Trainer's own AdamW.

    `run` makes a Trainer for its rows alone and hands model, optimiser and schedule on to the next one.
    """

    def __init__(
        self, network: nn.Module, folder: Path, rate: float, betas: tuple[float, float], decay: float
    ) -> None:
        from transformers import TrainingArguments

        self.model = llama_like(network)
        self.device = network.model.embed_tokens.weight.device
        self.options = {
            "output_dir": str(folder),
            "use_cpu": self.device.type == "cpu",
            "num_train_epochs": 1,
            "learning_rate": rate,
            "adam_beta1": betas[0],
            "adam_beta2": betas[1],
            "weight_decay": decay,
            "max_grad_norm": 0.0,  # the others do not clip
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "dataloader_pin_memory": False,
        }
        self.arguments: Callable[..., Any] = TrainingArguments
        self.optimizer: torch.optim.Optimizer | None = None

    def run(self, batches: Sequence[Tensor], factors: Sequence[float]) -> float:
        """A step on each batch of ids (N, T + 1) with a factor on the rate; seconds from the first to the last."""
        from torch.optim.lr_scheduler import LambdaLR
        from torch.utils.data import SequentialSampler
        from transformers import PrinterCallback, Trainer

        class InOrder(Trainer):
            """Reads its rows in the order they lie in."""

            def _get_train_sampler(self, *_: Any) -> SequentialSampler:
                return SequentialSampler(self.train_dataset)

        rows = [{"input_ids": row, "labels": row} for batch in batches for row in batch.cpu()]
        arguments = self.arguments(**self.options, per_device_train_batch_size=len(batches[0]))
        clock = make_stopwatch()
        trainer = InOrder(self.model, arguments, train_dataset=rows, callbacks=[clock])
        trainer.remove_callback(PrinterCallback)
        trainer.optimizer = self.optimizer or trainer.create_optimizer()
        trainer.lr_scheduler = LambdaLR(trainer.optimizer, lambda step: factors[min(step, len(factors) - 1)])
        trainer.train()
        self.optimizer = trainer.optimizer
        return clock.seconds


def llama_like(network: nn.Module) -> nn.Module:
    """transformers' Llama of the same shape and weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = network.shape
    config = LlamaConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate_size,
        max_position_embeddings=shape.context_length + 1,
        rope_theta=shape.rope_theta,
        rms_norm_eps=shape.norm_eps,
        tie_word_embeddings=True,
        use_cache=False,
    )
    model = LlamaForCausalLM(config)
    # the tied output matrix has no entry of its own
    model.load_state_dict(network.state_dict(), strict=False)
    return model


def make_stopwatch() -> Any:
    """A callback whose `seconds` are those between the first step's beginning and the last one's end."""
    from transformers import TrainerCallback

    class Stopwatch(TrainerCallback):
        """Trainer's set-up is no training."""

        def __init__(self) -> None:
            self.start = self.seconds = 0.0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            """Start, once."""
            self.start = self.start or time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """The last one counts."""
            settle()
            self.seconds = time.perf_counter() - self.start

    return Stopwatch()
