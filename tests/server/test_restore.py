"""What comes of a file with a recipe that is given back to the page."""

import io
import json

from PIL import Image

from aigc_demo.ui import build_app
from tests.load.caller import Caller


def made(caller, name, **fields):
    """A file that an endpoint wrote, uploaded again."""
    answer = caller.ask(name, **fields)
    assert answer.ok, answer.said
    path = next(
        value["path"] for value in answer.data[0].values() if isinstance(value, dict) and "path" in value
    )
    return caller.upload("made.png", caller.fetch(path).content)


def test_a_file_of_every_kind_of_picture_brings_its_settings_back(sites):
    caller = Caller(f"http://127.0.0.1:{sites['local'].port}/").open()
    picture, drawing = Image.new("L", (28, 28)), io.BytesIO()
    picture.paste(255, (8, 6, 20, 20))
    picture.save(drawing, "PNG")
    drawn = caller.upload("drawing.png", drawing.getvalue())
    for name, fields, again, restored in (
        ("generate_image", {"model": "gan-digits", "label": "7", "seed": 33, "count": 1}, False, 33),
        ("reconstruct", {"model": "vae-digits", "image": drawn, "neighbours": 5}, True, 5),
        ("upscale", {"model": "realesrgan-x4", "image": drawn}, True, "realesrgan-x4"),
        ("interpolate", {"model": "vae-digits", "frames": 31}, False, 31),
    ):
        back = caller.press("restore-file", "upload", restore_file=made(caller, name, **fields))
        assert back.ok and "Settings restored from made.png" in back.said, back.said
        assert ("give it again" in back.said) is again
        recipe = json.loads(back.data[0])["recipe"]
        given = json.dumps({"id": 1, "recipe": json.dumps(recipe)})
        back = caller.press(f"arrive-{recipe['task']}", arrival=given)
        assert restored in [
            value["value"] for value in back.data if isinstance(value, dict) and "value" in value
        ]


def test_a_page_without_the_tab_says_so(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    page, options = build_app(settings.model_copy(update={"tabs": "text"}))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **options)
    caller = Caller(url).open()
    sheet = made(caller, "generate_image", model="gan-digits", label="7", seed=3, count=1)
    refused = caller.press("restore-file", "upload", restore_file=sheet)
    assert "no tab that brings back the task image" in refused.said and "made.png" not in refused.said
    page.close()
