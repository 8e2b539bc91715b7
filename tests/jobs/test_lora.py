"""Adapters through the jobs: what is refused, a run that is killed, its card, its zip, its estimate, its use."""

import json
import zipfile

import pytest
import torch
from safetensors.torch import load_file, save_file

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.card import write_card
from aigc_demo.jobs.estimate import estimate
from aigc_demo.jobs.export import export_run, import_run
from aigc_demo.models.cards import front_matter
from aigc_demo.models.checkpoints import load_state
from aigc_demo.models.run_folder import RunFolder
from aigc_demo.pretrained import quantise
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ChatRequest
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_llama
from tests.jobs.conftest import wait_until

BASE, FILE = "tiny/llama", "adapter_model.safetensors"


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("hub") / "llama")


@pytest.fixture
def base(llama, settings):
    """A pretrained chat model that has been fetched."""
    return keep_card(settings, llama, BASE, "transformer", "causal_lm", ("text", "chat"))


@pytest.fixture
def wish(ask):
    """A request for an adapter of a few steps."""

    def make(name="mine", **fields):
        small = {"steps": 4, "save_every": 2, "batch_size": 2, "learning_rate": 1e-2, "lora_rank": 2}
        return ask("transformer", name, **{"start": BASE, **small, **fields})

    return make


@pytest.fixture
def trained(base, wish, start, jobs):
    """A run that came to its end."""
    start(wish()).join()
    job = jobs.get("mine")
    assert job.state == "done", job.words("en") + job.tail()
    return job


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_serves_the_chat_and_travels(
    trained, wish, start, jobs, settings, tmp_path
):
    broken = jobs.runs_dir / "broken"
    process = start(wish("broken"))
    wait_until(lambda: len(RunFolder(broken).log()) >= 2, "the second step")
    process.kill()
    process.join()
    assert jobs.get("broken").state == "interrupted"
    start(wish("broken")).join()
    assert (broken / FILE).read_bytes() == (trained.folder / FILE).read_bytes()
    assert all("lora_" in name for name in load_state(broken)["learner"]["adapter"])

    card = next(card for card in registry.adapters_for(BASE, settings) if card.id == "runs/mine")
    assert (card.kind, card.tasks, card.licence) == ("lora", (), "mit")
    text = (trained.folder / "README.md").read_text("utf-8")
    assert front_matter(text)["base_model"] == BASE and front_matter(text)["library_name"] == "peft"
    assert "0" * 40 in text and "--start tiny/llama" in text

    cache = ModelCache(settings)
    asked = {"model": BASE, "messages": [{"role": "user", "content": "hi"}], "max_new_tokens": 6}

    def answer(**adapter):
        *_, last = actions.chat(ChatRequest(**asked, **adapter, temperature=0), cache)
        return [token.id for token in last.tokens]

    alone = answer()
    assert answer(adapter="runs/mine", adapter_weight=2) != alone and answer() == alone

    archive = export_run(trained.folder, tmp_path / "mine.zip")
    assert {FILE, "adapter_config.json", "README.md"} <= set(zipfile.ZipFile(archive).namelist())
    assert import_run(archive, settings.runs_dir, "theirs") == "runs/theirs"
    assert "runs/theirs" in {card.id for card in registry.adapters_for(BASE, settings)}


@pytest.mark.slow
def test_a_dry_run_measures_an_adapter(base, wish, settings):
    found = estimate(wish(steps=1000), settings)
    assert found.verdict == "fits" and found.seconds > 0
    assert 0 < found.parameters < 10_000  # the adapter's, not the base's


def test_the_method_follows_the_start(base, wish, jobs, settings, tmp_path):
    assert jobs.check(wish()).method == "lora" and jobs.check(wish(start="")).method == "full"
    # kept by an earlier version, which had models that compare sentences
    encoder = keep_card(settings, tmp_path, "tiny/bert", "transformer", "encoder", ("embed",))
    for fields, words in (
        ({"method": "full"}, "needs the method lora"),
        ({"method": "lora", "start": ""}, "choose one to start from"),
        ({"start": encoder.id}, "takes no adapter"),
        ({"start": "org/gone"}, "There is no model org/gone"),
    ):
        with pytest.raises(InputError, match=words):
            jobs.check(wish(**fields))


def test_a_base_in_four_bits_needs_its_library_and_is_told_on_the_card(
    base, wish, jobs, tmp_path, monkeypatch
):
    asked = TrainRequest(
        family="transformer", data="texts", name="mine", start=BASE, method="lora", load_in_4bit=True
    )
    folder = make_adapter(tmp_path / "mine")
    write_card(folder, asked, {}, {}, {"started_from": BASE})
    card = (folder / "README.md").read_text("utf-8")
    assert (
        "QLoRA, r 8" in card
        and "--load-in-4bit\n" in card
        and "Base in 4 bits (QLoRA) · 4 位基座（QLoRA） | True" in card
    )
    monkeypatch.setattr(quantise, "LIBRARY", "a_package_that_is_not_there")
    with pytest.raises(InputError, match="pip install"):
        jobs.check(wish(load_in_4bit=True))
    assert jobs.check(wish(start="", load_in_4bit=True)).method == "full"  # where it has no meaning


def make_adapter(folder, **config):
    """A folder as a finished adapter's, with whatever `config` says."""
    folder.mkdir(parents=True)
    weights = {f"base_model.model.layer.lora_{side}.weight": torch.ones(2, 2) for side in "AB"}
    save_file(weights, folder / FILE)
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4.0, "target_modules": ["layer"], **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps({"family": "transformer", "kind": "lora", "base": BASE}))
    request = TrainRequest(family="transformer", data="texts", name="mine", start=BASE, method="lora")
    write_card(folder, request, {}, {}, {"started_from": BASE})
    return folder


HOSTILE = [
    {"auto_mapping": {"parent_library": "os"}},
    {"target_modules": "(a+)+$"},
    {"target_modules": ["(a+)+$"]},
    {"r": 10**9},
    {"peft_type": "ADALORA"},
]


@pytest.mark.parametrize("config", HOSTILE, ids=str)
def test_an_adapter_with_more_than_it_needs_is_refused(tmp_path, config):
    archive = export_run(make_adapter(tmp_path / "mine", **config), tmp_path / "mine.zip")
    with pytest.raises(InputError, match="its setting"):
        import_run(archive, tmp_path / "runs", "theirs")
    assert not (tmp_path / "runs" / "theirs").exists()


def test_numbers_that_are_none_are_refused(tmp_path):
    folder = make_adapter(tmp_path / "mine")
    weights = {name: part * float("nan") for name, part in load_file(folder / FILE).items()}
    save_file(weights, folder / FILE)
    with pytest.raises(InputError, match="NaN or infinite"):
        import_run(export_run(folder, tmp_path / "mine.zip"), tmp_path / "runs", "theirs")
