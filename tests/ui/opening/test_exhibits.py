"""The recorded files of the Start tab are what the table says, made by the models that are here, and small."""

import json

import pytest

from aigc_demo import provenance
from aigc_demo.core.settings import Settings
from aigc_demo.runtime.registry import find_card
from aigc_demo.ui import offered, with_start
from aigc_demo.ui.opening.draw import FRAMES, drawn, stroke
from aigc_demo.ui.opening.enlarge import BEFORE
from aigc_demo.ui.opening.first_sight import first_sight
from aigc_demo.ui.opening.start_tab import EXHIBITS, exhibits_for
from aigc_demo.ui.page.language import Words

LARGEST, ALL = 60_000, 150_000  # bytes of a file, and of all that a visitor of one language fetches
WITHOUT_STATEMENT = {BEFORE, "stroke.json"}  # no model made them


@pytest.mark.parametrize("exhibit", [kind() for kind in EXHIBITS], ids=lambda exhibit: exhibit.name)
def test_recorded_files_say_how_they_were_made(exhibit):
    """A model that is trained anew is found out here: `python -m tests.exhibits` records it again."""
    files = [path for path in exhibit.folder.iterdir() if path.name not in WITHOUT_STATEMENT]
    made = [provenance.read(path) for path in files]
    assert made
    for found in made:
        assert found.ai_generated and found.label.Label == "1"
        asked = [one.model_dump(mode="json") for one in exhibit.asked.values()]
        assert any({**one, **found.recipe.request} == one for one in asked)  # without paths of pictures
        assert found.recipe.weights == find_card(found.recipe.model, Settings()).weights_hash()
    assert {found.recipe.model for found in made} == {one.model for one in exhibit.asked.values()}


def test_recorded_files_are_small_and_all_of_them_are_used():
    sizes = {path: path.stat().st_size for kind in EXHIBITS for path in kind().folder.iterdir()}
    assert max(sizes.values()) <= LARGEST
    assert sum(sizes.values()) <= ALL
    folder = EXHIBITS[0]().folder.parent
    assert {path.name for path in folder.iterdir()} == {kind.name for kind in EXHIBITS}


def test_the_recorded_text_is_its_tokens():
    folder = next(kind().folder for kind in EXHIBITS if kind.name == "write")
    for path in folder.iterdir():
        text = json.loads(path.read_text("utf-8"))
        assert text["given"] + "".join(token["text"] for token in text["tokens"]) == text["text"]
        for token in text["tokens"]:
            assert sum(written for *_, written in token["rivals"]) == 1


def test_the_stroke_fits_on_the_pad_and_grows(tmp_path):
    points = stroke()
    assert len(points) >= FRAMES
    assert all(20 <= place <= 260 for point in points for place in point)
    ink = [drawn(points[:end], tmp_path).stat().st_size for end in (2, len(points) // 2, len(points))]
    assert ink == sorted(ink)


def test_exhibits_need_their_tab_and_their_model(settings, tmp_path):
    def names(tabs, asked=settings):
        pages = with_start(offered(tabs), asked)
        return [one.name for one in pages["start"][0].args[0]] if "start" in pages else None

    assert names("") == ["write", "draw", "enlarge", "walk"]
    assert names("reconstruct,walk,verify") == ["draw", "walk"]
    assert names("walk") is None  # a page of one tab opens by itself
    assert names("train,models") is None
    none = settings.model_copy(update={"weights_dir": tmp_path / "none"})
    assert names("", none) is None
    english = tmp_path / "english"
    english.mkdir()
    (english / "gpt-austen").symlink_to(settings.weights_dir / "gpt-austen")
    (only,) = exhibits_for(settings.model_copy(update={"weights_dir": english}), {"text", "walk"})
    assert only.shown_in("zh", settings.model_copy(update={"weights_dir": english})) == "en"


def test_the_first_sight_stands_for_the_text_alone(settings):
    def sight(tabs):
        exhibits = with_start(offered(tabs), settings)["start"][0].args[0]
        return first_sight(exhibits, Words(), settings)

    assert "登高" in sight("")("zh") and "She was" in sight("")("en")
    assert sight("reconstruct,walk")("en") == ""  # nothing would make it go away
