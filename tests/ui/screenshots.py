"""The README's pictures: `python -m tests.ui.screenshots` starts the app and takes each tab in both languages."""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.serving import ROOT, free_port, wait_until_served, write_photos, write_pretrained
from tests.ui.conftest import CHROMIUM, FLAGS, Visitor, type_number

SCREENS = ROOT / "tests" / "screens"
LOCALES = (("zh", "zh-CN"), ("en", "en-US"))
STEPS = 800
SEEN = {
    "text": "#text-view [data-token]",
    "image": "#image-sheet .picture",
    "walk": "#walk-stage input[type=range]",
}


def prepare(visitor: Visitor, name: str, lang: str) -> None:
    """Make something worth looking at in a tab."""
    page = visitor.page
    visitor.tab(name)
    example = "spring" if lang == "zh" else "austen"
    page.click({"text": f"#text-example-{example}", "image": "#image-go", "walk": "#walk-go"}[name])
    page.wait_for_selector(SEEN[name], timeout=60_000)
    if name == "text":
        page.locator("#text-view [data-token]").nth(9).click()
        page.wait_for_selector("#text-odds .alternatives")
    page.mouse.move(0, 0)
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")


def fill_template(page: Page) -> None:
    """Chat: find a prompt template, and have it write the message; the model here is random, so it is not sent."""
    page.click("#chat-templates > button")
    page.fill("#chat-template-wish :is(input, textarea)", "tell my customers that the delivery is late")
    page.click("#chat-template-find")
    page.locator("#chat-template-found [data-index]").first.click()
    page.click("#chat-template-use")
    page.wait_for_function("document.querySelector('#chat-input textarea').value.length > 40")


