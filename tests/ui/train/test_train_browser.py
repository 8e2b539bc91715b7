"""The Fine-tune tab in a real browser: from files to a trained model that the other tabs use, without a restart."""

import pytest

from tests.serving import write_photos
from tests.ui.conftest import settle, type_number, unfold
from tests.ui.page.test_browser import nameless

pytestmark = pytest.mark.browser
SENTENCES = (
    "The river runs down to the sea, and the sea gives its water back to the clouds. ",
    "A small boat lay by the stone bridge, and an old man mended his net in the sun. ",
    "When the wind turned, the children ran home over the fields with their kites. ",
)


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Forty pictures and a stray file, in a zip."""
    path = tmp_path_factory.mktemp("own") / "photos.zip"
    write_photos(path)
    return path


@pytest.fixture(scope="session")
def story(tmp_path_factory):
    """A text file of some thousand characters."""
    path = tmp_path_factory.mktemp("own") / "story.txt"
    path.write_text("".join(SENTENCES[i % 3] + f"This was day {i}.\n" for i in range(120)), "utf-8")
    return path


def bring(page, path, name, side=None):
    """Import a file as a data set of one's own, which is then chosen and shown."""
    page.click("#train-bring > button")
    page.set_input_files("#train-files input[type=file]", str(path))
    wait_for_value(page, "#data-name :is(input, textarea)", path.stem)
    page.fill("#data-name :is(input, textarea)", name)
    page.locator("#data-consent input").check()
    if side:
        page.click("#train-import-more > button")
        type_number(page, "data-side", side)
        page.locator("#data-drop-duplicates input").uncheck()  # two stretches of sky are nearly the same
    page.click("#train-import")


def open_more(page):
    """Unfold what has a good value already."""
    if not page.locator("#train-name").is_visible():
        page.click("#train-more > button")
    page.wait_for_selector("#train-name :is(input, textarea)")
    settle(page)


def start(page, name, steps, **fields):
    """Fill in a name and the number of steps, and press Train."""
    open_more(page)
    for field, value in {"steps": steps, **fields}.items():
        type_number(page, f"train-{field.replace('_', '-')}", value)
    page.fill("#train-name :is(input, textarea)", name)
    page.click("#train-go")
    page.wait_for_selector(f"#train-head .job:has-text('{name}')")


def wait_for_state(page, state):
    """Until the view says so, on its own."""
    page.wait_for_selector(f"#train-head .job.{state}", timeout=240_000)


def wait_for_value(page, field, beginning):
    """Until a text field's value begins so."""
    page.wait_for_function(
        "([field, beginning]) => document.querySelector(field)?.value.startsWith(beginning)",
        arg=[field, beginning],
    )


def move_the_film(page):
    """Back to the first samples, then the start uncovered."""
    time, cover = page.locator("#train-film input[type=range]").all()
    last = page.get_attribute("#train-film img.now", "src")
    time.focus()
    page.keyboard.press("Home")
    assert page.get_attribute("#train-film img.now", "src") != last
    assert time.get_attribute("aria-valuetext") == "step 0"
    cover.focus()
    page.keyboard.press("End")
    page.click("#train-film .play")
    page.wait_for_function(  # from the start to the end, on its own
        "document.querySelector('#train-film input').value === document.querySelector('#train-film input').max"
    )
    assert page.evaluate("document.querySelector('.film').style.getPropertyValue('--uncovered')") == "100%"


def toast(page, words):
    """A sentence in the corner."""
    page.locator(".toast-body", has_text=words).first.wait_for()


