"""The exhibit that draws from words, recorded by a tiny painter."""

import io

from PIL import Image

from aigc_demo.runtime.cache import ModelCache
from aigc_demo.ui.opening.paint import FRAMES, MODEL, PARTS, Paint
from aigc_demo.ui.page.language import Words
from tests.checkpoints.painter import write_painter


def test_it_is_recorded_and_shown_once_it_is(settings, tmp_path, monkeypatch):
    own = settings.model_copy(update={"weights_dir": tmp_path / "weights"})
    write_painter(own.weights_dir / MODEL)
    monkeypatch.setattr(Paint, "folder", tmp_path)
    exhibit = Paint()
    assert not exhibit.here(own)
    for lang, parts in PARTS.items():
        for name, data in exhibit.record(ModelCache(own), lang).items():
            (tmp_path / name).write_bytes(data)
            with Image.open(io.BytesIO(data)) as film:
                assert film.size == (16 * FRAMES * len(parts), 16) and "recipe" in film.text
    assert exhibit.here(own)
    markup = exhibit.painting(Words().translator("en"), "en")
    assert markup.count("<span>") == len(PARTS["en"]) and "/paint/en.png" in markup
