"""Fine-tuning: networks that go on from a trained VAE."""

from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.families.vae.networks import Decoder, Encoder, VAEConfig
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights


def load_start(folder: Path, side: int, channels: int) -> tuple[VAEConfig, Encoder, Decoder]:
    """Config and networks of the VAE in a run folder, for pictures of that side and that many channels.

    Its sizes hold, whatever preset was asked for. Its classes do not matter: the networks see no labels, and the
    density is fitted anew. An InputError where it is no VAE, or one of other pictures.
    """
    try:
        config = VAEConfig(**read_config(folder)["network"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            en=f"{folder.name} is no VAE that can be trained on; start from another model, or from random weights.",
            zh=f"{folder.name} 不是可以继续训练的 VAE；请换一个起点，或从随机权重开始。",
        ) from error
    if (config.side, config.channels) != (side, channels):
        own, own_zh = describe(config.side, config.channels)
        other, other_zh = describe(side, channels)
        raise InputError(
            en=f"{folder.name} knows {own} pictures, and the data are {other}; import the data as {own}, or start"
            " from random weights.",
            zh=f"{folder.name} 学的是 {own_zh}图片，而数据为 {other_zh}；请按 {own_zh}重新导入数据，或从随机权重开始。",
        )
    tensors = read_weights(folder)
    encoder, decoder = Encoder(config), Decoder(config)
    load_strictly(encoder, tensors, "encoder.")
    load_strictly(decoder, tensors, "decoder.")
    return config, encoder, decoder


def describe(side: int, channels: int) -> tuple[str, str]:
    """Size and colour in words, in both languages."""
    colour, colour_zh = ("grey", "灰度") if channels == 1 else ("colour", "彩色")
    return f"{side} x {side} {colour}", f"{side} × {side} {colour_zh}"