def test_from_forty_pictures_to_a_gan_in_the_other_tabs(visit, photos):
    visitor = visit()
    page = visitor.page
    visitor.tab("train")
    bring(page, photos, "photos", side=28)
    page.wait_for_selector("#train-preview:has-text('40 pictures')")
    shown = page.inner_text("#train-preview")
    assert "40 pictures of 28 × 28 in colour, 2 classes" in shown and "36 to train on, 4 held out" in shown
    assert "notes.exe" in page.inner_text("#train-preview .refused")
    open_more(page)
    wait_for_value(page, "#train-name :is(input, textarea)", "vae-photos")  # what suits few pictures
    assert "Few pictures" in page.inner_text("#train-why")
    page.locator("#train-family input[value=gan]").check()
    wait_for_value(page, "#train-name :is(input, textarea)", "gan-photos")
    start(page, "temples", steps=2000, batch_size=8, save_every=20)  # more than it will be given time for
    page.wait_for_selector("#train-film img.now")
    page.wait_for_selector("#train-charts .chart")

    other = visit(lang="zh-CN", width=390)  # a second browser sees the same run
    other.tab("train")
    other.page.wait_for_selector("#train-head .job.running:has-text('temples')")
    assert "训练中" in other.page.inner_text("#train-head")

    page.reload()
    visitor.troubles.clear()  # Gradio's client reports the stream that the reload cut off
    page.wait_for_selector("#device b")
    visitor.tab("train")
    page.wait_for_selector("#train-head .job.running:has-text('temples')")
    page.click("#train-stop")
    wait_for_state(page, "stopped")
    wait_for_state(other.page, "stopped")
    page.click("#train-resume")
    wait_for_state(page, "running")
    page.locator("#train-film input[type=range]").nth(1).wait_for()  # samples of a second moment
    page.click("#train-stop")
    wait_for_state(page, "stopped")
    page.click("#train-card > button")
    page.wait_for_selector("#train-card .lesson :text('temples')")
    assert not nameless(page)
    move_the_film(page)

    page.click("#train-use-image")
    wait_for_value(page, "#image-model input", "runs/temples")
    page.click("#image-go")
    page.wait_for_selector("#image-sheet .picture")
    visitor.tab("train")
    page.click("#train-use-walk")
    wait_for_value(page, "#walk-model input", "runs/temples")
    unfold(page, "walk-more")
    type_number(page, "walk-frames", 6)
    page.click("#walk-go")
    page.wait_for_selector("#walk-stage input[type=range]")


def test_from_a_text_file_to_a_language_model_in_the_text_tab(visit, story):
    visitor = visit(lang="zh-CN")
    page = visitor.page
    visitor.tab("train")
    bring(page, story, "story")
    page.wait_for_selector("#train-preview .documents p")
    open_more(page)
    wait_for_value(page, "#train-name :is(input, textarea)", "gpt-story")
    start(page, "teller", steps=20, batch_size=2)
    wait_for_state(page, "done")
    assert page.locator("#train-film .columns section").count() == 2
    page.click("#train-use-text")
    wait_for_value(page, "#text-model input", "runs/teller")
    page.click("#text-more > button")
    type_number(page, "text-max-new-tokens", 24)
    page.click("#text-go")
    page.wait_for_selector("#text-view [data-token]", timeout=60_000)


def test_wrong_input_gets_a_sentence_and_loses_nothing(visit, story):
    visitor = visit()
    page = visitor.page
    visitor.tab("train")
    page.click("#train-bring > button")
    page.click("#train-import")
    toast(page, "Name of the data set")
    page.fill("#data-name :is(input, textarea)", "nothing")
    page.locator("#data-consent input").check()
    page.click("#train-import")
    toast(page, "nothing to import")
    page.locator("#data-consent input").uncheck()
    page.set_input_files("#train-files input[type=file]", str(story))
    page.wait_for_selector("#train-files :text('story.txt')")
    page.click("#train-import")
    toast(page, "Say that you may use these data")
    open_more(page)
    page.wait_for_function(
        "document.querySelector('#train-name :is(input, textarea)').value"
    )  # what is suggested is there
    page.fill("#train-name :is(input, textarea)", "")
    page.click("#train-go")
    toast(page, "Name: '' does not fit")
    page.fill("#train-name :is(input, textarea)", "..")
    page.click("#train-go")
    toast(page, "Name: '..' does not fit")
    page.fill("#train-name :is(input, textarea)", "huge")
    page.fill("#train-steps input", "100000000000")
    page.click("#train-go")
    toast(page, "from 1 to 10000000")
    assert page.input_value("#train-name :is(input, textarea)") == "huge"