def paint_mask(page: Page, photograph: Path) -> None:
    """From words: a photograph, part of it painted over; not drawn, the model here is random."""
    page.fill("#draw-prompt textarea", "a red tulip")
    page.click("#draw-start > button")
    opener = page.locator("#draw-pad-open").locator("xpath=..").locator("input[type=file]")
    opener.set_input_files(str(photograph))
    page.wait_for_function("document.querySelector('#draw-pad canvas')?.width > 100")
    canvas = page.locator("#draw-pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    for x, y in ((0.6, 0.4), (0.6, 0.5), (0.4, 0.5), (0.4, 0.6), (0.6, 0.6)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
    with page.expect_response(lambda response: "queue/join" in response.url):
        page.mouse.up()


def enlarge(page: Page, photograph: Path) -> None:
    """Enlarge: a photograph beside itself in four times the pixels."""
    page.locator("#upscale-image input[type=file]").set_input_files(str(photograph))
    page.wait_for_selector("#upscale-image img")
    page.click("#upscale-go")
    page.wait_for_selector("#upscale-view img", timeout=120_000)


def look_at_models(page: Page) -> None:
    """Models: what the catalogue says of one."""
    page.locator("#models-place label").nth(1).click()
    page.locator("#models-list button", has_text="SmolLM2-135M-Instruct").click()
    page.wait_for_selector("article.model .id:has-text('SmolLM2')")


def take_pretrained(url: str, browser: Browser, photograph: Path) -> None:
    """The ways of working with pretrained models, and the Models tab."""
    scenes = (
        ("text", "chat", fill_template),
        ("image", "draw", lambda page: paint_mask(page, photograph)),
        ("image", "upscale", lambda page: enlarge(page, photograph)),
        ("models", "models", look_at_models),
    )
    for lang, locale in LOCALES:
        for tab, name, prepare_it in scenes:
            page = browser.new_page(locale=locale, viewport={"width": 1280, "height": 860})
            visitor = Visitor(page).open(url)
            visitor.tab(tab) if tab == name else visitor.mode(tab, name)
            prepare_it(page)
            page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
            shoot(page, f"{name}-{lang}")
            page.close()


def train(url: str, browser: Browser, photos: Path) -> None:
    """The Fine-tune tab on its way: data brought, a run being watched, the run done; in both languages."""
    pages = {}
    for lang, locale in LOCALES:
        pages[lang] = browser.new_page(locale=locale, viewport={"width": 1280, "height": 1200})
        Visitor(pages[lang]).open(url).tab("train")
    page = pages["zh"]
    page.click("#train-bring > button")
    page.set_input_files("#train-files input[type=file]", str(photos))
    page.wait_for_function("document.querySelector('#data-name :is(input, textarea)').value === 'photos'")
    page.locator("#data-consent input").check()
    page.click("#train-import-more > button")
    type_number(page, "data-side", 32)
    page.click("#train-import")
    page.wait_for_selector("#train-preview .picture")
    shoot(page, "train-data-zh")
    type_number(page, "train-steps", STEPS)
    page.click("#train-go")
    for state, step, name in (("running", STEPS // 2, "train-watching"), ("done", STEPS, "train-done")):
        for lang, page in pages.items():
            if lang == "en" and state == "running":
                page.reload()
                Visitor(page).tab("train")
            page.wait_for_function(
                "([state, step]) => document.querySelector(`#train-head .job.${state}`) && "
                "Number(document.querySelector('#train-film .at')?.textContent.match(/\\d+/)) >= step",
                arg=[state, step],
                timeout=3_600_000,
            )
            shoot(page, f"{name}-{lang}")


def shoot(page: Page, name: str) -> None:
    """One picture of 256 colours, since the README is read over slow lines too."""
    path = SCREENS / f"{name}.png"
    page.mouse.move(0, 0)
    page.evaluate("document.querySelectorAll('.toast-wrap').forEach((toast) => toast.remove())")
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.relative_to(ROOT), path.stat().st_size)


def verify(url: str, browser: Browser, folder: Path) -> None:
    """The Verify tab with a picture that was saved a moment before."""
    for lang, locale in LOCALES:
        page = browser.new_page(locale=locale, viewport={"width": 1280, "height": 1080})
        visitor = Visitor(page).open(url)
        visitor.tab("image")
        page.click("#image-go")
        page.wait_for_selector(SEEN["image"], timeout=60_000)
        saved = visitor.save("#image-save-png", folder)
        visitor.tab("verify")
        page.set_input_files("#verify-file input[type=file]", saved)
        page.wait_for_selector(".layers")
        shoot(page, f"verify-{lang}")
        page.close()


def take(url: str, photos: Path) -> None:
    """Each tab in both languages."""
    SCREENS.mkdir(exist_ok=True)
    chromium = next(path for path in CHROMIUM if Path(path).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for lang, locale in LOCALES:
            for name in SEEN:
                page = browser.new_page(locale=locale, viewport={"width": 1280, "height": 860})
                prepare(Visitor(page).open(url), name, lang)
                shoot(page, f"{'latent' if name == 'walk' else name}-{lang}")
                page.close()
        verify(url, browser, photos.parent)
        with zipfile.ZipFile(photos) as archive:
            photograph = Path(archive.extract("flower/flower-07.png", photos.parent))
        take_pretrained(url, browser, photograph)
        train(url, browser, photos)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), Path(folder) / "log.txt"
        own = {f"AIGC_{name.upper()}_DIR": f"{folder}/{name}" for name in ("outputs", "runs", "data")}
        environment = os.environ | own | {"GRADIO_SERVER_PORT": str(port)}
        write_photos(Path(folder) / "photos.zip")
        write_pretrained(Path(folder) / "pretrained", Path(folder) / "data")
        with log.open("w") as words:
            server = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=words, stderr=words
            )
        try:
            wait_until_served(f"http://127.0.0.1:{port}/", server, log)
            take(f"http://127.0.0.1:{port}/", Path(folder) / "photos.zip")
        finally:
            server.terminate()
            server.wait()
