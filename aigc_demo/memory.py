"""Where a model goes, by the memory that it needs and the memory that is there."""

from aigc_demo.cards import ModelCard
from aigc_demo.placement import Placement


def place(card: ModelCard, device: str) -> Placement:
    """The placement to load a model with at first: its own weights in float32, others' in half of it on an accelerator."""
    if not card.kind or device == "cpu":
        return Placement(device)
    return Placement(device, "float16" if device == "mps" else "bfloat16")
