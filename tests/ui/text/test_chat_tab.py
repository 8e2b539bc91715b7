from types import SimpleNamespace

import gradio as gr
import pytest

from aigc_demo.actions import ChatResult
from aigc_demo.models.protocols import TokenChoice
from aigc_demo.provenance import read
from aigc_demo.schemas import ChatRequest, Message, check
from aigc_demo.schemas.base import printable
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.progress import TokenProgress
from aigc_demo.ui.text import chat_tab
from aigc_demo.ui.text.chat_tab import ChatTab, flat
from aigc_demo.ui.text.conversation import Conversation
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_llama

MODEL = "tiny/llama"


@pytest.fixture(scope="module")
def words():
    return Words()


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture
def offered(settings, llama):
    return keep_card(settings, llama, MODEL, "transformer", "causal_lm", ("text", "chat"))


@pytest.fixture
def tab(settings, cache, words, offered):
    with gr.Blocks():
        return ChatTab(Context(settings, cache, words))


@pytest.fixture
def toasts(monkeypatch):
    said = []
    for kind in ("Warning", "Info"):
        monkeypatch.setattr(gr, kind, lambda message, **_: said.append(message))
    return said


def visitor(lang="en", session="a"):
    return SimpleNamespace(session_hash=session, query_params={"lang": lang}, cookies={}, headers={})


def values(tab, conversation, text="", **changes):
    given = {"model": MODEL, "max_new_tokens": 8, "system": "", **changes}
    defaults = {name: given.get(name, ChatRequest.model_fields[name].default) for name in tab.fields}
    return {
        **{tab.fields[name]: value for name, value in defaults.items()},
        tab.conversation: conversation,
        tab.input: text,
    }


def merged(updates):
    page = {}
    for update in updates:
        page |= update
    return page


def say(tab, text, conversation=None, request=None, **changes):
    return merged(
        tab.send(values(tab, conversation or Conversation(), text, **changes), request or visitor())
    )


def result_of(card, messages, answer, **changes):
    asked = ChatRequest(model=card.id, messages=messages, **changes)
    return ChatResult(asked, card, [TokenChoice(word, 5, 0.5, [(word, 0.5)]) for word in answer])


def spoken(conversation):
    return [(message.role, message.content) for message in conversation.messages]


def test_a_conversation_is_taken_up_at_any_of_its_points(offered):
    conversation = Conversation().ask("one")
    first = result_of(offered, conversation.messages, ["a", "b"])
    conversation = conversation.answer(first).ask("two")
    assert conversation.result is None and conversation.unanswered
    conversation = conversation.answer(result_of(offered, conversation.messages, ["c"]))
    assert spoken(conversation) == [("user", "one"), ("assistant", "ab"), ("user", "two"), ("assistant", "c")]

    assert spoken(conversation.again())[-1] == ("user", "two") and len(conversation.again().results) == 1
    earlier, text = conversation.undo()
    assert text == "two" and earlier.result is first, "its odds and its file are still there"
    assert Conversation().undo() == (Conversation(), "")
    edited = conversation.edit(0, "uno")
    assert spoken(edited) == [("user", "uno")] and not edited.results
    assert (
        conversation.edit(1, "x") is conversation
        and conversation.edit(9, "x") is conversation
        and conversation.edit(-1, "x") is conversation
    )
    assert spoken(conversation.ask("three").ask("four"))[-1] == ("user", "four"), (
        "an unanswered message is said anew"
    )


def test_an_answer_that_still_grows_is_said_once(offered):
    conversation = Conversation().ask("one")
    result = result_of(offered, conversation.messages, ["a"])
    conversation = conversation.answer(result)
    result.tokens.append(TokenChoice("b", 5, 0.5, []))
    conversation = conversation.answer(result)
    assert spoken(conversation) == [("user", "one"), ("assistant", "ab")] and conversation.result is result


