r"""Where a model goes, by the memory that it needs and the memory that is there: a plan before anything is loaded.

A model needs its weights, $\text{parameters} \times \text{bytes of the dtype}$, and room to work in: a language
model's keys and values, a picture model's feature maps. The room is an estimate by the kind of model, on the large
side. Where both do not fit, the plan tries the ways that need less (placement.py), the quickest first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from aigc_demo.core.words import Text
from aigc_demo.models.cards import DTYPE_BYTES, ModelCard
from aigc_demo.models.family import kind_of
from aigc_demo.models.placement import Placement
from aigc_demo.runtime.memory import free_memory, total_memory

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
PART_SHARE, LAYER_SHARE = 0.8, 0.1  # of the weights, of what is laid on the device by turns
COMFORTABLE = 0.85  # of the free memory; above it is tight
OWN_WORKING_BYTES = 256 * MEGABYTE  # of this app's own models and the upscaler, whose work is cut into pieces
# Pixels, where the card names no size: of drawings, of frames in the Latent tab.
SIDES = {"pictures": 512, "frames": 256}
FEATURE_MAPS = 6  # of 256 channels at full size, in a decoder; Stable Diffusion's took 5.0 at 256 x 256
SEARCHED_PACKAGES = ("aigc_demo", "diffusers")  # packages whose objects are looked into for tensors
CONTEXT_SHARE = 0.2  # keys and values of two thousand tokens, as a share of the weights


@dataclass(frozen=True)
class MemoryPlan:
    """Whether a model fits, why in words with figures, and the placement to load it with.

    fits: with room to spare; tight: in a way that is slower, or with little room left; no: not at all. `need` and
    `free` are bytes of the device's memory, at the model's peak and before it is loaded.
    """

    fit: Literal["fits", "tight", "no"]
    need: int
    free: int
    placement: Placement
    words: Text


def preferred_placement(card: ModelCard, device: str) -> Placement:
    """The placement that a model wants: pretrained ones in half precision on an accelerator, all others in float32."""
    if not kind_of(card.kind).halved or device == "cpu":
        return Placement(device)
    return Placement(device, half_precision(device))


def half_precision(device: str) -> Literal["bfloat16", "float16"]:
    """The 16-bit dtype that a device computes in: bfloat16 where it is in the hardware."""
    if not device.startswith("cuda"):
        return "float16" if device == "mps" else "bfloat16"
    import torch

    return "bfloat16" if torch.cuda.get_device_capability(device)[0] >= 8 else "float16"


def budget_of(megabytes: int, device: str) -> int:
    """Bytes of weights that may be kept loaded: as set, or where that is 0 three quarters of the device's memory."""
    return megabytes * MEGABYTE or total_memory(device) * 3 // 4


def plan(card: ModelCard, device: str, budget: int, held: int = 0) -> MemoryPlan:
    """How a model would lie in a device's memory, of which other models hold `held` bytes that could be let go.

    `budget` is how many bytes of weights may be kept loaded, 0 for three quarters of the device's memory; this app's
    own models are always within it.
    """
    budget = budget or budget_of(0, device)
    free, ram = free_memory(device) + held, free_memory("cpu")
    first = preferred_placement(card, device)
    for placement in placements(card, first):
        need, weights = peak_bytes(card, placement), card.weights_bytes(placement.dtype)
        if card.kind and resident_bytes(card, placement) > budget:
            continue
        if need <= free and (placement.offload == "none" or weights <= ram):
            easy = placement == first and need <= COMFORTABLE * free
            fit = "fits" if easy else "tight"
            return MemoryPlan(fit, need, free, placement, _fitting(card, placement, need, free))
    last = list(placements(card, first))[-1]
    need = peak_bytes(card, last)
    return MemoryPlan("no", need, free, last, _refusal(card, last, need, free, budget))


def placements(card: ModelCard, first: Placement) -> Iterator[Placement]:
    """The placements of a model, from the quickest to the one that needs least."""
    yield first
    kind = kind_of(card.kind)
    if kind.sliced:
        yield replace(first, sliced=True)
    if first.device.startswith("cuda"):
        if kind.parts:
            yield replace(first, sliced=True, offload="model")
        if kind.halved:
            yield replace(first, sliced=True, offload="layers")
    elif first.dtype == "float32" and kind.halved:
        yield replace(first, sliced=True, dtype=half_precision(first.device))


