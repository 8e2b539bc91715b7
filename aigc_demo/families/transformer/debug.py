"""A model of random weights in real files, for tests and for trying the app without weights."""

from pathlib import Path

import torch

from aigc_demo.families.transformer.networks import Decoder, Shape
from aigc_demo.families.transformer.saving import save_model
from aigc_demo.language.debug import debug_tokenizer


def write_debug_model(folder: Path, seed: int = 0, language: str = "zh") -> None:
    """Two layers, 16 wide, random; "zh" writes verse by characters, "en" prose by byte-level BPE."""
    tokenizer, forms, context = debug_tokenizer(language)
    shape = Shape(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        layers=2,
        heads=2,
        intermediate_size=32,
        context_length=context,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Decoder(shape)
    save_model(folder, network, tokenizer, language, forms)
