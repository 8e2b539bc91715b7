"""Nothing is lost: ten moments of work, each through a reload, another language, a second tab and a server started anew."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.serving import free_port, write_pretrained
from tests.ui.conftest import Visitor, press_anew, type_number
from tests.ui.text.test_chat_browser import answered, forgive, said, say
from tests.ui.train.test_train_browser import SENTENCES, bring, open_more, start, wait_for_value

pytestmark = pytest.mark.browser
# What Gradio's client tells of a stream that the page or the server has left.
LEFT = (
    "AbortError",
    "Connection errored out",
    "net::ERR_",
    "Failed to fetch",
    "BodyStreamBuffer",
    "network error",
)
PIXELS = "document.querySelector('#encode-pad canvas').toDataURL()"
PROMPT, NAME = "#text-prompt :is(textarea, input)", "#train-name :is(textarea, input)"


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A text to train on."""
    path = tmp_path_factory.mktemp("own") / "story.txt"
    path.write_text("".join(SENTENCES[i % 3] + f"This was day {i}.\n" for i in range(120)), "utf-8")
    return path


@dataclass(frozen=True)
class Moment:
    """`begin` gets a visitor there and gives what `found` is to see again."""

    begin: Callable[[Visitor, Any], Any]
    found: Callable[[Any, Any], None]


def shown(page, selector):
    page.wait_for_selector(selector, state="visible")


def number(page, field):
    return page.input_value(f"#{field} input[type=number]")


def wait_for_number(page, field, value):
    page.wait_for_function(
        "([field, value]) => document.querySelector(`#${field} input[type=number]`)?.value === value",
        arg=[field, value],
    )


SHEET, FILM = "#image-sheet .sheet", "#walk-stage .stage"
# The pixels alone: every result has a number of its own in its label.
PICTURES = r"""async (place) => {
  const sprite = document.querySelector(place)?.style.getPropertyValue('--sprite');
  if (!sprite) return null;
  const picture = new Image(), canvas = document.createElement('canvas');
  picture.src = sprite.match(/data:[^")]+/)[0];
  await picture.decode();
  Object.assign(canvas, { width: picture.width, height: picture.height }).getContext('2d').drawImage(picture, 0, 0);
  return canvas.toDataURL();
}"""


def wait_for_pictures(page, place, pictures, same="==="):
    """Until the pictures of a sheet or a film are these, or others."""
    page.wait_for_function(
        f"""async ([place, pictures]) => {{
          const now = await ({PICTURES})(place);
          return now && now {same} pictures;
        }}""",
        arg=[place, pictures],
    )


def look_around(visitor, story):
    visitor.tab("walk")


def still_there(page, _):
    shown(page, "#walk-go")
    assert page.evaluate("location.hash") == "#walk"


def type_a_prompt(visitor, story):
    visitor.tab("text")
    visitor.page.fill(PROMPT, "Half a thou")


def still_typed(page, _):
    wait_for_value(page, PROMPT, "Half a thou")


def write(visitor, story):
    page = visitor.page
    visitor.tab("text")
    visitor.choose_model("text", "gpt-austen")
    page.click("#text-more > button")
    type_number(page, "text-max-new-tokens", 300)
    page.fill(PROMPT, "It is a truth")
    page.click("#text-go")
    page.wait_for_function("document.querySelector('#text-view .texts')?.innerText.length > 30")


def written(page, _):
    shown(page, "#text-view [data-token]")
    wait_for_value(page, PROMPT, "It is a truth")
    assert "gpt-austen" in page.input_value("#text-model input")


