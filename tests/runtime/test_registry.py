"""Which models can be chosen, and for what."""

import shutil

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import read_card
from aigc_demo.models.family import family
from aigc_demo.models.placement import Placement
from aigc_demo.runtime import registry
from tests.checkpoints import language


def test_shipped_models_come_first_then_those_trained_here(settings):
    shutil.copytree(settings.weights_dir / "vae-digits", settings.runs_dir / "mine")
    ids = [card.id for card in registry.all_cards(settings)]
    shipped = [
        "class-digits",
        "gan-digits",
        "gan-fashion",
        "gpt-austen",
        "gpt-poems",
        "realesrgan-x4",
        "vae-digits",
    ]
    assert ids[:8] == [*shipped, "runs/mine"]  # then those that packages carry
    assert registry.find_card("runs/mine", settings, "reconstruct").folder == settings.runs_dir / "mine"


def test_cards_for_a_task(settings):
    assert [card.id for card in registry.cards_for("text", settings)] == ["gpt-austen", "gpt-poems"]
    assert [card.id for card in registry.cards_for("reconstruct", settings)] == ["vae-digits"]


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("nope", None),
        ("gan-digits", "text"),
        ("../../etc", "image"),
        ("x" * 10_000, "image"),
        ("~nobody/x", None),
        ("a\0b", "image"),
        ("", None),
    ],
)
def test_an_unknown_model_or_task_is_a_sentence_with_the_choices(settings, name, task):
    with pytest.raises(InputError) as caught:
        registry.find_card(name, settings, task)
    assert "choose one of" in caught.value.text.en and len(caught.value.text.en) < 300
    assert all(card.id in caught.value.text.zh for card in registry.cards_for(task or "image", settings))


def test_a_family_is_one_of_the_list():
    assert family("gan").part("train").__name__ == "aigc_demo.families.gan.train"
    for name in ("os", "ui", "gan.train", "../gan", ""):
        with pytest.raises(InputError):
            family(name)


def test_a_kind_that_nothing_loads_is_refused(settings):
    card = registry.find_card("gan-digits", settings).model_copy(update={"kind": "os"})
    with pytest.raises(InputError, match="which nothing here loads"):
        registry.load(card, Placement())


@pytest.mark.parametrize("model_id", ["gan-digits", "vae-digits", "gpt-poems", "gpt-austen", "realesrgan-x4"])
def test_every_family_keeps_the_contract(settings, model_id):
    """What models/protocols.py promises to the tabs, on every debug model."""
    import torch

    card = registry.find_card(model_id, settings)
    model = registry.load(card, Placement())
    if "latent" in card.tasks:
        classes = len(model.classes["en"])
        assert len(model.classes["zh"]) == classes
        z = model.sample_latents(torch.arange(3), torch.Generator().manual_seed(1), 0.7)
        images = model.decode(z, torch.eye(classes)[:3], 0.7)
        assert z.shape == (3, model.latent_dim)
        assert images.shape == (3, *model.image_shape)
        assert images.device.type == "cpu" and images.min() >= -1 and images.max() <= 1
        again = model.sample_latents(torch.arange(3), torch.Generator().manual_seed(1), 0.7)
        assert torch.equal(z, again)
    if "reconstruct" in card.tasks:
        mean, log_variance = model.encode(images)
        assert mean.shape == log_variance.shape == z.shape
        codes, labels, distances = model.nearest(mean[0], 5)
        assert codes.shape == (5, model.latent_dim) and len(labels) == 5
        assert torch.equal(distances, distances.sort().values)
    if "upscale" in card.tasks:
        picture = torch.zeros(5, 7, 3, dtype=torch.uint8).numpy()
        assert model.enlarge(picture, lambda: False).shape == (5 * model.scale, 7 * model.scale, 3)
    if "text" in card.tasks:
        assert model.language == card.language and isinstance(model.forms, tuple)
        ids = model.encode_prompt("春望" if model.forms else "truth")
        names, weights = model.attentions(ids)
        assert weights.shape == (model.layers, model.heads, len(ids), len(ids)) and len(names) == len(ids)
        torch.testing.assert_close(weights.sum(-1), torch.ones(model.layers, model.heads, len(ids)))


def test_a_card_of_an_unknown_family_does_not_load(settings):
    folder = settings.runs_dir / "odd"
    shutil.copytree(settings.weights_dir / "gan-digits", folder)
    text = (folder / "README.md").read_text("utf-8").replace("family: gan", "family: os")
    (folder / "README.md").write_text(text, "utf-8")
    with pytest.raises(InputError):
        registry.load(read_card(folder, "runs/odd"), Placement())


def test_a_folder_of_ones_own_is_a_model_too(settings, debug_models, tmp_path, monkeypatch):
    folder = tmp_path / "elsewhere" / "mine"
    shutil.copytree(debug_models / "gan-digits", folder)
    card = registry.find_card(str(folder), settings, "image")
    assert (card.id, card.folder) == ("local/mine", folder)
    monkeypatch.chdir(tmp_path)
    assert registry.find_card("elsewhere/mine", settings).id == "local/mine"
    with pytest.raises(InputError, match="for this"):
        registry.find_card(str(folder), settings, "text")


def test_a_folder_is_named_only_where_the_mode_allows_it(settings, debug_models):
    public = settings.model_copy(update={"mode": "share"})
    with pytest.raises(InputError, match="There is no model"):
        registry.find_card(str(debug_models / "gan-digits"), public)


def test_a_folder_with_a_pretrained_model_is_checked_once_and_kept(settings, tmp_path):
    folder = language.write_llama(tmp_path / "llama")
    card = registry.find_card(str(folder), settings, "text")
    assert (card.id, card.kind) == ("local/llama", "causal_lm")
    assert registry.find_card(str(folder), settings) == registry.find_card("local/llama", settings)


def test_a_folder_without_a_model_is_a_sentence(settings, tmp_path):
    with pytest.raises(InputError, match="choose one of"):
        registry.find_card(str(tmp_path), settings)
