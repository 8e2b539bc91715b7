import json
import re
import time
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from aigc_demo.actions import TextResult, TextSample
from aigc_demo.core.stopping import never
from aigc_demo.language.prosody import prosody
from aigc_demo.language.writers import own_sampling, settle
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import TextRequest
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.text import attention, odds, text_tab
from aigc_demo.ui.text.drafts_panel import tones_html
from aigc_demo.ui.text.text_tab import TextTab, TokenProgress


@pytest.fixture(scope="module")
def words():
    return Words()


@pytest.fixture
def tab(settings, cache, words):
    with gr.Blocks():
        return TextTab(Context(settings, cache, words))


def visitor(lang="en", session="a"):
    return SimpleNamespace(session_hash=session, query_params={"lang": lang}, cookies={}, headers={})


def values(tab, **changes):
    asked = TextRequest(**changes)
    return {component: getattr(asked, name) for name, component in tab.fields.items()}


def run(tab, request=None, **changes):
    return list(tab.run(values(tab, **changes), request or visitor()))


def merged(updates):
    """What stands on the page after all updates."""
    page = {}
    for update in updates:
        page |= update
    return page


def outcome(tab, request=None, **changes):
    return merged(run(tab, request, **changes))


def say(words, lang="en"):
    return lambda key, **values: words.say(key, lang, **values)


def result_of(settings, request, *texts):
    card = find_card(request.model, settings, "text")
    samples = [
        TextSample([TokenChoice(text, 7, p, [("甲", 0.5), (text, p)]) for text, p in tokens])
        for tokens in texts
    ]
    return TextResult(request, card, samples)


@pytest.fixture
def toasts(monkeypatch):
    said = []
    for kind in ("Warning", "Info"):
        monkeypatch.setattr(gr, kind, lambda message, **_: said.append(message))
    return said


def test_text_streams_in_and_the_odds_come_at_the_end(tab, monkeypatch):
    monkeypatch.setattr(TokenProgress, "update_due", lambda self: True)
    updates = run(tab, prompt="春望", form="wujue", count=2, heads="春夜", top_p=1.0)
    *streamed, final = [update[tab.text] for update in updates if tab.text in update]
    assert len(streamed) >= 24
    assert "data-token" not in "".join(streamed) and "data-token" in final
    assert set(updates[-1]) == {tab.status}  # Gradio sends the last one twice
    last = merged(updates)
    assert last[tab.status] == ""
    result = last[tab.result]
    assert last[tab.text].count("data-token") == sum(len(sample.tokens) for sample in result.samples)
    assert [sample.text[0] for sample in result.samples] == ["春", "春"]
    assert "AI-generated" in last[tab.note] and "--heads '春夜'" in last[tab.code.shell]


def test_news_are_sparse(settings, words):
    now = [0.0]
    progress = TokenProgress(clock=lambda: now[0])
    assert progress.update_due()
    progress.update_sent(500)
    now[0] = 0.09
    assert not progress.update_due()
    now[0] = 0.11
    assert progress.update_due()
    progress.update_sent(100_000)
    now[0] = 1.0
    assert not progress.update_due()


def test_a_full_page_of_text_stays_below_a_megabyte(settings, words):
    request = TextRequest(model="gpt-austen", prompt_is="opening", count=16, max_new_tokens=512)
    result = result_of(settings, request, *[[(" another", 0.123)] * 512] * 16)
    assert len(odds.texts(result, say(words))) < 800_000
    assert len(odds.plain_texts(result)) < 100_000


def test_stop_keeps_what_is_there_and_a_new_run_stops_the_old(tab):
    request = visitor()
    stream = tab.run(values(tab, model="gpt-austen", max_new_tokens=512), request)
    assert next(stream)[tab.status]
    next(stream)
    tab.stop(request)
    start = time.perf_counter()
    last = merged(stream)
    assert time.perf_counter() - start < 2
    assert 0 < len(last[tab.result].samples[0].tokens) < 512
    first = tab.run(values(tab, model="gpt-austen", max_new_tokens=512), request)
    next(first), next(first)
    second = tab.run(values(tab, model="gpt-austen", max_new_tokens=3), request)
    next(second)
    assert tab.result not in merged(first)  # what it had is not shown over what the second writes
    assert len(merged(second)[tab.result].samples[0].tokens) == 3


