"""`python -m tests.load.first_minute`: what a visitor sees before and after the first click, in both languages and three sizes.

For each it starts the app anew, opens the page in Chromium and prints a table: seconds until something made by a model is
in view and moves; and of each tab, where the bottom of its main button is, and the seconds from its click to a result in
view, the first time (cold: models are not loaded) and again (warm); for text also until its first words are.
"""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.serving import serve
from tests.ui.conftest import BEEN_HERE, CHROMIUM, FLAGS

SIZES = ((1366, 650), (1280, 900), (390, 844))
LOCALES = {"en": "en-US", "zh": "zh-CN"}
MOVING = (
    "() => [...document.querySelectorAll('[data-moving]')].some((e) => { const box = e.getBoundingClientRect(); \
return box.height > 0 && box.top >= 0 && box.top < innerHeight - 40 })"
)
# By the tab's task the result that its button brings; None where the first press only asks for something.
RESULTS = {
    "text": "#text-view [data-token]",
    "chat": None,
    "rewrite": None,
    "image": "#image-sheet .picture",
    "reconstruct": "#encode-view figure",
    "draw": None,
    "upscale": None,  # wants a picture; its example is a button of its own
    "walk": "#walk-stage input[type=range]",
    "train": None,  # takes a minute
    "models": None,
    "verify": None,
}
GROWING = {"text": "#text-view .caret"}  # what is seen of a result that is still being made


def main() -> None:
    """Print the table."""
    print(f"{'size':>9} {'lang':4} {'tab':12} {'button':>6} {'cold s':>7} {'warm s':>7}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(path for path in CHROMIUM if Path(path).exists()), args=FLAGS
        )
        for lang, locale in LOCALES.items():
            for width, height in SIZES:
                with tempfile.TemporaryDirectory() as own, serve(Path(own), AIGC_OFFLINE="1") as url:
                    context = browser.new_context(locale=locale, viewport={"width": width, "height": height})
                    visit(context.new_page(), url, f"{width}x{height}", lang)
                    context.close()


def visit(page: Page, url: str, size: str, lang: str) -> None:
    """The rows of one visitor, whose tabs do nothing before they are asked."""
    page.add_init_script(BEEN_HERE)
    start = time.perf_counter()
    page.goto(url)
    page.wait_for_function(MOVING, polling=20)
    print(f"{size:>9} {lang:4} {'moves after':12} {time.perf_counter() - start:21.2f}", flush=True)
    page.wait_for_selector("#device b", timeout=60_000)
    for task, result in RESULTS.items():
        page.evaluate("task => aigcPlace.go(task)", task)
        page.wait_for_timeout(1500)  # what the tab does by itself has been done
        button = page.locator(f"#{task}-go:visible")
        box = button.first.bounding_box() if button.count() else None
        place = f"{box['y'] + box['height']:.0f}" if box else "-"
        times = [pressed(page, task, result) for _ in range(2)] if result and box else []
        print(f"{size:>9} {lang:4} {task:12} {place:>6} " + " ".join(f"{t:7.2f}" for t in times), flush=True)
        if growing := GROWING.get(task):
            begun = pressed(page, task, growing)
            page.wait_for_selector(result)
            print(f"{size:>9} {lang:4} {task + ' begun':12} {'':>6} {'':7} {begun:7.2f}", flush=True)


def pressed(page: Page, task: str, result: str) -> float:
    """Seconds from a click on a tab's button to a new result in view."""
    page.evaluate("at => document.querySelectorAll(at).forEach(old => { old.dataset.old = '1' })", result)
    start = time.perf_counter()
    page.click(f"#{task}-go")
    page.wait_for_function(
        """(at) => [...document.querySelectorAll(at + ':not([data-old])')].some((e) => {
          const box = e.getBoundingClientRect(); return box.height > 0 && box.top < innerHeight && box.bottom > 0 })""",
        arg=result,
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
