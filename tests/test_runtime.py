"""One owner of the device: who waits, who is let go, what an error leaves behind."""

import gc
import os
import threading
import time
import weakref

import pytest
import torch

from aigc_demo import registry
from aigc_demo.errors import InputError, Stopped
from aigc_demo.runtime import ModelCache, pick_device


class Model:
    """Stands in for a network: something that can be let go."""


@pytest.fixture
def loads(monkeypatch):
    """The ids of the models that were loaded, in order; loading costs nothing."""
    names = []

    def load(card, device):
        names.append(card.id)
        return Model()

    monkeypatch.setattr(registry, "load", load)
    return names


def test_a_model_is_loaded_once_and_lent_again(cache, loads):
    with cache.use("gan-digits") as first:
        pass
    with cache.use("gan-digits", "latent") as second:
        assert first is second
    assert loads == ["gan-digits"]


def test_one_at_a_time(cache, loads):
    inside, most, order = [0], [0], threading.Lock()

    def work():
        for _ in range(5):
            with cache.use("gan-digits"):
                with order:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.002)
                with order:
                    inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_the_budget_evicts_the_least_recently_used(settings, loads):
    cache = ModelCache(settings)
    cache.budget = 2 * 4000  # two of the debug cards' 1000 parameters in float32
    kept = {}
    for name in ("gan-digits", "vae-digits", "gan-digits", "gan-fashion"):
        with cache.use(name) as model:
            kept[name] = weakref.ref(model)
        del model
    assert list(cache.loaded()) == ["gan-digits", "gan-fashion"]
    gc.collect()
    assert kept["vae-digits"]() is None and kept["gan-digits"]() is not None
    with cache.use("vae-digits"):
        pass
    assert loads == ["gan-digits", "vae-digits", "gan-fashion", "vae-digits"]


def test_one_model_may_always_be_loaded(settings, loads):
    cache = ModelCache(settings)
    cache.budget = 1
    for name in ("gan-digits", "vae-digits"):
        with cache.use(name):
            assert list(cache.loaded()) == [name]


@pytest.mark.parametrize(("name", "task"), [("nope", None), ("gan-digits", "text"), ("gpt-poems", "image")])
def test_an_unknown_model_or_another_task_takes_no_lock(cache, loads, name, task):
    with pytest.raises(InputError), cache.use(name, task):
        pytest.fail("lent")
    with cache.use("gan-digits"):
        pass


def test_who_waits_hears_the_stop_flag(cache, loads):
    flag = threading.Event()
    heard = []

    def wait():
        try:
            with cache.use("gan-digits", stop=flag.is_set):
                heard.append("lent")
        except Stopped:
            heard.append("stopped")

    with cache.use("gan-digits"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.05)
        assert heard == []
        flag.set()
        waiting.join(timeout=2)
        assert heard == ["stopped"]
    with cache.use("gan-digits"):  # and the lock is free
        pass


OUT_OF_MEMORY = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: not enough memory: you tried"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_out_of_memory_is_a_sentence_and_lets_everything_go(cache, loads, error):
    with cache.use("vae-digits") as model:
        held = weakref.ref(model)
    del model
    with pytest.raises(InputError) as caught, cache.use("gan-digits"):
        raise error
    assert "gan-digits" in caught.value.en and "内存不足" in caught.value.zh
    assert cache.loaded() == {}
    del caught
    gc.collect()
    assert held() is None
    with cache.use("gan-digits"):  # the lock is free, and it loads again
        assert list(cache.loaded()) == ["gan-digits"]


@pytest.mark.parametrize(
    "error", [RuntimeError("shape mismatch"), ValueError("x"), Stopped(), KeyboardInterrupt()]
)
def test_other_errors_pass_as_they_are_and_free_the_lock(cache, loads, error):
    with pytest.raises(type(error)) as caught, cache.use("gan-digits"):
        raise error
    assert caught.value is error
    with cache.use("gan-digits"):
        assert loads == ["gan-digits"]


def test_an_error_while_loading_frees_the_lock(cache, monkeypatch):
    def fail(card, device):
        raise InputError(en="broken", zh="损坏")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "load", fail)
        with pytest.raises(InputError, match="broken"), cache.use("gan-digits"):
            pytest.fail("lent")
    with cache.use("gan-digits"):
        assert list(cache.loaded()) == ["gan-digits"]


def test_replaced_weights_are_loaded_anew(settings, write_debug_model):
    folder = settings.runs_dir / "mine"
    write_debug_model(folder, "gan-digits", 1)
    cache = ModelCache(settings)
    with cache.use("runs/mine") as before:
        pass
    write_debug_model(folder, "gan-digits", 2)
    os.utime(folder / "model.safetensors", ns=(1, 1))  # another time, even on a coarse clock
    with cache.use("runs/mine") as after:
        assert after is not before
    assert list(cache.loaded()) == ["runs/mine"]


def test_the_device_and_its_reason():
    device = pick_device("cpu")
    assert device.name == "cpu" and device.reason("en") != device.reason("zh")
    assert pick_device("auto").reason("en").endswith("found")


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="has a GPU")
@pytest.mark.parametrize("wanted", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_a_sentence(wanted):
    with pytest.raises(InputError, match="--device auto"):
        pick_device(wanted)


def test_the_device_is_picked_once(cache):
    assert cache.known_device() is None
    assert cache.device() is cache.device() is cache.known_device()