def test_another_visitor_does_not_stop_mine(tab):
    stream = tab.run(values(tab, model="gpt-austen", max_new_tokens=6), visitor(session="a"))
    next(stream), next(stream)
    tab.stop(visitor(session="b"))
    assert len(merged(stream)[tab.result].samples[0].tokens) == 6


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prompt": "🎈🎈"}, "🎈"),
        ({"heads": "春春春春春"}, "too many"),
        ({"heads": "春", "prompt": "春", "prompt_is": "opening"}, "title instead of an opening"),
        ({"prompt": "春" * 40, "prompt_is": "opening"}, "shorten"),
    ],
)
def test_a_prompt_that_cannot_be_read_is_a_sentence_and_leaves_the_text(tab, toasts, changes, sentence):
    updates = run(tab, **changes)
    assert sentence in toasts[0]
    assert updates[-2] == {tab.status: ""}
    assert not any(isinstance(update, dict) and tab.text in update for update in updates)


def test_a_value_outside_its_limits_is_a_sentence(tab, toasts):
    given = values(tab) | {tab.fields["count"]: 99}
    list(tab.run(given, visitor("zh")))
    assert toasts == ["样本数：99 不合要求；请填 1 到 16 之间的整数。"]


def test_what_a_prompt_loses_is_said(tab):
    note = outcome(tab, visitor("zh"), prompt="春🎈")[tab.note]
    assert "remark" in note and "🎈" in note


def test_prose_has_no_verse_fields(tab):
    hidden = tab.choose_model("gpt-austen", visitor())
    assert [hidden[tab.fields[name]]["visible"] for name in ("form", "heads", "prompt_is")] == [False] * 3
    given = values(tab, model="gpt-austen", prompt="It is <b>", heads="春")
    asked = tab.asked(given)
    assert (asked.heads, asked.prompt_is, asked.form) == ("", "opening", "qijue")
    last = merged(tab.run(given, visitor()))
    assert "It is &lt;b&gt;" in last[tab.text] and "<h2" not in last[tab.text]


def test_show_puts_a_request_back_and_keeps_what_the_model_hides(tab):
    request = TextRequest(model="gpt-austen", prompt="It", prompt_is="opening", seed=7, temperature=1.5)
    updates = tab.show(request, "en")
    assert updates[tab.fields["seed"]]["value"] == 7
    assert updates[tab.fields["heads"]]["visible"] is False
    assert set(updates) <= set(tab.settable())


def test_every_example_is_a_request_that_runs(tab):
    for name in text_tab.EXAMPLES:
        updates = tab.example(name)(visitor())
        given = {component: updates[component]["value"] for component in tab.fields.values()}
        example = TextRequest(**text_tab.EXAMPLES[name])
        card = find_card(example.model, tab.context.settings, "text")
        assert tab.asked(given) == settle(example, card)


def test_another_model_brings_its_own_sampling(tab):
    def shown(model):
        updates = tab.choose_model(model, visitor())
        return {name: updates[tab.fields[name]].get("value") for name in text_tab.SAMPLED}

    cards = {name: find_card(name, tab.context.settings, "text") for name in ("gpt-poems", "gpt-austen")}
    assert {name: shown(name) for name in cards} == {name: own_sampling(card) for name, card in cards.items()}
    assert shown("gpt-poems") != shown("gpt-austen")
    assert tab.fields["drafts"].value == own_sampling(cards["gpt-poems"])["drafts"] == 8


