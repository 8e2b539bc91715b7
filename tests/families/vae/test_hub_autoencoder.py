"""The autoencoders of diffusion models as a latent space."""

import numpy as np
import pytest
import torch
from PIL import Image

from aigc_demo import actions
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.schemas import WalkRequest
from tests.checkpoints import diffusion, keep_card


@pytest.fixture(params=["taesd", "autoencoder_kl"])
def model(request, settings, tmp_path):
    folder = getattr(diffusion, f"write_{request.param}")(tmp_path / request.param)
    return keep_card(settings, folder, "tiny/vae", "vae", "autoencoder", ("latent",)).id


@pytest.fixture
def photos(tmp_path):
    paths = []
    for index, colour in enumerate([(200, 40, 40), (30, 60, 220)]):
        Image.new("RGB", (80, 60), colour).save(tmp_path / f"{index}.png")
        paths.append(str(tmp_path / f"{index}.png"))
    return paths


def test_a_walk_between_two_pictures(model, cache, photos):
    ends = {"from_image": photos[0], "to_image": photos[1]}
    walk = actions.walk(WalkRequest(model=model, frames=3, **ends), cache)
    count, height, width, channels = walk.frames.shape
    assert (count, channels) == (4, 3) and height == width in (32, 256)
    assert not np.array_equal(walk.frames[0], walk.frames[1])
    assert np.array_equal(walk.frames[1], walk.frames[3])
    seeds = actions.walk(WalkRequest(model=model, frames=2, from_image=photos[0]), cache)
    apart = np.abs(seeds.frames[0].astype(int) - walk.frames[0])
    assert apart.max() <= 2  # the ends of an arc, to the last digits


def test_encoding_and_decoding_are_those_of_the_class(model, cache, card):
    with cache.use(card(model)) as found:
        channels, side, _ = found.image_shape
        images = torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
        mean, log_variance = found.encode(images)
        assert mean.shape == log_variance.shape == (1, found.latent_dim)
        decoded = found.decode(mean, lambda _: None)
        with torch.no_grad():
            latents = found.network.encode(images)
            latents = latents.latents if hasattr(latents, "latents") else latents.latent_dist.mode()
            direct = found.network.decode(latents).sample.clamp(-1, 1)
    assert torch.allclose(decoded, direct, atol=1e-5)


def test_stop_and_progress(model, cache):
    heard = []
    actions.walk(WalkRequest(model=model, frames=2), cache, progress=heard.append)
    assert heard == [0.5, 1.0]
    with pytest.raises(Stopped):
        actions.walk(WalkRequest(model=model, frames=100), cache, lambda: True)


def test_files_that_do_not_fit_are_said(settings, cache, tmp_path):
    folder = diffusion.write_taesd(tmp_path / "broken")
    (folder / "config.json").write_text('{"_class_name": "SomethingElse"}')
    model = keep_card(settings, folder, "tiny/broken", "vae", "autoencoder", ("latent",)).id
    with pytest.raises(InputError, match="no autoencoder"):
        actions.walk(WalkRequest(model=model), cache)
