"""The one owner of the device: which device and why, and a cache of loaded models that lends them out.

    with cache.use(card) as model:
        ...                     # nobody else computes on this device meanwhile

Work that may need more memory than there is goes through `run` or `stream`, and is tried once more in a smaller way.

Gradio's queue cannot do this: when a visitor cancels, the event's slot is free at once, while its thread still
computes. Here the device is held until the `with` block is left, whatever happens in it; others wait in a row.
"""

import copy
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.models.placement import Placement
from aigc_demo.models.precision import measured_rates
from aigc_demo.runtime import memory_plan, registry, zero_gpu
from aigc_demo.runtime.batching import BatchScheduler
from aigc_demo.runtime.fair_lock import FairLock
from aigc_demo.runtime.memory import clear_traceback, free_memory, give_back_memory, is_out_of_memory
from aigc_demo.runtime.worker_thread import WorkerThread

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Device:
    """A torch device name, the dtype models are loaded in, and the reason for that choice in words."""

    name: str
    dtype: str
    reason: Text


def pick_device(wanted: str = "auto") -> Device:
    """The device to compute on: the one asked for, else CUDA, else Apple's MPS, else the CPU.

    Imports torch. InputError where the one asked for is not there.
    """
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    torch.backends.cuda.enable_cudnn_sdp(False)  # it plans attention anew for each length: 50 ms a token
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
        return Device(wanted, "float32", Text("as asked by --device", "由 --device 指定"))
    if cuda:
        name = torch.cuda.get_device_name(0)
        return Device("cuda", "float32", Text(f"{name} found", f"找到 {name}"))
    if mps:
        return Device("mps", "float32", Text("Apple GPU found", "找到 Apple GPU"))
    rates = measured_rates("cpu")
    trains = Text(
        f"trains in {rates.fastest} ({rates.reason.en})", f"训练用 {rates.fastest}（{rates.reason.zh}）"
    )
    return Device(
        "cpu",
        "float32",
        Text("no CUDA device found; {trains}", "没有找到 CUDA 设备；{trains}").format(trains=trains),
    )


@dataclass
class Held:
    """A loaded model: which weights, where they lie, how many bytes."""

    version: str
    placement: Placement
    size: int
    model: Any


def once(work: Callable[[Any], T]) -> Callable[[Any], Iterator[T]]:
    """`work` as one that yields its result, made when it is asked for."""

    def results(model: Any) -> Iterator[T]:
        yield work(model)

    return results


