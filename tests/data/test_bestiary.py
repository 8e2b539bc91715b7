"""The bestiary: true colour words, pairs kept apart, captions in both languages, the nearest original."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from aigc_demo.data import bestiary, catalogue
from aigc_demo.data.bestiary.colours import COLOURS, is_colour, named, repaint, to_hsv, to_rgb
from aigc_demo.data.bestiary.nearest import nearest
from aigc_demo.data.bestiary.table import kept_apart, things
from aigc_demo.data.material import open_material
from aigc_demo.data.word_tokenizer import split

SOME = 24  # things, of the table's


def write_tiles(folder, some):
    """The source tree with drawn tiles: a disc of one colour or of grey, darker towards its edge, with another's eye."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]
    distance = np.hypot(rows - 16, columns - 15)
    for thing in some:
        for name in thing.tiles:
            body, eye = random.integers(60, 255, (2, 3))
            if random.random() < 0.3:
                body[:] = body[0]
            light = np.clip(1.2 - distance / 16, 0.3, 1)[..., None]
            pixels = np.zeros((32, 32, 4), np.uint8)
            pixels[..., :3] = body * light
            pixels[10:12, 10:12, :3] = eye
            pixels[..., 3] = 255 * (distance < random.integers(8, 14))
            path = folder / "source" / "rltiles" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return folder


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """The bestiary of the first things of the table, with drawn tiles."""
    root = tmp_path_factory.mktemp("bestiary")
    out = root / "bestiary"
    out.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bestiary, "things", lambda: things()[:SOME])
        counts, _ = bestiary.prepare(write_tiles(root / "tiles", things()[:SOME]), out)
        assert counts["things"] == SOME and counts["train"] == bestiary.EACH * SOME
        (out / "source.json").write_text('{"name": "bestiary"}', "utf-8")
        yield open_material(out)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_table_is_what_the_catalogue_counts_and_each_word_means_one_thing():
    counts = catalogue()["bestiary"].counts
    tiles = [tile for thing in things() for tile in thing.tiles]
    assert (len(tiles), len(things())) == (counts["tiles"], counts["things"])
    assert len(set(tiles)) == len(tiles)
    assert (
        len({thing.noun for thing in things()})
        == len({thing.words.zh for thing in things()})
        == len(things())
    )
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+", thing.words.zh) for thing in things())


def test_colours_go_to_hue_and_back():
    rgb = torch.rand(4, 3, 8, 8, generator=rng())
    assert torch.allclose(to_rgb(to_hsv(rgb)), rgb, atol=1e-5)


@pytest.mark.parametrize(("rgb", "word"), [
    ((200, 20, 30), "red"), ((250, 140, 20), "orange"), ((240, 230, 40), "yellow"), ((30, 160, 50), "green"),
    ((30, 200, 200), "cyan"), ((40, 70, 220), "blue"), ((130, 40, 200), "purple"), ((250, 150, 190), "pink"),
    ((110, 70, 30), "brown"), ((120, 120, 125), "grey"), ((245, 245, 245), "white"), ((210, 170, 40), "golden"),
])  # fmt: skip
def test_a_plain_colour_is_called_what_people_call_it(rgb, word):
    tile = torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, 8, 8) / 255
    assert COLOURS[int(named(tile, torch.ones(1, 1, 8, 8)))].words.en == word


def test_a_turned_tile_is_of_its_colour_and_keeps_outline_and_transparency():
    tile = torch.rand(1, 3, 1, 1, generator=rng()) * torch.linspace(0.5, 1, 16).view(1, 1, 1, 16).expand(
        1, 1, 16, 16
    )
    tile = tile * torch.tensor([0.3, 1.0, 0.2]).view(1, 3, 1, 1)
    tile[..., 0] = 0.02  # an outline
    alpha = torch.ones(1, 1, 16, 16)
    for place in range(len(COLOURS)):
        turned = repaint(tile, alpha, torch.tensor([place]))
        assert bool(is_colour(turned, alpha, place)), COLOURS[place].words.en
        assert float(turned[..., 0].max()) < 0.1


def test_every_colour_word_of_a_picture_is_true(material):
    beasts = material.sample(150, rng(), None)
    rgb, alpha = material._rgb[[b.tile for b in beasts]], material._alpha[[b.tile for b in beasts]]
    turned = 0
    for i, (beast, (_, colour)) in enumerate(zip(beasts, material.labels(beasts).tolist(), strict=True)):
        if colour < 0:
            continue
        one, cover = rgb[i : i + 1], alpha[i : i + 1]
        if beast.colour is not None:
            one, turned = repaint(one, cover, torch.tensor([beast.colour])), turned + 1
        assert bool(is_colour(one, cover, colour))
    assert turned > 40


def test_training_never_shows_a_pair_that_is_kept_apart(material):
    def pairs(held_out, count):
        return set(map(tuple, material.labels(material.sample(count, rng(), held_out)).tolist()))

    kept, shown = pairs(True, 60), pairs(False, 600)
    assert len(kept) > 5 and not kept & shown
    names = [(material.things[thing].noun, COLOURS[colour].words.en) for thing, colour in kept]
    assert all(kept_apart(*pair) for pair in names)
    first, again = material.held_out(8), material.held_out(8)
    assert torch.equal(first.pictures, again.pictures) and first.captions == again.captions


def test_batches_depend_on_the_generator_alone_and_speak_both_languages(material):
    first, again = material.draw(64, rng(1)), material.draw(64, rng(1))
    assert torch.equal(first.pictures, again.pictures) and first.captions == again.captions
    assert first.pictures.shape == (64, 3, 32, 32)
    assert sum(bool(re.search(r"[\u4e00-\u9fff]", caption)) for caption in first.captions) == 32
    assert set(split(" ".join(first.captions))) <= set(material.words)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_full_caption_names_thing_and_colour_and_an_article_that_fits(material, lang):
    for beast in material.sample(80, rng(), None):
        caption = material.caption(beast, lang, rng(beast.tile), full=True)
        colour = int(material.labels([beast])[0, 1])
        noun = material.thing(beast).noun if lang == "en" else material.thing(beast).words.zh
        assert noun in caption
        assert colour < 0 or COLOURS[colour].words.say(lang) in caption
        assert not re.search(r"\ba [aeio]|\ban [^aeiou]", caption)


def test_the_nearest_original_of_a_tile_is_itself_and_of_its_mirror_image_too(material):
    originals = material.originals()
    found = nearest(torch.cat([originals[5:6], originals[7:8].flip(-1)]), originals)
    assert found.places.tolist() == [5, 7] and found.mirrored.tolist() == [False, True]
    assert float(found.distances.max()) < 0.1
    noise = torch.randint(0, 256, (1, 3, 32, 32), generator=rng(), dtype=torch.uint8)
    assert float(nearest(noise, originals).distances) > 40
