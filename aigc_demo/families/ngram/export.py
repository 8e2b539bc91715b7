"""A model folder in a plain format: config.json, tokenizer.json, generation_config.json, and model.safetensors with the counts.

Of each order n, 1 to `order`, model.safetensors has five arrays of whole numbers, each in the narrowest type that holds it:

    order{n}.contexts   the C contexts that were seen, sorted: n - 1 token ids as digits to base vocab_size
    order{n}.totals     (C) how often each was seen, before pruning: c(u.)
    order{n}.widths     (C) how many tokens are known to follow it
    order{n}.tokens     the tokens that do, context by context, in rising order
    order{n}.counts     how often each did: c(uw); below the highest order, in how many different longer contexts

and config.json has `discounts`, of each order what is taken off a count of 0, 1, 2 and 3 or more. With them
language/ngram.py's formula gives every probability.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.language.ngram import LARGEST, KneserNey, Level
from aigc_demo.language.saving import save_folder
from aigc_demo.models.checkpoints import read_config, read_weights

CONTEXT = 256  # tokens of prose that it is judged by at once; half of them are read before, though the last few decide
ORDERS = range(1, 9)
NARROW = (np.uint8, np.uint16, np.uint32, np.uint64)


def export(folder: Path, model: KneserNey, tokenizer: Any, language: str, forms: Sequence[str]) -> None:
    """Write the folder."""
    config = {
        "model_type": "ngram",
        "family": "ngram",
        "vocab_size": model.vocab_size,
        "order": model.order,
        "discounts": [level.discounts.tolist() for level in model.levels],
    }
    tensors = {
        f"order{n}.{name}": torch.from_numpy(narrow(value))
        for n, level in enumerate(model.levels, start=1)
        for name, value in arrays(level).items()
    }
    save_folder(folder, tensors, config, tokenizer, language, forms, CONTEXT)


def arrays(level: Level) -> dict[str, np.ndarray]:
    """The five arrays of one order."""
    return {
        "contexts": level.contexts,
        "totals": level.totals,
        "widths": np.diff(level.starts, append=len(level.grams)),
        "tokens": level.grams % level.vocab_size,
        "counts": level.counts,
    }


def narrow(values: np.ndarray) -> np.ndarray:
    """Whole numbers in the narrowest type that holds them all."""
    most = int(values.max()) if len(values) else 0
    return values.astype(next(kind for kind in NARROW if most <= np.iinfo(kind).max))


def read_counts(folder: Path) -> KneserNey:
    """The counts of a model folder; an InputError where they do not fit together."""
    config, tensors = read_config(folder), read_weights(folder)
    try:
        size, order, discounts = (config[name] for name in ("vocab_size", "order", "discounts"))
        if order not in ORDERS or type(size) is not int or not 0 < size**order < LARGEST:
            raise ValueError(f"order {order} over {size} tokens")
        levels = [
            read_level(tensors, n, size, np.array(row, np.float64))
            for n, row in enumerate(discounts, start=1)
        ]
        if len(levels) != order:
            raise ValueError(f"{len(levels)} orders of {order}")
    except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
        raise InputError(
            en=f"{folder.name}: its counts do not fit together ({error}); copy the whole folder again.",
            zh=f"{folder.name}：计数数据前后不符（{error}）；请重新复制整个文件夹。",
        ) from error
    return KneserNey.of(levels, size)


def read_level(tensors: dict[str, Tensor], n: int, vocab_size: int, discounts: np.ndarray) -> Level:
    """One order from its five arrays; a ValueError where they do not fit together."""
    contexts, totals, widths, tokens, counts = (
        tensors[f"order{n}.{name}"].numpy().astype(np.int64)
        for name in ("contexts", "totals", "widths", "tokens", "counts")
    )
    grams = np.repeat(contexts, widths) * vocab_size + tokens
    sound = (
        discounts.shape == (4,)
        and np.all((discounts >= 0) & (discounts <= np.arange(4)))
        and len(contexts) == len(totals)
        and np.all(widths > 0)
        and np.all(np.diff(contexts) > 0)
        and np.all(np.diff(grams) > 0)
        and np.all((contexts >= 0) & (contexts < vocab_size ** (n - 1)))
        and np.all((tokens >= 0) & (tokens < vocab_size))
        and np.all(counts > 0)
        and np.all(np.repeat(totals, widths) >= counts)
    )
    if not sound:
        raise ValueError(f"order {n}")
    level = Level(grams, counts, vocab_size, discounts, totals)
    if np.any(level.backoff < -1e-9):
        raise ValueError(f"order {n} deals out more than there is")
    return level
