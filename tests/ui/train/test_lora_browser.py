"""From a zip of captioned pictures to an adapter that draws, in a real browser."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.ui.conftest import type_number
from tests.ui.train.test_train_browser import bring, open_more, wait_for_state, wait_for_value

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def cats(tmp_path_factory):
    """Six pictures in a zip, five with a caption beside them."""
    path, random = tmp_path_factory.mktemp("own") / "cats.zip", np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(6):
            file = io.BytesIO()
            Image.fromarray(random.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(file, "PNG")
            archive.writestr(f"cat{i}.png", file.getvalue())
            if i:
                archive.writestr(f"cat{i}.txt", f"a cat, number {i}")
    return path


def write_caption(page, row, words):
    """Type over a caption in the table."""
    cell = page.locator(f"#train-captions-table [data-testid='cell-{row}-2']")
    cell.dblclick()
    cell.locator("textarea").wait_for()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    cell.locator(f"span:has-text('{words}')").wait_for()


def bring_captioned(visitor, cats, name):
    """Import the pictures as a set, and give the one without a caption its own."""
    page = visitor.page
    visitor.tab("train")
    bring(page, cats, name)
    page.wait_for_selector("#train-preview :text('5 captions')")
    page.click("#train-captions > button")
    write_caption(page, 0, "a cat in the rain")
    page.click("#train-captions-save")
    page.wait_for_selector("#train-captions-said :text('6 pictures have captions')")


def test_a_caption_is_written_in_the_table_and_kept(visit, cats):
    bring_captioned(visit(), cats, "cats")


@pytest.mark.slow
def test_from_captioned_pictures_to_an_adapter_that_draws(visit, cats):
    visitor = visit()
    page = visitor.page
    bring_captioned(visitor, cats, "subject")
    page.locator("#train-family input[value=diffusion]").check()
    open_more(page)
    wait_for_value(page, "#train-start input", "tiny/sd")
    page.wait_for_selector("#train-cost :text('an adapter of rank 8')")
    page.fill("#train-trigger :is(input, textarea)", "sks")
    page.fill("#train-steps input", "2")
    page.fill("#train-name :is(input, textarea)", "mycat")
    page.click("#train-go")
    page.wait_for_selector("#train-head .job:has-text('mycat')")
    assert "LoRA r 8" in page.inner_text("#train-head")
    wait_for_state(page, "done")
    page.wait_for_selector("#train-film img.now")
    page.click("#train-compare > button")
    page.click("#train-compare-go")
    page.wait_for_selector("#train-pair section:nth-of-type(2) .picture")

    page.click("#train-use-draw")
    wait_for_value(page, "#draw-model input", "tiny/sd")
    wait_for_value(page, "#draw-prompt :is(input, textarea)", "sks")
    page.click("#draw-more > button")
    wait_for_value(page, "#draw-adapter input", "mycat")
    type_number(page, "draw-adapter-weight", 1.5)
    type_number(page, "draw-num-inference-steps", 2)
    page.click("#draw-go")
    page.wait_for_selector("#draw-view .shown")
    page.click("#draw-code > button")
    page.wait_for_selector("#draw-code :text('runs/mycat')")
