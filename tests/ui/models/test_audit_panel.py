"""A closer look in the Models tab: the way to the data where they are absent, then what was found, in both languages."""

import shutil

from aigc_demo.actions.audit import TextAudit
from aigc_demo.runtime.registry import find_card
from aigc_demo.ui.models.audit_view import audit_html
from aigc_demo.ui.page.language import Words
from tests.actions.audit.material import write_digits


def test_a_look_at_the_shipped_digits(visit, tmp_path_factory):
    own = next(tmp_path_factory.getbasetemp().glob("server*/data"))
    shutil.rmtree(own / "digits", ignore_errors=True)  # of another test of this server
    visitor = visit(lang="zh-CN")
    page = visitor.page
    visitor.tab("models")
    page.locator("#models-list button", has_text="gan-digits").click()
    page.click("#models-probe > button")
    page.click("#probe-go")
    page.wait_for_selector("text=python -m aigc_demo data get digits")
    write_digits(own)
    page.click("#probe-go")
    page.wait_for_selector("#probe-found .verdict.green")
    assert page.locator("#probe-found .pairs figure").count() == 8
    assert page.locator("#probe-found tbody tr").count() == 10
    assert "AI 生成" in page.inner_text("#probe-found .pairs")
    page.locator("#models-list button", has_text="tiny/ddpm").click()
    page.wait_for_selector("#probe-about a[href='https://huggingface.co/tiny/ddpm']")
    assert not page.locator("#probe-go").is_visible()


def test_a_copied_passage_is_quoted_and_escaped(settings):
    card = find_card("gpt-austen", settings)
    found = TextAudit(card, 32, 9000, 3_000_000, "<b>a passage</b>", 12, 0.08, None)
    for lang, level in (("en", "More than one in twenty"), ("zh", "超过二十分之一")):
        html = audit_html(found, Words(), lang)
        assert level in html and "&lt;b&gt;a passage" in html and "8.0%" in html
