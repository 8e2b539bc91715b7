import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from aigc_demo.core.errors import InputError
from aigc_demo.families import vae


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("vae-debug")
    vae.write_debug_model(path)
    return path


def test_shapes_ranges_and_independence_of_the_batch(folder):
    model = vae.load(folder, "cpu")
    labels = torch.arange(20) % 10
    z = model.sample_latents(labels, torch.Generator().manual_seed(3))
    images = model.decode(z, torch.eye(10)[labels])
    assert images.shape == (20, 1, 28, 28) and images.abs().max() <= 1
    assert torch.equal(model.decode(z[17:18])[0], images[17])
    assert torch.equal(model.sample_latents(labels[:5], torch.Generator().manual_seed(3)), z[:5])
    mean, log_variance = model.encode(images)
    assert mean.shape == log_variance.shape == (20, model.latent_dim)
    assert model.reconstruct(images[:2]).shape == (2, 1, 28, 28)


def test_truncation_zero_gives_component_means(folder):
    model = vae.load(folder, "cpu")
    z = model.sample_latents(torch.tensor([4] * 8), torch.Generator().manual_seed(0), truncation_psi=0.0)
    assert torch.cdist(z, model.mixtures[4].means).min(dim=1).values.max() < 1e-5


def test_nearest_finds_a_stored_code_first(folder):
    model = vae.load(folder, "cpu")
    codes, labels, distances = model.nearest(model.codes[7], 3)
    assert codes.shape == (3, model.latent_dim)
    torch.testing.assert_close(codes[0], model.codes[7])
    assert labels[0] == model.code_labels[7]
    assert distances[0] == 0 and (distances.diff() >= 0).all()


@pytest.mark.parametrize("damage", ["missing", "codes", "config"])
def test_a_run_that_does_not_fit_is_refused(folder, tmp_path, damage):
    tensors, config = (
        load_file(folder / "model.safetensors"),
        json.loads((folder / "config.json").read_text()),
    )
    if damage == "missing":
        del tensors["decoder.out.weight"]
    elif damage == "codes":
        del tensors["codes"]
    else:
        config["network"]["surprise"] = 1
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError):
        vae.load(tmp_path, "cpu")
