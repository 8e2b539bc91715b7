"""Chat, Translate and templates in a real browser, on the tiny pretrained models that the server offers."""

import json
import socket

import pytest

from aigc_demo import provenance
from tests.ui.conftest import type_number
from tests.ui.page.test_browser import drop

pytestmark = pytest.mark.browser
NOT_FETCHED = ("Content Security Policy", "foreign: http://127.0.0.1:")  # told of a picture not asked for
LEFT = ("AbortError", "Connection errored out")  # told by Gradio's client when a page is left in mid-stream


def begin(visitor, length=8):
    """Open Chat, with short answers."""
    page = visitor.page
    visitor.mode("text", "chat")
    page.click("#chat-more > button")
    type_number(page, "chat-max-new-tokens", length)
    return page


def say(page, text, messages):
    """Send a message by the Enter key and wait until it is answered: the conversation has so many messages then."""
    page.fill("#chat-input textarea", text)
    page.press("#chat-input textarea", "Enter")
    answered(page, messages)


def answered(page, messages):
    page.wait_for_function(
        "n => document.querySelectorAll('#chat-view .message-content').length === n"
        " && document.querySelector('#chat-note p') && !document.querySelector('#chat-status p')",
        arg=messages,
    )


def forgive(visitor, marks):
    """Take away the troubles that the test itself provoked."""
    visitor.troubles[:] = [told for told in visitor.troubles if not any(mark in told for mark in marks)]


def said(page):
    return [text.strip() for text in page.locator("#chat-view .message-content").all_inner_texts()]


def test_a_conversation_its_points_and_its_file(visit, tmp_path):
    visitor = visit()
    page = begin(visitor)
    say(page, "Hello", 2)
    say(page, "And then?", 4)
    assert "AI-generated" in page.inner_text("#chat-note")

    page.click("#chat-again")
    page.wait_for_function("document.querySelector('#chat-seed input').value === '43'")
    answered(page, 4)
    assert said(page)[2] == "And then?"

    saved = visitor.save("#chat-save-json", tmp_path)
    found = provenance.read(saved)
    assert found.label.Label == "1" and found.recipe.task == "chat"
    request = found.recipe.request
    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    assert request["seed"] == 43 and request["max_new_tokens"] == 8
    for kind in ("md", "txt"):
        path = visitor.save(f"#chat-save-{kind}", tmp_path)
        assert provenance.read(path).label.Label == "1" and "And then?" in path.read_text("utf-8")

    page.click("#chat-inside > button")
    page.locator("#chat-tokens [data-token]").first.click()
    page.wait_for_selector("#chat-odds .alternatives li.chosen")
    page.click("#chat-attention > button")
    page.wait_for_selector("#chat-attention-view figure img")

    page.locator("#chat-view button[aria-label=Edit]").first.click()
    page.fill("#chat-view textarea", "Good day")
    page.click("#chat-view button[aria-label=Submit]")
    answered(page, 2)
    assert said(page)[0] == "Good day"
    page.click("#chat-undo")
    page.wait_for_function("document.querySelector('#chat-input textarea').value === 'Good day'")
    assert said(page) == []

    drop(page, saved)
    page.wait_for_function("document.querySelectorAll('#chat-view .message-content').length === 3")
    page.click("#chat-go")
    answered(page, 4)
    again = visitor.save("#chat-save-json", tmp_path)
    assert json.loads(again.read_text("utf-8"))["text"] == json.loads(saved.read_text("utf-8"))["text"]


def test_stop_ends_an_answer_and_one_that_a_reload_cut_off_is_asked_for_again(visit):
    visitor = visit()
    page = begin(visitor, 220)
    page.fill("#chat-input textarea", "Hello")
    page.click("#chat-go")
    page.wait_for_selector("#chat-view [data-testid=bot]")
    page.click("#chat-stop")
    answered(page, 2)
    answers = "**/queue/data*"
    page.route(
        answers, lambda route: None
    )  # none reaches the page: it is left in the middle of one, however short
    page.click("#chat-again")
    page.wait_for_function("JSON.parse(sessionStorage['aigc.1.tab.chat']).asking")
    page.unroute(answers)
    page.reload()
    page.wait_for_selector("#chat-view [data-testid=bot]")
    answered(page, 2)
    assert said(page)[0] == "Hello"
    forgive(visitor, LEFT)


def test_a_template_in_chinese_on_a_dark_phone(visit):
    page = begin(visitor := visit(lang="zh-CN", width=390, dark=True))
    page.click("#chat-templates > button")
    page.fill("#chat-template-wish :is(input, textarea)", "给客户道歉")
    page.click("#chat-template-find")
    page.locator("#chat-template-found button", has_text="客服回复").click()
    page.fill("#chat-template-blank-0 :is(input, textarea)", "自行车店")
    page.click("#chat-template-use")
    page.wait_for_function("document.querySelector('#chat-input textarea').value.includes('自行车店')")
    assert page.input_value("#chat-system textarea").startswith("你礼貌")
    page.fill("#chat-system textarea", "简短")  # the tiny model reads 256 tokens
    say(page, "自行车店", 2)
    assert said(page)[0] == "自行车店"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for fold in ("inside", "attention", "lesson", "code"):
        page.click(f"#chat-{fold} > button")
    page.wait_for_selector("#chat-attention-view figure img")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert visitor.troubles == []


def test_a_picture_in_a_message_asks_no_other_host(visit):
    visitor = visit()
    page = begin(visitor)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(1)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
        say(page, f"![x]({address}) <img src='{address}'><script>document.title = 'owned'</script>", 2)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert "owned" not in page.title()
    forgive(visitor, NOT_FETCHED)


def test_translate_with_its_map_and_file(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    visitor.mode("text", "rewrite")
    page.click("#rewrite-more > button")
    type_number(page, "rewrite-max-new-tokens", 12)
    page.fill("#rewrite-text textarea", "Here is your poem.")
    page.click("#rewrite-go")
    page.wait_for_selector("#rewrite-note p")
    page.locator("#rewrite-tokens [data-token]").first.click()
    page.wait_for_selector("#rewrite-odds .alternatives")
    page.click("#rewrite-inside > button")
    page.locator("#rewrite-map .square").hover()
    page.wait_for_function(
        "/→ .+: 0\\.\\d\\d$/.test(document.querySelector('#rewrite-map output').textContent)"
    )
    box = page.locator("#rewrite-map .matrix").bounding_box()
    assert box["x"] + box["width"] <= 1280
    path = visitor.save("#rewrite-save-md", tmp_path)
    assert provenance.read(path).recipe.task == "rewrite"
    assert "> Here is your poem." in path.read_text("utf-8")
    page.click("#rewrite-code > button")
    page.wait_for_function("document.querySelector('#rewrite-code').innerText.includes('actions.rewrite(')")


def test_write_goes_on_from_an_opening_with_a_pretrained_model(visit):
    visitor = visit(width=390)
    page = visitor.page
    visitor.tab("text")
    visitor.choose_model("text", "tiny/llama")
    page.click("#text-templates > button")
    page.click("#text-template input")
    page.locator("[role=option]", has_text="Story").click()
    page.click("#text-template-use")
    page.wait_for_function("document.querySelector('#text-prompt textarea').value.includes('lighthouse')")
    page.click("#text-more > button")
    type_number(page, "text-max-new-tokens", 12)
    page.click("#text-go")
    page.wait_for_selector("#text-note p")
    page.click("#text-attention > button")
    page.wait_for_selector("#text-attention-view figure img")
    assert not page.is_visible("#text-form")
