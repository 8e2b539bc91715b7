"""The Start tab in a real browser, on the shipped models: it moves by itself, follows the hand, and goes on in the tabs."""

import base64
import json

import numpy as np
import pytest

from aigc_demo.actions import reconstruct
from aigc_demo.core.settings import Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.ui.opening.draw import Draw
from aigc_demo.ui.opening.write import Write

pytestmark = pytest.mark.browser
# What of an exhibit changes while it moves.
STATE = {
    "write": "document.querySelectorAll('#exhibit-write .token:not(.unwritten)').length",
    "draw": "document.querySelector('#exhibit-draw canvas').toDataURL() + "
    "document.querySelector('#exhibit-draw .pixels').style.backgroundPosition",
    "enlarge": "document.querySelector('#exhibit-enlarge .compare').style.getPropertyValue('--uncovered')",
    "walk": "document.querySelector('#exhibit-walk .now .pixels').style.backgroundPosition",
}
ARRIVED = {
    "write": "#text-view [data-token]",
    "draw": "#encode-view img",
    "enlarge": "#upscale-view img",
    "walk": "#walk-stage input[type=range]",
}


@pytest.fixture
def halted(server, browser):
    """Opens the page in a browser that gets no script of Gradio's until `go` is called: `page, go = halted(lang, query)`."""
    with browser.stay() as open_page:

        def open_as(lang, query="", motion="no-preference", width=1280):
            page, waiting = open_page(lang), []
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(reduced_motion=motion)
            page.route("**/assets/index-*.js", lambda route: waiting.append(route))  # noqa: PLW0108
            page.goto(server + query, wait_until="commit")
            page.wait_for_selector("gradio-app", state="attached")
            return page, lambda: [route.continue_() for route in waiting]

        yield open_as


@pytest.mark.parametrize(("lang", "width"), [("zh-CN", 390), ("en-US", 1366)])
def test_everything_moves_by_itself_without_a_model(halted, lang, width):
    page, go = halted(lang, width=width)
    asked = []
    page.on(
        "request", lambda request: asked.append(request) if "drawing" in (request.post_data or "") else None
    )
    go()
    page.wait_for_selector(
        "#exhibit-write .play"
    )  # it may have come to its end before the page was put together
    for name, state in list(STATE.items())[1:]:
        page.locator(f"#exhibit-{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#exhibit-{name}[data-moving]")
        before = page.evaluate(state)
        page.wait_for_function(f"before => ({state}) !== before", arg=before)
    assert not asked
    words = json.loads((Write().folder / f"{lang[:2]}.json").read_text("utf-8"))
    whole = "() => !document.querySelector('#exhibit-write .unwritten')"
    page.locator("#exhibit-write").scroll_into_view_if_needed()
    page.wait_for_function(whole)
    shown = page.locator("#exhibit-write .body").evaluate("body => body.textContent")
    assert shown == words["text"]
    page.wait_for_selector("#exhibit-write:not([data-moving])")  # it rests, and plays again when asked
    page.click("#exhibit-write .play")
    page.wait_for_selector("#exhibit-write[data-moving] .unwritten", state="attached")


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_the_text_writes_itself_before_the_page_s_scripts_are_there(halted, lang):
    page, go = halted(lang)
    words = json.loads((Write().folder / f"{lang[:2]}.json").read_text("utf-8"))
    seen = "[...document.querySelectorAll('#first-sight .token')].filter(e => getComputedStyle(e).opacity === '1').length"
    assert page.locator("#first-sight[data-moving] .body").evaluate("e => e.textContent") == words["text"]
    page.wait_for_function(f"{seen} >= 2 && {seen} < {len(words['tokens'])}")
    before = page.evaluate(seen)
    page.wait_for_function(f"{seen} > {before}")
    box = page.locator("#first-sight .writing").bounding_box()
    go()
    page.wait_for_selector("#first-sight", state="detached")
    assert page.evaluate(STATE["write"]) >= before  # it goes on where it was
    assert page.locator("#exhibit-write .writing").bounding_box() == pytest.approx(box, abs=6)


def test_the_first_sight_is_for_those_who_come_to_the_start(halted):
    for query in ("#image", '?recipe={"task":"image"}'):
        page, _ = halted("en-US", query)
        assert not page.locator("#first-sight").count()
    page, _ = halted("en-US", motion="reduce")
    assert page.locator("#first-sight .token").last.evaluate("e => getComputedStyle(e).opacity") == "1"
    assert not page.locator("#first-sight[data-moving]").count()


