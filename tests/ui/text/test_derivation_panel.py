"""The tree of a text by rules, beside texts of networks, which have none."""

from collections import deque
from pathlib import Path

import gradio as gr

from aigc_demo.actions import write_text
from aigc_demo.core.settings import settings_from
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import TextRequest
from aigc_demo.ui.text.derivation_panel import DerivationPanel

WEIGHTS = Path(__file__).parents[3] / "weights"


def test_the_rules_of_a_text_stand_around_their_parts_and_it_carries_no_watermark(context, tmp_path):
    own = {"AIGC_WEIGHTS_DIR": str(WEIGHTS), "AIGC_RUNS_DIR": str(tmp_path), "AIGC_DEVICE": "cpu"}
    cache = ModelCache(settings_from({}, own))
    asked = TextRequest(
        model="templates-weather", prompt="city=Oslo, sky=fog, high=3", seed=2, watermark=True
    )
    result = deque(write_text(asked, cache), maxlen=1).pop()
    assert not result.request.watermark and "by rules" in result.note.en
    with gr.Blocks():
        panel = DerivationPanel(context, "text")
    panel.context = type("Here", (), {"cache": cache})()
    shown = panel.show(result, context.words.translator("en"))
    assert shown[panel.fold]["visible"] and "<small>forecast" in shown[panel.view]
    assert shown[panel.view].count('class="rule') > 5 and ">Oslo<" in shown[panel.view]


def test_a_network_has_no_rules(context, cache):
    result = deque(
        write_text(TextRequest(model="gpt-poems", prompt="春", max_new_tokens=4, drafts=1), cache), maxlen=1
    ).pop()
    with gr.Blocks():
        panel = DerivationPanel(context, "text")
    assert not panel.show(result, context.words.translator("en"))[panel.fold]["visible"]
