"""Where a model's weights lie and in which numbers, and how it saves memory where that is scarce."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Placement:
    """A torch device, the dtype of weights and activations, and ways to need less.

    offload "model" keeps in device memory only the part that computes (text encoder, denoiser, decoder by turns),
    "layers" only the layer that does; both want an accelerator. sliced: attention and picture decoding go piece by
    piece, slower, in less memory. load_in_4bit packs what does not learn (pretrained/quantise.py).
    """

    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    offload: Literal["none", "model", "layers"] = "none"
    sliced: bool = False
    load_in_4bit: bool = False

    def smaller(self) -> "Placement | None":
        """The next way that needs less memory; None where there is none left."""
        if not self.sliced:
            return replace(self, sliced=True)
        if not self.device.startswith("cuda"):
            return None
        return {
            "none": replace(self, offload="model"),
            "model": replace(self, offload="layers"),
            "layers": None,
        }[self.offload]
