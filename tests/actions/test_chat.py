"""Conversations through the cache: tokens as they come, notes, adapters, files, the command line."""

import io
import json
import shlex
import threading
from urllib.parse import unquote

import pytest

from aigc_demo import actions, provenance
from aigc_demo.__main__ import main
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import never
from aigc_demo.schemas import ChatRequest, as_code, check
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_llama

MODEL = "test/llama-chat"


@pytest.fixture
def llama(settings, tmp_path):
    folder = write_llama(tmp_path / "llama")
    return keep_card(settings, folder, MODEL, "transformer", "causal_lm", ("text", "chat"))


def ask(*turns, **more):
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    return check(ChatRequest, {"model": MODEL, "messages": messages, "max_new_tokens": 20, **more})


def test_the_same_object_grows_by_every_token(cache, llama):
    lengths, results = [], set()
    for result in actions.chat(ask("你好", temperature=1.0), cache):
        lengths.append(len(result.tokens))
        results.add(id(result))
    assert len(results) == 1 and lengths[:3] == [1, 2, 3]
    assert result.text == "".join(token.text for token in result.tokens)
    assert result.ended == (len(result.tokens) < 20) and result.note is None


def test_stop_ends_within_a_token(cache, llama):
    seen = []
    for result in actions.chat(ask("Hello", max_new_tokens=200, seed=1), cache, lambda: len(seen) > 2):
        seen.append(len(result.tokens))
    assert seen[-1] <= 3 and not result.ended


def test_a_conversation_too_long_says_what_is_read(cache, llama):
    *_, result = actions.chat(ask("春眠不觉晓，" * 8, "处处闻啼鸟。" * 8, "Go on"), cache)
    assert "1 of 3" in result.note.en and "1" in result.note.zh


def test_an_unknown_adapter_is_a_sentence(cache, llama):
    with pytest.raises(InputError, match="no adapter"):
        next(actions.chat(ask("Hello", adapter="runs/none"), cache))


@pytest.mark.parametrize("suffix", [".md", ".json", ".txt"])
def test_a_conversation_is_a_labelled_file_that_can_be_made_again(cache, llama, tmp_path, suffix):
    request = ask("你好", "Hello!", "写一首诗", system="Be kind.")
    *_, result = actions.chat(request, cache)
    path = actions.write_chat(result, tmp_path, suffix)
    text = path.read_text("utf-8")
    assert "写一首诗" in text and "人工智能生成" in text
    recipe = provenance.read(path).recipe
    assert recipe.task == "chat" and check(ChatRequest, {"model": recipe.model, **recipe.request}) == request


def test_the_code_of_a_conversation(llama):
    request = ask("It's me", "Hi", "再说一遍", seed=3)
    words = shlex.split(as_code.command_line(request))
    assert json.loads(words[words.index("--messages") + 1])[2] == {"role": "user", "content": "再说一遍"}
    assert """'content': "It's me\"""" in as_code.python(request)
    task, values = as_code.read_link(unquote(as_code.link(request)[len("?recipe=") :]))
    assert task == "chat" and check(ChatRequest, values) == request


@pytest.fixture
def run(settings, llama, tmp_path, monkeypatch, capsys):
    for name in ("weights_dir", "runs_dir", "data_dir", "outputs_dir", "hub_dir"):
        monkeypatch.setenv(f"AIGC_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("AIGC_OFFLINE", "1")
    monkeypatch.setenv("AIGC_DEVICE", "cpu")

    def call(*words):
        status = main([*words, "--model", MODEL, "--max-new-tokens", "6", "--lang", "en"])
        return status, capsys.readouterr()

    return call


def test_one_question_and_a_whole_conversation_on_the_command_line(run, tmp_path):
    _, said = run("chat", "--prompt", "你好", "--json")
    [text] = json.loads(said.out)["texts"]
    messages = tmp_path / "talk.json"
    messages.write_text(json.dumps([{"role": "user", "content": "你好"}]), "utf-8")
    out = tmp_path / "talk.md"
    _, said = run("chat", "--messages", str(messages), "--json", "--out", str(out))
    assert json.loads(said.out) == {"texts": [text], "files": [str(out)]}
    assert run("chat", "--messages", "nothing.json")[0] == 2
    assert run("chat", "--json")[0] == 2


def test_a_conversation_in_the_terminal(run, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal("你好\nGo on\n\n"))
    status, said = run("chat")
    assert status == 0 and said.err.count("> ") == 3 and not said.out


def in_threads(count, work):
    """`work(i)` in as many threads at once; what they return, or the error that they end in."""
    found = [None] * count

    def call(place):
        try:
            found[place] = work(place)
        except Exception as error:
            found[place] = error

    threads = [threading.Thread(target=call, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return found


def last(request, cache, stop=never):
    *_, result = actions.chat(request, cache, stop)
    return result


def test_readers_at_once_get_what_each_would_get_alone(cache, llama):
    requests = [ask(f"Question {place}", seed=place, max_new_tokens=20 + place) for place in range(10)]
    alone = [last(request, cache).text for request in requests]
    together = in_threads(10, lambda place: last(requests[place], cache))
    assert [result.text for result in together] == alone


def test_one_reader_leaves_another_fails_the_rest_are_answered(cache, llama):
    def work(place):
        if place == 0:  # closes the page after the first token
            results = actions.chat(ask("Leaves", max_new_tokens=200), cache)
            next(results)
            results.close()
            return "left"
        if place == 1:
            return last(ask("春" * 400), cache)
        return last(ask("Stays", seed=place), cache).text

    left, failed, *stayed = in_threads(4, work)
    assert left == "left" and isinstance(failed, InputError)
    assert stayed == [last(ask("Stays", seed=place), cache).text for place in (2, 3)]


def test_memory_that_runs_out_is_tried_again_and_no_token_is_told_twice(cache, llama, monkeypatch):
    from aigc_demo.families.transformer.kv_batch import KVBatch

    wanted = [last(ask("Hello", seed=place), cache).text for place in range(3)]
    decode, calls = KVBatch.decode, []

    def scarce(self, tokens):
        calls.append(1)
        if len(calls) == 5:
            raise MemoryError
        return decode(self, tokens)

    monkeypatch.setattr(KVBatch, "decode", scarce)
    assert in_threads(3, lambda place: last(ask("Hello", seed=place), cache).text) == wanted


def test_a_reader_who_stops_in_the_line_is_let_go(cache, llama, card):
    with cache.use(card("gpt-poems")), pytest.raises(Stopped):
        last(ask("Hello"), cache, lambda: True)
    assert last(ask("Hello"), cache).tokens
