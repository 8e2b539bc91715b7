"""Drawing from words, repainting and enlarging in a real browser, on a tiny Stable Diffusion and the shipped upscaler."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import type_number, unfold
from tests.ui.page.test_browser import drop, labelled, nameless

pytestmark = pytest.mark.browser

# Notes that stood under a preview; a machine that is busy may show one for too short a time to wait for it.
WATCH = """() => {
  window.previews = [];
  new MutationObserver(() => {
    if (document.querySelector('#draw-view .board img')) window.previews.push(document.querySelector('#draw-note').innerText);
  }).observe(document.querySelector('#draw-view'), { childList: true, subtree: true, attributes: true });
}"""


@pytest.fixture
def photo(tmp_path):
    """A red picture of the size that the tiny model draws."""
    Image.new("RGB", (32, 32), (200, 40, 30)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def open_on_pad(page, photo):
    """Give the pad a picture, as the button above it does."""
    page.click("#draw-start > button")
    page.locator("#draw-pad-open").locator("xpath=..").locator("input[type=file]").set_input_files(str(photo))
    page.wait_for_function("document.querySelector('#draw-pad canvas')?.width === 32")


def paint(page, *points):
    """One stroke over the pad, at shares of its width and height, and wait until the server has the mask."""
    canvas = page.locator("#draw-pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    with page.expect_response(lambda response: "queue/join" in response.url):
        page.mouse.up()


def set_more(page, **values):
    """Open the fold and type numbers into its fields."""
    unfold(page, "draw-more")
    for name, value in values.items():
        type_number(page, f"draw-{name.replace('_', '-')}", value)


def test_a_sentence_becomes_pictures_that_leave_labelled_and_come_back(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    visitor.mode("image", "draw")
    visitor.choose_model("draw", "tiny/sd")
    page.fill("#draw-prompt textarea", "a fox in the snow")
    unfold(page, "draw-more")
    type_number(page, "draw-count", 2)
    set_more(page, num_inference_steps=40)
    page.evaluate(WATCH)
    page.click("#draw-go")
    page.wait_for_selector("#draw-view .shown")
    assert any("of 80" in note for note in page.evaluate("window.previews"))
    page.locator("#draw-view [data-index='1']").click()
    page.wait_for_selector("#draw-view [data-index='1'][aria-pressed=true]")
    files = {kind: visitor.save(f"#draw-save-{kind}", tmp_path) for kind in ("png", "jpg", "webp")}
    seeds = {labelled(path, "draw").request["seed"] for path in files.values()}
    assert len(seeds) == 1 and 42 not in seeds
    with zipfile.ZipFile(visitor.save("#draw-save-zip", tmp_path)) as archive:
        assert len(archive.namelist()) == 2
    page.click("#draw-inside > button")
    slider = page.locator("#draw-film input[type=range]")
    slider.focus()
    last = page.inner_text("#draw-film output")
    page.keyboard.press("Home")
    assert page.inner_text("#draw-film output") != last
    page.click("#draw-to-upscale")
    page.wait_for_selector("#upscale-image img")
    page.click("#upscale-go")
    page.wait_for_selector("#upscale-view .compare")
    with Image.open(visitor.save("#upscale-save-png", tmp_path)) as large:
        assert large.size == (128, 128)
    other = visit(lang="zh-CN").page
    drop(other, files["png"])
    other.wait_for_function("document.querySelector('#draw-prompt textarea')?.value === 'a fox in the snow'")
    assert other.locator("#draw-go").is_visible()


def test_only_what_is_painted_over_is_drawn_anew(visit, tmp_path, photo):
    visitor = visit(lang="zh-CN")
    page = visitor.page
    visitor.mode("image", "draw")
    visitor.choose_model("draw", "tiny/sd")
    page.fill("#draw-prompt textarea", "a fox")
    set_more(page, num_inference_steps=4)
    open_on_pad(page, photo)
    paint(page, (0.15, 0.2), (0.4, 0.2), (0.4, 0.4))
    page.click("#draw-go")
    page.wait_for_selector("#draw-compare-view .compare")
    with Image.open(visitor.save("#draw-save-png", tmp_path)) as picture:
        pixels = np.asarray(picture).astype(int)
    changed = np.abs(pixels - (200, 40, 30)).sum(axis=2) > 0
    assert changed[4:10, 6:12].mean() > 0.5 and not changed[20:].any() and not changed[:, 22:].any()


def test_stop_ends_a_long_drawing_and_keeps_its_preview(visit):
    visitor = visit()
    page = visitor.page
    visitor.mode("image", "draw")
    visitor.choose_model("draw", "tiny/sd")
    page.fill("#draw-prompt textarea", "a fox")
    unfold(page, "draw-more")
    type_number(page, "draw-count", 16)
    set_more(page, num_inference_steps=500)
    page.click("#draw-go")
    page.wait_for_selector("#draw-view .growing")
    page.dispatch_event("#draw-stop", "click")  # a busy machine may leave no frame in which to aim at it
    page.wait_for_function("document.querySelector('#draw-note').innerText.includes('Stopped at step')")
    assert page.locator("#draw-view .growing").is_visible()


@pytest.mark.parametrize(("lang", "dark"), [("zh-CN", True), ("en-US", False)])
def test_on_a_phone_nothing_is_cut_off_and_everything_has_a_name(visit, photo, lang, dark):
    visitor = visit(lang=lang, width=390, dark=dark)
    page = visitor.page
    visitor.mode("image", "draw")
    visitor.choose_model("draw", "tiny/sd")
    open_on_pad(page, photo)
    for fold in ("#draw-more > button", "#draw-lesson > button", "#draw-code > button"):
        page.click(fold)
    page.wait_for_selector("#draw-lesson .katex")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not nameless(page)
    assert ("涂抹" if lang == "zh-CN" else "Paint") in page.inner_text("#draw-pad .tools")
