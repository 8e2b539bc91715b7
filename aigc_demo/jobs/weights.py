"""Where a run keeps its weights, and what the file says of itself."""

from pathlib import Path

from aigc_demo.cards import WEIGHTS
from aigc_demo.pretrained.tensors import parameters, read_header

__all__ = ["parameters", "read_header", "weights_of"]


def weights_of(folder: Path) -> Path:
    """The file with a model's or an adapter's weights in a folder; model.safetensors where there is none yet."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), folder / WEIGHTS[0])
