"""A Transformer as the app uses it: a writer, and a look at its attention."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.families.transformer.decoding import FastDecoder
from aigc_demo.families.transformer.networks import Decoder
from aigc_demo.families.transformer.saving import load_network
from aigc_demo.language.corpus import Corpus, HeldOut
from aigc_demo.language.likelihood import row_nats
from aigc_demo.language.writer import Writer, read_writer


class LanguageModel(Writer):
    """A network with its tokenizer."""

    def __init__(self, network: Decoder, tokenizer: Any, language: str, forms: Sequence[str]) -> None:
        self.network, self.context_length = network, network.shape.context_length
        self.device = network.model.embed_tokens.weight.device
        super().__init__(tokenizer, language, forms)

    @classmethod
    def of(cls, network: Decoder, corpus: Corpus) -> "LanguageModel":
        """A network that is learning `corpus`, as the model that it would be."""
        return cls(network, corpus.tokenizer, corpus.language, corpus.forms)

    @classmethod
    def load(cls, folder: Path, device: torch.device | str = "cpu") -> "LanguageModel":
        """The model in `folder`; an InputError where files are missing or do not fit."""
        _, *spoken = read_writer(folder)
        return cls(load_network(folder, device), *spoken)

    @property
    def layers(self) -> int:
        """Number of layers."""
        return self.network.shape.layers

    @property
    def heads(self) -> int:
        """Number of attention heads in a layer."""
        return self.network.shape.heads

    @cached_property
    def decoder(self) -> FastDecoder:
        """The weights arranged for decoding."""
        return FastDecoder(self.network)

    def nats(self, rows: Sequence[HeldOut]) -> list[float]:
        """How unlikely the predicted places of each row are, in nats."""
        return row_nats(self.network, rows, self.device)

    def attentions(self, ids: Sequence[int]) -> tuple[list[str], Tensor]:
        """Labels of the last tokens, a context of them at most, and all attention weights (layers, heads, T, T): row t is token t's."""
        ids = list(ids)[-self.context_length :]
        weights = self.network.attentions(torch.tensor([ids], device=self.device))[0]
        return [self.pieces.labels[token] for token in ids], weights.cpu()
