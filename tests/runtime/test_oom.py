"""Memory under pressure: models come and go within the budget, and where memory runs out the next request succeeds.

Real tiny models of every kind serve every verb. Memory runs out for real as far as our code can tell: a hook raises
at the nth call of any network or of a matrix product, wherever in a pipeline or a thread that is.
"""

import gc
import itertools
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_pre_hook

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.hub.records import keep
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import (
    ChatRequest,
    DrawRequest,
    GridRequest,
    ImageRequest,
    Message,
    ReconstructRequest,
    RewriteRequest,
    TextRequest,
    UpscaleRequest,
    WalkRequest,
)
from tests.checkpoints import diffusion, keep_card, language

PRETRAINED = {
    "llama": (language.write_llama, "transformer", "causal_lm", ("text", "chat")),
    "marian": (language.write_marian, "seq2seq", "seq2seq", ("rewrite",)),
    "sd": (diffusion.write_sd, "diffusion", "text_to_image", ("draw", "redraw", "inpaint", "latent")),
    "ddpm": (diffusion.write_ddpm, "diffusion", "unconditional", ("image", "latent")),
}
SHORT = {"num_inference_steps": 2, "count": 1}


def last(results):
    """The last of what a verb yields."""
    for result in results:
        kept = result
    return kept


VERBS = {
    "text": lambda cache, _: last(actions.write_text(TextRequest(count=1, seed=1), cache)).samples[0].text,
    "text of a pretrained model": lambda cache, _: (
        last(actions.write_text(TextRequest(model="llama", prompt="a", count=1, max_new_tokens=4), cache))
        .samples[0]
        .text
    ),
    "chat": lambda cache, _: (
        last(
            actions.chat(
                ChatRequest(
                    model="llama", messages=[Message(role="user", content="a")], max_new_tokens=4, seed=1
                ),
                cache,
            )
        ).text
    ),
    "rewrite": lambda cache, _: last(actions.rewrite(RewriteRequest(model="marian", text="a b"), cache)).text,
    "image": lambda cache, _: actions.make_images(ImageRequest(count=3), cache).pictures,
    "image by diffusion": lambda cache, _: (
        actions.make_images(ImageRequest(model="ddpm", **SHORT), cache).pictures
    ),
    "draw": lambda cache, _: last(actions.draw(DrawRequest(model="sd", prompt="a", **SHORT), cache)).pictures,
    "inpaint": lambda cache, path: (
        last(
            actions.draw(DrawRequest(model="sd", prompt="a", image=str(path), mask=str(path), **SHORT), cache)
        ).pictures
    ),
    "walk": lambda cache, _: actions.walk(WalkRequest(model="vae-digits", frames=3), cache).frames,
    "grid": lambda cache, _: actions.grid(GridRequest(model="vae-digits", size=3), cache).pictures,
    "reconstruct": lambda cache, path: (
        actions.reconstruct(ReconstructRequest(image=str(path)), cache).reconstruction
    ),
    "upscale": lambda cache, path: actions.upscale(UpscaleRequest(image=str(path)), cache).after,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The pretrained checkpoints, written once."""
    folder = tmp_path_factory.mktemp("pretrained")
    return {name: write(folder / name) for name, (write, *_) in PRETRAINED.items()}


@pytest.fixture(scope="module", autouse=True)
def imported(written):
    """What the imports made, half a million objects, need not be looked at each time that memory is given back."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def cache(settings, written):
    """A cache that offers the debug models and the pretrained ones."""
    for name, folder in written.items():
        _, family, kind, tasks = PRETRAINED[name]
        keep_card(settings, folder, name, family, kind, tasks)
    return ModelCache(settings)


@pytest.fixture
def drawing(tmp_path):
    """A picture that is also a mask: a white square in the middle."""
    pixels = np.zeros((32, 32), np.uint8)
    pixels[8:24, 8:24] = 255
    Image.fromarray(pixels).save(tmp_path / "square.png")
    return tmp_path / "square.png"


@contextmanager
def running_out_at(error, first, then=0):
    """Call number `first` of any network raises `error`, and the `then` next ones. The list grows by one a call."""
    calls, linear = [], functional.linear

    def count(*_):
        calls.append(1)
        if first <= len(calls) <= first + then:
            raise error()

    def counted_linear(*arguments):  # our own decoder calls no modules
        count()
        return linear(*arguments)

    hook = register_module_forward_pre_hook(count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functional, "linear", counted_linear)
        try:
            yield calls
        finally:
            hook.remove()


def living_bytes():
    """Bytes of all tensors that are alive."""
    gc.collect()
    tensors = [thing for thing in gc.get_objects() if isinstance(thing, torch.Tensor)]
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def out_of_memory():
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def places(total, exhaustive):
    """Which calls are to fail: every one, or the first, the last and one between."""
    if exhaustive:
        return range(1, total + 1)
    return sorted({1, total // 2, total})


def ask_twice(ask, cache, drawing):
    """What is answered at once; or at the next asking, where the second try was spent on others in the same batch."""
    try:
        return ask(cache, drawing)
    except InputError as error:
        assert "Memory ran out" in error.text.en
        return ask(cache, drawing)


def serve_and_run_out(cache, drawing, verb, exhaustive):
    """Let memory run out at one call after another; each time the answer comes at the second try, or at the next asking."""
    ask = VERBS[verb]
    wanted = ask(cache, drawing)
    with running_out_at(MemoryError, first=-1) as calls:
        ask(cache, drawing)
    before = living_bytes()
    for number, error in zip(
        places(len(calls), exhaustive), itertools.cycle((out_of_memory, MemoryError)), strict=False
    ):
        with running_out_at(error, number) as calls_now:
            found = ask_twice(ask, cache, drawing)
        assert len(calls_now) >= number, "it did run out"
        assert np.array_equal(found, wanted), f"{verb}: call {number}"
    with (
        running_out_at(MemoryError, first=1, then=10**6),  # the second try, too
        pytest.raises(InputError, match=r"Memory ran out while using .* free now") as caught,
    ):
        ask(cache, drawing)
    assert "内存不足" in caught.value.text.zh and cache.loaded() == {}
    del caught
    assert np.array_equal(ask(cache, drawing), wanted)
    assert living_bytes() <= 1.05 * before


@pytest.mark.parametrize("verb", VERBS)
def test_memory_that_runs_out_leaves_the_next_request_unharmed(cache, drawing, verb):
    serve_and_run_out(cache, drawing, verb, exhaustive=False)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_memory_that_runs_out_at_each_call(cache, drawing, verb):
    serve_and_run_out(cache, drawing, verb, exhaustive=True)


FIVE = ("image", "walk", "text", "chat", "draw")  # of five models


def cycle(cache, drawing, count):
    """Use five models by turns within a budget; after each cycle the bytes of tensors, and of the process."""
    tensors, process = [], []
    for turn in range(count):
        VERBS[FIVE[turn % len(FIVE)]](cache, drawing)
        assert sum(cache.loaded().values()) <= cache.budget
        tensors.append(living_bytes())
        process.append(psutil.Process().memory_info().rss)
    return tensors, process


def budget_for_two(cache, drawing):
    """Less than all five models take, more than the largest and another."""
    sizes = []
    for verb in FIVE:
        VERBS[verb](cache, drawing)
        sizes.append(max(cache.loaded().values()))
    largest, total = max(sizes), sum(cache.loaded().values())
    cache.budget = (largest + total) // 2
    return largest, total


def test_models_come_and_go_within_the_budget(cache, drawing):
    largest, total = budget_for_two(cache, drawing)
    assert largest < cache.budget < total
    tensors, _ = cycle(cache, drawing, 10)
    assert len(cache.loaded()) < len(FIVE)
    assert max(tensors[5:]) <= 1.05 * max(tensors[:5])


@pytest.mark.slow
def test_two_hundred_cycles_do_not_grow(cache, drawing):
    budget_for_two(cache, drawing)
    tensors, process = cycle(cache, drawing, 200)
    for figures in (tensors, process):
        assert max(figures[100:]) <= 1.05 * max(figures[:100])


def test_a_model_that_cannot_fit_is_refused_before_it_is_loaded(cache, drawing, settings):
    card = next(card for card in actions.base.registry.all_cards(settings) if card.id == "sd")
    keep(card.model_copy(update={"parameters": 10**13}), settings)
    with pytest.raises(InputError, match=r"sd needs .* GB .* --memory-mb|sd needs .* free"):
        VERBS["draw"](cache, drawing)
    assert cache.loaded() == {}
    assert len(VERBS["image"](cache, drawing)) == 3
