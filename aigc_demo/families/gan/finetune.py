"""Fine-tuning: a run that starts from trained players, on other pictures or other classes."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.families.gan.model import GAN
from aigc_demo.families.gan.networks import Discriminator, GANConfig, Generator


def adopt(start: Path, classes: list[str], side: int, channels: int) -> tuple[Generator, Discriminator]:
    """Both players of the run `start`, with these classes: known ones by name, and fresh ones beside them.

    An InputError where its pictures have another side or other channels.
    """
    old = GAN(start, "cpu")
    config: GANConfig = old.generator.config
    if (config.side, config.channels) != (side, channels):
        theirs, ours = (describe(*pair) for pair in ((config.side, config.channels), (side, channels)))
        raise InputError(
            en=f"{start.name} draws pictures of {theirs.en}, the data are {ours.en}; import the data as {theirs.en}.",
            zh=f"{start.name} 生成的是{theirs.zh}图片，数据是{ours.zh}；请按{theirs.zh}重新导入数据。",
        )
    config = replace(config, classes=len(classes))
    rows = known_rows(old.classes["en"], classes)
    generator, discriminator = Generator(config), Discriminator(config)
    generator.load_state_dict(extended(old.generator.state_dict(), generator.state_dict(), rows))
    discriminator.load_state_dict(extended(old.discriminator.state_dict(), discriminator.state_dict(), rows))
    return generator, discriminator


def describe(side: int, channels: int) -> Text:
    """Such as "64 x 64 in colour"."""
    tone = Text("in colour", "彩色") if channels == 3 else Text("in grey", "灰度")
    return Text(f"{side} x {side} {tone.en}", f" {side} x {side} {tone.zh}")


def known_rows(old: list[str], new: list[str]) -> dict[int, int]:
    """Where each new class stood in the old run, by name; new ones are left out."""
    places = {name: row for row, name in enumerate(old)}
    return {row: places[name] for row, name in enumerate(new) if name in places}


def extended(old: dict[str, Tensor], fresh: dict[str, Tensor], rows: dict[int, int]) -> dict[str, Tensor]:
    """The old tensors; those with a row a class keep the rows of known classes and take the others from `fresh`."""
    by_class = {"embedding", "mapping.embedding", "w_mean"}
    tensors = {name: fresh[name].clone() if name in by_class else tensor for name, tensor in old.items()}
    for name in by_class & old.keys():
        for new_row, old_row in rows.items():
            tensors[name][new_row] = old[name][old_row]
    return tensors


def freeze(discriminator: Discriminator, layers: int) -> None:
    """Freeze-D (Mo, Cho and Shin 2020): the first `layers` layers keep their weights, and with them what they see.

    An InputError where there are not so many.
    """
    most = len(discriminator.layers())
    if layers > most:
        raise InputError(
            en=f"This discriminator has {most} layers to freeze, not {layers}; freeze at most {most}.",
            zh=f"该判别器只有 {most} 层可以冻结，无法冻结 {layers} 层；请填 0 到 {most}。",
        )
    for layer in discriminator.layers()[:layers]:
        layer.requires_grad_(False)


def trained(network: torch.nn.Module) -> list[Tensor]:
    """The parameters that are not frozen."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]
