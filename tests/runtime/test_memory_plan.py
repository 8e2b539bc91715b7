"""The plan before a model is loaded: which way it fits, and why not."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.runtime import memory, memory_plan
from aigc_demo.runtime.memory_plan import GIGABYTE, measured_bytes, plan


def card(kind="causal_lm", parameters=1_000_000_000, **more):
    words = Text(en="x", zh="x")
    return ModelCard(
        id="some/model",
        folder=Path(),
        family="transformer",
        kind=kind,
        tasks=(),
        title=words,
        summary=words,
        parameters=parameters,
        licence="mit",
        data="",
        **more,
    )


@pytest.fixture
def have(monkeypatch):
    """A machine with so many gigabytes free on its board and in its memory; all of it is free."""

    def set_free(board, ram=1000.0):
        def free(device):
            return int((ram if device == "cpu" else board) * GIGABYTE)

        monkeypatch.setattr(memory_plan, "free_memory", free)
        monkeypatch.setattr(memory_plan, "total_memory", free)
        monkeypatch.setattr(
            memory_plan, "half_precision", lambda device: "float16" if device == "mps" else "bfloat16"
        )

    return set_free


def test_the_dtype_follows_the_device_and_the_kind(have):
    have(100)
    assert plan(card(), "cuda", 0).placement == Placement("cuda", "bfloat16")
    assert plan(card(), "mps", 0).placement == Placement("mps", "float16")
    assert plan(card(), "cpu", 0).placement == Placement("cpu", "float32")
    for kind in ("", "upscaler", "autoencoder", "encoder", "seq2seq"):
        assert plan(card(kind, 1000), "cuda", 0).placement.dtype == "float32"


@pytest.mark.parametrize(
    ("board", "fit", "placement"),
    [
        (30, "fits", Placement("cuda", "bfloat16")),
        (23, "tight", Placement("cuda", "bfloat16")),
        (20, "tight", Placement("cuda", "bfloat16", sliced=True)),
        (17, "tight", Placement("cuda", "bfloat16", "model", True)),
        (8, "tight", Placement("cuda", "bfloat16", "layers", True)),
        (2, "no", Placement("cuda", "bfloat16", "layers", True)),
    ],
)
def test_a_picture_model_takes_the_quickest_way_that_fits(have, board, fit, placement):
    """Ten billion parameters at 1024 x 1024: 18.6 GB of weights and 3.1 GB to work in."""
    have(board)
    large = card("text_to_image", 10_000_000_000, defaults={"width": 1024, "height": 1024})
    found = plan(large, "cuda", 100 * GIGABYTE)
    assert (found.fit, found.placement) == (fit, placement)
    assert found.free == board * GIGABYTE
    assert found.need <= found.free or fit == "no"
    assert "some/model needs" in found.words.en and f"{board}.0 GB" in found.words.zh


def test_offloading_needs_the_machines_memory(have):
    have(8, ram=16)
    assert plan(card("text_to_image", 10_000_000_000), "cuda", 100 * GIGABYTE).fit == "no"


def test_a_language_model_on_a_cpu_halves_its_numbers_where_it_must(have):
    for ram, fit in ((6, "fits"), (3, "tight"), (2, "no")):
        have(0, ram)
        found = plan(card(), "cpu", 100 * GIGABYTE)
        assert (found.fit, found.placement.dtype) == (fit, "float32" if fit == "fits" else "bfloat16")


def test_other_models_can_make_room(have):
    have(1)
    assert plan(card(), "cuda", 10 * GIGABYTE).fit == "tight"  # layer by layer
    assert plan(card(), "cuda", 10 * GIGABYTE, held=5 * GIGABYTE).fit == "fits"


def test_the_budget_refuses_what_is_not_our_own(have):
    have(100)
    refused = plan(card("seq2seq"), "cpu", GIGABYTE)
    assert refused.fit == "no" and "--memory-mb 3815" in refused.words.en and "3815" in refused.words.zh
    assert plan(card(""), "cpu", GIGABYTE).fit == "fits"


def test_where_physical_memory_is_missing_our_own_are_refused_too(have):
    have(0, ram=0.1)
    refused = plan(card("", 1000), "cpu", 0)
    assert refused.fit == "no" and "102 MB are free" in refused.words.en


def test_memory_of_this_machine():
    free, total = memory.free_memory("cpu"), memory.total_memory("cpu")
    assert 0 < free <= total
    assert memory_plan.budget_of(0, "cpu") == total * 3 // 4 and memory_plan.budget_of(5, "cpu") == 5 << 20


def test_a_container_has_its_own_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    for name, text in {"memory.max": "1000\n", "memory.current": "700\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 200\n")
    assert memory.total_memory("cpu") == 1000 and memory.free_memory("cpu") == 500
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory("cpu") > 1000


def test_no_memory_by_whatever_name():
    spent = [MemoryError(), torch.OutOfMemoryError("x"), OSError(12, "Cannot allocate memory")]
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 46)
    for error in (*spent, caught.value, RuntimeError("MPS backend out of memory")):
        assert memory.is_out_of_memory(error)
    for error in (RuntimeError("shape"), OSError(28, "No space left"), ValueError("out of memory")):
        assert not memory.is_out_of_memory(error)


def test_an_error_is_let_go_with_what_it_held():
    def fail():
        large = torch.zeros(1000)
        raise MemoryError(len(large))

    try:
        fail()
    except MemoryError as error:
        memory.clear_traceback(error)
        frames = []
        step = error.__traceback__
        while step:
            frames.append(step.tb_frame)
            step = step.tb_next
        assert "large" not in frames[-1].f_locals


class Holder:
    """As a family's model: a network, tensors beside it, and more that shares them."""

    __module__ = "aigc_demo.tests"

    def __init__(self):
        self.network = nn.Linear(10, 10, bias=False)
        self.table = {"codes": [torch.zeros(5)], "same": self.network.weight.detach()}
        self.other = {"words": str, "module": pytest}


def test_bytes_are_counted_once_wherever_they_hang():
    holder = Holder()
    assert measured_bytes(holder, "cpu") == 400 + 20
    assert measured_bytes(holder, "meta") == 0
    holder.again = holder
    holder.network.extra = nn.Linear(10, 1, bias=False)  # as an adapter
    assert measured_bytes(holder, "cpu") == 400 + 20 + 40


def test_smaller_ways_end():
    placement, seen = Placement("cuda"), []
    while placement:
        seen.append(placement)
        placement = placement.smaller()
    assert [p.offload for p in seen] == ["none", "none", "model", "layers"]
    assert replace(Placement("cpu"), sliced=True).smaller() is None
