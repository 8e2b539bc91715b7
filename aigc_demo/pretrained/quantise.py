r"""A frozen base in 4 bits, while an adapter is trained beside it in full precision.

    $y = \hat W x + \frac{\alpha}{r} B A x$

Each weight of $\hat W$ is one of 16 values that part a normal distribution into equal shares, times a scale that 64
neighbours have in common; the scales are kept in 8 bits: 4.127 bits a weight. A layer is unpacked only while it computes.
(Dettmers et al. 2023, QLoRA, section 3: NF4 and double quantisation.) The arithmetic is that of bitsandbytes.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from aigc_demo.core.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import nn

LIBRARY = "bitsandbytes"


def check_library() -> None:
    """An InputError where the library that packs weights is not installed."""
    if find_spec(LIBRARY) is None:
        raise InputError(
            en=f"A base in 4 bits needs the package {LIBRARY}, which is not installed here;"
            f" run `pip install {LIBRARY}`, or switch it off.",
            zh=f"4 位基座需要 {LIBRARY} 包，本机尚未安装；请运行 `pip install {LIBRARY}`，或关闭该选项。",
        )


def quantise(network: "nn.Module", dtype: "torch.dtype", device: str) -> "nn.Module":
    """Pack the linear layers of a network in place, all but a language model's head; everything computes in `dtype`.

    Packing is work for the device, to which the packed layers go.
    """
    from torch import nn
    from transformers import PreTrainedModel

    check_library()
    head = network.get_output_embeddings() if isinstance(network, PreTrainedModel) else None
    # names, not layers: each may go as soon as its packed form is there
    names = [
        name for name, layer in network.named_modules() if type(layer) is nn.Linear and layer is not head
    ]
    for name in names:
        network.set_submodule(name, _packed(network.get_submodule(name), dtype, device))
    network.is_loaded_in_4bit = True  # peft asks for this before it puts adapters beside packed layers
    return network.to(dtype)


def _packed(layer: "nn.Linear", dtype: "torch.dtype", device: str) -> "nn.Linear":
    from bitsandbytes.nn import Linear4bit, Params4bit

    own = {"quant_type": "nf4", "compress_statistics": True}
    packed = Linear4bit(
        layer.in_features,
        layer.out_features,
        bias=layer.bias is not None,
        compute_dtype=dtype,
        device="meta",
        **own,
    )
    packed.weight = Params4bit(layer.weight.data, requires_grad=False, **own)
    packed.bias = layer.bias
    # on processors with AVX-512 BF16 it would be packed anew where no gradient is asked for: a look at held-out rows between
    # two steps would change what learns, and layers narrower than a block cannot be
    packed.support_avx512bf16_for_cpu = False
    return packed.to(device)  # which is what packs it
