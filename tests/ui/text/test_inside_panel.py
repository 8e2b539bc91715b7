import re
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from aigc_demo.actions import write_text
from aigc_demo.core.settings import settings_from
from aigc_demo.families import ngram, recurrent, transformer
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import TextRequest
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.text.inside_panel import InsidePanel
from aigc_demo.ui.text.inside_view import is_mark, sorted_units

CARD = """---
aigc:
  family: {family}
  tasks: [text]
  title: {{en: A, zh: 甲}}
  summary: {{en: A., zh: 甲。}}
  parameters: 1
  licence: MIT
  data: own-poems
  language: zh
---
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A cache over three tiny models of verse, and the panel."""
    root = tmp_path_factory.mktemp("weights")
    for family in (ngram, recurrent, transformer):
        folder = root / family.FAMILY.name
        folder.mkdir()
        family.write_debug_model(folder)
        (folder / "README.md").write_text(CARD.format(family=family.FAMILY.name))
    settings = settings_from({"weights_dir": root, "offline": True})
    cache = ModelCache(settings)
    with gr.Blocks():
        yield InsidePanel(Context(settings, cache, Words()), "text"), cache


VISITOR = SimpleNamespace(session_hash="a", query_params={"lang": "en"}, cookies={}, headers={})


def written(house, model):
    asked = TextRequest(
        model=model, prompt="春望", form="wujue", drafts=1, max_new_tokens=14, heads="春夏秋冬"
    )
    *_, result = write_text(asked, house[1])
    return result


def test_the_path_of_a_chosen_token_adds_up_to_its_odds(house):
    panel, result = house[0], written(house, "ngram")
    assert panel.fit(result)[panel.fold]["visible"]
    event = gr.EventData(None, {"sample": 0, "token": 3})
    page = panel.pick(result, event, VISITOR)
    assert page.count("<tr") == 5  # the heads of the columns, three orders, and what is dealt out evenly
    context = "".join(token.text for token in result.samples[0].tokens[1:3])
    assert f"<td>{context}</td>" in page
    shares = [float(cell) for cell in re.findall(r"--share:([\d.]+)", page)]
    assert 0 < sum(shares) <= 1.001
    updates = panel.overview(result, 1, "forget", 1, VISITOR)
    assert "春" in updates[panel.view]


def test_gates_are_drawn_with_the_units_that_switch_at_marks_first(house):
    panel, result = house[0], written(house, "recurrent")
    updates = panel.overview(result, 1, "forget", 2, VISITOR)
    page = updates[panel.view]
    assert page.count('class="unit"') == 6 and "at marks" in page and "data:image/png" in page
    assert updates[panel.choosers]["visible"] and updates[panel.layer]["maximum"] == 2


def test_where_there_is_attention_this_panel_is_not_shown(house):
    panel, result = house[0], written(house, "transformer")
    assert not panel.fit(result)[panel.fold]["visible"]


def test_units_are_sorted_by_what_they_do_at_marks():
    marks = np.array([is_mark(label) for label in ("春", "，", "<s>", " the", "。", "\n", "風")])
    assert marks.tolist() == [False, True, False, False, True, True, False]
    values = np.stack([marks * 1.0, 1.0 - marks, np.linspace(0, 1, 7)], 1)
    assert sorted_units(values, marks).tolist() == [0, 2, 1]
