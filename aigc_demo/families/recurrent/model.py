"""An LSTM as the app uses it: a writer, and a look at its gates."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.families.recurrent.export import load_network
from aigc_demo.families.recurrent.networks import Recurrent, State
from aigc_demo.language.corpus import HeldOut
from aigc_demo.language.likelihood import row_nats
from aigc_demo.language.writer import Writer, read_writer

ENDLESS = 1 << 30  # tokens that a memory can go over: as many as anybody wants
SHOWN = 512  # tokens whose gates are shown at once


class Reader:
    """Reads a text a token at a time; the state is all that it keeps."""

    context_length = ENDLESS

    def __init__(self, network: Recurrent) -> None:
        self.network = network

    def new_cache(self, batch: int) -> State:
        """Nothing read yet."""
        return self.network.new_state(batch)

    @torch.inference_mode()
    def read(self, ids: Tensor, state: State) -> Tensor:
        """Read ids (batch, T) on from `state`; logits (batch, vocab) behind the last."""
        return self.network.logits(self.network.read(ids, state)[:, -1])

    def expand(self, state: State, batch: int) -> State:
        """The state of one text, copied for `batch` samples that go on from it."""
        return state.expand(batch)


class RecurrentModel(Writer):
    """A network with its tokenizer."""

    def __init__(
        self, network: Recurrent, tokenizer: Any, language: str, forms: Sequence[str], context_length: int
    ) -> None:
        self.network, self.context_length = network, context_length
        self.device = network.embedding.weight.device
        super().__init__(tokenizer, language, forms)

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu") -> "RecurrentModel":
        """The model in `folder`; an InputError where files are missing or do not fit."""
        config, *spoken = read_writer(folder)
        return cls(load_network(folder, device), *spoken, config["context_length"])

    @cached_property
    def decoder(self) -> Reader:
        """The network, read through one token at a time."""
        return Reader(self.network)

    def nats(self, rows: Sequence[HeldOut]) -> list[float]:
        """How unlikely the predicted places of each row are, in nats; each row is read from nothing."""
        return row_nats(self.network, rows, self.device)

    def gates(self, ids: Sequence[int]) -> tuple[list[str], dict[str, Tensor]]:
        """Labels of the T tokens, 512 at most, and by name the gates and the memory (layers, T, units) after each."""
        ids = list(ids)[:SHOWN]
        found = self.network.gates(torch.tensor(ids, device=self.device))
        return [self.pieces.labels[token] for token in ids], {
            name: value.cpu() for name, value in found.items()
        }
