"""The README's pictures: `python -m tests.ui.screenshots [NAME ...]` starts the app and takes each tab in both languages."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.serving import ROOT, serve
from tests.ui.conftest import BEEN_HERE, CHROMIUM, FLAGS, Visitor

SCREENS = ROOT / "tests" / "screens"
LOCALES = {"zh": "zh-CN", "en": "en-US"}


def start(visitor: Visitor, lang: str) -> None:
    """The exhibits, once all have come to rest."""
    visitor.page.wait_for_selector("#exhibit-write[data-moving], #exhibit-write [data-moving]")
    visitor.page.wait_for_function("!document.querySelector('[data-moving]')")


def text(visitor: Visitor, lang: str) -> None:
    """A text with its odds, and what else the model had in mind for one token."""
    visitor.tab("text")
    visitor.page.click("#text-example-spring" if lang == "zh" else "#text-example-austen")
    visitor.page.wait_for_selector("#text-note p")
    visitor.page.locator("#text-view [data-token]").nth(9).click()
    visitor.page.wait_for_selector("#text-odds .alternatives")


def chat(visitor: Visitor, lang: str) -> None:
    """The recorded session that stands here without a model."""
    visitor.page.click("#tab-text-button")
    visitor.page.click("#mode-chat-button")
    visitor.page.wait_for_selector(".alternatives:visible")


def image(visitor: Visitor, lang: str) -> None:
    """A sheet, with what the discriminator thinks."""
    visitor.tab("image")
    visitor.page.click("#image-go")
    visitor.page.wait_for_selector("#image-sheet .picture")


def draw(visitor: Visitor, lang: str) -> None:
    """Heroes that were described, with the phrases at hand and where each word was looked at."""
    visitor.mode("image", "draw")
    page = visitor.page
    page.fill(
        "#draw-prompt textarea",
        "女精灵，戴着羽帽，穿着蓝袍，披着红斗篷，拿着红宝石法杖"
        if lang == "zh"
        else "a golden draconian with a horned helm, in a red robe, holding a double axe and a quartered shield",
    )
    page.wait_for_selector("#draw-view .choices")
    page.click("#draw-maps > button")
    page.wait_for_selector("#draw-maps-view [data-word]")


def encode(visitor: Visitor, lang: str) -> None:
    """A drawing, its reconstruction and its latent vector."""
    visitor.mode("image", "reconstruct")
    visitor.page.wait_for_selector("#encode-view img")


def upscale(visitor: Visitor, lang: str) -> None:
    """A photograph beside itself in four times the pixels."""
    visitor.mode("image", "upscale")
    visitor.page.click("#upscale-example-coffee")
    visitor.page.wait_for_selector("#upscale-view img")


def latent(visitor: Visitor, lang: str) -> None:
    """The film from a 2 to a 7."""
    visitor.tab("walk")
    visitor.page.wait_for_selector("#walk-stage input[type=range]")


def train(visitor: Visitor, lang: str) -> None:
    """A first training to its end: coloured shapes by a VAE."""
    visitor.tab("train")
    visitor.page.click("#train-first-shapes")
    visitor.page.wait_for_selector("#train-head .job.done", timeout=1_200_000)


def models(visitor: Visitor, lang: str) -> None:
    """What the catalogue says of a model."""
    visitor.tab("models")
    visitor.page.locator("#models-place label").nth(1).click()
    visitor.page.wait_for_selector("#models-list .about:has-text('SmolLM2')")
    visitor.page.locator("#models-list button", has_text="SmolLM2").first.click()
    visitor.page.wait_for_selector("article.model:has-text('SmolLM2')")


def verify(visitor: Visitor, lang: str) -> None:
    """What a file made here says of its making."""
    visitor.tab("verify")
    visitor.page.click("#verify-example-picture")
    visitor.page.wait_for_selector(".layers")


Scene = Callable[[Visitor, str], None]
SCENES: dict[str, tuple[Scene, int]] = {  # and the height of the window
    "start": (start, 1000),
    "text": (text, 860),
    "chat": (chat, 860),
    "image": (image, 860),
    "draw": (draw, 1000),
    "encode": (encode, 860),
    "upscale": (upscale, 860),
    "latent": (latent, 860),
    "train-done": (train, 1200),
    "models": (models, 860),
    "verify": (verify, 1080),
}


def take(url: str, names: Sequence[str]) -> None:
    """Each scene in both languages."""
    with sync_playwright() as playwright:
        path = next(path for path in CHROMIUM if Path(path).exists())
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for lang, locale in LOCALES.items():
            for name in names:
                scene, height = SCENES[name]
                page = browser.new_page(locale=locale, viewport={"width": 1280, "height": height})
                page.set_default_timeout(120_000)
                page.add_init_script(BEEN_HERE)
                scene(Visitor(page).open(url, tab="start"), lang)
                shoot(page, f"{name}-{lang}")
                page.close()


def shoot(page: Page, name: str) -> None:
    """One picture of 256 colours, since the README is read over slow lines too."""
    path = SCREENS / f"{name}.png"
    page.mouse.move(0, 0)
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.evaluate("document.querySelectorAll('.toast-wrap').forEach((toast) => toast.remove())")
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.relative_to(ROOT), path.stat().st_size, flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as own, serve(Path(own), AIGC_OFFLINE="1") as served:
        take(served, sys.argv[1:] or list(SCENES))
