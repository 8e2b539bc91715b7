"""A zip of captioned pictures becomes a set whose captions stand in a table, in a real browser."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.ui.test_train_tab import bring

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


def test_captions_come_with_their_pictures_and_stand_in_a_table(visit, cats):
    visitor = visit()
    page = visitor.page
    visitor.tab("train")
    bring(page, cats, "cats")
    page.wait_for_selector("#train-preview :text('5 captions')")
    page.click("#train-captions > button")
    page.locator("#train-captions-table img:visible").first.wait_for()  # another table measures widths unseen
