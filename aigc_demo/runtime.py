"""The one owner of the device: which device and why, and a cache of loaded models that lends them out.

    with cache.use("gan-digits") as model:
        ...                     # nobody else computes on this device meanwhile

Work that may need more memory than there is goes through `run` or `stream`, and is tried once more in a smaller way.

Gradio's queue cannot do this: when a visitor cancels, the event's slot is free at once, while its thread still
computes. Here the lock is held until the `with` block is left, whatever happens in it.
"""

import gc
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aigc_demo import memory, registry
from aigc_demo.cards import ModelCard, Task
from aigc_demo.errors import InputError, Stopped
from aigc_demo.placement import Placement
from aigc_demo.settings import Settings

Stop = Callable[[], bool]
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Device:
    """A torch device name, the dtype models are loaded in, and the reason for that choice in words."""

    name: str
    dtype: str
    reason_en: str
    reason_zh: str

    def reason(self, lang: str) -> str:
        """Why this device, in `lang`."""
        return self.reason_zh if lang == "zh" else self.reason_en


def pick_device(wanted: str = "auto") -> Device:
    """The device to compute on: the one asked for, else CUDA, else Apple's MPS, else the CPU.

    Imports torch. InputError where the one asked for is not there.
    """
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted.startswith("cuda") and not cuda:
        raise InputError(
            en="No CUDA device was found; start with --device auto, or install a torch build for your GPU.",
            zh="没有找到 CUDA 设备；请用 --device auto 启动，或安装适合您显卡的 torch。",
        )
    if wanted == "mps" and not mps:
        raise InputError(
            en="No Apple GPU (MPS) was found; start with --device auto.",
            zh="没有找到 Apple GPU（MPS）；请用 --device auto 启动。",
        )
    if wanted != "auto":
        return Device(wanted, "float32", "as asked by --device", "由 --device 指定")
    if cuda:
        name = torch.cuda.get_device_name(0)
        return Device("cuda", "float32", f"{name} found", f"找到 {name}")
    if mps:
        return Device("mps", "float32", "Apple GPU found", "找到 Apple GPU")
    return Device("cpu", "float32", "no CUDA device found", "没有找到 CUDA 设备")


@dataclass(frozen=True)
class Held:
    """A loaded model: which weights, where they lie, how many bytes."""

    version: str
    placement: Placement
    size: int
    model: Any


def never() -> bool:
    """A stop flag that is never set."""
    return False


class ModelCache:
    """Loaded models, least recently used first, within a budget of bytes; one at a time may compute."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.budget = settings.memory_mb * 2**20
        self._lock = threading.Lock()
        self._models: OrderedDict[str, Held] = OrderedDict()
        self._device: Device | None = None
        self._device_lock = threading.Lock()

    def device(self) -> Device:
        """The device, picked once; the first call imports torch."""
        with self._device_lock:
            if self._device is None:
                self._device = pick_device(self.settings.device)
            return self._device

    def known_device(self) -> Device | None:
        """The device if it has been picked already, without waiting for torch."""
        return self._device

    @contextmanager
    def use(self, model_id: str, task: Task | None = None, stop: Stop = never) -> Iterator[Any]:
        """Lend a model, loading it if need be. Waits for the device, and raises Stopped if `stop()` turns true.

        An InputError where the id is unknown or does not serve `task`. After an out-of-memory error all models
        are let go, and the error becomes a sentence.
        """
        card = registry.find_card(model_id, self.settings, task)
        try:
            with self._lease(card, None, stop) as model:
                yield model
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory(card) from error

    def run(self, model_id: str, task: Task, work: Callable[[Any], T], stop: Stop = never) -> T:
        """`work(model)` on a lent model; where memory runs out, once more in a smaller way. Otherwise as `use`."""
        [result] = self.stream(model_id, task, lambda model: iter([work(model)]), stop)
        return result

    def stream(
        self, model_id: str, task: Task, work: Callable[[Any], Iterator[T]], stop: Stop = never
    ) -> Iterator[T]:
        """What `work(model)` yields, lent and tried as by `run`; the second time it begins anew."""
        card = registry.find_card(model_id, self.settings, task)
        placement = self._placement(card)
        try:
            with self._lease(card, None, stop) as model:
                yield from work(model)
                return
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if (placement := placement.smaller()) is None:
                raise self._out_of_memory(card) from error
        _give_back_memory()  # here, where the error's traceback holds no tensors any more
        log.warning("%s ran out of memory; once more as %s", card.id, placement)
        try:
            with self._lease(card, placement, stop) as model:
                yield from work(model)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory(card) from error

    def loaded(self) -> dict[str, int]:
        """Ids of the models in memory with their bytes, least recently used first."""
        return {model_id: held.size for model_id, held in self._models.items()}

    @contextmanager
    def _lease(self, card: ModelCard, placement: Placement | None, stop: Stop) -> Iterator[Any]:
        """Hold the device, and give all models' memory back where it ran out. A server's model needs neither."""
        if card.family == "remote":
            yield registry.load(card, Placement())
            return
        device = self.device()
        while not self._lock.acquire(timeout=0.1):
            if stop():
                raise Stopped
        try:
            yield self._get(card, placement, device)
        except (MemoryError, RuntimeError) as error:
            if is_out_of_memory(error):
                self._clear()
            raise
        finally:
            self._lock.release()

    def _get(self, card: ModelCard, placement: Placement | None, device: Device) -> Any:
        version = card.weights_hash()
        held = self._models.get(card.id)
        if held and held.version == version and placement in (None, held.placement):
            self._models.move_to_end(card.id)
            return held.model
        self._models.pop(card.id, None)
        del held
        placement = placement or memory.place(card, device.name)
        size = card.weights_bytes(placement.dtype)
        self._make_room(size)
        model = registry.load(card, placement)
        self._models[card.id] = Held(version, placement, size, model)
        return model

    def _placement(self, card: ModelCard) -> Placement:
        """Where the card's model lies, or would be put at first."""
        held = self._models.get(card.id)
        return held.placement if held else memory.place(card, self.device().name)

    def _out_of_memory(self, card: ModelCard) -> InputError:
        size = card.weights_bytes(self._placement(card).dtype) // 2**20
        return InputError(
            en=f"Memory ran out while using {card.id} ({size} MB of weights); ask for fewer at once, or close other programs.",
            zh=f"使用 {card.id}（权重 {size} MB）时内存不足；请减少数量，或关闭其他程序。",
        )

    def _make_room(self, need: int) -> None:
        """Let the least recently used models go until `need` bytes fit; one model may always be loaded."""
        while self._models and sum(self.loaded().values()) + need > self.budget:
            self._models.popitem(last=False)
            _give_back_memory()

    def _clear(self) -> None:
        self._models.clear()
        _give_back_memory()


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out, on whatever device."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "not enough memory" in str(error)


def _give_back_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
