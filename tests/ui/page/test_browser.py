"""The page in a real browser, on the shipped models: every tab, both languages, desktop and phone, every kind of file."""

import json
import re
import zipfile

import pytest
from playwright.sync_api import expect

from aigc_demo import provenance
from tests.ui.conftest import press_anew, seed_becomes, type_number, type_seed, unfold

pytestmark = pytest.mark.browser


def labelled(path, task):
    """The recipe of a downloaded file, which must say that AI made it."""
    found = provenance.read(path)
    assert found.label.Label == "1" and found.source_type.endswith("trainedAlgorithmicMedia"), path.name
    assert found.recipe.task == task
    assert re.fullmatch("[0-9a-f]{16}", found.recipe.weights)
    return found.recipe


@pytest.mark.parametrize(("lang", "html_lang", "width", "dark", "tabs"), [
    ("zh-CN", "zh-CN", 390, True, ["开始", "文本", "图像", "潜空间", "评测", "微调", "模型", "验证"]),
    ("en-GB", "en", 390, False, ["Start", "Text", "Image", "Latent space", "Evaluate", "Fine-tune", "Models", "Verify"]),
    ("en-GB", "en", 1280, True, ["Start", "Text", "Image", "Latent space", "Evaluate", "Fine-tune", "Models", "Verify"]),
])  # fmt: skip
def test_every_tab_in_both_languages_on_desktop_and_phone(visit, lang, html_lang, width, dark, tabs):
    visitor = visit(lang=lang, width=width, dark=dark)
    page = visitor.page
    assert page.evaluate("document.documentElement.lang") == html_lang
    assert ("生成式" in page.title()) == (lang == "zh-CN")
    assert [
        t.inner_text().strip() for t in page.locator("#tabs > .tab-wrapper button[role=tab]:visible").all()
    ] == tabs
    for name in ("text", "image", "walk", "train", "models", "verify"):
        visitor.tab(name)
        for fold in page.locator(f"#tab-{name} button.label-wrap, [id='{name}'] button.label-wrap").all():
            if fold.is_visible() and "open" not in (fold.get_attribute("class") or "").split():
                fold.click()
        page.wait_for_function("document.querySelectorAll('.katex').length > 0")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the screen"
        body = page.inner_text("body")
        assert "__i18n__" not in body and "text." + "0" not in body
        if html_lang == "en":
            shown = page.locator("#tabs label:visible, #tabs button:visible").all_inner_texts()
            strange = [text for text in shown if len(re.findall("[一-鿿]", text)) * 2 > len(text.strip()) > 4]
            assert not strange
        assert not nameless(page)


def nameless(page):
    """Visible controls that a screen reader could not name."""
    return page.evaluate("""() => [...document.querySelectorAll('button, input, select, textarea, canvas')]
      .filter((e) => e.offsetParent && e.type !== 'file' && e.type !== 'hidden')
      .filter((e) => !(e.innerText || '').trim() && !e.getAttribute('aria-label') && !e.title && !e.closest('label')
        && !e.getAttribute('aria-labelledby') && !(e.labels && e.labels.length))
      .map((e) => e.outerHTML.slice(0, 160))""")


