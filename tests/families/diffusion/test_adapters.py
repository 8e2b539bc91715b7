"""LoRA at run time: on, off, stronger, another one, in every way of drawing; off is the base to the last bit."""

import json
from collections import deque

import numpy as np
import pytest
import torch

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.families.diffusion.loading import denoiser, pipeline
from aigc_demo.schemas import DrawRequest, WalkRequest
from tests.conftest import write_card


def write_lora(folder, base, seed, size=0.2):
    """A random LoRA for the pipeline in `base`, as training writes it."""
    from peft import LoraConfig, get_peft_model_state_dict

    pipe = pipeline(base)
    network = denoiser(pipe)
    network.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=["to_q", "to_k", "to_v"]))
    state = get_peft_model_state_dict(network)
    generator = torch.Generator().manual_seed(seed)
    state = {key: size * torch.randn(value.shape, generator=generator) for key, value in state.items()}
    part = "unet" if "unet" in pipe.components else "transformer"
    type(pipe).save_lora_weights(folder, **{f"{part}_lora_layers": state}, safe_serialization=True)
    return folder


@pytest.fixture
def lora(settings, checkpoints):
    """Offer a random adapter for `tiny/<name>`: lora(name, seed) gives its id."""

    def offered(name, seed):
        folder = write_lora(settings.runs_dir / f"{name}-{seed}", checkpoints(name), seed)
        (folder / "config.json").write_text(json.dumps({}))
        write_card(folder, family="diffusion", kind="lora", base=f"tiny/{name}", tasks=[], data="mine")
        return f"runs/{folder.name}"

    return offered


def draw(cache, **values):
    result = deque(actions.draw(DrawRequest(prompt="a cat", **values), cache), maxlen=1).pop()
    return result.pictures


@pytest.mark.parametrize(
    "name",
    [
        "sd",
        "flow",
        pytest.param("sdxl", marks=pytest.mark.slow),
        pytest.param("lcm", marks=pytest.mark.slow),
        pytest.param("klein", marks=pytest.mark.slow),
    ],
)
def test_on_stronger_another_and_off(name, offer, lora, cache, square_photo, right_half, card):
    model = offer(name).id
    first, second = lora(name, 1), lora(name, 2)
    base = draw(cache, model=model)
    with cache.use(card(model)) as before:
        pass
    weak = draw(cache, model=model, adapter=first, adapter_weight=0.5)
    strong = draw(cache, model=model, adapter=first, adapter_weight=1.5)
    other = draw(cache, model=model, adapter=second, adapter_weight=1.5)
    assert not np.array_equal(base, strong) and not np.array_equal(weak, strong)
    assert not np.array_equal(other, strong)
    assert np.array_equal(draw(cache, model=model, adapter=first, adapter_weight=0.5), weak)
    assert np.array_equal(draw(cache, model=model, adapter=first, adapter_weight=0), base)
    assert np.array_equal(draw(cache, model=model), base)
    with cache.use(card(model)) as after:
        assert after is before  # never loaded again


def test_adapters_are_in_the_variants_too_and_leave_no_trace(offer, lora, cache, square_photo, right_half):
    model, adapter = offer("sd").id, lora("sd", 1)
    for change in ({"image": square_photo}, {"image": square_photo, "mask": right_half}):
        base = draw(cache, model=model, **change)
        assert not np.array_equal(draw(cache, model=model, adapter=adapter, **change), base)
        assert np.array_equal(draw(cache, model=model, **change), base)
    walk = WalkRequest(model=model, from_prompt="a cat", to_prompt="a cat", frames=2)
    film = actions.walk(walk, cache).frames
    draw(cache, model=model, adapter=adapter)
    assert np.array_equal(actions.walk(walk, cache).frames, film)


def test_an_adapter_trained_on_is_loaded_again(offer, lora, cache, settings, checkpoints):
    model, adapter = offer("sd").id, lora("sd", 1)
    before = draw(cache, model=model, adapter=adapter)
    write_lora(settings.runs_dir / "sd-1", checkpoints("sd"), seed=9)
    assert not np.array_equal(draw(cache, model=model, adapter=adapter), before)


def test_an_adapter_of_another_shape_is_refused_and_the_base_goes_on(
    offer, lora, cache, settings, checkpoints
):
    model, adapter = offer("sd").id, lora("sd", 1)
    base = draw(cache, model=model)
    write_lora(settings.runs_dir / "sd-1", checkpoints("sdxl"), seed=1)
    with pytest.raises(InputError, match="sd-1"):
        draw(cache, model=model, adapter=adapter)
    assert np.array_equal(draw(cache, model=model), base)
    (settings.runs_dir / "sd-1" / "pytorch_lora_weights.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="sd-1"):
        draw(cache, model=model, adapter=adapter)
    assert np.array_equal(draw(cache, model=model), base)
    write_lora(settings.runs_dir / "sd-1", checkpoints("sd"), seed=1)
    assert not np.array_equal(draw(cache, model=model, adapter=adapter), base)
