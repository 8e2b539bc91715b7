"""The Models tab in a real browser, on a hub on loopback: search, fetch, cancel, go on, use at once, delete."""

import re
import shutil

import gradio as gr
import pytest

from aigc_demo.core.words import Text
from aigc_demo.hub import Download
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.ui.models.card_view import downloads_html, language_said, parameters_said
from aigc_demo.ui.models.listing import Entry, Filters, is_free, list_html
from aigc_demo.ui.models.models_tab import ModelsTab
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.no_model import bytes_said
from tests.checkpoints.language import write_llama
from tests.jobs.test_lora import make_adapter
from tests.serving import ROOT
from tests.ui.conftest import visits
from tests.ui.handlers import Page

LLAMA, LARGE, GATED = "tiny/story-writer", "tiny/large-writer", "tiny/secret-writer"
ENTRY = Entry(
    "Qwen/Qwen3-0.6B",
    Text(en="Qwen3", zh="通义千问"),
    ("text", "chat"),
    "apache-2.0",
    1_500_000_000,
    fit="tight",
)


@pytest.mark.parametrize(
    ("filters", "through"),
    [
        (Filters(), True),
        (Filters(words="QWEN 0.6"), True),
        (Filters(words="千问"), True),
        (Filters(words="llama"), False),
        (Filters(task="chat"), True),
        (Filters(task="draw"), False),
        (Filters(licence="free"), True),
        (Filters(size="500"), False),
        (Filters(size="2000"), True),
        (Filters(fits=True), True),
    ],
)
def test_filters(filters, through):
    assert filters.let_through(ENTRY) is through


def test_an_unknown_fit_is_no_fit_and_a_gated_model_is_not_open():
    unknown = Entry("a/b", None, (), "gemma", gated=True)
    assert not Filters(fits=True).let_through(unknown)
    assert not Filters(licence="open").let_through(unknown)


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("apache-2.0", True),
        ("MIT", True),
        ("cc-by-nc-4.0", False),
        ("mit, gemma", False),
        ("", False),
        ("openrail++", False),
    ],
)
def test_free_licences(licence, free):
    assert is_free(licence) is free


def test_numbers_in_words():
    assert [bytes_said(count) for count in (812_000, 312e6, 1.5e9, 999.6e6)] == [
        "812 kB",
        "312 MB",
        "1.5 GB",
        "1.0 GB",
    ]
    assert [parameters_said(count) for count in (0, 7000, 134_515_008, 1.7e9)] == [
        "",
        "7,000",
        "134.5 M",
        "1.7 B",
    ]
    assert language_said("zh,en", "zh") == "中文、英文" and language_said("", "en") == ""


def test_names_are_shown_as_text():
    html = list_html([Entry("<b>x</b>/y", None, (), "<i>")], "", Words(), "en")
    html += downloads_html(
        [Download("<b>x</b>", "failed", 1, 2, error=Text(en="<i>", zh="<i>"))], Words(), "en"
    )
    assert "<b>x" not in html and "<i>" not in html.replace("<i style", "")


def test_an_adapter_is_listed_with_its_base_and_deleted_with_its_run(settings, cache, toasts):
    folder = make_adapter(settings.runs_dir / "mine")
    JobFolder(folder).write_request(
        TrainRequest(family="transformer", data="texts", name="mine", start="tiny/llama")
    )
    with gr.Blocks():
        tab = ModelsTab(Context(settings, cache, Words()))
    find, chosen = tab.find, tab.chosen
    listed = find.found(("here", "", "any", "any", "any", False), "", "en")
    place = listed[find.ids].index("runs/mine")
    assert "adapter of tiny/llama" in listed[find.list] and "runs/mine" in listed[find.ids]
    *_, shown = tab.pick_model(listed[find.ids], gr.EventData(None, {"index": place}), Page())
    assert "Belongs to" in shown[chosen.card] and "On this disk" in shown[chosen.card]
    assert shown[chosen.drop]["visible"] and not shown[chosen.fetch]["visible"]
    list(chosen.delete("runs/mine", Page()))
    assert not folder.exists()
    assert "runs/mine" not in find.found(("here", "", "any", "any", "any", False), "", "en")[find.ids]


@pytest.fixture(scope="module")
def hub(hub_of_server, tmp_path_factory):
    """A hub with a small model, a larger one and a gated one."""
    folder = tmp_path_factory.mktemp("hub")
    hub_of_server.add(LLAMA, write_llama(folder / "small"), downloads=5)
    hub_of_server.add(LARGE, write_llama(folder / "large", hidden_size=128, intermediate_size=512))
    hub_of_server.add(GATED, write_llama(folder / "gated"), gated=True)
    return hub_of_server


def look_for(page, words):
    """Search the hub."""
    page.locator("#models-place label").nth(3).click()
    page.fill("#models-words textarea, #models-words input", words)
    page.click("#models-go")
    page.wait_for_selector(f"#models-list .name:has-text('{words}')")


def choose(page, model):
    """Choose a model of the list, and wait for what the hub says."""
    page.locator("#models-list button", has_text=model).click()
    page.wait_for_selector(f"article.model[data-model='{model}']")


