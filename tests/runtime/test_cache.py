"""One owner of the device: who waits, who is let go, what an error leaves behind."""

import gc
import os
import threading
import time
import weakref

import pytest
import torch

from aigc_demo import actions
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache, pick_device
from aigc_demo.schemas import ImageRequest


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


def test_a_model_is_loaded_once_and_lent_again(cache, loads, card):
    with cache.use(card("gan-digits")) as first:
        pass
    with cache.use(card("gan-digits")) as second:
        assert first is second
    assert loads == ["gan-digits"]


def test_one_at_a_time(cache, loads, card):
    inside, most, order = [0], [0], threading.Lock()

    def work():
        for _ in range(5):
            with cache.use(card("gan-digits")):
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


def test_the_budget_evicts_the_least_recently_used(settings, loads, card):
    cache = ModelCache(settings)
    cache.budget = 2 * 4000  # two of the debug cards' 1000 parameters in float32
    kept = {}
    for name in ("gan-digits", "vae-digits", "gan-digits", "gan-fashion"):
        with cache.use(card(name)) as model:
            kept[name] = weakref.ref(model)
        del model
    assert list(cache.loaded()) == ["gan-digits", "gan-fashion"]
    gc.collect()
    assert kept["vae-digits"]() is None and kept["gan-digits"]() is not None
    with cache.use(card("vae-digits")):
        pass
    assert loads == ["gan-digits", "vae-digits", "gan-fashion", "vae-digits"]


def test_one_model_may_always_be_loaded(settings, loads, card):
    cache = ModelCache(settings)
    cache.budget = 1
    for name in ("gan-digits", "vae-digits"):
        with cache.use(card(name)):
            assert list(cache.loaded()) == [name]


@pytest.mark.parametrize("name", ["nope", "gpt-poems"])
def test_an_unknown_model_or_another_task_takes_no_lock(cache, loads, name, card):
    with cache.use(card("gan-digits")), pytest.raises(InputError, match="choose one of"):
        actions.make_images(ImageRequest(model=name), cache, lambda: True)
    assert loads == ["gan-digits"]


def test_who_waits_hears_the_stop_flag(cache, loads, card):
    flag = threading.Event()
    heard = []

    def wait():
        try:
            with cache.use(card("gan-digits"), stop=flag.is_set):
                heard.append("lent")
        except Stopped:
            heard.append("stopped")

    with cache.use(card("gan-digits")):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.05)
        assert heard == []
        flag.set()
        waiting.join(timeout=2)
        assert heard == ["stopped"]
    with cache.use(card("gan-digits")):  # and the lock is free
        pass


OUT_OF_MEMORY = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: not enough memory: you tried"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_out_of_memory_is_a_sentence_and_lets_everything_go(cache, loads, error, card):
    with cache.use(card("vae-digits")) as model:
        held = weakref.ref(model)
    del model
    with pytest.raises(InputError) as caught, cache.use(card("gan-digits")):
        raise error
    assert "gan-digits" in caught.value.text.en and "内存不足" in caught.value.text.zh
    assert cache.loaded() == {}
    del caught
    gc.collect()
    assert held() is None
    with cache.use(card("gan-digits")):  # the lock is free, and it loads again
        assert list(cache.loaded()) == ["gan-digits"]


@pytest.mark.parametrize(
    "error", [RuntimeError("shape mismatch"), ValueError("x"), Stopped(), KeyboardInterrupt()]
)
def test_other_errors_pass_as_they_are_and_free_the_lock(cache, loads, error, card):
    with pytest.raises(type(error)) as caught, cache.use(card("gan-digits")):
        raise error
    assert caught.value is error
    with cache.use(card("gan-digits")):
        assert loads == ["gan-digits"]


def test_an_error_while_loading_frees_the_lock(cache, monkeypatch, card):
    def fail(card, device):
        raise InputError(en="broken", zh="损坏")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "load", fail)
        with pytest.raises(InputError, match="broken"), cache.use(card("gan-digits")):
            pytest.fail("lent")
    with cache.use(card("gan-digits")):
        assert list(cache.loaded()) == ["gan-digits"]