def test_pictures_are_drawn_and_leave_labelled_in_every_format(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    visitor.tab("image")
    type_seed(page, 11)
    page.get_by_label("7", exact=True).first.check()
    page.wait_for_selector("#image-sheet .picture")  # by the hand alone
    press_anew(page, "#image-go", "#image-sheet .picture")
    assert page.locator("#image-sheet .picture").count() == 40
    assert page.locator("#image-sheet .caption").first.inner_text() in ("fooled", "unsure", "caught")
    for kind in ("png", "jpg", "webp"):
        recipe = labelled(visitor.save(f"#image-save-{kind}", tmp_path), "image")
        assert recipe.request["label"] == "7" and recipe.request["seed"] == 11
    archive = visitor.save("#image-save-zip", tmp_path)
    with zipfile.ZipFile(archive) as pictures:
        assert len(pictures.namelist()) == 40
        pictures.extractall(tmp_path / "all")
    for path in (tmp_path / "all").iterdir():
        labelled(path, "image")


def test_a_dropped_file_restores_its_settings_in_another_session(visit, tmp_path):
    visitor = visit()
    visitor.tab("image")
    type_seed(visitor.page, 4711)
    visitor.page.get_by_label("3", exact=True).first.check()
    visitor.page.click("#image-go")
    visitor.page.wait_for_selector("#image-sheet .picture")
    for _ in range(20):  # the sheet of the tick may come before that of the button
        path = visitor.save("#image-save-png", tmp_path)
        if labelled(path, "image").request["label"] == "3":
            break
    other = visit(lang="zh-CN")
    drop(other.page, path)
    seed_becomes(other.page, 4711)
    expect(other.page.get_by_label("3", exact=True).first).to_be_checked(timeout=30_000)
    assert other.page.locator("#image-go").is_visible()


def drop(page, path):
    """Drop a file on the middle of the page, as a hand would."""
    data = list(path.read_bytes())
    page.evaluate(
        """([data, name]) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(data)], name));
      for (const kind of ['dragover', 'drop'])
        document.querySelector('#header').dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: files}));
    }""",
        [data, path.name],
    )


@pytest.mark.parametrize(("lang", "words"), [("zh-CN", "松开鼠标"), ("en-US", "Drop a generated file")])
def test_a_file_over_the_page_is_told_where_it_would_go(visit, lang, words):
    visitor = visit(lang=lang)
    visitor.page.evaluate("""() => {
      const files = new DataTransfer();
      files.items.add(new File(['x'], 'x.png'));
      document.querySelector('#header').dispatchEvent(new DragEvent('dragover', {bubbles: true, cancelable: true, dataTransfer: files}));
    }""")
    said = visitor.page.evaluate("getComputedStyle(document.body, '::after').content")
    assert words in said


def test_a_file_of_somebody_else_is_refused_in_a_sentence(visit, tmp_path):
    path = tmp_path / "holiday.png"
    from PIL import Image

    Image.new("RGB", (30, 30), "white").save(path)
    visitor = visit(lang="zh-CN")
    drop(visitor.page, path)
    visitor.page.wait_for_selector(".toast-body:has-text('不含本应用的配方')")


def test_a_drawn_seven_is_encoded_while_one_draws(visit, tmp_path):
    visitor = visit(lang="zh-CN")
    page = visitor.page
    visitor.mode("image", "reconstruct")
    page.wait_for_selector("#encode-near :text('说是：3')")  # a first drawing draws itself
    page.locator("#encode-pad canvas").scroll_into_view_if_needed()
    box = page.locator("#encode-pad canvas").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.3, 0.25))
    page.mouse.down()
    page.mouse.move(*at(0.7, 0.25), steps=8)
    page.mouse.move(*at(0.45, 0.8), steps=8)
    page.wait_for_selector("#encode-near :text('说是：7')")  # the stroke has not ended
    page.mouse.up()
    bar = page.locator("#encode-bars [role=slider]").first
    page.wait_for_function("""() => {  // all answers to the stroke are there: none has come for a second
      const { src } = document.querySelector('#encode-view figure:last-child img'), now = performance.now();
      if (window.last?.src !== src) window.last = { src, now };
      return now - window.last.now > 1000;
    }""")
    shown = page.locator("#encode-view figure img").last.get_attribute("src")
    bar.focus()
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    page.wait_for_function(
        "shown => document.querySelector('#encode-view figure:last-child img').src !== shown", arg=shown
    )
    moved = labelled(visitor.save("#encode-save", tmp_path), "reconstruct").request["latent"]
    bars = page.locator("#encode-bars [role=slider]")
    assert len(moved) == bars.count()
    box = bars.nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # on the axis
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4, steps=4)
    page.mouse.up()
    assert float(bars.nth(1).get_attribute("aria-valuenow")) == pytest.approx(1.5, abs=0.1)


def test_a_poem_streams_in_shows_its_odds_and_leaves_labelled(visit, tmp_path):
    visitor = visit(lang="zh-CN")
    page = visitor.page
    visitor.tab("text")
    page.fill("#text-prompt textarea, #text-prompt input", "春望")
    page.click("#text-go")
    page.wait_for_selector("#text-view [data-token]", timeout=60_000)
    page.locator("#text-view [data-token]").nth(3).click()
    page.wait_for_function("/\\d%/.test(document.querySelector('#text-odds').innerText)")
    for kind in ("txt", "md", "json"):
        path = visitor.save(f"#text-save-{kind}", tmp_path)
        assert labelled(path, "text").request["prompt"] == "春望"
        assert "AI" in path.read_text("utf-8")


def test_stop_keeps_what_was_written(visit):
    visitor = visit()
    page = visitor.page
    visitor.tab("text")
    visitor.choose_model("text", "gpt-austen")
    page.fill("#text-prompt textarea, #text-prompt input", "It is a truth")
    page.click("#text-more > button")
    type_number(page, "text-max-new-tokens", 512)
    type_number(page, "text-count", 8)
    page.click("#text-go")
    page.wait_for_function("document.querySelector('#text-view .texts')?.innerText.length > 60")
    page.click("#text-stop")
    page.wait_for_selector("#text-view [data-token]")
    tokens = page.locator("#text-view [data-sample]").first.locator("[data-token]").count()
    assert 0 < tokens < 512


def test_a_reload_in_the_middle_ends_the_work_and_the_page_serves_on(visit):
    visitor = visit()
    page = visitor.page
    visitor.tab("text")
    visitor.choose_model("text", "gpt-austen")
    page.click("#text-more > button")
    type_number(page, "text-max-new-tokens", 512)
    type_number(page, "text-count", 16)
    page.fill("#text-prompt textarea, #text-prompt input", "It is a truth")
    page.click("#text-go")
    page.wait_for_function("document.querySelector('#text-view .texts')?.innerText.length > 30")
    page.reload()
    visitor.troubles.clear()  # Gradio's client reports the stream that the reload cut off
    page.wait_for_function(
        "document.querySelector('#text-view .texts')?.innerText.length > 30"
    )  # it is asked again
    page.click("#text-stop")
    visitor.tab("image")
    page.click("#image-go")
    page.wait_for_selector("#image-sheet .picture", timeout=15_000)