def test_an_answer_streams_and_its_odds_come_at_the_end(tab, monkeypatch):
    monkeypatch.setattr(TokenProgress, "update_due", lambda self: True)
    updates = list(tab.send(values(tab, Conversation(), "Hello"), visitor()))
    assert updates[0][tab.input] == "" and updates[0][tab.view] == [{"role": "user", "content": "Hello"}]
    assert set(updates[-1]) == {tab.status}
    page = merged(updates)
    result = page[tab.result]
    assert result is page[tab.conversation].result and 1 <= len(result.tokens) <= 8
    assert page[tab.view][-1] == {"role": "assistant", "content": printable(result.text)}
    assert page[tab.tokens.text].count("data-token") == len(result.tokens)
    assert "AI-generated" in page[tab.note] and "actions.chat" in page[tab.code.python]
    assert page[tab.attention.layer]["maximum"] >= 1


def test_the_next_message_carries_the_conversation_and_another_answer_another_seed(tab):
    first = say(tab, "Hello", seed=3)
    second = say(tab, "And then?", first[tab.conversation], seed=3)
    assert [m.role for m in second[tab.result].request.messages] == ["user", "assistant", "user"]
    other = merged(
        tab.answer_again(values(tab, second[tab.conversation], seed=3, temperature=1.5), visitor())
    )
    assert other[tab.result].request.seed == 4 == other[tab.fields["seed"]]
    assert len(other[tab.conversation].messages) == 4
    same = merged(tab.answer_again(values(tab, second[tab.conversation].again(), seed=3), visitor()))
    assert same[tab.result].text == second[tab.result].text, "unanswered, it is answered by its own seed"


def test_an_edited_message_drops_what_followed_it(tab):
    conversation = say(tab, "Hello")[tab.conversation]
    conversation = say(tab, "And then?", conversation)[tab.conversation]
    event = SimpleNamespace(index=0, previous_value="Hello", value=[{"type": "text", "text": "Good day"}])
    page = merged(tab.edit(values(tab, conversation), event, visitor()))
    assert (
        spoken(page[tab.conversation])[0] == ("user", "Good day")
        and len(page[tab.conversation].messages) == 2
    )
    event.index = 1
    kept = merged(tab.edit(values(tab, conversation), event, visitor()))
    assert set(kept) == {tab.view} and len(kept[tab.view]) == 4, "an answer cannot be put into its mouth"


def test_taking_back_and_a_new_conversation_end_what_is_being_written(tab, monkeypatch):
    monkeypatch.setattr(TokenProgress, "update_due", lambda self: True)
    request = visitor()
    stream = tab.send(values(tab, Conversation(), "Hello", max_new_tokens=200), request)
    next(stream)
    conversation = next(stream)[tab.conversation]
    page = tab.take_back({tab.conversation: conversation}, request)
    assert (
        page[tab.conversation] == Conversation() and page[tab.input] == "Hello" and page[tab.result] is None
    )
    assert list(stream) == [], "the old answer says nothing more"
    assert tab.forget(request)[tab.view] == []


def test_stop_keeps_what_was_said_and_says_that_it_is_unfinished(tab, monkeypatch):
    monkeypatch.setattr(TokenProgress, "update_due", lambda self: True)
    request = visitor("zh")
    stream = tab.send(values(tab, Conversation(), "Hello", max_new_tokens=200), request)
    next(stream)
    next(stream)
    tab.stop(request)
    page = merged(stream)
    assert 1 <= len(page[tab.result].tokens) < 200 and not page[tab.result].ended
    assert "回答尚未结束" in page[tab.note]
    assert len(page[tab.conversation].messages) == 2


def test_what_the_model_did_not_read_is_said(tab):
    messages = [
        Message(role=("user", "assistant")[place % 2], content="a long message of many words " * 4)
        for place in range(21)
    ]
    page = merged(tab.answer_again(values(tab, Conversation(tuple(messages))), visitor()))
    assert "of 21 messages" in page[tab.note]


