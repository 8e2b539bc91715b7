"""What those meet who go by keys, or have the page read to them: every tab under axe-core, the way to Write, folds."""

import shutil
import subprocess
import tarfile

import pytest

pytestmark = pytest.mark.browser
PACKAGE = "axe-core@4"
GRAVE = ("serious", "critical")
TABS = ("text", "image", "walk", "train", "models", "verify")


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The script of axe-core, fetched by npm for this run."""
    if not shutil.which("npm"):
        pytest.skip("npm is not here, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    command = ["npm", "pack", PACKAGE, "--silent"]
    fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if fetched.returncode:
        pytest.skip(f"npm cannot fetch axe-core: {fetched.stderr[-200:]}")
    with tarfile.open(folder / fetched.stdout.strip()) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def grave(page):
    """Serious and critical findings on the page as it is: rule, place, what is wrong."""
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        (rule["id"], node["target"], node["failureSummary"])
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


def unfold(page):
    """Open every fold in view; each says that it is open."""
    closed = page.locator("button.label-wrap[aria-expanded=false]:visible")
    for _ in range(closed.count()):  # each that opens leaves the list, and may bring others into it
        closed.first.click()
    page.wait_for_function(
        "[...document.querySelectorAll('button.label-wrap')].every((fold) =>"
        " fold.getAttribute('aria-expanded') === String(fold.classList.contains('open')))"
    )


@pytest.mark.parametrize("lang", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("dark", [False, True])
def test_no_tab_has_a_grave_finding(visit, axe, lang, dark):
    visitor = visit(lang=lang, dark=dark)
    page = visitor.page
    page.add_script_tag(content=axe)
    for name in TABS:
        visitor.tab(name)
        modes = page.locator(".modes > .tab-wrapper button[role=tab]:visible")
        for mode in modes.all() or [None]:
            if mode:
                mode.click()
            unfold(page)
            assert not grave(page), name


def test_write_is_eight_tab_stops_away(visit):
    visitor = visit()
    visitor.tab("text")
    page, stops = visitor.page, []
    for _ in range(8):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert "text-go" in stops


def test_keys_go_along_tabs_and_to_the_first_field(visit):
    visitor = visit()
    visitor.tab("text")
    page = visitor.page
    page.focus(".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#text-prompt') !== null")
    page.focus("#tab-text-button")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#image-go", state="visible")
    assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
