"""A small Llama of random weights, as transformers and as llama.cpp read it: the same numbers in two files."""

import json
from importlib import import_module
from pathlib import Path

import torch

from aigc_demo.bench.material import write_text

SHAPE = {
    "hidden_size": 512,
    "intermediate_size": 1408,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "max_position_embeddings": 2048,
}
PIECES = 8192
START, END = "<s>", "</s>"
TEMPLATE = "<s>{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"


def write_llama(folder: Path) -> Path:
    """22 million weights drawn at random, and a tokenizer of this program's own text with a plain chat template."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder.mkdir(parents=True)
    text = write_text(folder / "corpus.txt").read_text(encoding="utf-8")
    build_bytes = import_module("aigc_demo.language.tokenizer").build_bytes
    pieces = build_bytes(text.splitlines(keepends=True), PIECES)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, bos_token=START, eos_token=END)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(tokenizer), bos_token_id=0, eos_token_id=1, tie_word_embeddings=True, **SHAPE
        )
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def write_gguf(folder: Path) -> Path:
    """The same model for llama.cpp, in float32 (GGUF, arch llama).

    llama.cpp turns neighbouring pairs of coordinates by a position where transformers turns i and i + d/2: the rows of
    the query and key matrices are put into that order.
    """
    import gguf
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, folder)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    for name, tensor in load_file(folder / "model.safetensors").items():
        part = name.split(".")[-2]
        ordered = _pair_up(tensor, heads[part]) if part in heads else tensor
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), ordered.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "model.gguf"


def _pair_up(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows i and i + d/2 of each head side by side."""
    return weight.view(heads, 2, -1, weight.shape[1]).transpose(1, 2).reshape(weight.shape).contiguous()


def _add_tokenizer(writer: "gguf.GGUFWriter", folder: Path) -> None:  # noqa: F821  (an optional package)
    import gguf

    model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    kinds = [gguf.TokenType.CONTROL if token in (START, END) else gguf.TokenType.NORMAL for token in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(
        [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    )
    writer.add_bos_token_id(tokens.index(START))
    writer.add_eos_token_id(tokens.index(END))
