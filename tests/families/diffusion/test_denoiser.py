"""Models of classes and of none, through the requests of the Image and the Latent tab."""

import numpy as np
import pytest
import torch

from aigc_demo import actions
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.schemas import GridRequest, ImageRequest, WalkRequest

NAMES = {"en": ["cat", "dog", "owl"], "zh": ["cat", "dog", "owl"]}


@pytest.fixture
def ddpm(offer):
    return offer("ddpm", classes={"en": ["all"], "zh": ["全部"]}).id


@pytest.fixture
def dit(offer):
    return offer("dit", classes=NAMES).id


def test_pictures_of_noise_are_those_of_the_ddim_pipeline(ddpm, cache, checkpoints):
    from diffusers import DDIMPipeline

    result = actions.make_images(ImageRequest(model=ddpm, count=2, seed=5, num_inference_steps=4), cache)
    assert result.pictures.shape == (2, 16, 16, 3) and result.labels == [0, 0]
    assert result.request.num_inference_steps == 4 and result.request.guidance_scale == 1
    pipe = DDIMPipeline.from_pretrained(checkpoints("ddpm"))
    generator = torch.Generator().manual_seed(5)
    theirs = pipe(generator=generator, num_inference_steps=4, output_type="np").images
    assert np.abs(np.rint(theirs[0] * 255) - result.pictures[0]).max() <= 1


def test_pictures_of_classes_are_those_of_the_dit_pipeline(dit, cache, checkpoints):
    from diffusers import DiTPipeline

    asked = {"model": dit, "label": "dog", "seed": 5, "num_inference_steps": 4}
    pipe = DiTPipeline.from_pretrained(checkpoints("dit"))
    for guidance in (1.0, 4.0):
        result = actions.make_images(ImageRequest(**asked, count=1, guidance_scale=guidance), cache)
        generator = torch.Generator().manual_seed(5)
        settings = {"num_inference_steps": 4, "guidance_scale": guidance, "output_type": "np"}
        theirs = pipe([1], generator=generator, **settings).images
        assert np.abs(np.rint(theirs[0] * 255) - result.pictures[0]).max() <= 1, guidance
    assert result.labels == [1]
    own = actions.make_images(ImageRequest(**asked, count=1), cache)
    assert own.request.guidance_scale == 4 and np.array_equal(own.pictures, result.pictures)


def test_a_picture_is_the_same_however_many_are_asked_for(dit, cache):
    three = actions.make_images(ImageRequest(model=dit, count=3), cache)
    alone = actions.make_images(ImageRequest(model=dit, count=1, label="owl", seed=three.seeds[2]), cache)
    assert np.array_equal(three.pictures[2], alone.pictures[0])


def test_walks_and_squares_between_noises_and_classes(ddpm, dit, cache):
    for model in (ddpm, dit):
        walk = actions.walk(WalkRequest(model=model, frames=3), cache)
        assert walk.frames.shape == (4, 16, 16, 3)  # there and back
        ends = [actions.make_images(ImageRequest(model=model, count=1, seed=seed, label=label), cache)
                for seed, label in ((1, walk.request.from_label), (2, walk.request.to_label))]  # fmt: skip
        assert np.array_equal(walk.frames[0], ends[0].pictures[0])
        assert np.array_equal(walk.frames[2], ends[1].pictures[0])
        assert not np.array_equal(walk.frames[1], walk.frames[0])
        assert actions.grid(GridRequest(model=model, size=2), cache).pictures.shape == (4, 16, 16, 3)


def test_a_mixture_of_classes_lies_between_them(dit, cache, card):
    with cache.use(card(dit)) as model:
        sampled = model.sampled(actions_sampling())
        noise = sampled.sample_latents(torch.tensor([0]), torch.Generator().manual_seed(0))
        cat, half, dog = (
            sampled.decode(noise, torch.tensor([row])) for row in ([1.0, 0, 0], [0.5, 0.5, 0], [0, 1.0, 0])
        )
    assert not torch.equal(cat, half) and not torch.equal(half, dog)
    assert (half - cat).norm() < (dog - cat).norm()


def actions_sampling():
    from aigc_demo.models.protocols import Sampling

    return Sampling(num_inference_steps=2, guidance_scale=1)


def test_stop_progress_and_too_many_steps(ddpm, cache):
    heard = []
    request = ImageRequest(model=ddpm, count=2, num_inference_steps=3)
    actions.make_images(request, cache, progress=heard.append)
    assert heard == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    polls = 0

    def stop():
        nonlocal polls
        polls += 1
        return polls > 20

    with pytest.raises(Stopped):
        actions.make_images(request.model_copy(update={"num_inference_steps": 900}), cache, stop)
    assert polls == 21
    assert len(actions.make_images(request, cache).pictures) == 2


def test_steps_beyond_training_are_refused(offer, cache, checkpoints, card):
    model = offer("ddpm").id
    with cache.use(card(model)) as found:
        found.schedule.alpha_bars.resize_(10)
        with pytest.raises(InputError, match="trained on 10 steps"):
            from aigc_demo.models.protocols import Sampling

            found.sampled(Sampling(num_inference_steps=11))


def test_a_diffusion_model_has_no_encoder(ddpm, cache, photo):
    with pytest.raises(InputError, match="no encoder"):
        actions.walk(WalkRequest(model=ddpm, from_image=photo), cache)
