"""The two tokenizers, in the format of Hugging Face's tokenizers, and the wrapper that the model reads through.

gpt-poems reads characters: classical Chinese is nearly one word a character. gpt-austen reads byte-level BPE:
frequent strings of bytes become pieces, and any text at all can be written with them (Sennrich et al. 2016;
Radford et al. 2019, section 2.2).
"""

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from aigc_demo.core.disk import write_atomically, write_json
from aigc_demo.core.errors import InputError

UNKNOWN, START, END, SEPARATOR = "<unk>", "<s>", "</s>", "<sep>"


def build_characters(texts: Iterable[str], size: int, controls: Sequence[str], seen: int = 1) -> Any:
    """A tokenizers.Tokenizer of single characters: special tokens, then the most frequent of `texts`, `size` in all.

    `controls` are further special tokens; a character must be `seen` so often. Every text gets <s> in front when it is encoded with special tokens.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    special = [UNKNOWN, START, END, SEPARATOR, *controls]
    counts = Counter(character for text in texts for character in text)
    # ties by code point, so that the vocabulary depends on the texts alone
    frequent = [character for character in counts if counts[character] >= seen]
    ranked = sorted(frequent, key=lambda character: (-counts[character], character))
    vocabulary = {token: index for index, token in enumerate([*special, *ranked[: size - len(special)]])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, vocabulary[START])]
    )
    return tokenizer


def build_bytes(texts: Iterable[str], size: int) -> Any:
    """A tokenizers.Tokenizer of byte-level BPE with `size` pieces, trained on `texts`; <s> goes in front."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, tokenizer.token_to_id(START))]
    )
    return tokenizer


def save_tokenizer(folder: Path, tokenizer: Any, context_length: int) -> None:
    """Write tokenizer.json and tokenizer_config.json, which transformers' AutoTokenizer reads."""
    write_atomically(folder / "tokenizer.json", tokenizer.to_str(pretty=False).encode())
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": START,
        "eos_token": END,
        "model_max_length": context_length,
        "clean_up_tokenization_spaces": False,
    }
    if tokenizer.token_to_id(UNKNOWN) is not None:
        config["unk_token"] = UNKNOWN
    write_json(folder / "tokenizer_config.json", config)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizers.Tokenizer of a model folder; an InputError where tokenizer.json is missing or broken."""
    from tokenizers import Tokenizer

    try:
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        json.loads(text)
        return Tokenizer.from_str(text)
    except Exception as error:  # the Rust library raises bare Exception
        raise InputError(
            en=f"{folder.name}: tokenizer.json cannot be read ({error}); fetch the model again.",
            zh=f"{folder.name}：无法读取 tokenizer.json（{error}）；请重新获取模型。",
        ) from error


class Pieces:
    """The tokens as text: which are plain, how to label one, how to write many."""

    def __init__(self, tokenizer: Any) -> None:
        size = tokenizer.get_vocab_size()
        special = {index for index, token in tokenizer.get_added_tokens_decoder().items() if token.special}
        self.is_bytes = tokenizer.token_to_id(UNKNOWN) is None
        names = [tokenizer.id_to_token(index) for index in range(size)]
        table = {character: byte for byte, character in enumerate(_byte_characters())}
        try:
            self.bytes = [
                bytes(table[c] for c in name) if self.is_bytes and index not in special else name.encode()
                for index, name in enumerate(names)
            ]
        except (
            KeyError,
            TypeError,
            AttributeError,
            UnicodeError,
        ) as error:  # a number without a token, an odd byte
            raise InputError(
                en="tokenizer.json leaves numbers out or names bytes that are none; fetch the model again.",
                zh="tokenizer.json 中有缺失的编号或无效的字节；请重新获取模型。",
            ) from error
        # a piece by itself: bytes that are no whole character show as �
        self.labels = [piece.decode(errors="replace") for piece in self.bytes]
        self.plain = torch.tensor([index not in special for index in range(size)])

    def writer(self) -> Callable[[int], str]:
        """A function that turns one text's tokens into strings, one by one, whose concatenation is the text.

        Bytes that do not complete a character are held back until they do.
        """
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        return lambda token: decoder.decode(self.bytes[token])


def _byte_characters() -> list[str]:
    """The printable character that stands for each byte in byte-level BPE (GPT-2).

    Printable Latin-1 stands for itself; the other bytes, in order, get the characters from 256 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]
