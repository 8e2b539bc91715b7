"""The Verify tab in a browser: a file saved from the page, a pasted text, a forged one; and the switch of the visible label."""

from PIL import Image

from aigc_demo.provenance import read
from tests.ui.conftest import seed_becomes, type_seed


def layer(page, name):
    """The state of a layer that the tab shows."""
    return page.get_attribute(f".layer[data-layer={name}]", "data-state")


def test_a_saved_picture_is_verified_and_restored(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    visitor.tab("image")
    type_seed(page, 7)
    page.click("#image-go")
    page.wait_for_selector("#image-sheet .sheet")
    path = visitor.save("#image-save-jpg", tmp_path)
    assert read(path).recipe.request["seed"] == 7
    type_seed(page, 8)
    visitor.tab("verify")
    page.set_input_files("#verify-file input[type=file]", path)
    page.wait_for_selector(".layers")
    assert [layer(page, name) for name in ("label", "source", "recipe")] == ["found"] * 3
    assert layer(page, "pixels") == "absent"  # a local page adds no hidden mark
    page.click("#verify-restore")
    page.wait_for_selector("#image-go", state="visible")
    seed_becomes(page, 7)


def test_a_phone_in_chinese_reads_a_pasted_text_and_a_picture_without_labels(visit, tmp_path):
    visitor = visit(lang="zh-CN", width=390, dark=True)
    page = visitor.page
    visitor.tab("verify")
    page.fill("#verify-text textarea", "<b>春眠不觉晓</b>，处处闻啼鸟。")
    page.click("#verify-go")
    page.wait_for_selector(".layers")
    assert layer(page, "label") == layer(page, "words") == "absent"
    assert "不能证明" in page.inner_text("#verify-view") or "不能证明" in page.inner_text("#tab-verify, body")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    Image.new("RGB", (200, 200), "red").save(tmp_path / "plain.png")
    page.fill("#verify-text textarea", "")
    page.set_input_files("#verify-file input[type=file]", tmp_path / "plain.png")
    page.wait_for_selector(".layer[data-layer=pixels]")
    assert layer(page, "recipe") == "absent" and not page.is_visible("#verify-restore")
    page.click("#labels button")
    page.wait_for_selector("#labels-visible input", state="visible")
    assert not page.is_checked("#labels-visible input") and not page.is_visible("#labels-duty")


def test_what_was_just_made_and_an_example_are_looked_at_without_a_file(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    visitor.tab("verify")
    page.click("#verify-latest")
    page.wait_for_selector(".toast-body:has-text('Nothing has been made')")
    page.click("#verify-example-picture")
    page.wait_for_selector(".layers")
    assert layer(page, "recipe") == "found" and "gan-digits" in page.inner_text("#verify-view")
    visitor.tab("text")
    page.click("#text-go")
    page.wait_for_selector("#history [data-index='0']")
    visitor.tab("verify")
    page.click("#verify-latest")
    page.wait_for_selector("#verify-view:has-text('gpt-poems')")
    assert layer(page, "label") == "found"
    Image.new("RGB", (200, 200), "red").save(tmp_path / "plain.png")
    page.set_input_files("#verify-file input[type=file]", tmp_path / "plain.png")
    page.wait_for_function("!document.querySelector('#verify-view').innerText.includes('gpt-poems')")
    page.fill("#verify-text textarea", "a text")
    page.click("#verify-go")
    page.wait_for_selector(".toast-body:has-text('A file and a text are here')")
