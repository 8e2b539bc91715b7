"""/chat and /rewrite as a program uses them, on tiny pretrained models."""

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from aigc_demo import provenance
from aigc_demo.ui import build_app
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_llama, write_marian
from tests.conftest import settings_in

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def client(debug_models, tmp_path_factory):
    own = tmp_path_factory.mktemp("api-text")
    settings = settings_in(own, debug_models)
    llama, marian = write_llama(own / "llama"), write_marian(own / "marian")
    keep_card(settings, llama, "tiny/llama", "transformer", "causal_lm", ("text", "chat"))
    keep_card(settings, marian, "tiny/marian", "seq2seq", "seq2seq", ("rewrite",))
    page, options = build_app(settings)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **options)
    yield Client(url, verbose=False, download_files=str(own / "downloads"))
    page.close()


def test_chat_answers_a_conversation_with_a_labelled_file(client):
    asked = {
        "model": "tiny/llama",
        "messages": [{"role": "user", "content": "你好"}],
        "max_new_tokens": 6,
        "seed": 7,
    }
    answer = client.predict(**asked, api_name="/chat")
    assert answer["text"] and set(answer) == {"text", "ended", "note", "file"}
    assert client.predict(**asked, api_name="/chat")["text"] == answer["text"]
    found = provenance.read(answer["file"])
    assert found.label.Label == "1" and found.recipe.request["messages"] == asked["messages"]
    with pytest.raises(AppError, match="user"):
        messages = [*asked["messages"], {"role": "assistant", "content": "嗯"}]
        client.predict(**{**asked, "messages": messages}, api_name="/chat")


def test_rewrite_translates_with_a_labelled_file(client):
    asked = {"model": "tiny/marian", "text": "Here is your poem.", "max_new_tokens": 6}
    answer = client.predict(**asked, api_name="/rewrite")
    assert answer["text"] and provenance.read(answer["file"]).recipe.task == "rewrite"
    with pytest.raises(AppError, match="tiny/marian"):
        client.predict(**{**asked, "model": "no/such"}, api_name="/rewrite")
