"""How long from the last movement of a hand until the new picture is painted, in Chromium, beside the bare call of the model.

    python -m tests.load live --times 20

The page is served by this process on the models of --weights-dir, and the bare call is timed in it, too. A gesture ends;
its time is that of the last event that the page saw of it. It is answered when the picture changed for the last time,
and one more frame was painted. A movement that changes nothing does not count.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from aigc_demo.actions import make_images, reconstruct, walk
from aigc_demo.cli.flags import Asked
from aigc_demo.core.settings import Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ImageRequest, ReconstructRequest, WalkRequest
from tests.load.figures import Figure

TIMES = 20
GOAL = 0.3  # seconds at the median
QUIET = 1200  # milliseconds without a change after which nothing more is coming
CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
# Watches what is `shown` inside `place`, and remembers when the hand moved last and when a change was painted last.
WATCH = """([place, shown]) => {
  const note = (event) => {  // the page itself clicks too, once the hand rests
    if (event.isTrusted && (event.type !== 'pointermove' || event.buttons)) window.hand = performance.now();
  };
  if (!window.watching) for (const kind of ['input', 'pointermove', 'click']) addEventListener(kind, note, true);
  const now = () => [...document.querySelectorAll(shown)].map((e) => (e.getAttribute('src') || '') + (e.getAttribute('style') || '')
    .replace(/--at:[^;]*/, '')).join();
  let before = now();
  if (window.watching) window.watching.disconnect();
  window.watching = new MutationObserver(() => {
    const after = now();
    if (after === before) return;
    before = after;
    requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now(); }));
  });
  window.watching.observe(document.querySelector(place), { childList: true, subtree: true, attributes: true });
}"""
DONE = "quiet => performance.now() - Math.max(window.painted, window.hand) > (window.painted ? quiet : 4 * quiet)"


@dataclass(frozen=True)
class Gesture:
    """What a hand does, by its turn, in which tab; what shows the answer, inside what; and the call that makes it."""

    en: str
    zh: str
    place: str
    shown: str
    move: Callable[[Any, int], None]
    bare: Callable[[ModelCache], Any]


def measure(asked: Asked) -> list[Figure]:
    """Median and ninth decile of each gesture, and the median of the bare call."""
    times = asked.flags.times or TIMES
    found = []
    with tempfile.TemporaryDirectory(prefix="aigc-live-") as temporary:
        settings = own_settings(asked.settings, Path(temporary))
        cache = ModelCache(settings)
        with served(settings, cache) as url, opened(url) as page:
            for open_tab, gestures in tabs():
                open_tab(page)
                for gesture in gestures:
                    seconds = timed(page, gesture, times)
                    print(gesture.en, *(f"{each:.2f}" for each in seconds), file=sys.stderr)
                    found += figures(gesture, seconds, bare(gesture, cache, times))
    load = os.getloadavg()[0]
    return [*found, Figure("load of the machine, 1 minute", "机器负载（1 分钟）", load)]


def own_settings(settings: Settings, folder: Path) -> Settings:
    """The settings with folders that go afterwards."""
    places = {f"{name}_dir": folder / name for name in ("outputs", "runs", "data")}
    return settings.model_copy(update={**places, "offline": True})


@contextmanager
def served(settings: Settings, cache: ModelCache) -> Iterator[str]:
    """The address of the page, served by this process."""
    from aigc_demo.ui import build_app

    page, options = build_app(settings, cache)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, **options)
    try:
        yield url
    finally:
        page.close(verbose=False)


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """A page in Chromium whose reader wants nothing to move by itself, so that only answers change what is seen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = next(path for path in CHROMIUM if Path(path).exists())
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
        page.set_default_timeout(120_000)
        page.goto(url)
        page.wait_for_selector("#device b")
        yield page
        browser.close()


def tabs() -> list[tuple[Callable[[Any], None], list[Gesture]]]:
    """Each tab: how it is opened and shows a first result, and what a hand does in it."""
    sheet = "#image-sheet .sheet"
    return [
        (open_image, [
            Gesture("image: truncation", "图像：截断", "#image-sheet", sheet, drag("#image-truncation-psi"), draw),
            Gesture("image: class", "图像：类别", "#image-sheet", sheet, choose_class, draw),
        ]),
        (open_walk, [
            Gesture("latent space: path", "潜空间：路径", "#walk-stage", "#walk-stage .stage", choose_path, film),
            Gesture("latent space: truncation", "潜空间：截断", "#walk-stage", "#walk-stage .stage", drag("#walk-truncation-psi"), film),
        ]),
        (open_encode, [
            Gesture("draw and encode: latent bar", "编码：潜向量", "#encode-view", "#encode-view .figures figure:last-child img", drag_bar, encode),
            Gesture("draw and encode: stroke", "编码：笔画", "#encode-view", "#encode-view .figures img", stroke, encode),
        ]),
    ]  # fmt: skip


