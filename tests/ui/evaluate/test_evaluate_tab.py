"""The Evaluate tab by its handlers: measure, look, vote, save, come back."""

import json
from pathlib import Path

import gradio as gr
import pytest

from aigc_demo import provenance
from aigc_demo.schemas import check
from aigc_demo.schemas.evaluate import EvaluateRequest
from aigc_demo.ui.evaluate.evaluate_tab import EvaluateTab
from aigc_demo.ui.evaluate.table_view import whisker
from tests.few_digits import write_few
from tests.ui.handlers import Page, final


@pytest.fixture
def tab(context):
    """The tab, on tiny models and a few digits."""
    write_few(context.settings.data_dir / "digits")
    with gr.Blocks(), gr.Tabs():
        return EvaluateTab(context)


def asked(tab, **changes):
    """What the page would send."""
    values = {part: part.value for part in tab.fields.values()} | {tab.blind.votes: ""}
    return values | {tab.fields[name]: value for name, value in changes.items()}


@pytest.fixture
def shown(tab):
    """Two models, compared."""
    return final(tab.run(asked(tab, model="gan-digits", against=["vae-digits"], count=8), Page()))


def test_the_table_has_a_line_a_model_with_error_bar_and_verdict(tab, shown):
    html = shown[tab.table]
    assert html.count('data-figure="frechet"') == 1 and html.count("<svg") == 2 * len(
        shown[tab.result].figures
    )
    assert "FID" in html and "not FID" in html  # named for what it is not
    assert 'class="signature"' in html and "data:digits" in html
    assert "sprite" in shown[tab.pairs] and "failure" in shown[tab.failures]
    assert "--against vae-digits" in shown[tab.code.shell]
    memory = tab.memory(shown[tab.result], "zh")
    assert memory.about == "gan-digits, vae-digits" and "弗雷歇" in memory.words


def test_twenty_blind_votes_survive_and_are_in_the_report(tab, shown, toasts):
    result, kept = shown[tab.result], ""
    seen = tab.blind.shown(result, kept, "en")[tab.blind.view]
    assert "gan-digits" not in seen and "vae-digits" not in seen
    pairs = tab.blind.given(result, "").pairings
    for place in range(len(pairs)):
        kept = tab.blind.vote("l" if pairs[place].left == 0 else "r", result, kept, Page())
        assert len(json.loads(kept)["letters"]) == place + 1
    assert tab.blind.vote("t", result, kept, Page()) == kept  # no vote after the last pair
    again = final(tab.run({**asked(tab, against=["vae-digits"], count=8), tab.blind.votes: kept}, Page()))
    assert "gan-digits" in again[tab.blind.view] and "p = " in again[tab.blind.view]
    path = tab.save(".json", result, kept, Page())
    people = json.loads(Path(path).read_text("utf-8"))["people"]
    assert people["models"][0]["wins"] == len(pairs) and people["sign_test_p"] < 0.01
    other = final(tab.run(asked(tab, against=["vae-digits"], count=12), Page()))[tab.result]
    assert tab.blind.given(other, kept).letters == ""  # votes on other pairs do not count
    assert tab.blind.vote("l", None, "", Page()) == gr.skip() and "nothing to compare" in toasts[-1]


def test_a_report_restores_the_request(tab, shown):
    path = tab.save(".md", shown[tab.result], "", Page())
    request = check(EvaluateRequest, provenance.read(path).recipe.request)
    updates = tab.show(request, "en")
    assert updates[tab.fields["count"]]["value"] == 8 and updates[tab.against]["value"] == ["vae-digits"]
    assert updates[tab.data]["value"] == "digits"


def test_what_was_left_comes_back(tab):
    updates = tab.recall({"model": "vae-digits", "against": ["gone"], "count": "x", "votes": "{}"}, "zh")
    assert updates[tab.blind.votes] == "{}"
    fields = {part: update for part, update in updates.items() if part in tab.fields.values()}
    assert "value" not in fields.get(tab.against, {}) or fields[tab.against]["value"] != ["gone"]


def test_one_model_or_a_classifier_cannot_be_voted_on(tab):
    alone = final(tab.run(asked(tab, model="class-digits", count=8), Page()))
    assert "confusion" in alone[tab.confusion] and not alone[tab.pairs_fold]["visible"]
    assert "two models" in alone[tab.blind.view]


def test_a_trap_is_computed_in_the_visitors_language(tab):
    page = Page()
    page.query_params = {"lang": "zh"}
    html = tab.traps.compute("raw_rouge", "gan-digits", "", page)
    assert "王之涣" in html and 'class="wrong">0.0' in html


def test_new_models_are_offered_and_a_chosen_one_stays(tab):
    updates = tab.refresh("vae-digits", ["gan-digits", "gone"], "gone", "", Page())
    assert updates[tab.model]["value"] == "vae-digits" and "class-digits" in updates[tab.model]["choices"]
    assert updates[tab.against]["value"] == ["gan-digits"] and updates[tab.data]["value"] == ""


def test_an_error_bar_stands_where_the_numbers_are():
    bar = whisker(5, 0, 10, 0, 10, "m")
    assert 'cx="50.00%"' in bar and 'x1="4.00%" x2="96.00%"' in bar
    assert "<line" not in whisker(5, float("nan"), float("nan"), 0, 10, "m")  # no interval, no bar
