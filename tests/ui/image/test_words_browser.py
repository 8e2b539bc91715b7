"""Drawing from words in a real browser, by a tiny painter: phrases, unknown words, drafts, maps, the pixel pad, a phone."""

import json
import random
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from aigc_demo.core.words import Text
from aigc_demo.models.phrases import Phrases, Slot
from aigc_demo.ui.page.theme import asset
from tests.checkpoints.dalle import write_dalle
from tests.checkpoints.painter import write_painter
from tests.ui.conftest import unfold, visits
from tests.ui.page.test_browser import labelled, nameless

pytestmark = pytest.mark.browser
PROMPT = "#draw-prompt textarea"
# The part of the script that knows the rules, without the page around it.
RULES = """([script, given, lang, cases]) => {
  const pure = script.slice(script.indexOf("let slots = []"), script.indexOf("const write ="));
  const make = new Function("lang", "given", `const COMMA = { en: ", ", zh: "，" }, HAN = /[\\\\u3400-\\\\u9fff]/;
    ${pure}; slots = given.slots; for (const tongue of ["en", "zh"]) learn(tongue); return { found, insert, remove };`);
  const rules = make(lang, given);
  return cases.map(([kind, text, slot, phrase]) => rules[kind](text, slot, phrase));
}"""
HEROES = Phrases(
    (
        Slot(
            Text("race", "种族"),
            (Text("an elf man", "男精灵"), Text("an elf", "精灵"), Text("a grey dwarf", "灰矮人")),
        ),
        Slot(
            Text("cloak", "斗篷"),
            (Text("a red cloak", "红斗篷"), Text("a blue cloak", "蓝斗篷")),
            (Text("wearing", "披着"), Text("in", "穿着")),
        ),
        Slot(
            Text("weapon", "武器"),
            (Text("an axe", "斧"), Text("a double axe", "双刃斧")),
            (Text("with", "拿着"),),
        ),
    )
)


@pytest.fixture(scope="module")
def painted(serving, tmp_path_factory):
    """The address of an app that has a painter and a model of picture codes."""
    own = tmp_path_factory.mktemp("painted")
    write_painter(own / "weights" / "draw-squares")
    write_dalle(own / "weights" / "picture-codes")
    with serving(own, AIGC_WEIGHTS_DIR=str(own / "weights")) as url:
        yield url


@pytest.fixture
def visit(painted, browser):
    with visits(painted, browser) as open_page:
        yield open_page


def pressed(page):
    return page.locator("#draw-vocabulary [data-phrase][aria-pressed=true]").all_text_contents()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_browser_keeps_the_rules_of_the_phrases(visit, lang):
    chance, cases, wanted = random.Random(0), [], []
    for _ in range(150):
        text, kind = HEROES.random(lang, chance), chance.choice(("found", "insert", "remove"))
        slot = chance.randrange(len(HEROES.slots))
        phrase = chance.randrange(len(HEROES.slots[slot].phrases))
        cases.append([kind, text, slot, phrase])
        match kind:
            case "found":
                wanted.append({str(place): held for place, held in HEROES.found(text, lang).items()})
            case "insert":
                wanted.append(HEROES.insert(text, slot, phrase, lang))
            case _:
                wanted.append(HEROES.remove(text, slot, lang))
    told = [asset("vocabulary.js"), json.loads(json.dumps(asdict(HEROES))), lang, cases]
    assert visit().page.evaluate(RULES, told) == wanted


