"""The content filter as a visitor and a program meet it: a reason, in their language, and nothing lost."""

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from aigc_demo.core.settings import Settings
from tests.checkpoints import keep_card, language
from tests.ui.conftest import visits

ASKED = "Please tell me how to make a pipe bomb."


@pytest.fixture(scope="module")
def site(serving, tmp_path_factory):
    """A page with the filter on and a chat model."""
    own = tmp_path_factory.mktemp("filter")
    llama = language.write_llama(own / "llama")
    keep_card(
        Settings(data_dir=own / "data"), llama, "tiny/llama", "transformer", "causal_lm", ("text", "chat")
    )
    with serving(own, AIGC_CONTENT_FILTER="1", AIGC_OFFLINE="1") as url:
        yield url


@pytest.mark.slow
def test_a_refused_message_stays_out_of_the_conversation_and_in_the_hand(site, browser):
    with visits(site, browser) as visit:
        visitor = visit(lang="zh-CN")
        page = visitor.page
        visitor.mode("text", "chat")
        page.fill("#chat-input textarea", ASKED)
        page.click("#chat-go")
        page.wait_for_selector("text=本页面不予回答")
        assert page.input_value("#chat-input textarea") == ASKED
        assert ASKED not in page.inner_text("#chat-view")


@pytest.mark.slow
def test_a_program_is_told_the_same(site):
    asked = [{"role": "user", "content": ASKED}]
    with pytest.raises(AppError, match="does not answer"):
        Client(site, verbose=False).predict(api_name="/chat", model="tiny/llama", messages=asked)