def test_a_film_is_made_scrubbed_and_saved(visit, tmp_path):
    import av
    from PIL import Image

    visitor = visit()
    page = visitor.page
    visitor.tab("walk")
    unfold(page, "walk-more")
    type_number(page, "walk-frames", 12)
    press_anew(page, "#walk-go", "#walk-stage .stage")
    slider = page.locator("#walk-stage input[type=range][max='11']")  # before it, the tab's first film of 24
    slider.wait_for()
    slider.focus()
    page.keyboard.press("Home")  # wherever the film had played to
    before = slider.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") != before
    film = visitor.save("#walk-save-mp4", tmp_path)
    assert labelled(film, "walk").request["frames"] == 12
    with av.open(str(film)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert sum(1 for _ in video.decode(video=0)) == 22  # twelve there, ten back: neither end twice
    gif = visitor.save("#walk-save-gif", tmp_path)
    labelled(gif, "walk")
    with Image.open(gif) as animation:
        assert animation.is_animated
    labelled(visitor.save("#walk-save-strip", tmp_path), "walk")


def test_a_picture_goes_to_the_walk_and_the_history_brings_it_back(visit):
    visitor = visit()
    page = visitor.page
    visitor.tab("image")
    type_seed(page, 5)
    page.click("#image-go")
    page.wait_for_selector("#image-sheet .picture")
    page.locator("#image-sheet .picture").nth(3).click()
    page.wait_for_selector("#image-sheet .picture[aria-pressed=true]")
    page.click("#image-to-a")
    page.wait_for_selector("#walk-go", state="visible")
    seed = page.input_value("#walk-from-seed input")
    assert seed not in ("1", "5")
    visitor.tab("image")
    type_seed(page, 6)
    page.click("#image-go")
    page.locator("#history [title*='Seed 5']").click()
    seed_becomes(page, 5)


def test_a_sheet_and_a_film_follow_the_hand(visit):
    visitor = visit()
    page = visitor.page
    visitor.tab("walk")
    page.wait_for_selector("#walk-stage .trio")  # A and B stand there before anything is pressed
    page.wait_for_selector("#walk-stage .play:has-text('Pause')")  # and the film plays
    style = page.get_attribute("#walk-stage .stage", "data-made")
    page.locator("#walk-interpolation input").nth(1).check()
    page.wait_for_function(
        "made => document.querySelector('#walk-stage .stage').dataset.made !== made", arg=style
    )
    visitor.tab("image")
    page.get_by_label("7", exact=True).first.check()
    page.wait_for_selector("#image-sheet .picture[title*='class 7']")
    slider = page.locator("#image-truncation-psi input[type=range]")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#history [title*='gan-digits']")  # the hand rests
    page.click("#image-code button.label-wrap")
    page.wait_for_selector("#image-code :text('truncation_psi=0.75')")
    assert page.locator("#history [title*='gan-digits · Seed']").count() <= 2


def test_two_visitors_at_once_get_each_their_own(visit):
    one, two = visit(), visit(lang="zh-CN")
    for visitor, seed in ((one, 1), (two, 2)):
        visitor.tab("image")
        type_seed(visitor.page, seed)
    one.page.click("#image-go")
    two.page.click("#image-go")
    for visitor in (one, two):
        visitor.page.wait_for_selector("#image-sheet .picture")
    sprites = {v.page.get_attribute("#image-sheet .sheet", "style") for v in (one, two)}
    assert len(sprites) == 2
    assert "AI-generated" in one.page.inner_text("#image-note") and "AI 生成" in two.page.inner_text(
        "#image-note"
    )


def test_a_link_opens_the_page_with_its_settings_and_language(visit):
    recipe = json.dumps({"task": "image", "model": "gan-fashion", "seed": 99, "count": 8})
    visitor = visit(lang="en-US", query=f"?lang=zh&recipe={recipe}")
    seed_becomes(visitor.page, 99)
    assert "gan-fashion" in visitor.page.input_value("#image-model input")
    visitor.page.wait_for_selector("#image-sheet .picture")  # made at once
    assert visitor.page.evaluate("document.documentElement.lang") == "zh-CN"
    assert not visitor.troubles
    again = visitor.page
    again.goto(again.url.split("?")[0])
    again.wait_for_selector("#device b")
    visitor.troubles.clear()  # Gradio's client reports the stream that the page has left
    assert again.evaluate("document.documentElement.lang") == "zh-CN"  # the choice is remembered


def test_bad_values_get_a_sentence_and_lose_nothing(visit):
    visitor = visit()
    page = visitor.page
    visitor.tab("image")
    page.click("#image-go")
    page.wait_for_selector("#image-sheet .picture")
    type_seed(page, 99999999999)
    page.click("#image-go")
    said = page.locator(".toast-body:has-text('Seed')")
    said.wait_for()
    assert not said.locator(
        ".timer"
    ).count()  # Gradio's time is the first message's, and ends those of a moment ago
    said.wait_for(state="detached")
    assert page.locator("#image-sheet .picture").count() == 40