def open_image(page: Any) -> None:
    """The tab Image, with a sheet."""
    page.click("#tab-image-button:visible")
    page.click("#image-go")
    page.wait_for_selector("#image-sheet .picture")


def open_walk(page: Any) -> None:
    """The tab Latent space, with the film that it makes by itself."""
    page.click("#tab-walk-button:visible")
    page.wait_for_selector("#walk-stage .trio")


def open_encode(page: Any) -> None:
    """The tab that encodes, with its first drawing."""
    page.click("#tab-image-button:visible")
    page.click("#mode-reconstruct-button")
    page.wait_for_selector("#encode-view figure")
    page.wait_for_selector("#encode-bars [role=slider]")


def drag(slider: str) -> Callable[[Any, int], None]:
    """Drags a slider over a fifth of its way in eight movements, to and fro by turns."""

    def move(page: Any, turn: int) -> None:
        hand = page.locator(f"{slider} input[type=range]")
        hand.scroll_into_view_if_needed()
        box = hand.bounding_box()
        y, start, end = box["y"] + box["height"] / 2, *((0.5, 0.3) if turn % 2 else (0.3, 0.5))
        page.mouse.move(box["x"] + start * box["width"], y)
        page.mouse.down()
        page.mouse.move(box["x"] + (end + 0.01 * (turn % 7)) * box["width"], y, steps=8)
        page.mouse.up()

    return move


def choose_class(page: Any, turn: int) -> None:
    """Ticks one class more, or one less."""
    page.locator("#image-label input").nth(turn % 10).click()


def choose_path(page: Any, turn: int) -> None:
    """Straight or round, by turns."""
    page.locator("#walk-interpolation input").nth(1 - turn % 2).click()


def drag_bar(page: Any, turn: int) -> None:
    """Drags a bar of the latent vector up or down in eight movements."""
    bar = page.locator("#encode-bars [role=slider]").nth(turn % 5)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, box["y"] + (0.1 if turn % 2 else 0.9) * box["height"], steps=8)
    page.mouse.up()


def stroke(page: Any, turn: int) -> None:
    """One line more on the pad, which is wiped after every fourth."""
    if turn % 4 == 0:
        page.click("#encode-pad-clear")
    pad = page.locator("#encode-pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.25 + 0.1 * (turn % 4), 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.7 - 0.1 * (turn % 3), 0.8), steps=10)
    page.mouse.up()


def draw(cache: ModelCache) -> None:
    """The sheet of the tab Image."""
    make_images(ImageRequest(), cache)


def film(cache: ModelCache) -> None:
    """The film of the tab Latent space."""
    walk(WalkRequest(), cache)


def encode(cache: ModelCache) -> None:
    """What the tab that encodes makes of the last drawing."""
    [drawing, *_] = sorted(cache.settings.outputs_dir.rglob("drawing-*.png"))
    reconstruct(ReconstructRequest(image=str(drawing)), cache)


def timed(page: Any, gesture: Gesture, times: int) -> list[float]:
    """Seconds from the last movement to the paint, of each turn."""
    page.evaluate(WATCH, [gesture.place, gesture.shown])
    seconds: list[float] = []
    for turn in range(2 * times):
        page.evaluate("window.hand = window.painted = 0")
        gesture.move(page, turn)
        page.wait_for_function(DONE, arg=QUIET)
        late = page.evaluate("(window.painted - window.hand) / 1000")
        if late > 0:  # else the last movement changed nothing
            seconds.append(late)
        if len(seconds) == times:
            break
    return seconds


def bare(gesture: Gesture, cache: ModelCache, times: int) -> float:
    """Seconds of the call alone, at the median."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        gesture.bare(cache)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def figures(gesture: Gesture, seconds: list[float], alone: float) -> list[Figure]:
    """The figures of one gesture."""
    return [
        Figure(f"{gesture.en}: median, s", f"{gesture.zh}：中位数，秒", median(seconds), at_most=GOAL),
        Figure(f"{gesture.en}: ninth decile, s", f"{gesture.zh}：九分位，秒", quantiles(seconds, n=10)[-1]),
        Figure(f"{gesture.en}: the bare call, s", f"{gesture.zh}：单独调用模型，秒", alone),
    ]
