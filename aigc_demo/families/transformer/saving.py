"""A model folder in transformers' own format: config.json of a Llama or a Qwen3, weights, tokenizer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families.transformer.networks import Decoder, Shape
from aigc_demo.language.saving import save_folder
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights


def save_model(folder: Path, network: Decoder, tokenizer: Any, language: str, forms: Sequence[str]) -> None:
    """Write everything that AutoModelForCausalLM and AutoTokenizer need; the weights in float16.

    `forms`: the forms of verse that it writes when asked for by their control tokens; none for running text.
    """
    shape = network.shape
    config = {
        "architectures": ["Qwen3ForCausalLM" if shape.qk_norm else "LlamaForCausalLM"],
        "model_type": "qwen3" if shape.qk_norm else "llama",
        "family": "transformer",
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head_size,
        "max_position_embeddings": shape.context_length,
        "hidden_act": "silu",
        "rms_norm_eps": shape.norm_eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
    }
    save_folder(folder, network.state_dict(), config, tokenizer, language, forms, shape.context_length)


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The shape that a config.json describes; an InputError where it is no plain Llama or Qwen3 of ours."""
    try:
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        plain = (
            config["model_type"] in ("llama", "qwen3") and heads == groups and config["tie_word_embeddings"]
        )
        shape = Shape(
            vocab_size=config["vocab_size"],
            hidden_size=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=heads,
            intermediate_size=config["intermediate_size"],
            context_length=config["max_position_embeddings"],
            rope_theta=config["rope_parameters"]["rope_theta"],
            norm_eps=config["rms_norm_eps"],
            qk_norm=config["model_type"] == "qwen3",
        )
    except (KeyError, TypeError) as error:
        raise _misfit(f"{error} is missing") from error
    if not plain or shape.hidden_size % heads:
        raise _misfit("other heads, head sizes or an untied head")
    return shape


def _misfit(detail: str) -> InputError:
    return InputError(
        en=f"config.json describes no Llama or Qwen3 that this app builds ({detail}); load the model from the hub tab.",
        zh=f"config.json 所描述的不是本应用能构建的 Llama 或 Qwen3（{detail}）；请从 Hub 加载该模型。",
    )


def load_network(folder: Path, device: torch.device | str = "cpu") -> Decoder:
    """The network of a model folder in float32, with every name and shape checked."""
    network = Decoder(shape_of(read_config(folder)))
    load_strictly(network, read_weights(folder))
    return network.to(device).eval()
