"""Heroes: what the table says, what is drawn, what captions name, and what training never sees."""

import re
from collections import Counter
from itertools import combinations

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.data import catalogue, heroes
from aigc_demo.data.heroes.table import ONE_IN, kept_apart, table
from aigc_demo.data.images import load
from aigc_demo.data.material import open_material
from aigc_demo.data.word_tokenizer import split
from aigc_demo.models.phrases import without_article
from tests.data.layers import write_layers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A prepared folder of drawn layers."""
    root = tmp_path_factory.mktemp("heroes")
    out = root / "heroes"
    out.mkdir()
    counts, _ = heroes.prepare(write_layers(root / "source"), out)
    assert counts == catalogue()["heroes"].counts
    (out / "source.json").write_text(
        '{"name": "heroes", "classes": {"en": ["a"], "zh": ["甲"]}}', encoding="utf-8"
    )
    return out


@pytest.fixture(scope="module")
def material(folder):
    return open_material(folder)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def named(hero, parts):
    """The attributes of a hero: (slot, attribute)."""
    return [
        (slot, slot.attributes[place])
        for slot, place in zip(parts.slots, hero.attributes, strict=True)
        if place is not None
    ]


def test_every_phrase_means_one_thing_in_either_language():
    for lang in ("en", "zh"):
        said = [
            form.say(lang)
            for slot in table().slots
            for attribute in slot.attributes
            for form in (attribute.words, *attribute.others)
        ]
        twice = [words for words, count in Counter(map(without_article, said)).items() if count > 1]
        per_slot = [
            {without_article(attribute.words.say(lang)) for attribute in slot.attributes}
            for slot in table().slots
        ]
        assert all(not one & other for one, other in combinations(per_slot, 2))
        # another way to say an attribute may leave one language as it is, and nothing else may be said twice
        unchanged = {
            without_article(attribute.words.say(lang))
            for slot in table().slots
            for attribute in slot.attributes
            if attribute.others and attribute.others[0].say(lang) == attribute.words.say(lang)
        }
        assert set(twice) <= unchanged


def test_no_layer_is_used_twice_and_no_phrase_is_in_the_wrong_language():
    layers = table().layers
    assert len(set(layers)) == len(layers)
    for slot in table().slots:
        for attribute in slot.attributes:
            assert re.fullmatch(r"[A-Za-z' -]+", attribute.words.en)
            assert re.fullmatch(r"[\u4e00-\u9fff]+", attribute.words.zh)


def test_the_catalogue_names_the_races_of_the_table():
    races = next(slot for slot in table().slots if slot.key == "race").attributes
    classes = catalogue()["heroes"].classes
    assert classes["en"] == [without_article(race.words.en) for race in races]
    assert classes["zh"] == [race.words.zh for race in races]


def test_a_batch_is_the_same_for_the_same_generator_and_other_for_another(material):
    first, again, other = (material.draw(24, rng(seed)) for seed in (1, 1, 2))
    assert first.pictures.shape == (24, 3, 32, 32) and first.pictures.dtype == torch.uint8
    assert torch.equal(first.pictures, again.pictures) and first.captions == again.captions
    assert not torch.equal(first.pictures, other.pictures)
    assert set(split(" ".join(first.captions))) <= set(material.words)


def test_what_lies_in_front_covers_what_lies_behind(material):
    hero = next(
        hero for hero in material.sample(400, rng(), None) if hero.layers[material.slots.index("body")]
    )
    picture = material.compose([hero])[0]
    number = hero.layers[material.slots.index("body")]
    expected = material.layers.colours[number][:, 14, 12].round().to(torch.uint8)
    assert torch.equal(picture[:, 14, 12], expected)
    assert picture[:, 0, 0].tolist() == list(material.ground)


def test_a_hidden_part_is_not_worn_and_so_never_named(material):
    hair, head = material.slots.index("hair"), material.slots.index("head")
    drawn = material.sample(600, rng(), None)
    numbers = torch.tensor([hero.layers for hero in drawn])
    kept, shown = material.layers.seen(numbers, heroes.LEAST_SEEN, material.race)
    assert torch.equal(kept, numbers)
    worn = numbers > 0
    worn[:, material.race] = False
    assert int(shown[worn].min()) >= 4
    # the drawn hats hide all of the drawn hair: nobody wears both
    assert not any(hero.attributes[hair] is not None and hero.attributes[head] is not None for hero in drawn)


def test_one_pair_in_twenty_is_kept_from_training_and_shown_by_held_out(material):
    everything = [(slot.key, attribute.words.en) for slot in table().slots for attribute in slot.attributes]
    pairs = [(a, b) for a, b in combinations(everything, 2) if a[0] != b[0]][::5]
    share = sum(kept_apart(a, b) for a, b in pairs) / len(pairs)
    assert abs(share - 1 / ONE_IN) < 0.005

    def apart(hero):
        worn = [(slot.key, attribute.words.en) for slot, attribute in named(hero, material.table)]
        return any(kept_apart(a, b) for a, b in combinations(worn, 2))

    assert not any(apart(hero) for hero in material.sample(80, rng(), held_out=False))
    assert all(apart(hero) for hero in material.sample(80, rng(), held_out=True))
    assert len({apart(hero) for hero in material.sample(80, rng(), held_out=None)}) == 2


def test_held_out_heroes_are_always_the_same_and_named_in_full(material):
    first, again = material.held_out(12), material.held_out(12)
    assert torch.equal(first.pictures, again.pictures) and first.captions == again.captions
    assert not torch.equal(first.pictures, material.seen(12).pictures)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_caption_names_only_what_is_worn_and_a_full_one_all_of_it(material, lang):
    generator = rng(3)
    for hero in material.sample(40, rng(), None):
        worn = named(hero, material.table)
        full = material.phrases.found(material.caption(hero, lang, generator, full=True), lang)
        part = material.phrases.found(material.caption(hero, lang, generator), lang)
        forms = {
            (material.phrases.slots[s].name, material.phrases.slots[s].phrases[p]) for s, p in part.items()
        }
        assert forms <= {(slot.name, attribute.words) for slot, attribute in worn}
        plain = sum(not attribute.others for _, attribute in worn)
        assert len(full) >= (plain if lang == "en" else 0)


def test_a_full_chinese_caption_holds_the_characters_of_every_part(material):
    for hero in material.sample(40, rng(), None):
        caption = material.caption(hero, "zh", rng(5), full=True)
        for _, attribute in named(hero, material.table):
            forms = [attribute.words, *attribute.others]
            assert any(set(form.zh) <= set(caption) for form in forms), (caption, attribute.words.zh)


def test_a_race_without_legs_wears_neither_trousers_nor_boots(material):
    legs, boots = (material.slots.index(key) for key in ("legs", "boots"))
    races = material.table.slots[material.race].attributes
    for hero in material.sample(800, rng(), None):
        if set(races[hero.attributes[material.race]].words.en.split()) & {"naga", "djinni"}:
            assert hero.attributes[legs] is None and hero.attributes[boots] is None


def test_both_languages_are_equally_frequent(material):
    captions = material.draw(64, rng()).captions
    assert sum(bool(re.search(r"[\u4e00-\u9fff]", caption)) for caption in captions) == 32


def test_labels_are_what_heroes_wear(material):
    drawn = material.sample(20, rng(), None)
    labels = material.labels(drawn)
    assert labels.shape == (20, len(material.slots))
    assert all(
        (place is None and label == -1) or place == label
        for hero, row in zip(drawn, labels.tolist(), strict=True)
        for place, label in zip(hero.attributes, row, strict=True)
    )


def test_other_families_find_labelled_pictures_in_the_same_folder(folder, material):
    arrays = load(folder)
    assert arrays["train_images"].shape == (heroes.TRAIN, 32, 32, 3)
    assert int(arrays["train_labels"].max()) < len(material.table.slots[material.race].attributes)


def test_a_folder_that_holds_no_layers_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="crawl"):
        heroes.prepare(tmp_path, tmp_path)
    with pytest.raises(InputError, match="another version"):
        heroes.open_material(tmp_path)
