"""What to train, where, and for how long: the same for every family."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aigc_demo.models.cards import ModelCard


@dataclass(frozen=True)
class TrainPlan:
    """One run. `data` is a prepared folder (for text also a UTF-8 file), `run` the folder that is written.

    `start` is the folder of a model to go on from (fine-tuning); None starts from random weights. Zero for
    `learning_rate` or `batch_size` (examples a process and step) takes the family's own for this size.
    `frozen_layers` counts from the layer nearest the data: GAN, of the discriminator; language model, of the
    decoder with its embedding. `kl_weight` is a VAE's beta and `adversarial_weight` its critic's share,
    `gradient_penalty` a GAN's last gamma; `label_noise` the share of a classifier's labels exchanged by chance.
    With a `base`, that model stays as it is and an adapter is trained beside it: `lora_rank` r, `lora_alpha`; and
    for pictures the `trigger` word before every caption and their `resolution` (0: the base's own). `load_in_4bit`
    packs that base (pretrained/quantise.py). `architecture` and `label_smoothing` are an encoder-decoder's.
    """

    data: Path
    run: Path
    size: Literal["tiny", "small", "base"] = "tiny"
    steps: int = 500
    seed: int = 0
    save_every: int = 100
    start: Path | None = None
    learning_rate: float = 0.0
    batch_size: int = 0
    frozen_layers: int = 0
    augment: Literal["auto", "on", "off"] = "auto"
    kl_weight: float = 0.2
    adversarial_weight: float = 0.0
    gradient_penalty: float = 0.05
    label_noise: float = 0.0
    base: ModelCard | None = None
    lora_rank: int = 8
    lora_alpha: float = 16.0
    load_in_4bit: bool = False
    trigger: str = ""
    resolution: int = 0
    architecture: str = "auto"
    label_smoothing: float = 0.0