def test_another_draft_is_taken_as_the_result(tab):
    page = outcome(tab, prompt="春", form="wujue", drafts=3, seed=4)
    result, view = page[tab.result], page[tab.drafts.view]
    assert len(result.drafts) == 3 and view.count('aria-pressed="true"') == 1
    place = next(i for i, draft in enumerate(result.drafts) if draft.sample is not result.samples[0])
    taken = tab.take_draft(result, SimpleNamespace(draft=place), visitor())
    assert taken[tab.result].samples == [result.drafts[place].sample]
    assert taken[tab.result].request.seed == result.drafts[place].seed
    assert f'data-draft="{place}" aria-pressed="true"' in taken[tab.drafts.view]
    assert set(taken) <= {tab.result, tab.text, tab.odds, *tab.looks()}
    assert page[tab.drafts.fold]["visible"]
    assert (
        outcome(tab, model="gpt-austen", prompt_is="opening", max_new_tokens=4)[tab.drafts.fold]["visible"]
        is False
    )


def test_tones_are_told_under_a_poem(words):
    poem = prosody(["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"])
    html = tones_html(poem, say(words, "zh"))
    assert html.count("<i>●</i>") == 10 and 'class="rhymes">流' in html and "broken" not in html
    assert "押“尤”韵" in html and "仄起" in html


def test_odds_are_marked_by_class_number_and_words(settings, words):
    result = result_of(settings, TextRequest(prompt="春<望"), [("国", 0.6), ("<", 0.01), ("，", 0.0001)])
    html = odds.texts(result, say(words))
    classes = re.findall(r'<span class="(\w+)[^"]*" data-token', html)
    assert classes == ["expected", "unusual", "surprising"]
    assert 'title="60%"' in html and 'title="0.01%"' in html
    assert "春&lt;望" in html and "&lt;</span>" in html
    assert html.count('tabindex="0"') == 1
    assert "under 0.5%" in html


def test_verse_breaks_after_its_marks_and_an_opening_comes_first(settings, words):
    request = TextRequest(prompt="白日 依山尽，", prompt_is="opening")
    html = odds.texts(result_of(settings, request, [("黄", 0.1), ("。", 0.9), ("欲", 0.1)]), say(words))
    lines = [re.sub(r"<[^>]*>", "", line) for line in re.findall(r"<p>(.*?)</p>", html)]
    assert lines == ["白日依山尽，", "黄。", "欲"]
    assert "<h2" not in html


def test_heads_of_an_acrostic_stand_out(settings, words):
    request = TextRequest(prompt="春", heads="春夜")
    tokens = [("春", 0.1), ("，", 0.1), ("夜", 0.1), ("。", 0.1), ("月", 0.1)]
    html = odds.texts(result_of(settings, request, tokens), say(words))
    assert re.findall(r' head" data-token="(\d)"', html) == ["0", "2"]


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(1.0, "100%"), (0.342, "34%"), (0.0995, "10%"), (0.0123, "1.2%"), (0.0004, "0.04%"), (1e-9, "<0.01%")],
)
def test_percent(probability, shown):
    assert odds.percent(probability) == shown


def test_mean_bits():
    tokens = [TokenChoice("a", 0, 0.5, []), TokenChoice("b", 0, 0.125, [])]
    assert odds.mean_bits(tokens) == 2.0
    assert odds.mean_bits([]) == 0


def test_alternatives_mark_the_written_token_once_also_outside_the_top(tab):
    result = outcome(tab, prompt="春望", form="wujue", count=2)[tab.result]
    for sample, place in ((0, 0), (1, 3)):
        event = SimpleNamespace(sample=sample, token=place)
        html = tab.pick_token(result, event, visitor())
        token = result.samples[sample].tokens[place]
        inside = any(p == token.probability for _, p in token.alternatives)
        assert html.count('chosen"') == 1
        assert html.count("<li") == len(token.alternatives) + (not inside)
        assert 'name="temperature"' in html and "</s>" not in html
    assert f"token {place + 1} of" in html
    assert tab.pick_token(result, SimpleNamespace(sample=99, token=999), visitor())
    assert tab.pick_token(None, event, visitor()) == gr.skip()


