"""The networks by the name of their architecture, and from a shape to a network."""

from collections.abc import Mapping

from aigc_demo.core.errors import InputError
from aigc_demo.families.seq2seq.networks import EncoderDecoder, Shape, Transformer
from aigc_demo.families.seq2seq.recurrent import Recurrent, RecurrentAttention

ARCHITECTURES: Mapping[str, type[EncoderDecoder]] = {
    "lstm": Recurrent,
    "lstm-attention": RecurrentAttention,
    "transformer": Transformer,
}


def build(shape: Shape) -> EncoderDecoder:
    """A new network of random weights; an InputError where there is no such architecture."""
    if shape.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise InputError(
            en=f"There is no architecture {shape.architecture[:40]}; take one of {known}.",
            zh=f"没有网络结构 {shape.architecture[:40]}；可选 {known}。",
        )
    return ARCHITECTURES[shape.architecture](shape)
