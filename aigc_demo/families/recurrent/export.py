"""A model folder: config.json, model.safetensors in half precision, tokenizer.json, generation_config.json.

The tensors have the names that torch gives them: embedding.weight (vocab, width), projection.weight (width, hidden), and
of layer l lstm.weight_ih_l, weight_hh_l, bias_ih_l, bias_hh_l, with rows for input, forget, candidate and output in turn.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families.recurrent.networks import Recurrent, Shape
from aigc_demo.language.saving import save_folder
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights


def export(
    folder: Path,
    network: Recurrent,
    tokenizer: Any,
    language: str,
    forms: Sequence[str],
    context_length: int,
) -> None:
    """Write the folder; `context_length` is how much text it is judged by at once, and twice what it reads of a prompt."""
    config = {"model_type": "lstm", "family": "recurrent", "context_length": context_length}
    config |= asdict(network.shape)
    save_folder(folder, network.state_dict(), config, tokenizer, language, forms, context_length)


def load_network(folder: Path, device: torch.device | str = "cpu") -> Recurrent:
    """The network of a model folder in float32, with every name and shape checked."""
    config = read_config(folder)
    try:
        shape = Shape(**{field.name: config[field.name] for field in fields(Shape)})
        counts = (shape.vocab_size, shape.width, shape.hidden_size, shape.layers, config["context_length"])
        if not all(type(count) is int and 0 < count < 1 << 20 for count in counts) or shape.layers > 16:
            raise ValueError("a size makes no sense")
        with torch.device("meta"):
            network = Recurrent(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            en=f"{folder.name}: config.json describes no LSTM of this app ({error}); copy the whole folder again.",
            zh=f"{folder.name}：config.json 所描述的不是本应用的 LSTM（{error}）；请重新复制整个文件夹。",
        ) from error
    tensors = {name: tensor.float() for name, tensor in read_weights(folder).items()}
    network = network.to_empty(device="cpu")
    load_strictly(network, tensors)
    return network.to(device).eval()
