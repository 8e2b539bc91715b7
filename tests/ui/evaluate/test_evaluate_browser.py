"""Evaluate in a browser: two models, the report saved and dropped again, twenty blind votes over a reload; a phone in Chinese."""

import pytest

from aigc_demo import provenance
from tests.few_digits import write_few
from tests.ui.conftest import type_number, unfold


@pytest.fixture
def digits(server_folder):
    """A few digits where the server looks for them."""
    return write_few(server_folder / "data" / "digits")


def evaluated(visitor, count=24):
    """Compare the GAN with the VAE."""
    page = visitor.page
    visitor.tab("evaluate")
    type_number(page, "evaluate-count", count)
    page.click("#evaluate-against input")
    page.locator("[role=option]", has_text="vae-digits").click()
    page.keyboard.press("Escape")
    page.click("#evaluate-go")
    page.wait_for_selector("table.evaluation")
    return page


def test_two_models_are_measured_saved_restored_and_voted_on(visit, digits, tmp_path):
    visitor = visit()
    page = evaluated(visitor)
    assert page.locator("tbody[data-figure]").count() >= 8
    assert page.locator("tbody[data-figure=frechet] svg.whisker").count() == 2
    path = visitor.save("#evaluate-save-md", tmp_path)
    assert provenance.read(path).recipe.request["against"] == ["vae-digits"]
    unfold(page, "evaluate-blind")
    for place in range(20):
        page.wait_for_selector(f".blind[data-place='{place}']")
        if place == 9:
            page.reload()
            page.wait_for_selector(".blind[data-place='9']")
        page.click(("#evaluate-left", "#evaluate-tie", "#evaluate-right")[place % 3])
    page.wait_for_selector("table.people")
    assert "7" in page.inner_text("table.people") and "p = " in page.inner_text("#evaluate-blind-view")
    told = visitor.save("#evaluate-save-md", tmp_path).read_text("utf-8")
    assert "Bradley-Terry" in told
    type_number(page, "evaluate-count", 100)
    with page.expect_file_chooser() as chooser:
        page.click("#restore-file")
    chooser.value.set_files(path)
    page.wait_for_function("document.querySelector('#evaluate-count input[type=number]')?.value === '24'")


def test_a_phone_in_chinese_and_dark(visit, digits):
    page = evaluated(visit(lang="zh-CN", width=390, dark=True), 8)
    assert "弗雷歇距离" in page.inner_text("#evaluate-table") and "无差异" in page.inner_text(
        "#evaluate-table"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    unfold(page, "evaluate-traps")
    page.click("#evaluate-trap-raw_rouge")
    page.wait_for_selector("#evaluate-trap-raw_rouge-view table")
