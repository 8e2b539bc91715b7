"""The README's pictures: `python -m tests.ui.screenshots` starts the app and takes each tab in both languages."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.ui.conftest import CHROMIUM, FLAGS, ROOT, Visitor, free_port, wait_until_served

SCREENS = ROOT / "tests" / "screens"
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


def take(url: str) -> None:
    """Six pictures, of 256 colours, since the README is read over slow lines too."""
    SCREENS.mkdir(exist_ok=True)
    chromium = next(path for path in CHROMIUM if Path(path).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for lang, locale in (("zh", "zh-CN"), ("en", "en-US")):
            for name in SEEN:
                page = browser.new_page(locale=locale, viewport={"width": 1280, "height": 860})
                prepare(Visitor(page).open(url), name, lang)
                path = SCREENS / f"{'latent' if name == 'walk' else name}-{lang}.png"
                page.screenshot(path=path)
                page.close()
                Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
                    path, optimize=True
                )
                print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), Path(folder) / "log.txt"
        environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "AIGC_OUTPUTS_DIR": folder}
        with log.open("w") as words:
            server = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=words, stderr=words
            )
        try:
            wait_until_served(f"http://127.0.0.1:{port}/", server, log)
            take(f"http://127.0.0.1:{port}/")
        finally:
            server.terminate()
            server.wait()