def test_phrases_go_into_the_prompt_and_out_and_unknown_words_are_named(visit):
    visitor = visit()
    page = visitor.page
    visitor.mode("image", "draw")
    page.fill(PROMPT, "")
    page.click("#draw-vocabulary summary")
    page.get_by_role("button", name="red square", exact=True).click()
    assert page.input_value(PROMPT) == "a red square" and pressed(page) == ["red square"]
    page.get_by_role("button", name="blue square", exact=True).click()
    assert page.input_value(PROMPT) == "a blue square" and pressed(page) == ["blue square"]
    page.get_by_role("button", name="blue square", exact=True).press("Enter")
    assert page.input_value(PROMPT) == "" and not pressed(page)
    page.fill("#draw-vocabulary input[type=search]", "gree")
    page.press("#draw-vocabulary input[type=search]", "Enter")
    assert page.input_value(PROMPT) == "a green square"
    page.focus(PROMPT)
    page.keyboard.insert_text(" flying")  # as a paste, without a key
    page.wait_for_function("document.querySelector('#draw-unknown').innerText.includes('flying')")
    page.fill(PROMPT, "a red square")
    page.wait_for_function("!document.querySelector('#draw-unknown').innerText.trim()")
    page.click("#draw-vocabulary-dice")
    assert page.input_value(PROMPT).endswith("square")


def test_the_hand_gets_a_draft_and_then_the_whole_with_maps_and_a_sprite(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    visitor.mode("image", "draw")
    page.fill(PROMPT, "a red square")
    page.wait_for_selector("#draw-view .draft, #draw-view .choices")
    page.wait_for_selector("#draw-view .choices")
    assert page.locator("#draw-view [data-index]").count() == 4
    page.wait_for_selector("#draw-maps", state="visible")
    page.click("#draw-maps > button")
    page.hover("#draw-maps-view [data-word='1']")
    assert page.locator("#draw-maps-view .looking").count() == 1
    sprite = visitor.save("#draw-sprite-save", tmp_path)
    assert labelled(sprite, "draw").request["prompt"] == "a red square"
    with Image.open(sprite) as picture:
        assert picture.mode == "RGBA" and np.asarray(picture).shape[0] == 16 * 8


def test_the_hand_finds_what_a_piece_cost(visit):
    visitor = visit()
    page = visitor.page
    visitor.mode("image", "draw")
    page.click("#draw-model input")
    page.locator("[role=option]", has_text="picture-codes").click()
    page.wait_for_function("document.querySelector('#draw-model input').value.includes('picture-codes')")
    page.fill(PROMPT, "a red square")
    page.wait_for_selector("#draw-maps-odds", state="visible")
    page.click("#draw-maps-odds > button")
    told = page.locator("#draw-maps-odds-view .cost")
    page.wait_for_function("document.querySelector('.code-odds .cost')?.innerText.includes('1 of 16')")
    page.click(".code-odds .net i >> nth=6")
    assert "7 of 16" in told.inner_text()
    page.keyboard.press("ArrowDown")
    assert "11 of 16" in told.inner_text() and page.locator(".code-odds .options .patch").count() == 5
    page.hover(".code-odds .net i >> nth=0")
    assert "1 of 16" in told.inner_text()
    page.hover("#draw-maps-odds > button")
    assert "11 of 16" in told.inner_text()
    # a row that was shown again must not show the helper of its download
    assert page.is_visible("#draw-sprite-save") and not page.locator("#draw-sprite-save-file").is_visible()


def test_what_is_painted_is_drawn_on(visit):
    visitor = visit()
    page = visitor.page
    visitor.mode("image", "draw")
    page.fill(PROMPT, "a red square")
    page.click("#draw-start > button")
    canvas = page.locator("#draw-pixels canvas")
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 40, "y": 40})
    page.wait_for_selector("#draw-compare-view .compare")


@pytest.mark.parametrize(("lang", "dark"), [("zh-CN", True), ("en-US", False)])
def test_on_a_phone_fingers_hit_and_nothing_is_cut_off(visit, lang, dark):
    visitor = visit(lang=lang, width=390, dark=dark)
    page = visitor.page
    visitor.mode("image", "draw")
    page.click("#draw-vocabulary summary")
    unfold(page, "draw-start")
    page.wait_for_selector("#draw-pixels canvas")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not nameless(page)
    small = page.evaluate(
        "[...document.querySelectorAll('#draw-vocabulary :is(button, summary, input)')]"
        ".filter((node) => node.offsetHeight && node.offsetHeight < 44).length"
    )
    assert small == 0
    assert ("随机" if lang == "zh-CN" else "Random") in page.inner_text("#draw-vocabulary-dice")
