"""Language models on a server: the real `transformers serve`, and servers that fail in every way they can."""

import os
import socket
import threading
import time

import pytest

from aigc_demo.actions import write_text
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import never
from aigc_demo.families import remote
from aigc_demo.families.remote import wire
from aigc_demo.families.remote.directory import Directory, text_card
from aigc_demo.families.remote.text import ServedLanguageModel, completion_tokens
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import TextRequest
from tests.families.remote.servers import MODEL, free_port, scripted, transformers_serve

ASKED = {
    "max_new_tokens": 8,
    "temperature": 0.0,
    "top_k": 0,
    "top_p": 1.0,
    "repetition_penalty": 1.0,
    "seed": 3,
}
HELLO = [{"role": "user", "content": "你好"}]


def model(url):
    """The model of a server."""
    return ServedLanguageModel(text_card(url, MODEL))


def chat(url, stop=never):
    """The whole answer to one question."""
    return list(model(url).chat(HELLO, "Be brief.", stop=stop, **ASKED))


@pytest.fixture(autouse=True)
def online(monkeypatch):
    """The tests are offline otherwise."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.fixture
def quick(monkeypatch):
    """Tries that follow each other at once."""
    monkeypatch.setattr(wire, "PAUSES", (0.0, 0.0))


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """`transformers serve` with a tiny Llama."""
    with transformers_serve(tmp_path_factory.mktemp("serve")) as url:
        yield url


@pytest.mark.slow
def test_transformers_serve_chats(serve):
    speaker = model(serve)
    tokens = list(speaker.chat(HELLO, "Be brief.", stop=never, **ASKED))
    assert tokens and all(
        token.probability is None for token in tokens
    )  # it sends no odds, and we invent none
    assert "top-k" in speaker.note.en
    again = list(model(serve).chat(HELLO, "Be brief.", stop=never, **ASKED))
    assert [token.text for token in again] == [token.text for token in tokens]


@pytest.mark.slow
def test_transformers_serve_completes_through_the_app_as_any_model_does(serve, tmp_path):
    settings = Settings(text_server=serve, data_dir=tmp_path, runs_dir=tmp_path, weights_dir=tmp_path)
    card = registry.find_card(f"server/{MODEL}", settings, "text")
    assert "server" not in card.model_dump() and serve not in repr(card)
    asked = TextRequest(model=card.id, prompt="The bank", count=2, max_new_tokens=5, temperature=0)
    cache = ModelCache(settings)
    cache._lock.acquire(never)  # a server's model does not wait for whoever computes on this machine
    *_, result = write_text(asked, cache)
    assert [bool(sample.text) for sample in result.samples] == [True, True]
    assert cache.loaded() == {}


@pytest.mark.slow
def test_transformers_serve_has_no_such_model(serve):
    with pytest.raises(InputError):
        list(ServedLanguageModel(text_card(serve, "tests/absent")).chat(HELLO, stop=never, **ASKED))


def odds(handler, body):
    """A server as vLLM is: two tokens with their odds."""
    tops = [{"token": "Hel", "logprob": -0.1}, {"token": "Hi", "logprob": -2.3}]
    content = [
        {"token": "Hel", "logprob": -0.1, "top_logprobs": tops},
        {"token": "lo", "logprob": 0.0, "top_logprobs": []},
    ]
    handler.begin_stream()
    handler.event("Hello", logprobs={"content": content})
    handler.event("", "stop")
    handler.wfile.write(b"data: [DONE]\n\n")


def test_odds_come_through_where_the_server_sends_them():
    with scripted(odds) as server:
        tokens = chat(server.url)
    assert [token.text for token in tokens] == ["Hel", "lo"]
    assert tokens[0].probability == pytest.approx(0.905, abs=1e-3)
    assert tokens[0].alternatives[1] == ("Hi", pytest.approx(0.1003, abs=1e-3))
    assert tokens[1].probability == 1.0
    [(path, _, body)] = server.asked
    assert path == "/v1/chat/completions"
    assert (body["model"], body["logprobs"], body["top_k"]) == (MODEL, True, -1)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}


def test_odds_of_a_completion():
    logprobs = {
        "tokens": ["a", "b"],
        "token_logprobs": [0.0, -1.0],
        "top_logprobs": [{"a": 0.0}, {"c": -0.5}],
    }
    first, second = completion_tokens("ab", logprobs)
    assert (first.text, first.probability, second.alternatives[0][0]) == ("a", 1.0, "c")
    [whole] = completion_tokens("好", {"tokens": ["\ufffd", "\ufffd"], "token_logprobs": [-1.0, -1.0]})
    assert whole.text == "好" and whole.probability == pytest.approx(0.1353, abs=1e-3)


def test_the_hubs_token_stays_here(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with scripted(odds) as server:
        chat(server.url)
        Directory(server.url, "chat").refresh()
        monkeypatch.setenv("AIGC_SERVER_KEY", "mine")
        chat(server.url)
    sent = [headers.get("Authorization") or headers.get("authorization") for _, headers, _ in server.asked]
    assert sent == ["Bearer none", "Bearer none", "Bearer mine"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "AIGC_SERVER_KEY"), (404, "no such model"), (418, "refuses"), (500, "failed"), (503, "busy")],
)
def test_a_refusal_is_one_sentence(status, words, quick):
    def refuse(handler, body):
        handler.reply(status, {"error": {"message": "secret <path>"}})

    with scripted(refuse) as server, pytest.raises(InputError, match=words) as caught:
        chat(server.url)
    assert caught.value.text.zh and server.url not in caught.value.text.en
    assert len(server.asked) == (3 if status == 503 else 1)  # only what may pass is tried again


def test_a_server_that_was_busy_is_asked_again(quick):
    def busy_once(handler, body):
        if len(handler.server.asked) == 1:
            handler.reply(503, {})
        else:
            odds(handler, body)

    with scripted(busy_once) as server:
        assert len(chat(server.url)) == 2


def test_a_plainer_server_is_asked_in_plainer_words():
    def plain(handler, body):
        if "top_k" in body:
            handler.reply(422, {"detail": "Unexpected fields"})
        else:
            handler.begin_stream()
            handler.event("yes", "stop")

    with scripted(plain) as server:
        speaker = model(server.url)
        assert [token.text for token in speaker.chat(HELLO, stop=never, **ASKED)] == ["yes"]
    assert speaker.note and "logprobs" not in server.asked[1][2]


def test_a_connection_that_drops_keeps_what_came():
    def drop(handler, body):
        handler.begin_stream()
        handler.event("half an ans")

    came = []
    with scripted(drop) as server, pytest.raises(InputError, match="broke off, and the answer ends here"):
        for token in model(server.url).chat(HELLO, stop=never, **ASKED):
            came.append(token.text)
    assert came == ["half an ans"]


def test_a_failure_inside_the_stream_is_a_sentence():
    def fail(handler, body):
        handler.begin_stream()
        handler.wfile.write(b'data: {"error": {"message": "CUDA error", "code": 500}}\n\n')

    with scripted(fail) as server, pytest.raises(InputError, match="failed"):
        chat(server.url)


def test_nobody_there(quick):
    with pytest.raises(InputError, match="does not answer"):
        chat(f"http://127.0.0.1:{free_port()}/v1")


def test_a_silent_server_is_given_up(monkeypatch):
    monkeypatch.setattr(wire, "SILENCE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(InputError, match="too long"):
        chat(f"http://127.0.0.1:{silent.getsockname()[1]}/v1")


def test_an_answer_in_another_form():
    def web_page(handler, body):
        handler.send(200, b"data: <html>", "text/html")

    with scripted(web_page) as server, pytest.raises(InputError, match="OpenAI-compatible"):
        chat(server.url)


def test_stop_is_heard_while_the_server_is_silent():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        assert chat(url, stop=lambda: time.monotonic() - began > 0.2) == []
        assert time.monotonic() - began < 2


def test_stop_closes_the_stream():
    hung_up = threading.Event()

    def drip(handler, body):
        handler.begin_stream()
        try:
            for i in range(1000):
                handler.event(f"{i} ")
                hung_up.wait(0.02)
        except OSError:
            hung_up.set()

    came = []
    with scripted(drip) as server:
        for token in model(server.url).chat(HELLO, stop=lambda: len(came) >= 3, **ASKED):
            came.append(token)
        assert hung_up.wait(2)
    assert len(came) == 3


def test_the_directory_remembers_and_tells_of_a_server_that_is_down():
    with scripted() as server:
        there = Directory(server.url, "chat")
        assert [card.id for card in there.standing().cards] == [f"server/{MODEL}"]
        there.standing()
        assert len(server.asked) == 1  # fresh enough
    there.url = f"http://127.0.0.1:{free_port()}/v1"
    there.refresh()
    standing = there.standing()
    assert not standing.answers and standing.cards and "does not answer" in standing.trouble.text.en


def test_no_server_is_asked_while_offline():
    assert remote.standings(Settings(text_server="http://127.0.0.1:9/v1", offline=True)) == []
    assert remote.standings(Settings()) == []


@pytest.mark.parametrize("answer", [b"[]", b'{"data": 3}', b"<html>"])
def test_a_list_in_another_form_is_no_model(answer):
    with scripted(listed=answer) as server:
        there = Directory(server.url, "chat")
        there.refresh()
    assert there.standing().cards == () and "OpenAI-compatible" in there.standing().trouble.text.en


def test_the_address_comes_from_the_settings_alone():
    assert "server" not in TextRequest.model_fields
    assert os.environ.get("AIGC_TEXT_SERVER") is None
