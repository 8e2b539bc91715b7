"""The words of a prompt that a model has never learned, before anything is drawn: by its vocabulary, without its weights."""

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from aigc_demo.core.settings import Settings
from aigc_demo.data.word_tokenizer import FILE, WordTokenizer
from aigc_demo.runtime import registry

ALIKE = 0.75  # of difflib's measure in [0, 1]: a slip of the pen, and no other word


def unknown_words(model: str, prompt: str, settings: Settings) -> dict[str, str]:
    """Each unknown word in its order, with the known word that was most likely meant, "" where none is near.

    None of a model that reads any word: one without a vocabulary beside it. An InputError where there is no such model.
    """
    path = registry.find_card(model, settings, "draw").folder / FILE
    if not path.is_file():
        return {}
    tokenizer = _tokenizer(path.parent, path.stat().st_mtime_ns)
    return {
        word: next(iter(get_close_matches(word, tokenizer.words, 1, ALIKE)), "")
        for word in tokenizer.unknown(prompt)
    }


@lru_cache(maxsize=8)
def _tokenizer(folder: Path, version: int) -> WordTokenizer:
    """A model's vocabulary, read again when the file has changed."""
    return WordTokenizer.load(folder)