def peak_bytes(card: ModelCard, placement: Placement) -> int:
    """Bytes of the device's memory at the peak: the weights that lie there at a time, and room to work in."""
    return resident_bytes(card, placement) + working_bytes(card, placement)


def resident_bytes(card: ModelCard, placement: Placement) -> int:
    """Bytes of weights that lie on the device at a time."""
    share = {"none": 1.0, "model": PART_SHARE, "layers": LAYER_SHARE}[placement.offload]
    return int(share * card.weights_bytes(placement.dtype))


def working_bytes(card: ModelCard, placement: Placement) -> int:
    """Bytes to work in, estimated by the kind of model."""
    weights, size = card.weights_bytes(placement.dtype), DTYPE_BYTES[placement.dtype]
    what = kind_of(card.kind).room if card.kind else "fixed"
    if what in SIDES:
        side = SIDES[what]
        pixels = (card.defaults.get("width") or side) * (card.defaults.get("height") or side)
        return OWN_WORKING_BYTES // 2 + FEATURE_MAPS * 256 * pixels * size // (4 if placement.sliced else 1)
    if what == "fixed":
        return OWN_WORKING_BYTES
    return OWN_WORKING_BYTES // 2 + int(CONTEXT_SHARE * weights)


def _fitting(card: ModelCard, placement: Placement, need: int, free: int) -> Text:
    """What a model takes where it fits."""
    slower = Text("", "")
    if placement.offload != "none":
        slower = Text(", its parts taking turns on the device: slower", "；各部分轮流占用设备，较慢")
    elif placement.device == "cpu" and placement.dtype != "float32":
        slower = Text(", half of what float32 takes: slower", "，为 float32 的一半；较慢")
    elif placement.sliced:
        slower = Text(", working in slices: slower", "；分片计算，较慢")
    return Text(
        en=f"{card.id} needs about {gigabytes(need)} of the {gigabytes(free)} that are free,"
        f" in {placement.dtype}{slower.en}.",
        zh=f"{card.id} 约需 {gigabytes(need)}，空闲 {gigabytes(free)}，以 {placement.dtype} 计算{slower.zh}。",
    )


def _refusal(card: ModelCard, placement: Placement, need: int, free: int, budget: int) -> Text:
    """Why a model does not fit, and what would help."""
    weights = resident_bytes(card, placement)
    if card.kind and weights > budget:
        return Text(
            en=f"{card.id} needs {gigabytes(weights)} for its weights, and the app keeps {gigabytes(budget)} at most;"
            f" choose a smaller model, or start with --memory-mb {-(-weights // MEGABYTE)}.",
            zh=f"{card.id} 的权重需要 {gigabytes(weights)}，而本应用至多保留 {gigabytes(budget)}；"
            f"请选择更小的模型，或以 --memory-mb {-(-weights // MEGABYTE)} 启动。",
        )
    return Text(
        en=f"{card.id} needs about {gigabytes(need)} even in the way that needs least, and {gigabytes(free)}"
        " are free; choose a smaller model, or close other programs.",
        zh=f"{card.id} 即使以最省的方式也约需 {gigabytes(need)}，而空闲仅 {gigabytes(free)}；"
        "请选择更小的模型，或关闭其他程序。",
    )


def gigabytes(count: int) -> str:
    """Bytes as "1.6 GB", or "120 MB" below a gigabyte."""
    return f"{count / GIGABYTE:.1f} GB" if count >= GIGABYTE else f"{count / MEGABYTE:.0f} MB"


def measured_bytes(model: Any, device: str) -> int:
    """Bytes of the tensors on a device that a loaded model holds: in attributes, containers and networks; shared ones once."""
    import torch

    storages: dict[int, int] = {}
    seen: set[int] = set()
    rest = [model]
    while rest:
        thing = rest.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, torch.Tensor):
            if thing.device.type == torch.device(device).type:
                storages[thing.untyped_storage().data_ptr()] = thing.untyped_storage().nbytes()
        elif isinstance(thing, torch.nn.Module):
            rest += [*thing.parameters(), *thing.buffers()]
        elif isinstance(thing, Mapping):
            rest += thing.values()
        elif isinstance(thing, list | tuple):
            rest += thing
        elif type(thing).__module__.partition(".")[0] in SEARCHED_PACKAGES:
            rest += vars(thing).values()
    return sum(storages.values())
