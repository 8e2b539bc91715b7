"""Tiny random language models as the hub has them: Llama, T5, Marian, BERT, each with a tokenizer that reads Chinese."""

import json
from io import BytesIO

CORPUS = [
    "The bank by the river was closed, and nobody knew why.",
    "It is a truth universally acknowledged, that a single man must be in want of a wife.",
    "Write a short poem about spring. Here is your poem.",
    "你好！今天天气很好，我们去公园散步吧。",
    "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。",
    "请写一封邮件，告诉客户新产品下周发布。",
]
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_llama(folder, seed=0, chat=True, **shape):
    """LlamaForCausalLM with byte-level BPE; `chat`: a ChatML template and two ends. `shape` changes the config."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    end, turn = "<|endoftext|>", "<|im_end|>"
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level_bpe([end, "<|im_start|>", turn]),
        eos_token=turn if chat else end,
        pad_token=end,
        model_max_length=256,
    )
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    ends = [tokenizer.convert_tokens_to_ids(token) for token in ((turn, end) if chat else (end,))]
    config = LlamaConfig(
        **{
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 256,
            "initializer_range": 0.3,  # so that the odds are far from even
            "bos_token_id": None,
            "eos_token_id": ends,
            "pad_token_id": tokenizer.pad_token_id,
            **shape,
        }
    )
    return save(LlamaForCausalLM, config, folder, seed)


def write_t5(folder, seed=0):
    """T5ForConditionalGeneration with a Unigram tokenizer."""
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    special = ["<pad>", "</s>", "<unk>"]
    pieces = [(piece, score) for piece, score in sentencepieces(CORPUS) if piece not in special]
    tokenizer = T5Tokenizer(
        vocab=[*((token, 0.0) for token in special), *pieces], extra_ids=0, model_max_length=64
    )
    tokenizer.save_pretrained(folder)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        decoder_start_token_id=tokenizer.pad_token_id,
        initializer_factor=3.0,
    )
    return save(T5ForConditionalGeneration, config, folder, seed)


def write_marian(folder, seed=0):
    """MarianMTModel with its two SentencePiece models, English to Chinese."""
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    names = ("source.spm", "target.spm")
    pieces = ["</s>", "<unk>"]
    for name, texts in zip(names, (CORPUS[:3], CORPUS[3:]), strict=True):
        (folder / name).write_bytes(sentencepiece_model(texts))
        pieces += [piece for piece, _ in sentencepieces(texts)]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys([*pieces, "<pad>"]))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    tokenizer = MarianTokenizer(
        *(str(folder / name) for name in (*names, "vocab.json")),
        source_lang="en",
        target_lang="zh",
        model_max_length=64,
    )
    tokenizer.save_pretrained(folder)
    config = MarianConfig(
        vocab_size=len(vocabulary),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=64,
        init_std=0.3,
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=0,
        decoder_start_token_id=vocabulary["<pad>"],
        forced_eos_token_id=0,
    )
    return save(MarianMTModel, config, folder, seed)


def save(kind, config, folder, seed):
    """A model of class `kind` with random weights, as save_pretrained writes it."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kind(config).save_pretrained(folder)
    return folder


def byte_level_bpe(special):
    """A tokenizers.Tokenizer that can write any text: all bytes, and pieces that recur in CORPUS."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def sentencepiece_model(texts):
    """The bytes of a SentencePiece Unigram model trained on `texts`."""
    from sentencepiece import SentencePieceTrainer

    model = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=200,
        hard_vocab_limit=False,
        character_coverage=1.0,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def sentencepieces(texts):
    """Its pieces with their scores, control pieces left out."""
    from sentencepiece import SentencePieceProcessor

    model = SentencePieceProcessor(model_proto=sentencepiece_model(texts))
    ids = [index for index in range(model.get_piece_size()) if not model.is_control(index)]
    return [
        (model.id_to_piece(index), model.get_score(index)) for index in ids if not model.is_unknown(index)
    ]