def test_who_wants_less_motion_sees_all_of_it_at_rest(visit):
    page = visit(lang="en-US", tab="start", calm=True).page
    page.wait_for_selector("#exhibit-write .token")
    page.wait_for_selector("#exhibit-draw .play")
    assert not page.locator("[data-moving], .unwritten").count()
    assert page.locator("#exhibit-draw canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 280, 280).data].some((value) => value === 0)"
    )
    page.click("#exhibit-walk .play")
    page.wait_for_selector("#exhibit-walk[data-moving]")


def test_the_picture_follows_the_stroke_and_ends_with_the_newest(visit, tmp_path):
    page = visit(lang="zh-CN", tab="start").page
    canvas = page.locator("#exhibit-draw canvas")
    box = canvas.bounding_box()
    at = [box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"]]
    sprite = "document.querySelector('#exhibit-draw .pixels').style.getPropertyValue('--sprite')"
    page.mouse.move(*at)
    page.mouse.down()
    seen = set()
    for _ in range(3):  # the hand is still down when the answers come
        at[1] += 0.2 * box["height"]
        page.mouse.move(*at, steps=5)
        page.wait_for_function(
            f"seen => ({sprite}).includes('data:') && !seen.includes({sprite})", arg=list(seen)
        )
        seen.add(page.evaluate(sprite))
    page.mouse.up()
    drawing = page.evaluate("document.querySelector('#exhibit-draw canvas').toDataURL()")
    wanted = reconstructed(drawing, tmp_path / "drawing.png")
    page.wait_for_function(
        """async wanted => {
          const address = document.querySelector('#exhibit-draw .pixels').style.getPropertyValue('--sprite');
          const image = new Image();
          image.src = address.slice(5, -2);
          await image.decode();
          const paper = new OffscreenCanvas(28, 28).getContext('2d');
          paper.drawImage(image, 0, 0);
          const levels = paper.getImageData(0, 0, 28, 28).data.filter((_, place) => place % 4 === 0);
          return levels.every((level, place) => Math.abs(level - wanted[place]) <= 2);
        }""",
        arg=wanted,
    )
    assert not page.locator("#exhibit-draw[data-moving]").count()
    page.click("#exhibit-draw .wipe")
    assert page.evaluate(sprite) == "none"


def reconstructed(address, path):
    """The levels of what the model makes of a drawing, row by row."""
    path.write_bytes(base64.b64decode(address.partition(",")[2]))
    asked = Draw.asked["zh"].model_copy(update={"image": str(path)})
    result = reconstruct(asked, ModelCache(Settings(device="cpu", offline=True)))
    return result.reconstruction.ravel().tolist()


@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_each_button_arrives_in_its_tab_with_the_result(visit, lang):
    visitor = visit(lang=lang, tab="start")
    page = visitor.page
    for name, place in ARRIVED.items():
        page.click("#tab-start-button:visible")
        page.click(f"#start-{name}")
        page.wait_for_selector(place)
        page.wait_for_function(
            "view => { const box = document.querySelector(view).getBoundingClientRect(); return box.top < innerHeight && box.bottom > 0; }",
            arg=place,
        )
        if name == "write":  # the same request, so the same text
            words = json.loads((Write().folder / f"{lang[:2]}.json").read_text("utf-8"))["tokens"]
            tokens = page.locator("#text-view [data-token]").all_text_contents()
            assert "".join(tokens) == "".join(token["text"] for token in words)


def test_own_drawing_goes_on_in_the_image_tab(visit):
    page = visit(lang="en-US", tab="start").page
    box = page.locator("#exhibit-draw canvas").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 30, box["y"] + 0.5 * box["height"], steps=6)
    page.mouse.up()
    page.wait_for_function(
        "document.querySelector('#exhibit-draw .pixels').style.getPropertyValue('--sprite').includes('data:')"
    )
    page.click("#start-draw")
    page.wait_for_selector(ARRIVED["draw"])
    drawn = page.locator("#encode-pad canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 140, 280, 1).data]"
    )
    assert np.array(drawn)[::4].min() == 0 and np.array(drawn)[:8].min() == 255
