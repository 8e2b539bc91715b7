"""The folder of a language model of our own: config.json, model.safetensors in half precision, the tokenizer, how it samples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.disk import write_json
from aigc_demo.language.tokenizer import END, START, save_tokenizer
from aigc_demo.language.writers import for_transformers
from aigc_demo.models.checkpoints import save_weights


def save_folder(
    folder: Path,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
    tokenizer: Any,
    language: str,
    forms: Sequence[str],
    context_length: int,
) -> None:
    """Write a model folder; `config` begins config.json, floating numbers are kept as float16.

    `forms`: the forms of verse that it writes when asked for by their control tokens; none for running text.
    """
    start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
    save_tokenizer(folder, tokenizer, context_length)
    sampling = for_transformers(bool(forms))
    ids = {"bos_token_id": start, "eos_token_id": end}
    write_json(folder / "generation_config.json", {**ids, "pad_token_id": end, **sampling})
    halved = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    own = {"language": language, "forms": list(forms)}
    save_weights(folder, halved, {**config, **own, **ids, "dtype": str(torch.float16).removeprefix("torch.")})
