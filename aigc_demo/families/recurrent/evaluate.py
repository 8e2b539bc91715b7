"""Figures of an LSTM: `python -m aigc_demo.families.recurrent.evaluate --model weights/lstm-poems --data DIR`."""

from pathlib import Path
from typing import Any

from aigc_demo.families.recurrent import load
from aigc_demo.language import evaluation


def evaluate(folder: Path, data: Path, device: str) -> dict[str, Any]:
    """A finished run's figures for its card, on the held-out text of `data`."""
    return evaluation.evaluate(load(folder, device), data)


if __name__ == "__main__":
    evaluation.main(load)
