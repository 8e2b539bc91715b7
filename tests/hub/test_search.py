"""What the catalogue knows, what the hub answers, and which files would be fetched."""

import pytest

from aigc_demo import hub as models
from aigc_demo.core.errors import InputError
from aigc_demo.hub.files import RepoFile, only_pickled, pick
from aigc_demo.models.family import kinds
from aigc_demo.pretrained.allow_list import ARCHITECTURES, PIPELINES
from aigc_demo.schemas import DrawRequest, ImageRequest, TextRequest, check

DEFAULTS = {"diffusion": (ImageRequest, DrawRequest), "transformer": (TextRequest,)}


def test_the_catalogue_fits_the_loaders_and_the_requests():
    entries = models.catalogue()
    assert len({entry.id for entry in entries}) == len(entries) > 20
    for entry in entries:
        row, kind = kinds()[entry.kind]
        assert row.name == entry.family, entry.id
        assert set(entry.tasks) <= set(kind.tasks), entry.id
        assert entry.licence and entry.download_bytes > 0
        for kind in DEFAULTS.get(entry.family, ()):
            known = {name: value for name, value in entry.defaults.items() if name in kind.model_fields}
            check(kind, {"model": entry.id, "prompt": "x"} | known if kind is not ImageRequest else known)


def test_recommended_models_are_free_and_there_is_one_for_each_need():
    picks = [entry for entry in models.catalogue() if entry.recommended]
    assert not [entry.id for entry in picks if entry.gated or "nc" in entry.licence.split("-")]
    assert {entry.kind for entry in picks} >= {*ARCHITECTURES.values(), *PIPELINES.values()} - {
        "class_conditional"
    }


def test_the_catalogue_first_then_the_hub(hub, llama, settings):
    hub.add("someone/qwen3-tiny", llama, downloads=5)
    hub.add("someone/other", llama)
    found = models.search("qwen3", "", settings)
    assert [line.id for line in found] == ["Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B", "someone/qwen3-tiny"]
    assert found[-1].kind == "causal_lm" and found[-1].licence == "apache-2.0" and found[-1].entry is None
    assert [line.id for line in models.search("英译中", "rewrite", settings)] == [
        "Helsinki-NLP/opus-mt-en-zh"
    ]
    assert "someone/qwen3-tiny" not in [line.id for line in models.search("qwen3", "draw", settings)]


def test_offline_and_in_public_the_catalogue_alone_is_searched(hub, settings):
    for changes in ({"offline": True}, {"mode": "share"}):
        found = models.search("qwen", "chat", settings.model_copy(update=changes))
        assert {line.entry.id for line in found} == {"Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B"}
    assert not hub.requests


def files(*names):
    return [RepoFile(name, 10, "0" * 64) for name in names]


@pytest.mark.parametrize(
    ("there", "fetched"),
    [
        (
            ("config.json", "model.safetensors", "pytorch_model.bin", "tokenizer.json", "run.py", "onnx/model.onnx"),
            ("config.json", "model.safetensors", "tokenizer.json"),
        ),
        (
            ("model-00001-of-00002.safetensors", "model.safetensors.index.json", "consolidated.safetensors"),
            ("model-00001-of-00002.safetensors", "model.safetensors.index.json"),
        ),
        (
            ("model_index.json", "v1-5.safetensors", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
             "unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors"),
            ("model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors"),
        ),
        (
            ("model_index.json", "unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.bin"),
            ("model_index.json", "unet/diffusion_pytorch_model.fp16.safetensors"),
        ),
        (
            ("model_index.json", "config.json", "diffusion_pytorch_model.safetensors", "scheduler_config.json"),
            ("config.json", "diffusion_pytorch_model.safetensors", "model_index.json", "scheduler_config.json"),
        ),
        (("../../.bashrc.json", "/etc/x.json", "a/b/c.json", "..\\x.json", "config.json"), ("config.json",)),
    ],
)  # fmt: skip
def test_which_files_are_fetched(there, fetched):
    assert tuple(file.name for file in pick(files(*there))) == fetched


def test_a_part_that_is_pickled_is_found_before_it_is_fetched():
    assert only_pickled(files("unet/diffusion_pytorch_model.bin")) == "unet/diffusion_pytorch_model.bin"
    assert not only_pickled(files("model.safetensors", "pytorch_model.bin"))


def test_a_folder_of_ones_own(llama, settings):
    card = models.add_folder(llama, settings)
    assert card.id == "local/llama" and card.folder == llama and len(card.revision) == 40
    models.delete("local/llama", settings)
    assert llama.is_dir() and "local/llama" not in [card.id for card in models.fetched(settings)]
    with pytest.raises(InputError, match="no folder"):
        models.add_folder(llama / "nowhere", settings)
    with pytest.raises(InputError, match="own machine"):
        models.add_folder(llama, settings.model_copy(update={"mode": "share"}))
    with pytest.raises(InputError, match="no fetched model"):
        models.delete("local/llama", settings)
