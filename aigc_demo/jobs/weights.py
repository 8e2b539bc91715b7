"""What a safetensors file says of itself, read without loading it.

The format: eight bytes of little-endian length, that many bytes of JSON ({name: {dtype, shape, data_offsets}},
__metadata__), then the values. (github.com/huggingface/safetensors)
"""

import json
import math
from pathlib import Path
from typing import Any

from aigc_demo.errors import InputError

MAX_HEADER = 16 << 20
MAX_TENSORS = 10_000
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def read_header(path: Path) -> dict[str, dict[str, Any]]:
    """The entry of each tensor; an InputError unless they are at most 10 000, well formed, and fill the file exactly."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MAX_HEADER, size - 8):
            raise _broken(f"its header would take {length} bytes of {size}")
        text = file.read(length)
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        if len(entries) > MAX_TENSORS:
            raise _broken(f"it holds {len(entries)} tensors, more than {MAX_TENSORS}")
        _check_places(entries, size - 8 - length)
    except InputError:
        raise
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise _broken(f"its header is no table of tensors ({type(error).__name__})") from error
    return entries


def parameters(path: Path) -> int:
    """Numbers in a safetensors file."""
    return sum(math.prod(entry["shape"]) for entry in read_header(path).values())


def _check_places(entries: dict[str, dict[str, Any]], size: int) -> None:
    """The tensors lie one behind the other, each as long as its shape and type say."""
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        shape, (start, stop) = entry["shape"], entry["data_offsets"]
        if len(shape) > 8 or not all(type(side) is int and 0 <= side <= size for side in shape):
            raise _broken(f"the shape of {name[:60]!r} makes no sense")
        if (start, stop) != (end, end + SIZES[entry["dtype"]] * math.prod(shape)):
            raise _broken(f"the values of {name[:60]!r} are not where they should be")
        end = stop
    if end != size:
        raise _broken(f"it holds {size} bytes of values where its tensors take {end}")


def _broken(reason: str) -> InputError:
    return InputError(
        en=f"model.safetensors is damaged or made up: {reason}; fetch the file again.",
        zh=f"model.safetensors 已损坏或系伪造：{reason}；请重新获取该文件。",
    )
