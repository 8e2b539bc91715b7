import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from aigc_demo.core.errors import InputError
from aigc_demo.families import gan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("gan-debug")
    gan.write_debug_model(path)
    return path


def test_pictures_depend_on_their_own_latent_alone(folder):
    model = gan.load(folder, "cpu")
    labels = torch.arange(20) % 10
    z = model.sample_latents(labels, torch.Generator().manual_seed(3))
    weights = torch.eye(10)[labels]
    images = model.decode(z, weights, 0.7)
    assert images.shape == (20, 1, 28, 28) and images.dtype == torch.float32
    assert torch.equal(model.decode(z[17:18], weights[17:18], 0.7)[0], images[17])
    assert torch.equal(model.sample_latents(labels[:5], torch.Generator().manual_seed(3)), z[:5])


def test_percentile_is_the_share_of_real_pictures_below(folder):
    model = gan.load(folder, "cpu")
    model.score_quantiles = torch.linspace(0, 10, 101)
    found = model.percentile(torch.tensor([-5.0, 5.0, 99.0]))
    torch.testing.assert_close(found, torch.tensor([0.0, 0.5, 1.0]), atol=0.011, rtol=0)


def test_scores_have_one_logit_a_picture(folder):
    model = gan.load(folder, "cpu")
    scores = model.score(torch.zeros(3, 1, 28, 28), torch.eye(10)[:3])
    assert scores.shape == (3,) and torch.isfinite(scores).all()


@pytest.mark.parametrize("damage", ["missing", "shape", "config", "infinite"])
def test_a_run_that_does_not_fit_is_refused(folder, tmp_path, damage):
    tensors, config = (
        load_file(folder / "model.safetensors"),
        json.loads((folder / "config.json").read_text()),
    )
    if damage == "missing":
        del tensors["generator.stem.weight"]
    elif damage == "shape":
        tensors["discriminator.head.weight"] = tensors["discriminator.head.weight"][1:].contiguous()
    elif damage == "infinite":
        tensors["generator.stem.bias"][0] = float("nan")
    else:
        config["network"]["surprise"] = 1
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError) as raised:
        gan.load(tmp_path, "cpu")
    assert raised.value.text.zh != raised.value.text.en
