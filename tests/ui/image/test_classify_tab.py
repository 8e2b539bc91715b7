"""What is it? at the level of its handlers, on a tiny random classifier."""

import re

import gradio as gr
import pytest

from aigc_demo import provenance
from aigc_demo.actions import classify, write_classification
from aigc_demo.schemas.classify import ClassifyRequest
from aigc_demo.ui.image.classify_tab import ClassifyTab, worth
from aigc_demo.ui.image.image_tab import ImageTab
from tests.ui.handlers import Page, values_of


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return ClassifyTab(context)


def values(tab, picture):
    """What the page would send with a picture on the pad."""
    return {**values_of(tab), tab.pad.path: picture}


def test_the_odds_follow_the_stroke_and_the_evidence_comes_when_the_hand_rests(tab, seven):
    shown = tab.answer(values(tab, seven), Page())
    result = shown[tab.result]
    assert sum(result.odds) == pytest.approx(1) and result.look is None
    bars = shown[tab.bars]
    assert bars.count("data-index") == 10 and bars.count('class="said"') == 1
    rested = tab.rest(result, Page())
    explained = rested[tab.result]
    assert explained.odds == result.odds and explained.look.shape == (28, 28)
    assert rested[tab.inside].count("<figure") == 2 and "drawing.png" in rested[tab.code.python]


def test_a_pressed_bar_looks_for_another_class(tab, seven):
    result = tab.run(values(tab, seven), Page())[tab.result]
    wanted = (result.said + 1) % 10
    picked = tab.pick_class(result, Page(), gr.EventData(None, {"index": wanted}))
    other = picked[tab.result]
    assert other.label == wanted and other.request.label == str(wanted)
    assert (other.look != result.look).any()
    assert f"speaks for {wanted}" in picked[tab.inside] and f"label='{wanted}'" in picked[tab.code.python]


def test_how_far_to_trust_the_odds_is_said_with_an_interval(tab, seven, cache):
    result = classify(ClassifyRequest(image=seven), cache)
    say = tab.context.words.translator("en")
    lines = " ".join(worth(result, say))
    right, total = (int(number) for number in re.search(r"right (\d+) times of (\d+)", lines).groups())
    assert (right, total) == (result.right, result.total) and total > 0
    assert "95 % interval" in lines


def test_an_empty_pad_is_passed_over_while_the_hand_moves_and_told_of_at_the_button(tab, toasts):
    assert tab.answer(values(tab, ""), Page()) == gr.skip() == tab.rest(None, Page())
    tab.run(values(tab, ""), Page())
    assert "empty" in toasts[0]


def test_the_file_has_its_label_and_its_recipe(seven, cache, tmp_path):
    result = classify(ClassifyRequest(image=seven, label="3"), cache)
    read = provenance.read(write_classification(result, tmp_path))
    assert read.ai_generated and read.recipe.task == "classify" and read.recipe.request["label"] == "3"
    facts = result.facts()
    assert facts["looked_for"] == "3" and facts["class"] == str(max(range(10), key=result.odds.__getitem__))


def test_drawn_pictures_are_judged_by_a_classifier_of_the_same_classes(context):
    with gr.Blocks():
        image = ImageTab(context)
    *_, shown = image.run(values_of(image, count=12), Page())
    assert re.search(r"class-digits reads \d+ of 12", shown[image.note])
