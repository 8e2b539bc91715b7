"""The libraries' own loaders, strictly: what a plain from_pretrained would fill with random numbers is refused."""

import json
import shutil

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.models.family import kinds
from aigc_demo.pretrained.inspect import inspect
from aigc_demo.pretrained.loading import from_pretrained, pipeline_from_pretrained
from tests.checkpoints import diffusion, language

WRITERS = {
    "causal_lm": language.write_llama, "seq2seq": language.write_marian,
    "text_to_image": diffusion.write_sd, "unconditional": diffusion.write_ddpm,
    "class_conditional": diffusion.write_dit, "autoencoder": diffusion.write_taesd,
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_each_kind_is_known_by_its_files(kind, tmp_path):
    WRITERS[kind](tmp_path / "model")
    card = inspect(tmp_path / "model", "some/model")
    row, found = kinds()[kind]
    assert (card.kind, card.family, card.tasks) == (kind, row.name, found.tasks)
    assert card.parameters > 1000
    if kind == "class_conditional":
        assert card.classes["en"] == ["cat", "dog", "owl"]


def lose(weights, config):
    del weights[next(name for name in sorted(weights) if name.endswith(".weight"))]


def reshape(weights, config):
    weights[next(name for name in sorted(weights) if weights[name].ndim == 2)] = torch.zeros(3, 5)


def grow(weights, config):
    config |= {"hidden_size": 32 << 20, "block_out_channels": [1 << 20, 1 << 20]}


@pytest.mark.parametrize("spoil", [lose, reshape, grow])
@pytest.mark.parametrize("kind", ["causal_lm", "unconditional"])
def test_weights_fit_the_class_to_the_last(kind, spoil, tmp_path):
    from diffusers import UNet2DModel
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    WRITERS[kind](tmp_path / "model")
    cls, folder = (
        (AutoModelForCausalLM, tmp_path / "model")
        if kind == "causal_lm"
        else (UNet2DModel, tmp_path / "model" / "unet")
    )
    assert isinstance(from_pretrained(cls, folder, dtype=torch.float32), torch.nn.Module)
    [path] = folder.glob("*.safetensors")
    weights, config = load_file(path), json.loads((folder / "config.json").read_text("utf-8"))
    spoil(weights, config)
    save_file(weights, path, metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(InputError, match="is not used"):
        from_pretrained(cls, folder, dtype=torch.float32)


def test_a_pipelines_networks_are_loaded_strictly_and_in_the_only_precision_there_is(tmp_path):
    from diffusers import DDPMPipeline
    from safetensors.torch import load_file, save_file

    folder = diffusion.write_ddpm(tmp_path / "model")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
    pipe = pipeline_from_pretrained(DDPMPipeline, folder, torch.float32)
    assert pipe.unet.dtype == torch.float32
    shutil.move(weights.with_name("diffusion_pytorch_model.fp16.safetensors"), weights)
    found = load_file(weights)
    del found["conv_in.weight"]
    save_file(found, weights, metadata={"format": "pt"})
    with pytest.raises(InputError, match="conv_in"):
        pipeline_from_pretrained(DDPMPipeline, folder, torch.float32)