def test_replaced_weights_are_loaded_anew(settings, write_debug_model, card):
    folder = settings.runs_dir / "mine"
    write_debug_model(folder, "gan-digits", 1)
    cache = ModelCache(settings)
    with cache.use(card("runs/mine")) as before:
        pass
    write_debug_model(folder, "gan-digits", 2)
    os.utime(folder / "model.safetensors", ns=(1, 1))  # another time, even on a coarse clock
    with cache.use(card("runs/mine")) as after:
        assert after is not before
    assert list(cache.loaded()) == ["runs/mine"]


def test_the_device_and_its_reason():
    device = pick_device("cpu")
    assert device.name == "cpu" and device.reason.en != device.reason.zh
    assert "found" in pick_device("auto").reason.en


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="has a GPU")
@pytest.mark.parametrize("wanted", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_a_sentence(wanted):
    with pytest.raises(InputError, match="--device auto"):
        pick_device(wanted)


def test_the_device_is_picked_once(cache):
    assert cache.known_device() is None
    assert cache.device() is cache.device() is cache.known_device()


def test_the_device_is_lent_in_the_order_of_asking(cache, loads, card):
    order, threads = [], []

    def work(number):
        with cache.use(card("gan-digits")):
            order.append(number)

    with cache.use(card("gan-digits")):
        for number in range(8):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            while cache.waiting() < number + 1:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(8)) and cache.waiting() == 0


def test_who_stops_waiting_holds_nobody_up(cache, loads, card):
    with cache.use(card("gan-digits")):
        with pytest.raises(Stopped), cache.use(card("gan-digits"), stop=lambda: True):
            pytest.fail("lent")
        assert cache.waiting() == 0
    with cache.use(card("gan-digits")):
        pass


def test_a_second_try_is_made_in_a_smaller_way_with_the_first_model_gone(cache, loads, card):
    tried = []

    def work(model):
        tried.append(weakref.ref(model))
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        assert tried[0]() is None
        return "done"

    assert cache.run(card("gan-digits"), work) == "done"
    assert loads == ["gan-digits"] * 2
    assert cache.run(card("gan-digits"), lambda model: model is tried[1]())


def test_a_stream_begins_anew(cache, loads, card):
    tries = []

    def work(model):
        tries.append(model)
        yield 1
        if len(tries) == 1:
            raise MemoryError
        yield 2

    assert list(cache.stream(card("gan-digits"), work)) == [1, 1, 2]


def test_two_failures_are_a_sentence_with_figures(cache, loads, card):
    def work(model):
        raise MemoryError

    with pytest.raises(InputError, match=r"gan-digits \(0 MB of weights, .* free now\)"):
        cache.run(card("gan-digits"), work)
    assert len(loads) == 2 and cache.loaded() == {}


class Growing:
    """A model that takes a tensor in while it is used, as a network takes an adapter."""

    __module__ = "aigc_demo.tests"


def test_what_a_model_takes_in_while_used_counts(settings, monkeypatch, card):
    monkeypatch.setattr(registry, "load", lambda card, placement: Growing())
    cache = ModelCache(settings)
    cache.budget = 50_000
    for name in ("vae-digits", "gan-digits"):
        with cache.use(card(name)):
            pass
    with cache.use(card("gan-digits")) as model:
        model.adapter = torch.zeros(12_000)
        del model
    assert cache.loaded() == {"gan-digits": 48_000}


def test_what_does_not_fit_is_refused_before_anything_is_loaded(cache, loads, monkeypatch, card):
    monkeypatch.setattr("aigc_demo.runtime.memory_plan.free_memory", lambda device: 1000)
    with pytest.raises(InputError, match="gan-digits needs about 256 MB"), cache.use(card("gan-digits")):
        pytest.fail("lent")
    assert loads == []
    monkeypatch.undo()
