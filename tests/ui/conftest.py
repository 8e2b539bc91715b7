"""A real browser that watches what it is told, and what handlers are given where they are called without one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words

CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def context(settings, cache):
    """What every tab is given, on tiny models."""
    return Context(settings, cache, Words())


@pytest.fixture
def toasts(monkeypatch):
    """What handlers say in the corner of the page."""
    said = []
    monkeypatch.setattr(gr, "Warning", lambda text, **options: said.append(text))
    monkeypatch.setattr(gr, "Info", lambda text, **options: said.append(text))
    return said


class Guests:
    """Browser profiles, one a guest, taken again by later guests: the page's scripts are fetched and compiled once."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}

    @contextmanager
    def stay(self) -> Iterator[Callable[[str], Page]]:
        """What opens a page for a new guest who speaks a language; at the end nothing is left of what guests kept."""
        taken: list[tuple[str, BrowserContext]] = []

        def open_page(lang: str) -> Page:
            free = self._free.setdefault(lang, [])
            context = free.pop() if free else self._browser.new_context(locale=lang)
            context.set_default_timeout(120_000)  # other work may keep the machine busy
            taken.append((lang, context))
            return context.new_page()

        try:
            yield open_page
        finally:
            for lang, context in taken:
                leave(context)
                self._free[lang].append(context)


def leave(context: BrowserContext) -> None:
    """Close a guest's pages, and then forget what they kept: a page writes once more as it is closed."""
    sites = {page.evaluate("location.origin") for page in context.pages}
    blank = context.new_page()
    for page in [page for page in context.pages if page != blank]:
        page.close()
    session = context.new_cdp_session(blank)
    for site in sites:
        session.send("Storage.clearDataForOrigin", {"origin": site, "storageTypes": "local_storage"})
    blank.close()
    context.clear_cookies()


@pytest.fixture(scope="session")
def browser():
    """Chromium of the system."""
    path = next((path for path in CHROMIUM if Path(path).exists()), None)
    assert path, "Chromium is missing: apt install chromium"
    with sync_playwright() as playwright:
        yield Guests(playwright.chromium.launch(executable_path=path, args=FLAGS))


# Of a visitor who has seen the tabs that open with a result, and left nothing there.
BEEN_HERE = """for (const task of ['text', 'image', 'draw', 'upscale', 'verify']) {
  const name = 'aigc.1.tab.' + task;
  if (localStorage.getItem(name) === null) localStorage.setItem(name, '{}');
}"""


@dataclass
class Visitor:
    """A browser tab, with what went wrong in it."""

    page: Page
    troubles: list[str] = field(default_factory=list)

    def open(self, url: str, tab: str = "text") -> "Visitor":
        """Go to the page, wait until it can be used, and leave its Start tab, where it has one and no link was followed."""
        self.page.goto(url)
        self.page.wait_for_selector("#device b", timeout=60_000)  # the device is known: torch is there
        if tab != "start" and "recipe=" not in url and self.page.locator("#tab-start-button").count():
            self.tab(tab)
        return self

    def tab(self, name: str) -> None:
        """Open the tab text, image, walk, train, models or verify."""
        self.page.locator(f"#tab-{name}-button:visible").click()
        self.page.wait_for_selector(f"#{name}-go", state="visible")

    def mode(self, tab: str, name: str) -> None:
        """Open a way of working of a tab, as chat of text."""
        self.page.locator(f"#tab-{tab}-button:visible").click()
        self.page.click(f"#mode-{name}-button")
        self.page.wait_for_selector(f"#{name}-go", state="visible")

    def save(self, button: str, folder: Path) -> Path:
        """Press a download button and keep the file that comes."""
        with self.page.expect_download(timeout=60_000) as waiting:
            self.page.click(button)
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def choose_model(self, task: str, model: str) -> None:
        """Pick a model in a tab's pick list."""
        self.page.click(f"#{task}-model input")
        self.page.locator("[role=option]", has_text=model).click()


def type_number(page: Page, field: str, value: float) -> None:
    """Type a number until it stays: a fold just opened is mounted in two steps, and drops what comes between them."""
    box = page.locator(f"#{field} input[type=number]")
    for _ in range(50):
        box.fill(str(value))
        box.press("Tab")
        if box.input_value() == str(value):
            return
    pytest.fail(f"{field} does not keep {value}")


def unfold(page: Page, fold: str) -> None:
    """Open a fold, such as "image-more", unless it is open, and wait until it keeps what is typed."""
    page.wait_for_selector(f"#{fold}", state="visible")
    if not page.locator(f"#{fold} > button.open").count():
        page.click(f"#{fold} > button")
        settle(page)


def settle(page: Page) -> None:
    """Wait for the frame after next: in the next one Gradio sets all that was just mounted a second time, as it was."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def type_seed(page: Page, seed: int, task: str = "image") -> None:
    """Put a seed into a tab."""
    unfold(page, f"{task}-more")
    type_number(page, f"{task}-seed", seed)


def press_anew(page: Page, button: str, result: str) -> None:
    """Press a button, and wait for a result that was not there before."""
    page.evaluate("at => document.querySelectorAll(at).forEach(old => { old.dataset.old = '1' })", result)
    page.click(button)
    page.wait_for_selector(f"{result}:not([data-old])")


def seed_becomes(page: Page, seed: int, task: str = "image") -> None:
    """Wait until a tab has a seed."""
    unfold(page, f"{task}-more")
    page.wait_for_function(f"document.querySelector('#{task}-seed input')?.value === '{seed}'")


@pytest.fixture
def visit(server, browser: Guests):
    """Open the page as a visitor: `visit(lang="zh-CN", width=390, dark=True, query="?lang=en")`."""
    with visits(server, browser) as open_page:
        yield open_page


@contextmanager
def visits(server, browser: Guests):
    """What opens the pages of a server; at the end no visitor may have seen a console error or a foreign request."""
    visitors = []

    with browser.stay() as open_page:

        def open_as(lang="en-US", width=1280, dark=False, query="", tab="text", calm=False, first=False):
            page = open_page(lang)
            if not first:
                page.add_init_script(BEEN_HERE)
            page.set_viewport_size({"width": width, "height": 900})
            motion = "reduce" if calm else "no-preference"
            page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion=motion)
            visitors.append(Visitor(page))
            watch(visitors[-1], server)
            return visitors[-1].open(server + query, tab)

        yield open_as
        troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    assert not troubles


def watch(visitor, server):
    """Collect console errors, uncaught exceptions and requests to other hosts."""
    page, own = visitor.page, (server, "data:", "blob:")
    page.on("console", lambda m: visitor.troubles.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: visitor.troubles.append(f"exception: {error}"))
    page.on(
        "request", lambda r: None if r.url.startswith(own) else visitor.troubles.append(f"foreign: {r.url}")
    )
