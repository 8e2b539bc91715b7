"""A family is one folder and one line: it goes the whole way, and what else of the package was edited is counted."""

import pytest
import yaml

from aigc_demo import provenance
from aigc_demo.models.cards import front_matter
from tests.few_digits import write_few
from tests.toys.house import add_family, build, edited, go

WAY = """
train = ["train", "--family", "toy", "--data", str(own / "few"), "--name", "mine", "--steps", "8", "--seed", "1"]
found = {
    "plan": command(*train, "--plan"),
    "train": command(*train),
    "models": command("models"),
    "image": command("image", "--model", "runs/mine", "--count", "4", "--out", str(own / "out")),
    "walk": command("walk", "--model", "runs/mine", "--frames", "8", "--from-label", "0", "--to-label", "1",
                    "--out", str(own / "walk.gif")),
    "publish": command("publish", "--model", "runs/mine", "--out", str(own / "space")),
}

import re

from aigc_demo.core.settings import settings_from
from aigc_demo.ui import build_app

page, _ = build_app(settings_from({}))
shown = [part["props"] for part in page.get_config_file()["components"]]
parts = {props["elem_id"]: props for props in shown if props.get("elem_id")}
found["families"] = [value for _, value in parts["train-family"]["choices"]]
heads = [re.search("<span>(.*?)</span>", str(props.get("value"))) for props in shown if "code-block" in (props.get("elem_classes") or ())]
found["sources"] = [head[1] for head in heads if head]
found["pickers"] = [value for _, value in parts["image-model"]["choices"]]
[generate] = [fn.fn for fn in page.fns.values() if fn.api_name == "generate_image"]
values = {"model": "runs/mine", "count": 2}
names = list(generate.__signature__.parameters)
defaults = {name: part.default for name, part in generate.__signature__.parameters.items()}
found["endpoint"] = generate(*({**defaults, **values}[name] for name in names))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The app with one family more."""
    folder = build(tmp_path_factory.mktemp("house"))
    add_family(folder)
    return folder


@pytest.fixture(scope="module")
def way(house, tmp_path_factory):
    """What the steps of the way printed, and the folder that they wrote to."""
    own = tmp_path_factory.mktemp("own")
    write_few(own / "few")
    return go(house, WAY, own), own


def test_one_file_of_the_package_was_edited(house):
    assert edited(house) == ["families/__init__.py"]


def test_it_is_planned_trained_and_has_a_card(way):
    found, own = way
    assert found["plan"]["parameters"] == 12 * 784
    matter = front_matter((own / "runs" / "mine" / "README.md").read_text("utf-8"))
    assert matter["library_name"] == "pytorch" and matter["pipeline_tag"] == "unconditional-image-generation"
    assert matter["aigc"]["family"] == "toy" and matter["aigc"]["tasks"] == ["image", "latent"]
    assert matter["aigc"]["figures"]["pictures"] == 64
    [card] = [card for card in found["models"]["models"] if card["id"] == "runs/mine"]
    assert card["family"] == "toy"


def test_it_makes_labelled_pictures_and_films(way):
    found, _ = way
    [picture] = found["image"]["files"]
    read = provenance.read(picture)
    assert read.ai_generated and read.recipe.model == "runs/mine"
    assert provenance.read(found["walk"]["files"][0]).recipe.task == "walk"


def test_the_page_offers_it_with_its_loss_and_its_lesson(way):
    found, _ = way
    assert found["families"][0] == "toy"
    assert "aigc_demo/families/toy/losses.py" in found["sources"]
    assert found["pickers"] == ["runs/mine"]
    assert found["endpoint"]["labels"] == [0, 1]


def test_a_published_folder_takes_its_packages_along(way):
    _, own = way
    needed = (own / "space" / "requirements.txt").read_text("utf-8")
    assert "einops" in needed and "transformers" not in needed
    space = yaml.safe_load((own / "space" / "README.md").read_text("utf-8").split("---")[1])
    assert space["emoji"] == "🖼️"
