"""A tab without a model is no empty form: a recorded session to explore, one card that gets a model, doors to what works."""

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from aigc_demo import hub
from aigc_demo.ui.models.models_tab import ModelsTab
from aigc_demo.ui.page.no_model import card_html, first_choice
from aigc_demo.ui.text.recorded_session import RecordedSession
from aigc_demo.ui.text.recording import Recording, read_recording

VISITOR = SimpleNamespace(session_hash="a", query_params={"lang": "zh"}, cookies={}, headers={})


@pytest.mark.parametrize("task", ["chat", "rewrite"])
def test_a_recording_is_whole(task, tmp_path, monkeypatch):
    """Odds as they were, rows of attention that sum to 1 or less, and the same again after it is written and read."""
    recording = read_recording(task)
    for turn in recording.turns:
        assert turn.given and turn.tokens
        for token in turn.tokens:
            assert 0 < token.probability <= 1
            assert sum(share for _, share in token.alternatives) < 1.001
    for one in recording.maps:
        assert one.weights.shape == (len(recording.rows), len(recording.columns))
        assert 0.5 < one.weights.sum(1).mean() < 1.02
        assert "nan" not in str(one.facts)
    recording.save(tmp_path / f"{task}.npz")
    monkeypatch.setattr("aigc_demo.ui.text.recording.HOME", tmp_path)
    again = read_recording(task)
    assert again.turns == recording.turns
    assert all(np.array_equal(a.weights, b.weights) for a, b in zip(again.maps, recording.maps, strict=True))
    assert isinstance(again, Recording) and (tmp_path / f"{task}.npz").stat().st_size < 100_000


def test_a_token_and_a_head_of_the_recording_can_be_chosen(context):
    with gr.Blocks():
        session = RecordedSession(context, "chat")
    tokens = session.recording.turns[1].tokens
    bars = session.pick(SimpleNamespace(sample=1, token=5), VISITOR)
    assert bars.count("<li") >= len(tokens[5].alternatives) and bars.count('chosen"') == 1
    assert session.pick(SimpleNamespace(sample=99, token=-3), VISITOR)  # a forged event changes nothing
    first, second = (session.draw(place, VISITOR) for place in (0, 1))
    assert first != second and session.draw(99, VISITOR) == session.draw(
        len(session.recording.maps) - 1, VISITOR
    )


@pytest.mark.parametrize("ability", ["chat", "rewrite", "draw", "image", "upscale", "latent", "text"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_card_says_what_the_tab_does_and_names_a_model_where_there_is_one(context, ability, lang):
    model = first_choice(ability)
    html = card_html(model, context, ability, lang)
    assert context.words.say(f"no_model.{ability}", lang) in html
    assert model is None or (model.title.say(lang) in html and model.licence in html)
    if isinstance(model, hub.Carried):
        assert model.command in html and "98 MB" in html


def test_the_models_tab_opens_on_a_model_and_a_package_is_a_place_of_its_own(context):
    with gr.Blocks():
        tab = ModelsTab(context)
    values = {tab.chosen.model: "", **{part: part.value for part in tab.find.asked()}}
    shown = tab.refresh(values, VISITOR)
    first = shown[tab.find.ids][0]
    assert shown[tab.chosen.model] == first and f'data-model="{first}"' in shown[tab.chosen.card]
    assert 'aria-pressed="true"' in shown[tab.find.list]
    packages = tab.find.found(("packages", "", "any", "any", "any", False), "", "en")
    assert packages[tab.find.ids] == [model.id for model in hub.all_carried()]
    catalogue = tab.find.found(("catalogue", "", "any", "any", "any", False), "", "en")
    assert "taesd" not in catalogue[tab.find.ids][0]


def test_a_card_that_a_package_brings_names_the_command_and_asks_for_no_network(context):
    with gr.Blocks():
        tab = ModelsTab(context)
    model = hub.all_carried()[0]
    updates = {}
    for update in tab.chosen.show(model.id, "en"):
        updates |= update
    assert model.command in updates[tab.chosen.card] and "98 MB" in updates[tab.chosen.card]
    assert updates[tab.chosen.convert]["visible"]
