from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from aigc_demo.schemas import RewriteRequest
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.progress import TokenProgress
from aigc_demo.ui.text.heat_map import heat_map
from aigc_demo.ui.text.rewrite_tab import RewriteTab
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_marian

MODEL = "tiny/marian"


@pytest.fixture
def tab(settings, cache, tmp_path):
    folder = write_marian(tmp_path / "marian")
    keep_card(settings, folder, MODEL, "seq2seq", "seq2seq", ("rewrite",))
    with gr.Blocks():
        return RewriteTab(Context(settings, cache, Words()))


def visitor(lang="en"):
    return SimpleNamespace(session_hash="a", query_params={"lang": lang}, cookies={}, headers={})


def values(tab, **changes):
    asked = RewriteRequest(model=MODEL, text="Here is your poem.", max_new_tokens=8)
    return {component: changes.get(name, getattr(asked, name)) for name, component in tab.fields.items()}


@pytest.fixture
def toasts(monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    return said


def test_a_translation_streams_and_its_odds_and_map_come_at_the_end(tab, monkeypatch):
    monkeypatch.setattr(TokenProgress, "update_due", lambda self: True)
    updates = list(tab.run(values(tab), visitor("zh")))
    assert set(updates[-1]) == {tab.status}
    streamed = [update[tab.tokens.text] for update in updates if tab.tokens.text in update]
    assert len(streamed) >= 3 and all("data-token" not in html for html in streamed[:-1])
    page = {key: value for update in updates for key, value in update.items()}
    result = page[tab.result]
    assert streamed[-1].count("data-token") == len(result.tokens)
    assert result.attention.shape == (len(result.tokens), len(result.source))
    assert f"--rows:{len(result.tokens)};--columns:{len(result.source)}" in page[tab.map]
    assert tab.show(result.request, "zh")[tab.fields["text"]]["value"] == "Here is your poem."
    assert "tiny/marian" in tab.memory(result, "zh").about
    chosen = tab.tokens.pick_token(result, SimpleNamespace(token=99), visitor())
    assert chosen.count('chosen"') == 1


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"text": ""}, "Text"), ({"model": None}, "Models tab"), ({"num_beams": 99}, "8"), ({"model": "no"}, MODEL),
])  # fmt: skip
def test_bad_input_is_one_sentence(tab, toasts, changes, sentence):
    list(tab.run(values(tab, **changes), visitor()))
    assert len(toasts) == 1 and sentence in toasts[0]


def test_a_map_too_large_for_labels_has_none_and_reads_back_its_weights():
    say = lambda key, **_: key  # noqa: E731
    small = heat_map(np.eye(2, 3), ["<a>", "b"], ["一", "二", "三"], "c", "h", {}, say)
    assert small.count("<span>") == 5 and "&lt;a&gt;" in small and "--gutter:3ch" in small
    assert "labelled" not in heat_map(np.zeros((2, 57)), ["a"] * 2, ["b"] * 57, "c", "h", {}, say)
