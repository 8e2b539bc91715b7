"""Where pipelines lie, how they need less memory, and that a drawing goes on after memory ran out."""

from collections import deque

import numpy as np
import pytest
import torch

from aigc_demo import actions
from aigc_demo.families.diffusion import load_pretrained
from aigc_demo.models.placement import Placement
from aigc_demo.schemas import DrawRequest, ImageRequest


def draw(cache, **values):
    return deque(actions.draw(DrawRequest(prompt="a cat", **values), cache), maxlen=1).pop().pictures


@pytest.mark.parametrize("name", ["sd", "flow", "dit"])
def test_the_small_way_gives_nearly_the_same(name, offer):
    card = offer(name)
    for placement in (Placement(sliced=True), Placement(sliced=True, offload="layers")):
        model = load_pretrained(card, placement)  # there is nowhere to offload to from a CPU: it stays there
        vae = model.pipe.vae
        assert vae.use_tiling and vae.use_slicing and vae.device.type == "cpu"


@pytest.mark.parametrize(
    "name",
    [
        "sd",
        "flow",
        pytest.param("sdxl", marks=pytest.mark.slow),
        pytest.param("klein", marks=pytest.mark.slow),
    ],
)
def test_half_precision_draws(name, offer):
    card = offer(name)
    whole, half = (load_pretrained(card, Placement(dtype=dtype)) for dtype in ("float32", "bfloat16"))
    pictures = []
    for model in (whole, half):
        request = model.fill(DrawRequest(model=card.id), None)
        generator = torch.Generator().manual_seed(0)
        noise = model.noise(generator, request.width, request.height)
        (drawn,) = model.draw(request, model.conditions("a cat"), [generator], noise)
        pictures.append(drawn.picture.float())
    assert not torch.equal(*pictures)
    assert (pictures[0] - pictures[1]).abs().mean() < 8


def fail_once(network):
    """Have a network's next forward pass run out of memory."""

    def fail(*_):
        hook.remove()
        raise torch.OutOfMemoryError("injected")

    hook = network.register_forward_pre_hook(fail)


def test_memory_that_runs_out_inside_a_step_costs_a_second_try(offer, cache, card):
    offer("sd")
    before = draw(cache, model="tiny/sd").astype(int)
    with cache.use(card("tiny/sd")) as model:
        fail_once(model.pipe.unet)
    again = draw(cache, model="tiny/sd").astype(int)
    assert np.abs(again - before).max() <= 2  # sliced now
    with cache.use(card("tiny/sd")) as model:
        assert model.pipe.vae.use_slicing


def test_so_it_is_for_pictures_of_noise(offer, cache, card):
    model = offer("ddpm").id
    request = ImageRequest(model=model, count=1, num_inference_steps=2)
    before = actions.make_images(request, cache).pictures
    with cache.use(card(model)) as found:
        fail_once(found.network)
    assert np.abs(actions.make_images(request, cache).pictures.astype(int) - before).max() <= 2
