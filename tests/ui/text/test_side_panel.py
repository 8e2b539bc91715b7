"""Side by side at the level of its handler: each model writes, with the figures that its card and its files tell."""

import gradio as gr
import pytest

from aigc_demo.ui.text.side_panel import SidePanel
from tests.ui.handlers import Page

MODELS = ["gpt-poems", "gpt-austen"]


@pytest.fixture
def panel(context):
    with gr.Blocks():
        return SidePanel(context)


def test_each_writes_in_its_column_as_it_comes_to_its_turn(panel):
    assert set(MODELS) <= set(panel.names())
    shown = list(panel.run(MODELS, "春望", 3, Page()))
    assert [html.count('class="body"') for html in shown] == [0, 1, 2]
    assert shown[-1].count("<section>") == 2 and shown[-1].count("1,000") == 2 and "MB" in shown[-1]
    assert "data-token" in shown[-1] and shown[-1].count('class="legend') == 1


def test_one_prompt_and_seed_give_the_same_again(panel):
    def texts(seed):
        html = list(panel.run(MODELS, "春望", seed, Page()))[-1]
        return html[html.index("<section>") :]

    assert texts(3) == texts(3) != texts(4)


@pytest.mark.parametrize("models", [[], ["gpt-poems"], MODELS * 3])
def test_too_few_or_too_many_are_a_sentence(panel, toasts, models):
    assert list(panel.run(models, "", 0, Page())) == [gr.skip()] and "2 to 4" in toasts[0]
