"""A model of random weights in real files, for tests and for trying the app without weights."""

from pathlib import Path

import torch

from aigc_demo.families.transformer.networks import Decoder, Shape
from aigc_demo.families.transformer.saving import save_model
from aigc_demo.language.forms import FORMS
from aigc_demo.language.tokenizer import build_bytes, build_characters

VERSE = (
    "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"
    "床前明月光，疑是地上霜。举头望明月，低头思故乡。春望静夜思生日快乐夏秋冬四季风雨云天人年江水登高夜中"
)
PROSE = "It is a truth universally acknowledged, that a single man in possession of a good fortune must be in want of a wife."


def write_debug_model(folder: Path, seed: int = 0, language: str = "zh") -> None:
    """Two layers, 16 wide, random; "zh" writes verse by characters, "en" prose by byte-level BPE."""
    if language == "zh":
        forms = tuple(FORMS)
        tokenizer = build_characters([VERSE], 512, [form.control for form in FORMS.values()])
    else:
        forms, tokenizer = (), build_bytes([PROSE], 300)
    shape = Shape(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        layers=2,
        heads=2,
        intermediate_size=32,
        context_length=96 if language == "zh" else 32,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Decoder(shape)
    save_model(folder, network, tokenizer, language, forms)