def test_a_text_goes_on_from_another_token(tab, toasts):
    result = outcome(tab, prompt="春望", form="wujue", count=2, seed=4, continue_from="春")[tab.result]
    tokens = result.samples[1].tokens
    choices = tokens[3].alternatives
    choice = next(i for i, (text, _) in enumerate(choices) if len(text) == 1 and text not in "，。")
    event = SimpleNamespace(sample=1, token=3, choice=choice)
    page = merged(tab.go_on(result, event, visitor()))
    other = page[tab.result]
    kept = "".join(token.text for token in tokens[:3]) + choices[choice][0]
    assert other.request.continue_from == kept and other.samples[0].text.startswith(kept)
    assert (other.request.seed, other.request.count) == (5, 1)
    assert page[tab.text].count(" kept") == 3 and page[tab.text].count(" turn") == 1
    assert f"--continue-from '{kept}'" in page[tab.code.shell]
    again = outcome(tab, **other.request.model_dump())[tab.result]
    assert again.samples[0].text == other.samples[0].text, "its file makes the same"
    assert tab.show(other.request, "en")[tab.fields["continue_from"]]["visible"]
    for forged in ({"choice": 99}, {"token": 999}, {"sample": 9}):
        assert merged(tab.go_on(result, SimpleNamespace(**{**vars(event), **forged}), visitor())) == {}


def test_spaces_and_line_ends_of_a_token_are_visible(words):
    assert odds.visible(" the", say(words)) == "␣the"
    assert odds.visible("\n", say(words)) == "↵"
    assert odds.visible("</s>", say(words, "zh")) == "（全文结束）"


def test_attention_covers_prompt_and_text(tab, cache):
    result = outcome(tab, prompt="春望", form="wujue", max_new_tokens=24)[tab.result]
    found = attention.read_attention(result, 0, (1, 1), cache, never)
    reading = found.reading
    assert len(reading.labels) == reading.prompt + len(result.samples[0].tokens)
    assert reading.labels[: reading.prompt] == ["<s>", "<wujue>", "春", "望", "<sep>"]
    assert (reading.line, reading.start, reading.title) == (5, 5, 2)
    assert np.allclose(found.weights.sum(1), 1, atol=1e-5)
    assert np.allclose(np.triu(found.weights, 1), 0)


def test_the_heat_map_follows_its_choosers(tab):
    last = outcome(tab, prompt="春望", form="wujue", count=2, max_new_tokens=24)
    result, panel = last[tab.result], tab.attention
    assert last[panel.layer]["maximum"] == 2 and last[panel.head]["maximum"] == 2
    assert last[panel.sample]["visible"] is True
    shown = panel.overview(result, 2, visitor())
    assert shown[panel.sheet].count("<button") >= 1 and "data-layer" in shown[panel.view]
    assert f'data-layer="{shown[panel.layer] - 1}"' in shown[panel.view]
    one = panel.draw(result, 2, 1, 1, visitor())
    other, layer, head = panel.pick(result, 2, SimpleNamespace(layer=1, head=0), visitor())
    assert (layer, head) == (2, 1) and other == panel.draw(result, 2, 2, 1, visitor())
    assert 'data-sample="1"' in one and one != other
    labels = json.loads(
        re.search(r'data-rows="([^"]*)"', one)[1]
        .replace("&quot;", '"')
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )
    assert labels[2:4] == ["春", "望"]
    assert panel.draw(result, 99, 99, 99, visitor())
    assert panel.draw(None, 1, 1, 1, visitor()) == gr.skip()


def test_history_remembers_the_first_words(tab):
    result = outcome(tab, visitor("zh"), prompt="春望", seed=5)[tab.result]
    memory = tab.memory(result, "zh")
    assert memory.request.seed == 5 and memory.words and result.samples[0].text.startswith(memory.words)