def test_fetched_and_used_at_once_then_deleted(visit, hub, server_folder):
    visitor = visit()
    page = visitor.page
    visitor.tab("models")
    look_for(page, "story-writer")
    assert "no token is set" in page.inner_text("#models-note")
    choose(page, LLAMA)
    page.wait_for_selector("#models-fetch:has-text('Download ')")
    facts = page.inner_text("article.model")
    assert "apache-2.0" in facts and "Disk free" in facts and "files" in facts
    assert not list((server_folder / "hub").rglob("*.safetensors"))  # nothing comes unasked
    page.click("#models-fetch")
    page.wait_for_selector("#models-list button:has-text('story-writer') .badge.here")
    page.click("#models-use-text")
    page.wait_for_function(
        "document.querySelector('#text-model input')?.value.startsWith('tiny/story-writer')"
    )
    page.fill("#text-prompt textarea", "The bank")
    page.click("#text-go")
    page.wait_for_selector("#text-view [data-token]", state="attached")
    visitor.tab("models")
    page.locator("#models-place label").nth(0).click()
    page.fill("#models-words textarea, #models-words input", "")
    page.click("#models-go")
    choose(page, "gan-digits")  # so that the card which is waited for is a new one
    choose(page, LLAMA)
    page.click("#models-delete")
    page.click("#models-really")
    page.wait_for_selector("#models-fetch:has-text('Download ')")
    assert not list((server_folder / "hub").rglob("*.safetensors"))
    visitor.tab("text")
    page.wait_for_function(
        "!document.querySelector('#text-model input').value.startsWith('tiny/story-writer')"
    )


@pytest.mark.slow
def test_cancelled_at_half_seen_by_a_second_browser_and_gone_on_with(visit, hub):
    first, second = visit(), visit(lang="zh-CN", width=390)
    for visitor in (first, second):
        visitor.tab("models")
    page = first.page
    look_for(page, "large-writer")
    choose(page, LARGE)
    hub.rate = 150_000
    page.click("#models-fetch")
    page.wait_for_function(
        "Number(document.querySelector('#models-progress [role=progressbar]')?.ariaValueNow) >= 40"
    )
    hub.rate = 4_000  # so that it still runs when the second browser has come
    second.page.reload()
    second.page.wait_for_selector("#device b")
    second.tab("models")
    second.page.wait_for_selector("#models-progress .job.running:has-text('剩余')")
    second.page.click("#models-progress [data-index]")
    second.page.click("#models-cancel")
    page.wait_for_selector("#models-progress .job.stopped")
    came = len(hub.contents())
    hub.rate = 10**9
    page.click("#models-fetch")
    page.wait_for_selector("#models-use-text:visible")
    resumed = [asked for path, asked, _ in hub.contents()[came:] if path.endswith("model.safetensors")]
    assert any(re.fullmatch(r"bytes=[1-9]\d*-", asked or "") for asked in resumed)
    page.click("#models-use-chat")
    page.wait_for_function(
        "document.querySelector('#chat-model input')?.value.startsWith('tiny/large-writer')"
    )


def test_a_gated_and_a_missing_model_and_a_hub_in_trouble_are_sentences(visit, hub):
    visitor = visit(lang="zh-CN")
    page = visitor.page
    visitor.tab("models")
    look_for(page, "secret-writer")
    choose(page, GATED)
    page.wait_for_selector("article.model .remark:has-text('HF_TOKEN')")
    assert not page.is_visible("#models-fetch")
    page.click("#models-other > button")
    page.fill("#models-id textarea, #models-id input", "tiny/nowhere")
    page.click("#models-look")
    page.wait_for_selector("article.model .remark:has-text('模型仓库中没有 tiny/nowhere')")
    hub.status = 503
    try:
        page.locator("#models-place label").nth(3).click()
        page.fill("#models-words textarea, #models-words input", "writer")
        page.click("#models-go")
        page.wait_for_selector("#models-list .empty:has-text('HTTP 503')")
    finally:
        hub.status = 0


@pytest.fixture(scope="module")
def bare(serving, hub, tmp_path_factory):
    """The app without any pretrained model, and without those of its own that draw from words."""
    own = tmp_path_factory.mktemp("bare")
    shutil.copytree(ROOT / "weights", own / "weights", ignore=shutil.ignore_patterns("draw-*", "dalle-*"))
    with serving(
        own,
        HF_ENDPOINT=hub.url,
        HF_HUB_OFFLINE="0",
        HF_TOKEN="",
        AIGC_WEIGHTS_DIR=str(own / "weights"),
    ) as url:
        yield url


@pytest.fixture
def first_visit(bare, browser):
    """Open its page."""
    with visits(bare, browser) as open_page:
        yield open_page


def test_the_way_from_a_tab_without_models_then_filters_then_a_folder_of_this_computer(first_visit, tmp_path):
    visitor = first_visit()
    page = visitor.page
    visitor.tab("image")
    page.click("#mode-draw-button")
    page.click("#draw-no-model-open")
    page.wait_for_selector("#models-list .about:has-text('sd-turbo')")
    listed = page.locator("#models-list .about").all_inner_texts()
    assert not any("SmolLM2" in line for line in listed)  # which draws nothing
    page.click("#models-filters > button")
    page.locator("#models-size label").nth(1).click()
    page.wait_for_function(
        "before => document.querySelectorAll('#models-list button').length < before", arg=len(listed)
    )
    page.click("#models-other > button")
    page.fill("#models-id textarea, #models-id input", str(write_llama(tmp_path / "mine")))
    page.click("#models-look")
    page.wait_for_selector("article.model[data-model='local/mine']")
    page.wait_for_selector("#models-use-chat:visible")


@pytest.mark.slow
def test_a_public_page_shows_the_catalogue_and_fetches_nothing(public, browser):
    with visits(public, browser) as open_page:
        visitor = open_page()
        page = visitor.page
        visitor.tab("models")
        assert page.locator("#models-place label").count() == 2
        page.locator("#models-place label").nth(1).click()
        choose(page, "SmolLM2-135M-Instruct")
        page.wait_for_selector("article.model .remark:has-text('not on this machine')")
        assert not page.is_visible("#models-fetch") and page.locator("#models-other").count() == 0
