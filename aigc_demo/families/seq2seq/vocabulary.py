"""One vocabulary for sources and targets: Chinese in characters, other scripts in pieces of words.

Chinese characters, kana and full-width marks stand alone; what lies between them is cut into words, each with the space
before it, and words into the pieces that are frequent (byte-pair encoding, Sennrich et al. 2016, here on characters). The
tokens, set one behind the other, are the text.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from aigc_demo.language.tokenizer import END, START, UNKNOWN, load_tokenizer, save_tokenizer

PAD = "<pad>"
INTO = {"zh": "<zh>", "en": "<en>"}  # in front of a source: the language to write
SPECIAL = (PAD, UNKNOWN, START, END, *INTO.values())
WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
WORD = r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+"
CHINESE = re.compile(r"[\u3400-\u9fff]")
ALPHABET = 0.6  # of a vocabulary, at most, are single characters where there are words to be pieced together
MIXED = 0.2  # share of other letters from which on there are


def build(texts: Sequence[str], size: int) -> Any:
    """A tokenizers.Tokenizer of at most `size` tokens; characters beyond the most frequent ones are unknown."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in (WIDE, WORD)]
    )
    tokenizer.decoder = decoders.Fuse()
    chinese = sum(len(CHINESE.findall(text)) for text in texts) / max(sum(map(len, texts)), 1)
    most = size - len(SPECIAL)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        limit_alphabet=int(most * ALPHABET) if chinese < 1 - MIXED else most,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Vocabulary:
    """A tokenizer with what the networks need of it: ids of a source or a target, labels, text as it grows."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.pad, self.unknown, self.start, self.end = map(tokenizer.token_to_id, SPECIAL[:4])
        self.into = {language: tokenizer.token_to_id(token) for language, token in INTO.items()}
        self.labels = [tokenizer.id_to_token(index) for index in range(len(self))]
        self.never = torch.tensor([token in SPECIAL and token != END for token in self.labels])

    def __len__(self) -> int:
        return self.tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def encode_all(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of many texts, on all cores."""
        return [row.ids for row in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens left out."""
        return "".join(self.labels[token] for token in ids if self.labels[token] not in SPECIAL)

    def writer(self) -> Callable[[int], str]:
        """A function from each token to what it adds to the text."""
        return lambda token: self.decode([token])

    def save(self, folder: Path, longest: int) -> None:
        """Write tokenizer.json and tokenizer_config.json."""
        save_tokenizer(folder, self.tokenizer, longest)

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """The vocabulary of a model folder."""
        return cls(load_tokenizer(folder))


def script_of(text: str) -> str:
    """ "zh" where at least a fifth of the letters are Chinese characters, else "en"."""
    letters = sum(character.isalpha() for character in text)
    return "zh" if letters and len(CHINESE.findall(text)) >= 0.2 * letters else "en"
