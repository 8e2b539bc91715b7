"""Many tabs of one browser, and pages that are left: nobody waits for a connection, and nothing computes on."""

from contextlib import ExitStack

import psutil
import pytest
from playwright.sync_api import Error

from tests.server.conftest import start
from tests.ui.conftest import CHROMIUM, FLAGS, Visitor, type_number

pytestmark = pytest.mark.browser
MARK = "--of-the-test-of-open-tabs"
SOON = 20.0  # seconds; two in the promise, the rest for a busy machine


@pytest.fixture(scope="module")
def site(debug_models, tmp_path_factory):
    """A page in this process, whose computations can be looked at."""
    own = tmp_path_factory.mktemp("tabs")
    with ExitStack() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(own / "gradio"))
        yield start("local", own, debug_models, running)


def stops_of(site):
    """The flags of what computes now."""
    bound = (getattr(event.fn, "__self__", None) for event in site.app.get_blocks().fns.values())
    return next(found for found in bound if hasattr(found, "context")).context.stops._flags


def running(site, before):
    """The flags of what has not been stopped, by whose they are and what for; but for those that were there before."""
    flags = dict(stops_of(site))
    return {name: flag for name, flag in flags.items() if name not in before and not flag.is_set()}


def write_much(page, site):
    """Start what takes long, and the flag that would stop it."""
    before = set(stops_of(site))
    visitor = Visitor(page).open(f"http://127.0.0.1:{site.port}/")
    visitor.tab("text")
    page.click("#text-more button")
    type_number(page, "text-count", 16)
    type_number(page, "text-max-new-tokens", 512)
    page.click("#text-go")
    # its first words: the tab had opened with a shorter text, whose flag is another
    page.wait_for_function("document.querySelectorAll('#text-view .samples > *').length === 16")
    flags = running(site, before)
    assert [task for _, task in flags] == ["text"], flags
    return flags.popitem()[1]


def test_eight_tabs_of_one_browser_all_answer(visit):
    first = visit()
    context = first.page.context
    others = [Visitor(context.new_page()) for _ in range(7)]
    for visitor in others:
        visitor.open(first.page.url)
    for visitor in (first, *others):
        visitor.tab("image")
        visitor.page.click("#image-go")
        visitor.page.wait_for_selector("#image-sheet .picture")


@pytest.mark.parametrize("leave", ["close", "reload", "elsewhere"])
def test_a_page_that_is_left_computes_no_longer(site, browser, leave):
    with browser.stay() as open_page:
        page = open_page("en-US")
        flag = write_much(page, site)
        if leave == "close":
            page.close()
        elif leave == "reload":
            page.reload()
        else:
            page.goto(f"http://127.0.0.1:{site.port}/API.md")
        assert flag.wait(SOON)


def test_a_browser_that_is_killed_computes_no_longer(site, browser):
    own = browser._browser.browser_type.launch(executable_path=CHROMIUM[0], args=[*FLAGS, MARK])
    flag = write_much(own.new_page(locale="en-US"), site)
    for process in psutil.process_iter(["cmdline"]):
        if MARK in (process.info["cmdline"] or ()):
            process.kill()
    assert flag.wait(SOON)
    with pytest.raises(Error):
        own.new_page()
