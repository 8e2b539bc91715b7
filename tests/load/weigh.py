"""What opening the page costs, of one or several checkouts side by side: bytes over the wire, requests, paint, memory.

python -m tests.load.weigh BEFORE . --rounds 3

Each checkout is served by `python app.py` of its own; the rounds alternate between them, each with a browser profile of
its own: a first load, then a reload. Bytes are what Chromium counted on the wire (Network.loadingFinished), headers
included; open streams are not among them. The table has medians, the last column the share of the first checkout.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from playwright.sync_api import Browser, sync_playwright

from tests.serving import serve

READY = "#device b, #header .facts b"  # the device is known: everything that a page loads by itself has been asked for
QUIET = 1.5  # seconds without a finished request, after which a page has loaded
CHROMIUM = "/usr/bin/chromium"
GOALS = {"first load, kB": 0.45, "reload, kB": 0.20, "first paint, ms": 1.0, "server after opening, MB": 1.0}


@contextmanager
def served(checkout: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of a checkout's page and its process."""
    with TemporaryDirectory(prefix="aigc-weigh-") as own, serve(Path(own), checkout, AIGC_OFFLINE="1") as url:
        children = psutil.Process().children()
        apps = (child for child in children if "app.py" in child.cmdline())
        yield url, next(app for app in apps if app.cwd() == str(checkout.resolve()))


def opened(browser: Browser, url: str) -> dict[str, float]:
    """A first load and a reload of a new browser profile, as figures by name."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    found: dict[str, float] = {}
    sizes: list[int] = []
    asked: list[str] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on("Network.requestWillBeSent", lambda event: asked.append(event["requestId"]))
    for name, load in (("first load", lambda: page.goto(url)), ("reload", page.reload)):
        sizes.clear()
        asked.clear()
        load()
        page.wait_for_selector(READY, timeout=60_000)
        settled, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET:
            if len(sizes) != settled:
                settled, since = len(sizes), time.monotonic()
            page.wait_for_timeout(100)
        paint = page.evaluate("performance.getEntriesByType('paint').map(entry => entry.startTime)")
        found |= {f"{name}, kB": sum(sizes) / 1000, f"{name}, requests": len(asked)}
        found |= {
            f"{'first' if name == 'first load' else 'reload:'} {what}, ms": at
            for what, at in zip(("paint", "contentful paint"), paint, strict=False)
        }
    context.close()
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure and print; status 1 where a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkouts", nargs="+", type=Path, help="folders with app.py, the one before first")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    figures: dict[Path, dict[str, list[float]]] = {path: defaultdict(list) for path in asked.checkouts}
    with ExitStack() as stack, sync_playwright() as playwright:
        pages = {path: stack.enter_context(served(path)) for path in asked.checkouts}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for url, _ in pages.values():
            opened(browser, url)  # the browser's own start, and each server's first page, are nobody's
        for _ in range(asked.rounds):
            for path, (url, process) in pages.items():
                for name, value in opened(browser, url).items():
                    figures[path][name].append(value)
                figures[path]["server after opening, MB"].append(process.memory_info().rss / 2**20)
    return print_table(figures)


def print_table(figures: dict[Path, dict[str, list[float]]]) -> int:
    """Medians by checkout, the share of the first one, and whether the goals are met."""
    medians = [{name: statistics.median(values) for name, values in one.items()} for one in figures.values()]
    missed = 0
    print(f"{'':28}", *(f"{path.resolve().name[:14]:>14}" for path in figures), "  share")
    for name, before in medians[0].items():
        share, goal = medians[-1][name] / before, GOALS.get(name)
        missed += goal is not None and share > goal
        print(
            f"{name:28}",
            *(f"{median[name]:14.0f}" for median in medians),
            f"{share:7.0%}",
            f"(<= {goal:.0%})" if goal else "",
        )
    return int(bool(missed and len(medians) > 1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
