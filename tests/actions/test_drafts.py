"""A poem is the best of its drafts, each of which can be made again by itself; a model samples as it states."""

import json

import pytest

from aigc_demo.actions import write_text
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.language.drafts import draft_seed
from aigc_demo.language.forms import MARKS
from aigc_demo.language.prosody import is_standard
from aigc_demo.language.writers import own_sampling, settle
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import TextRequest, as_code
from aigc_demo.schemas.text import BEFORE_DRAFTS


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The models in weights/."""
    own = tmp_path_factory.mktemp("own")
    folders = {"weights_dir": ROOT / "weights", "runs_dir": own, "data_dir": own, "outputs_dir": own}
    return ModelCache(Settings(**folders, device="cpu", offline=True))


def write(request, cache):
    *_, result = write_text(request, cache)
    return result


def test_the_best_draft_is_the_result_and_any_can_be_taken(shipped):
    asked = TextRequest(prompt="春望", form="wujue", seed=3, count=2, drafts=3)
    result = write(asked, shipped)
    assert [draft.seed for draft in result.drafts] == [
        draft_seed(3 + i, j) for i in (0, 1) for j in (0, 1, 2)
    ]
    for place, sample in enumerate(result.samples):
        group = result.drafts[3 * place : 3 * place + 3]
        assert sample is max(group, key=lambda draft: draft.score.total).sample
    assert result.full_texts() == write(asked, shipped).full_texts()
    for place in (1, 5):
        taken = result.take(place)
        assert taken.full_texts() == write(taken.request, shipped).full_texts()
        assert taken.full_texts()[0] == result.full_text(result.drafts[place].sample)


def test_one_draft_is_the_first_of_many(shipped):
    asked = TextRequest(prompt="秋夜", form="wujue", seed=5, drafts=4)
    many, one = write(asked, shipped), write(asked.model_copy(update={"drafts": 1}), shipped)
    assert not one.drafts and one.samples[0].text == many.drafts[0].sample.text


def test_poems_have_standard_characters_alone(shipped):
    hot = {
        "form": "wujue",
        "temperature": 1.5,
        "top_k": 0,
        "top_p": 1.0,
        "repetition_penalty": 1.0,
        "drafts": 1,
    }
    written = "".join(write(TextRequest(seed=7, count=16, **hot), shipped).full_texts())
    assert all(is_standard(character) for character in written if character not in MARKS)
    before = "".join(write(TextRequest(seed=7, count=16, simplified=False, **hot), shipped).full_texts())
    assert not all(is_standard(character) for character in before if character not in MARKS)


@pytest.mark.parametrize(("model", "drafts"), [("gpt-poems", 8), ("gpt-austen", 1)])
def test_what_a_request_leaves_out_is_the_models_own(model, drafts, shipped):
    card = registry.find_card(model, shipped.settings, "text")
    own = own_sampling(card)
    stated = json.loads((card.folder / "generation_config.json").read_text("utf-8"))
    assert own["drafts"] == drafts and own["temperature"] == stated["temperature"]
    assert settle(TextRequest(model=model), card).model_dump().items() >= own.items()
    asked = settle(TextRequest(model=model, temperature=1.2, drafts=3), card)
    assert asked.temperature == 1.2 and asked.top_k == stated["top_k"]
    assert asked.drafts == (3 if model == "gpt-poems" else 1)


def test_a_model_states_its_own_and_nonsense_is_no_statement(shipped, tmp_path):
    card = registry.find_card("gpt-austen", shipped.settings, "text")
    (tmp_path / "generation_config.json").write_text('{"temperature": 1.1, "top_p": "x", "top_k": -4}')
    own = own_sampling(card.model_copy(update={"folder": tmp_path, "defaults": {"repetition_penalty": 1.3}}))
    assert (own["temperature"], own["repetition_penalty"]) == (1.1, 1.3)
    assert (own["top_p"], own["top_k"]) == (0.9, 20)
    (tmp_path / "generation_config.json").write_text("[1]")
    assert own_sampling(card.model_copy(update={"folder": tmp_path}))["temperature"] == 0.6


def test_a_link_of_before_drafts_means_what_it_meant():
    old = as_code.request_of("text", {"model": "gpt-poems", "prompt": "春望", "temperature": 0.5})
    assert old == TextRequest(prompt="春望", **{**BEFORE_DRAFTS, "temperature": 0.5})
    new = settle_link(TextRequest(prompt="春望", drafts=8, temperature=0.6))
    assert new.drafts == 8 and new.simplified


def settle_link(request):
    """A request that went through a link."""
    from urllib.parse import parse_qs

    (text,) = parse_qs(as_code.link(request).removeprefix("?"))["recipe"]
    return as_code.request_of(*as_code.read_link(text))
