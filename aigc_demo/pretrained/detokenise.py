"""Tokens as text, for the tokenizers of other people's models: one by one as they are written, or each by itself."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

END = "</s>"


class Pieces:
    """What the tokens of a transformers tokenizer say; `ends` are the ids that end a text."""

    def __init__(self, tokenizer: Any, ends: Collection[int]) -> None:
        self.tokenizer, self.ends = tokenizer, frozenset(ends)
        self._labels: dict[int, str] = {}

    def label(self, token: int) -> str:
        """A token by itself, its leading space kept; bytes that are no whole character show as �, an end as </s>."""
        if token not in self._labels:
            self._labels[token] = self._label(token)
        return self._labels[token]

    def _label(self, token: int) -> str:
        if token in self.ends:
            return END
        text = self.tokenizer.decode([token], skip_special_tokens=False)
        name = self.tokenizer.convert_ids_to_tokens(token) or ""
        return f" {text.strip()}" if name.startswith("▁") else text  # SentencePiece writes a space as ▁

    def writer(self, before: Sequence[int] = ()) -> Callable[[int], str]:
        """A function that turns one text's tokens into strings, one by one, whose concatenation is the text.

        Bytes that do not complete a character are held back until they do. `before` are the tokens that the text goes
        on from, of which some tokenizers' spaces depend.
        """
        if not self.tokenizer.is_fast:
            return _slow_writer(self.tokenizer)
        from tokenizers.decoders import DecodeStream

        backend = self.tokenizer.backend_tokenizer
        stream = DecodeStream(ids=list(before), skip_special_tokens=True)
        return lambda token: stream.step(backend, token) or ""


def _slow_writer(tokenizer: Any) -> Callable[[int], str]:
    """The same for tokenizers that are no Rust library: decode the whole, tell what is new."""
    ids: list[int] = []
    told = ""

    def write(token: int) -> str:
        nonlocal told
        ids.append(token)
        text = tokenizer.decode(ids, skip_special_tokens=True)
        if text.endswith("�"):
            return ""
        new = text[len(told) :]
        told = text
        return new

    return write
