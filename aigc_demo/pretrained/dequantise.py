"""A language model out of a GGUF file, as numbers in half precision and files of transformers' format; what is not of
Llama's shape by transformers.

GGUF keeps a matrix in blocks of 32 numbers: in Q4_1 each is w = d q + m, with q in 0 ... 15 and one d and m a block, in
Q8_0 w = d q. The rows of the query and key projections lie in pairs, as the other way to write rotary embeddings wants
them: row 2i + j of a head is row i + j D/2 here, for heads of D rows. Needs PyPI's gguf.
"""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from aigc_demo.core.errors import InputError

# A layer's parts, as the file calls them and as transformers does.
PARTS = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
CUT = "smollm"  # how words are cut before they are pieces: digits one by one
CONTROL = 3  # the type of a token that is no text


def convert(source: Path, folder: Path, told: Callable[[int], None]) -> None:
    """Write the model in the GGUF file `source` into `folder`; `told` hears how many bytes more have been made.

    An InputError where it is of an architecture that nobody here converts.
    """
    from gguf import GGUFReader, dequantize
    from safetensors.numpy import save_file

    reader = GGUFReader(source)
    facts = {name: field.contents() for name, field in reader.fields.items()}
    cut = facts.get("tokenizer.ggml.pre", CUT)
    if (facts["general.architecture"], facts["tokenizer.ggml.model"], cut) != ("llama", "gpt2", CUT):
        _convert_otherwise(source, folder, facts["general.architecture"])
        return
    weights = {}
    for tensor in reader.tensors:
        numbers = dequantize(tensor.data, tensor.tensor_type)
        weights[_name(tensor.name)] = _in_order(tensor.name, numbers, facts).astype(np.float16)
        told(2 * numbers.size)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "config.json", _config(facts, tied="lm_head.weight" not in weights))
    special = {
        name: facts[f"tokenizer.ggml.{key}_token_id"]
        for name, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
    }
    _write(folder / "generation_config.json", {f"{name}_token_id": token for name, token in special.items()})
    _write_tokenizer(facts, special, folder)


def _convert_otherwise(source: Path, folder: Path, architecture: str) -> None:
    """The same by transformers, which reads the file alone: nothing that lies beside it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    if architecture not in GGUF_SUPPORTED_ARCHITECTURES:
        raise InputError(
            en=f"{source.name} is a GGUF of the architecture {architecture[:40]}, which cannot be converted; take the"
            " model's own folder of safetensors.",
            zh=f"{source.name} 的 GGUF 架构 {architecture[:40]} 无法转换；请改用该模型的 safetensors 文件夹。",
        )
    with TemporaryDirectory() as alone:
        (Path(alone) / "model.gguf").symlink_to(source)
        model = AutoModelForCausalLM.from_pretrained(alone, gguf_file="model.gguf", dtype="float16")
        tokenizer = AutoTokenizer.from_pretrained(alone, gguf_file="model.gguf")
    # what it has read is plain numbers by now, though it still says otherwise
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _name(name: str) -> str:
    """ "blk.3.attn_q.weight" to "model.layers.3.self_attn.q_proj.weight"."""
    place, _, ending = name.rpartition(".")
    if place in WHOLE:
        return f"{WHOLE[place]}.{ending}"
    _, layer, part = place.split(".")
    return f"model.layers.{int(layer)}.{PARTS[part]}.{ending}"


def _in_order(name: str, numbers: np.ndarray, facts: dict[str, Any]) -> np.ndarray:
    """The rows of query and key projections in halves, not in pairs; everything else as it is."""
    heads = {"attn_q": "head_count", "attn_k": "head_count_kv"}
    part = name.split(".")[-2]
    if part not in heads:
        return numbers
    count = facts[f"llama.attention.{heads[part]}"]
    pairs = numbers.reshape(count, numbers.shape[0] // count // 2, 2, -1)
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(numbers.shape)


def _config(facts: dict[str, Any], tied: bool) -> dict[str, Any]:
    """config.json of a LlamaForCausalLM. `tied`: the output layer is the embedding."""
    told = {name.removeprefix("llama."): value for name, value in facts.items() if name.startswith("llama.")}
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": told["embedding_length"],
        "intermediate_size": told["feed_forward_length"],
        "num_hidden_layers": told["block_count"],
        "num_attention_heads": told["attention.head_count"],
        "num_key_value_heads": told["attention.head_count_kv"],
        "max_position_embeddings": told["context_length"],
        "rms_norm_eps": told["attention.layer_norm_rms_epsilon"],
        "rope_theta": told["rope.freq_base"],
        "vocab_size": told["vocab_size"],
        "hidden_act": "silu",
        "tie_word_embeddings": tied,
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "pad_token_id": facts["tokenizer.ggml.padding_token_id"],
        "dtype": "float16",
    }


def _write_tokenizer(facts: dict[str, Any], special: dict[str, int], folder: Path) -> None:
    """tokenizer.json, its config, and the chat template."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, kinds = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    merges = [tuple(line.split(" ")) for line in facts["tokenizer.ggml.merges"]]
    vocabulary = {token: place for place, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    # the "smollm" way, as others: digits one by one, then words as GPT-2 cuts them
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {f"{name}_token": tokens[token] for name, token in special.items()}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **named}
    _write(folder / "tokenizer_config.json", {**config, "model_max_length": facts["llama.context_length"]})
    if template := facts.get("tokenizer.chat_template"):
        (folder / "chat_template.jinja").write_text(template, "utf-8")


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
