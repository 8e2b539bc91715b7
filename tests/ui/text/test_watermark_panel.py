"""The watermark's panel: colours and finding of what was written, and the switch that a public mode takes away."""

import re
from types import SimpleNamespace

import gradio as gr
import pytest

from aigc_demo.actions import text_mark
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.schemas import ChatRequest, TextRequest
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.text.text_tab import TextTab
from aigc_demo.ui.text.watermark_panel import WatermarkPanel, coloured, watermark_field


@pytest.fixture(scope="module")
def words():
    return Words()


def say(words, lang="en"):
    return lambda key, **values: words.say(key, lang, **values)


def text(*ids):
    return [TokenChoice(f"<{token}>", token, 0.5, []) for token in ids]


def green_chain(mark, length):
    """Tokens that are all green, each behind the one before."""
    ids = [0]
    while len(ids) < length:
        ids.append(
            next(token for token in range(10_000) if token not in ids and mark.colours([ids[-1], token])[1])
        )
    return ids


def test_every_token_has_its_colour_and_the_finding_stands_above(settings, words):
    mark = text_mark(settings)
    page = coloured([text(*green_chain(mark, 40)), text(1, 2, 3)], mark, say(words))
    marked, plain = page.split("<article>")[1:]
    assert re.findall(r'class="(green|red|given)"', marked)[:40] == ["given"] + ["green"] * 39
    assert "39 of 39 tokens are green" in marked
    assert marked.count("marked.") == 1
    assert "no mark found" in plain
    assert "&lt;1&gt;" in plain
    assert "有水印。" in coloured([text(*green_chain(mark, 40))], mark, say(words, "zh"))


def test_a_server_keeps_its_tokens(settings, cache, words):
    with gr.Blocks():
        panel = WatermarkPanel(Context(settings, cache, words), "text")
    result = SimpleNamespace(card=SimpleNamespace(family="remote"))
    [shown] = panel.show(result, say(words)).values()
    assert "server" in shown
    [empty] = panel.clear(say(words)).values()
    assert "Write something" in empty


def test_a_text_that_was_written_is_looked_at_marked_or_not(settings, cache, words):
    with gr.Blocks():
        tab = TextTab(Context(settings, cache, words))
    visitor = SimpleNamespace(session_hash="a", query_params={"lang": "en"}, cookies={}, headers={})
    z = {}
    for watermark in (False, True):
        asked = TextRequest(model="gpt-austen", prompt="She", count=2, max_new_tokens=40, watermark=watermark)
        values = {component: getattr(asked, name) for name, component in tab.fields.items()}
        page = {}
        for update in tab.run(values, visitor):
            page |= update
        shown = page[tab.mark.view]
        z[watermark] = [float(number) for number in re.findall(r"z = (-?[\d.]+)", shown)]
        assert shown.count("<article>") == 2
    assert min(z[True]) > max(z[False])


@pytest.mark.parametrize(("task", "request_type"), [("text", TextRequest), ("chat", ChatRequest)])
@pytest.mark.parametrize("mode", ["local", "share", "spaces"])
def test_in_public_the_switch_is_on_and_out_of_reach(settings, cache, words, task, request_type, mode):
    public = settings.model_copy(update={"mode": mode})
    with gr.Blocks():
        switch = watermark_field(Context(public, cache, words), task, request_type)
    assert (switch.value, switch.interactive) == ((False, None) if mode == "local" else (True, False))