@pytest.mark.parametrize(("text", "changes", "sentence"), [
    ("", {}, "Write a message first"),
    ("x" * 20_001, {}, "20000"),
    ("hi", {"temperature": 9}, "2"),
    ("hi", {"model": "no/such"}, MODEL),
    ("hi", {"model": None}, "Models tab"),
    ("hi", {"adapter": "runs/none"}, "adapter"),
])  # fmt: skip
def test_bad_input_is_one_sentence_and_the_page_stays(tab, toasts, text, changes, sentence):
    updates = list(tab.send(values(tab, Conversation(), text, **changes), visitor()))
    assert len(toasts) == 1 and sentence.replace("20000", "20") in toasts[0].replace(",", "")
    assert all(tab.input not in update for update in updates if isinstance(update, dict)) or text


def test_a_request_restores_its_conversation_and_settings(tab):
    request = check(ChatRequest, {
        "model": MODEL, "messages": [{"role": "user", "content": "你好"}], "system": "简短", "seed": 9,
    })  # fmt: skip
    page = tab.show(request, "zh")
    assert page[tab.view] == [{"role": "user", "content": "你好"}]
    assert page[tab.fields["seed"]]["value"] == 9 and page[tab.fields["system"]]["value"] == "简短"
    assert set(page) <= set(tab.settable())
    again = say(tab, "", page[tab.conversation], seed=9, system="简短")
    assert again[tab.result].request == request.model_copy(update={"max_new_tokens": 8})


@pytest.mark.parametrize("suffix", [".md", ".json", ".txt"])
def test_the_saved_conversation_is_labelled_and_restores(tab, tmp_path, suffix):
    result = say(tab, "你好", seed=5)[tab.result]
    found = read(chat_tab.actions.write_chat(result, tmp_path, suffix))
    assert found.label.Label == "1" and found.recipe.task == "chat"
    assert check(ChatRequest, found.recipe.request) == result.request


def test_the_settings_a_model_is_made_for_come_with_it(settings, cache, words, llama):
    keep_card(settings, llama, MODEL, "transformer", "causal_lm", ("chat",), defaults={"temperature": 0.2})
    with gr.Blocks():
        tab = ChatTab(Context(settings, cache, words))
    page = tab.for_model(MODEL, "en")
    assert page[tab.fields["temperature"]]["value"] == 0.2


def test_without_a_model_the_page_says_what_to_do(settings, cache, words):
    with gr.Blocks():
        tab = ChatTab(Context(settings, cache, words))
    assert tab.fields["model"].value is None and tab.no_model.group.visible


def test_messages_of_the_browser_are_flattened():
    assert flat("a") == "a" and flat([{"type": "text", "text": "a"}, {"text": "b"}, "odd"]) == "ab"
    assert flat({"file": "x"}) == ""


def test_a_template_fills_message_and_system_prompt(tab):
    panel, request = tab.prompt_templates, visitor("zh")
    shown = panel.choose_template("customer-service", request)
    assert shown[panel.blanks[0]]["label"] == "公司" and shown[panel.blanks[0]]["visible"]
    given = {box: shown[box]["value"] for box in panel.blanks}
    prompt, system = panel.fill({panel.picker: "customer-service", **given}, request)
    assert "厨具店" in prompt and system.startswith("你礼貌")
    ids, html = panel.search("给客户道歉", request)
    assert ids[0] == "customer-service" and html.count("<button") == 3 and "字" in html
    assert (
        panel.pick_found(ids, SimpleNamespace(index=0), request)[panel.picker]["value"] == "customer-service"
    )
    assert panel.pick_found(ids, SimpleNamespace(index=7), request) == gr.skip()


def test_a_link_holds_a_short_conversation_only(tab):
    for text, linked in (("你好", True), ("长" * 3000, False)):
        asked = check(ChatRequest, {"model": MODEL, "messages": [{"role": "user", "content": text}]})
        assert ("?recipe=" in tab.code.show(asked, visitor())[tab.code.link]) == linked
