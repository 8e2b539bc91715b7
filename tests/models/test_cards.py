"""A model is a folder with a card; a card that cannot be read says what is wrong with it."""

import hashlib
import json

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import find_cards, front_matter, read_card

GOOD = """---
license: mit
aigc:
  family: gan
  tasks: [image, latent]
  title: {en: Digits, zh: 数字}
  summary: {en: Drawn digits, zh: 手写数字}
  parameters: 1000
  licence: MIT
  data: digits
---

# Digits

---
"""


@pytest.fixture
def folder(tmp_path):
    model = tmp_path / "gan-digits"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"weights")
    names = [str(digit) for digit in range(10)]
    (model / "config.json").write_text(json.dumps({"classes": {"en": names, "zh": names}}))
    (model / "README.md").write_text(GOOD, encoding="utf-8")
    return model


def test_a_card_is_read(folder):
    card = read_card(folder, "gan-digits")
    assert (card.family, card.tasks, card.licence, card.id) == (
        "gan",
        ("image", "latent"),
        "MIT",
        "gan-digits",
    )
    assert (card.title.say("zh"), card.title.say("en"), card.title.say("fr")) == ("数字", "Digits", "Digits")
    assert len(card.classes["zh"]) == 10  # from config.json, the one place where classes are named
    assert card.weights_bytes() == 4000


def test_the_hash_is_of_the_weights_and_follows_them(folder):
    card = read_card(folder, "gan-digits")
    assert card.weights_hash() == hashlib.sha256(b"weights").hexdigest()[:16]
    (folder / "model.safetensors").write_bytes(b"other weights")
    import os

    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert card.weights_hash() == hashlib.sha256(b"other weights").hexdigest()[:16]


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("family: gan", "family: [gan"),
        GOOD.replace("  family: gan\n", ""),
        GOOD.replace("tasks: [image, latent]", "tasks: [fly]"),
        GOOD.replace("family: gan", "family: ../../evil"),
        GOOD.replace("zh: 数字", ""),
        GOOD.replace("data: digits", "data: digits\n  colour: red"),
        GOOD.replace("parameters: 1000", "parameters: !!python/object/apply:os.system ['true']"),
        "# no front matter",
        "---\naigc: [1, 2]\n---\n",
        "---\n- a\n- b\n---\n",
        "",
    ],
)
def test_a_card_that_does_not_fit_is_a_sentence(folder, text):
    (folder / "README.md").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_card(folder, "gan-digits")
    assert caught.value.text.en.startswith("gan-digits: ") and "README.md" in caught.value.text.zh
    assert "\n" not in caught.value.text.en


def test_a_card_in_another_encoding_is_a_sentence(folder):
    (folder / "README.md").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(InputError):
        read_card(folder, "gan-digits")


def test_front_matter():
    assert front_matter("---\na: 1\n---\nb: 2\n") == {"a": 1}
    assert front_matter("a: 1\n---\n") == {}
    assert front_matter("---\na: 1\n") == {}
    assert front_matter("---\njust words\n---\n") == {}


def test_only_whole_models_are_found_in_order_and_with_their_prefix(folder):
    (folder.parent / "half").mkdir()
    (folder.parent / "half" / "README.md").write_text(GOOD, encoding="utf-8")
    (folder.parent / "file").write_text("x")
    (folder.parent / "another").mkdir()
    for name in ("README.md", "config.json", "model.safetensors"):
        (folder.parent / "another" / name).write_bytes((folder / name).read_bytes())
    assert [card.id for card in find_cards(folder.parent, "runs/")] == ["runs/another", "runs/gan-digits"]
    assert find_cards(folder.parent / "nowhere") == []


def test_one_broken_card_does_not_take_the_others_away(folder, caplog):
    broken = folder.parent / "broken"
    broken.mkdir()
    (broken / "README.md").write_text("# no card", encoding="utf-8")
    (broken / "model.safetensors").write_bytes(b"")
    assert [card.id for card in find_cards(folder.parent)] == ["gan-digits"]
    assert "broken" in caplog.text
