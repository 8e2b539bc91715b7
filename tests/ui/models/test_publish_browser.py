"""Publishing as a person does it: a model of the list, the button, the zip."""

import zipfile

import pytest

from aigc_demo.models.cards import front_matter

pytestmark = pytest.mark.browser


def test_a_model_of_the_list_becomes_a_space(visit, tmp_path):
    visitor = visit()
    visitor.tab("models")
    visitor.page.locator("#models-list button", has_text="gan-digits").click()
    with zipfile.ZipFile(visitor.save("#models-publish", tmp_path)) as archive:
        names = archive.namelist()
        assert {"gan-digits/app.py", "gan-digits/weights/gan-digits/model.safetensors"} <= set(names)
        matter = front_matter(archive.read("gan-digits/README.md").decode())
    assert matter["sdk"] == "gradio"
    assert not [name for name in names if "/weights/" in name and "gan-digits/weights/gan-digits" not in name]
