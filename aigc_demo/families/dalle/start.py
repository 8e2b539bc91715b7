"""Going on from a trained model: its networks, whose vocabulary becomes that of the new data."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.data.word_tokenizer import FIRST, WordTokenizer
from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.networks import Shape, Transformer
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights

WORDS = "transformer.words.weight"


def load_start(
    folder: Path, wanted: Shape, tokenizer: WordTokenizer
) -> tuple[Shape, Autoencoder, Transformer]:
    """Shape and networks of the model in a folder, for pictures of `wanted.side` and the words of `tokenizer`.

    Its sizes hold, whatever preset was asked for. Words that it knows keep their vectors, new ones begin at random. An
    InputError where it is no such model, or one of other pictures.
    """
    try:
        shape = Shape(**read_config(folder)["network"])
        known = WordTokenizer.load(folder)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(
            en=f"{folder.name} is no DALL-E that can be trained on; start from another model, or from random weights.",
            zh=f"{folder.name} 不是可以继续训练的 DALL-E；请换一个起点，或从随机权重开始。",
        ) from error
    if shape.side != wanted.side:
        raise InputError(
            en=f"{folder.name} draws {shape.side} x {shape.side} pixels, and the data are {wanted.side} x {wanted.side};"
            f" import them with {shape.side} pixels, or start from random weights.",
            zh=f"{folder.name} 画的是 {shape.side} × {shape.side} 像素，而数据为 {wanted.side} × {wanted.side}；"
            f"请按 {shape.side} 像素重新导入，或从随机权重开始。",
        )
    tensors = read_weights(folder)
    shape = replace(shape, words=len(tokenizer))
    autoencoder, transformer = Autoencoder(shape), Transformer(shape)
    tensors[WORDS] = carried_over(tensors[WORDS].float(), known, transformer.words.weight.detach(), tokenizer)
    load_strictly(autoencoder, tensors, "autoencoder.")
    load_strictly(transformer, tensors, "transformer.")
    return shape, autoencoder, transformer


def carried_over(old: Tensor, known: WordTokenizer, new: Tensor, wanted: WordTokenizer) -> Tensor:
    """Rows of `new` (a vector for each number of `wanted`), those of words that `known` has replaced by `old`'s."""
    rows = new.clone()
    rows[:FIRST] = old[:FIRST]
    for word, number in wanted.numbers.items():
        if word in known.numbers and known.numbers[word] < len(old):
            rows[number] = old[known.numbers[word]]
    return torch.as_tensor(rows)