def draw(visitor, story):
    page = visitor.page
    visitor.mode("image", "reconstruct")
    page.click("#encode-pad-clear")
    pad = page.locator("#encode-pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 220, steps=5)
    page.mouse.up()
    page.wait_for_function("Object.keys(localStorage).some((name) => name.includes('drawing.encode-pad'))")
    return page.evaluate(PIXELS)


def drawn(page, pixels):
    page.wait_for_function(
        f"pixels => document.querySelector('#encode-pad canvas') && ({PIXELS}) === pixels", arg=pixels
    )
    shown(page, "#encode-view img")


def walk(visitor, story):
    page = visitor.page
    visitor.tab("walk")
    page.click("#walk-more > button")
    type_number(page, "walk-frames", 12)
    type_number(page, "walk-from-seed", 5)
    page.wait_for_selector("#walk-stage .stage:has-text('seed 5')")  # the hand's own film is there
    press_anew(page, "#walk-go", "#walk-stage .stage")
    return page.evaluate(PICTURES, FILM)


def walked(page, pictures):
    wait_for_pictures(page, FILM, pictures)
    wait_for_number(page, "walk-from-seed", "5")


def train(visitor, story):
    page = visitor.page
    visitor.tab("train")
    bring(page, story, "kept-story")
    open_more(page)
    wait_for_value(page, NAME, "gpt-kept-story")  # what suits the data is filled in
    start(page, "kept-run", 9999, save_every=1)


def trained(page, _):
    shown(page, "#train-head .job:has-text('kept-run')")
    page.wait_for_function("document.querySelector('#train-data input').value.includes('kept-story')")


def chat(visitor, story):
    page = visitor.page
    visitor.mode("text", "chat")
    page.click("#chat-more > button")
    type_number(page, "chat-max-new-tokens", 8)
    say(page, "Hello", 2)
    type_number(page, "chat-max-new-tokens", 200)
    page.fill("#chat-input textarea", "And then?")
    page.press("#chat-input textarea", "Enter")
    page.wait_for_function("document.querySelectorAll('#chat-view .message-content').length >= 3")
    return said(page)[:3]


def chatted(page, messages):
    answered(page, 4)
    assert said(page)[:3] == messages
    assert page.input_value("#chat-input textarea") == ""


def choose_settings(visitor, story):
    page = visitor.page
    visitor.tab("image")
    visitor.choose_model("image", "gan-fashion")
    page.locator("#image-label label", has_text="Dress").click()  # a class of the model before would go
    page.focus("#image-model input")
    page.keyboard.press("Tab")  # past it, as the keyboard goes through the page
    page.click("#image-more > button")
    type_number(page, "image-count", 8)


def chosen(page, _):
    page.click("#image-more > button")
    wait_for_number(page, "image-count", "8")
    assert "gan-fashion" in page.input_value("#image-model input")
    page.wait_for_function("document.querySelectorAll('#image-label input')[3]?.checked")


def draw_seed(page, seed):
    type_number(page, "image-seed", seed)
    page.click("#image-go")
    page.wait_for_function(
        "seed => document.querySelector('#history .about')?.textContent.includes(seed)", arg=seed
    )
    return page.evaluate(PICTURES, SHEET)


def show_four(visitor):
    visitor.tab("image")
    visitor.page.click("#image-more > button")
    type_number(visitor.page, "image-count", 4)


def make_pictures(visitor, story):
    show_four(visitor)
    pictures = draw_seed(visitor.page, "77")
    type_number(visitor.page, "image-seed", 88)  # which nobody asked for yet
    return pictures


def made(page, pictures):
    wait_for_pictures(page, SHEET, pictures)
    page.click("#image-more > button")
    wait_for_number(page, "image-seed", "88")


def make_history(visitor, story):
    show_four(visitor)
    first = draw_seed(visitor.page, "5")
    draw_seed(visitor.page, "6")
    return first


def remembered(page, pictures):
    shown(page, "#image-sheet .picture")
    page.click("#history [data-index='1']")
    wait_for_pictures(page, SHEET, pictures)
    page.wait_for_function("document.querySelector('#history .about').textContent.includes('5')")
    page.click("#history [data-index='1']")  # the first one heads it now
    wait_for_pictures(page, SHEET, pictures, "!==")


MOMENTS = {
    "idle": Moment(look_around, still_there),
    "typing": Moment(type_a_prompt, still_typed),
    "writing": Moment(write, written),
    "drawing": Moment(draw, drawn),
    "walking": Moment(walk, walked),
    "training": Moment(train, trained),
    "chatting": Moment(chat, chatted),
    "choosing settings": Moment(choose_settings, chosen),
    "after a result": Moment(make_pictures, made),
    "with history": Moment(make_history, remembered),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_a_reload_another_language_and_a_second_tab_lose_nothing(visit, server, name, story):
    moment, visitor = MOMENTS[name], visit()
    page = visitor.page
    kept = moment.begin(visitor, story)
    page.reload()
    moment.found(page, kept)
    page.click("#header a[data-lang=zh]")
    page.wait_for_function("document.documentElement.lang === 'zh-CN'")
    moment.found(page, kept)
    second = page.context.new_page()
    second.goto(server)
    moment.found(second, kept)
    if name == "training":
        page.click("#train-stop")
    forgive(visitor, LEFT)


@pytest.fixture(scope="module")
def survivors(serving, tmp_path_factory, browser, story):
    """Visitors at each moment whose server was started anew under their open pages, and what they are to see again."""
    own, port = tmp_path_factory.mktemp("restarted"), str(free_port())
    write_pretrained(own / "pretrained", own / "data")
    with browser.stay() as open_page, ExitStack() as first, ExitStack() as second:
        url = first.enter_context(serving(own, GRADIO_SERVER_PORT=port, AIGC_OFFLINE="1"))
        visitors = {name: Visitor(open_page("en-US")).open(url) for name in MOMENTS}
        kept = {name: moment.begin(visitors[name], story) for name, moment in MOMENTS.items()}
        first.close()
        second.enter_context(serving(own, GRADIO_SERVER_PORT=port, AIGC_OFFLINE="1"))
        yield {name: (visitors[name].page, kept[name]) for name in MOMENTS}


@pytest.mark.parametrize("name", MOMENTS)
def test_a_server_started_anew_under_the_open_page_loses_nothing(survivors, name):
    page, kept = survivors[name]
    page.bring_to_front()
    with suppress(Error):  # it looks by itself, too, and may be loading again already
        page.evaluate("dispatchEvent(new Event('focus'))")  # as when one comes back to it
    page.wait_for_function(
        "async () => (await (await fetch('gradio_api/app_id')).json()).app_id === window.gradio_config.app_id"
    )
    MOMENTS[name].found(page, kept)
    if name == "chatting":  # the page stands still now: the conversation goes on from what it shows
        say(page, "Once more", 6)
        assert said(page)[:3] == kept and said(page)[4] == "Once more"
    if name == "training" and page.locator("#train-stop").is_visible():
        page.click("#train-stop")


@pytest.mark.parametrize(("width", "height"), [(1366, 650), (390, 844)])
def test_a_link_shows_its_result_in_view(visit, width, height):
    visitor = visit(query="#verify", first=True)
    page = visitor.page
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("""() => document.body.insertAdjacentHTML('beforeend',
      `<a id="exhibit" style="position: fixed; top: 0; z-index: 9" data-arrive
        href='?recipe={"task":"walk","model":"gan-digits","frames":12,"from_seed":3}'>take over</a>`)""")
    page.click("#exhibit")
    shown(page, "#walk-stage input[type=range]")
    wait_for_number(page, "walk-from-seed", "3")
    page.wait_for_function("""() => {
      const { top, bottom } = document.querySelector('#walk-stage .trio').getBoundingClientRect();
      return top > -40 && top < innerHeight * 0.7;
    }""")
    page.goto(page.url.split("#")[0] + '?recipe={"task":"image","model":"gan-fashion","count":8,"seed":99}')
    shown(page, "#image-sheet .picture")
    assert page.evaluate("location.hash") == "#image"
    page.click("#image-more > button")
    wait_for_number(page, "image-seed", "99")
    visitor.tab("verify")
    page.reload()  # the link has arrived once; the reload finds the page as it was left
    shown(page, "#verify-go")
    page.click("#own-delete")
    with page.expect_navigation():
        page.click("#own-really")
    page.wait_for_selector("#device b")
    assert (
        page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('aigc.1.tab')).length") == 0
    )
    assert not page.locator("#history [data-index]").count()
    forgive(visitor, LEFT)
