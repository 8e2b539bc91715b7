"""What a safetensors file says of itself, read without loading it, and whether all its numbers are finite.

The format: eight bytes of little-endian length, that many bytes of JSON ({name: {dtype, shape, data_offsets}},
__metadata__), then the values. (github.com/huggingface/safetensors)
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import WEIGHTS

Header = dict[str, dict[str, Any]]
MAX_HEADER = 16 << 20
MAX_TENSORS = 10_000
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
SIZES |= {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}
# Bits of the exponent: a number with all of them set is NaN or infinite (E4M3 has NaN alone, with the mantissa set, too).
EXPONENTS = {"F64": 0x7FF << 52, "F32": 0xFF << 23, "F16": 0x1F << 10, "BF16": 0xFF << 7}
EXPONENTS |= {"F8_E4M3": 0x7F, "F8_E5M2": 0x1F << 2}
BLOCK = 16 << 20


def read_header(path: Path) -> Header:
    """The entry of each tensor; an InputError unless they are at most 10 000, well formed, and fill the file exactly."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MAX_HEADER, size - 8):
            raise _broken(path, f"its header would take {length} bytes of {size}")
        text = file.read(length)
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        if len(entries) > MAX_TENSORS:
            raise _broken(path, f"it holds {len(entries)} tensors, more than {MAX_TENSORS}")
        _check_places(path, entries, size - 8 - length)
    except InputError:
        raise
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise _broken(path, f"its header is no table of tensors ({type(error).__name__})") from error
    return entries


def parameters(path: Path) -> int:
    """Numbers in a safetensors file."""
    return sum(math.prod(entry["shape"]) for entry in read_header(path).values())


def check_finite(path: Path, header: Header) -> None:
    """An InputError that names the first tensor with a NaN or an infinity; reads the file in pieces, converts nothing."""
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
    for name, entry in header.items():
        if mask := EXPONENTS.get(entry["dtype"]):
            values = _raw(path, start, entry)
            step = BLOCK // values.itemsize
            for first in range(0, len(values), step):
                if np.any((values[first : first + step] & mask) == mask):
                    raise InputError(
                        en=f"{path.name}: the tensor {name[:60]} holds NaN or infinite values; choose another model.",
                        zh=f"{path.name}：张量 {name[:60]} 含有 NaN 或无穷值；请换一个模型。",
                    )


def _raw(path: Path, start: int, entry: Mapping[str, Any]) -> np.ndarray:
    """The bits of a tensor as unsigned integers of its width, mapped from the file."""
    width = SIZES[entry["dtype"]]
    count = math.prod(entry["shape"])
    if not count:
        return np.empty(0, f"<u{width}")
    offset = start + entry["data_offsets"][0]
    return np.memmap(path, f"<u{width}", mode="r", offset=offset, shape=(count,))


def _check_places(path: Path, entries: Header, size: int) -> None:
    """The tensors lie one behind the other, each as long as its shape and type say."""
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        shape, (start, stop) = entry["shape"], entry["data_offsets"]
        if len(shape) > 8 or not all(type(side) is int and 0 <= side <= size for side in shape):
            raise _broken(path, f"the shape of {name[:60]!r} makes no sense")
        if (start, stop) != (end, end + SIZES[entry["dtype"]] * math.prod(shape)):
            raise _broken(path, f"the values of {name[:60]!r} are not where they should be")
        end = stop
    if end != size:
        raise _broken(path, f"it holds {size} bytes of values where its tensors take {end}")


def _broken(path: Path, reason: str) -> InputError:
    return InputError(
        en=f"{path.name} is damaged or made up: {reason}; fetch the file again.",
        zh=f"{path.name} 已损坏或系伪造：{reason}；请重新获取该文件。",
    )


def weights_of(folder: Path) -> Path:
    """The file with a model's or an adapter's weights in a folder; model.safetensors where there is none yet."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), folder / WEIGHTS[0])