class ModelCache:
    """Loaded models, least recently used first, within a budget of bytes; one at a time may compute.

    `budget` 0 is three quarters of the device's memory.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.budget = settings.memory_mb * memory_plan.MEGABYTE
        self._lock = FairLock()
        self._models: OrderedDict[str, Held] = OrderedDict()
        self._device: Device | None = None
        self._device_lock = threading.Lock()
        self._schedulers: dict[tuple[Path, str], BatchScheduler] = {}
        self._steps, self._calls = WorkerThread("steps"), WorkerThread("calls")
        self.worker = zero_gpu.gpu_worker(self) if zero_gpu.on_zero_gpu() else None

    def forked(self) -> "ModelCache":
        """The same models, with the locks and threads of a process that was forked from the one that loaded them."""
        other = copy.copy(self)
        other._lock, other._device_lock, other._schedulers = FairLock(), threading.Lock(), {}
        other._steps, other._calls, other.worker = WorkerThread("steps"), WorkerThread("calls"), None
        return other

    def preload(self) -> None:
        """On ZeroGPU, have every model of this disk loaded that there is room for: before the page is launched, or never."""
        if self.worker is None:
            return
        device = self.device()
        budget = memory_plan.budget_of(self.settings.memory_mb, device.name)
        for card in registry.all_cards(self.settings):
            size = memory_plan.resident_bytes(card, memory_plan.preferred_placement(card, device.name))
            if card.tasks and runs_here(card.family) and size + sum(self.loaded().values()) <= budget:
                self._get(card, None, device)

    def device(self) -> Device:
        """The device, picked once; the first call imports torch."""
        with self._device_lock:
            if self._device is None:
                self._device = pick_device(self.settings.device)
            return self._device

    def with_settings(self, settings: Settings) -> "ModelCache":
        """This cache for somebody with other folders of their own: the same device, queue and loaded models."""
        other = copy.copy(self)
        other.settings = settings
        return other

    def known_device(self) -> Device | None:
        """The device if it has been picked already, without waiting for torch."""
        return self._device

    @contextmanager
    def use(self, card: ModelCard, stop: Stop = never) -> Iterator[Any]:
        """Lend a model, loading it if need be. Waits for the device, and raises Stopped if `stop()` turns true.

        An InputError where it does not fit into memory. After an out-of-memory error all models are let go, and the
        error becomes a sentence.
        """
        try:
            yield from self._attempt(card, None, once(lambda model: model), stop, [])
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory(card, error) from error

    def run(self, card: ModelCard, work: Callable[[Any], T], stop: Stop = never) -> T:
        """`work(model)` on a lent model; where memory runs out, once more in a smaller way. Otherwise as `use`."""
        [result] = self.stream(card, once(work), stop)
        return result

    def stream(self, card: ModelCard, work: Callable[[Any], Iterator[T]], stop: Stop = never) -> Iterator[T]:
        """What `work(model)` yields, lent and tried as by `run`; the second time it begins anew."""
        used: list[Placement] = []
        try:
            yield from self._attempt(card, None, work, stop, used)
            return
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            placement = used[0] if used else memory_plan.preferred_placement(card, self.device().name)
            placement = placement.smaller() or placement  # the same, now that all other models are gone
            clear_traceback(error)
        give_back_memory()  # here, where nothing holds the error any more
        log.warning("%s ran out of memory; once more as %s", card.id, placement)
        try:
            yield from self._attempt(card, placement, work, stop, used)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory(card, error) from error

    def batches(self, card: ModelCard) -> BatchScheduler:
        """Where requests to a model that answers several at once are submitted; it is lent to them as by `stream`."""
        key = card.folder, card.id  # two visitors' runs may share a name
        return self._schedulers.setdefault(key, BatchScheduler(self.stream))

    def thread(self, card: ModelCard) -> WorkerThread:
        """The thread for work of a lent model that only calls back; a server's models, which nobody waits for, share none."""
        return self._calls if runs_here(card.family) else WorkerThread("server")

    def loaded(self) -> dict[str, int]:
        """Ids of the models in memory with their bytes on the device, least recently used first."""
        return {model_id: held.size for model_id, held in list(self._models.items())}

    def waiting(self) -> int:
        """How many wait for the device."""
        return self._lock.waiting()

    def _attempt(
        self,
        card: ModelCard,
        placement: Placement | None,
        work: Callable[[Any], Iterator[T]],
        stop: Stop,
        used: list[Placement],
    ) -> Iterator[T]:
        """One try, in a frame of its own: it takes its hold on the model with it. `used` gets the placement."""
        with self._lease(card, placement, stop) as held:
            used.append(held.placement)
            answers = work(held.model)
            yield from self._steps.iterate(answers) if held.placement.device.startswith("cuda") else answers

    @contextmanager
    def _lease(self, card: ModelCard, placement: Placement | None, stop: Stop) -> Iterator[Held]:
        """Hold the device, and let all models go where memory ran out. A server's model needs neither."""
        if not runs_here(card.family):
            yield Held("", Placement(), 0, registry.load(card, Placement()))
            return
        device = self.device()
        ticket = self._lock.acquire(stop)
        try:
            held = self._get(card, placement, device)
            yield held
            self._measure(held)
        except Exception as error:
            if is_out_of_memory(error):
                self._models.clear()
            raise
        finally:
            self._lock.release(ticket)

    def _get(self, card: ModelCard, placement: Placement | None, device: Device) -> Held:
        version = card.weights_hash()
        held = self._models.get(card.id)
        if held and held.version == version and placement in (None, held.placement):
            self._models.move_to_end(card.id)
            return held
        self._models.pop(card.id, None)
        del held
        plan = memory_plan.plan(card, device.name, self.budget, sum(self.loaded().values()))
        if plan.fit == "no":
            raise InputError.of(plan.words)
        placement = placement or plan.placement
        size = memory_plan.resident_bytes(card, placement)
        self._make_room(size, memory_plan.peak_bytes(card, placement), device.name)
        held = Held(version, placement, size, registry.load(card, placement))
        self._models[card.id] = held
        self._measure(held)
        return held

    def _measure(self, held: Held) -> None:
        """Count what the model, used last, really holds, adapters included; let others go where that is too much."""
        held.size = max(held.size, memory_plan.measured_bytes(held.model, held.placement.device))
        if self._keep_within(0, spare=1):
            give_back_memory()

    def _make_room(self, size: int, need: int, device: str) -> None:
        """Let the least recently used models go until `size` is within the budget and `need` bytes are free."""
        if self._keep_within(size):
            give_back_memory()
        while self._models and free_memory(device) < need:
            self._models.popitem(last=False)
            give_back_memory()

    def _keep_within(self, more: int, spare: int = 0) -> bool:
        """Whether models had to go for the others and `more` bytes to be within the budget; the last `spare` stay."""
        budget = self.budget or memory_plan.budget_of(0, self.device().name)
        before = len(self._models)
        while len(self._models) > spare and sum(self.loaded().values()) + more > budget:
            self._models.popitem(last=False)
        return len(self._models) < before

    def _out_of_memory(self, card: ModelCard, error: Exception) -> InputError:
        """The sentence, once the error's hold on tensors is loosened."""
        clear_traceback(error)
        give_back_memory()
        device = self.device().name
        size = memory_plan.gigabytes(card.weights_bytes(memory_plan.preferred_placement(card, device).dtype))
        free = memory_plan.gigabytes(free_memory(device))
        return InputError(
            en=f"Memory ran out while using {card.id} ({size} of weights, {free} free now);"
            " ask for less at once, or close other programs.",
            zh=f"使用 {card.id}（权重 {size}，现空闲 {free}）时内存不足；请减少一次的数量，或关闭其他程序。",
        )


def devices_for(wanted: str) -> list[str]:
    """Every device that "auto", "cpu", "cuda", "cuda:1" or "mps" allows, by the names of their leases.

    Imports torch; an InputError where there is none.
    """
    import torch

    name = pick_device(wanted).name
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] if name == "cuda" else [name]
