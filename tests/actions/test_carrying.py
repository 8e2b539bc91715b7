"""What an uploaded picture said of itself goes on: in a copy as its own label, in a work as a quotation."""

import numpy as np
import pytest
from PIL import Image

from aigc_demo import media
from aigc_demo.actions import recipe_of
from aigc_demo.core.settings import Settings
from aigc_demo.data.imports import ImportRequest, import_files
from aigc_demo.provenance import SOURCE_TYPE, Label, Recipe, read
from aigc_demo.provenance.carrying import NOTHING, carried
from aigc_demo.provenance.schema import Provenance
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import DrawRequest, ReconstructRequest, UpscaleRequest, WalkRequest

FOREIGN = Label(
    Label="1", ContentProducer="somebody", ProduceID="7", ContentPropagator="else", PropagateID="8"
)
PICTURE = Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3))


@pytest.fixture
def labelled(tmp_path):
    said = Provenance(label=FOREIGN, source_type=SOURCE_TYPE)
    return media.save_copy(PICTURE, tmp_path / "labelled.png", said)


@pytest.fixture
def plain(tmp_path):
    PICTURE.save(tmp_path / "plain.png")
    return tmp_path / "plain.png"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_copy_keeps_the_label_with_us_as_who_passed_it_on(suffix, labelled, tmp_path):
    found = read(media.save_copy(PICTURE, tmp_path / f"copy{suffix}", carried(labelled)))
    assert (found.label.ContentProducer, found.label.ProduceID) == ("somebody", "7")
    assert found.label.ContentPropagator == "aigc-demo" and found.label.PropagateID not in ("", "8")
    assert found.source_type == SOURCE_TYPE and found.recipe is None


def test_a_copy_of_a_picture_without_a_label_has_none(plain, tmp_path):
    assert carried(plain) == carried(tmp_path / "gone.png") == NOTHING
    found = read(media.save_copy(PICTURE, tmp_path / "copy.png", carried(plain)))
    assert found.label is found.source_type is found.recipe is None


@pytest.mark.parametrize(
    ("kind", "model", "values", "field"),
    [
        (UpscaleRequest, "realesrgan-x4", {"image": "{labelled}"}, "image"),
        (ReconstructRequest, "vae-digits", {"image": "{labelled}"}, "image"),
        (WalkRequest, "vae-digits", {"from_image": "{plain}", "to_image": "{labelled}"}, "to_image"),
        (DrawRequest, "vae-digits", {"image": "{labelled}", "mask": "{plain}", "prompt": "a"}, "image"),
    ],
)
def test_a_work_quotes_what_the_pictures_said(kind, model, values, field, labelled, plain, tmp_path):
    given = {name: value.format(labelled=labelled, plain=plain) for name, value in values.items()}
    request = kind.model_validate({"model": model, **given})
    made = media.save_image(
        PICTURE, tmp_path / "work.jpg", recipe_of(request, find_card("vae-digits", Settings()))
    )
    found = read(made)
    assert found.label.ContentProducer == "aigc-demo"
    (source,) = found.recipe.sources
    assert source.field == field and source.label == FOREIGN and source.source_type == SOURCE_TYPE


def test_our_own_picture_is_quoted_with_its_model(tmp_path):
    ours = media.save_image(PICTURE, tmp_path / "ours.png", Recipe(task="image", model="gan-digits"))
    request = UpscaleRequest(model="realesrgan-x4", image=str(ours))
    (source,) = recipe_of(request, find_card("vae-digits", Settings())).sources
    assert source.model == "gan-digits" and source.label == read(ours).label


def test_a_training_set_counts_the_pictures_that_said_ai_made_them(labelled, plain, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3)).astype(np.uint8)
    for number, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{number}.png")
    media.save_copy(Image.fromarray(pixels[0]), folder / "0.png", carried(labelled))
    request = ImportRequest(name="mine", licence="CC0", consent=True)
    manifest = import_files(request, [folder], tmp_path / "data")
    assert manifest.ai_generated == 1
    assert [file.name for file in manifest.files if file.ai_generated] == ["0.png"]
