"""The model card of a run, and the command in it."""

import shlex

import pytest

from aigc_demo.jobs.card import edited, write_card
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.jobs.worker import EnergyMeter
from aigc_demo.models.cards import front_matter, read_card
from aigc_demo.schemas.as_code import train_command

MANIFEST = {
    "name": "cats",
    "licence": "CC BY 4.0",
    "consent": True,
    "counts": {"train": 36, "test": 4},
    "classes": ["tabby", "black"],
    "side": 64,
    "channels": 3,
    "sha256": "ab" * 32,
}


@pytest.fixture
def run(tmp_path, write_debug_model):
    """A run with weights and no card."""
    write_debug_model(tmp_path / "cats", "gan-digits", 0)
    (tmp_path / "cats" / "README.md").unlink()
    return tmp_path / "cats"


@pytest.fixture
def request_made():
    return TrainRequest(family="gan", data="/home/someone/cats", name="cats", steps=300, seed=7)


def test_the_card_says_what_the_run_was(run, request_made):
    facts = {"step": 300, "seconds": 360.0, "device": "cpu", "watt_hours": 2.0, "started_from": "gan-digits"}
    write_card(run, request_made, MANIFEST, {"diversity": 0.91, "memorised": 0.0}, facts)
    card = read_card(run, "runs/cats")
    text = (run / "README.md").read_text("utf-8")
    assert (card.family, card.licence, card.data) == ("gan", "CC BY 4.0", "cats")
    assert card.figures == {"diversity": 0.91, "memorised": 0.0}
    assert front_matter(text)["license"] == "cc-by-4.0"
    for words in (
        "ab" * 32,
        "tabby, black",
        "gan-digits",
        "2 Wh",
        "its own counter",
        "--seed 7",
        "learning rate",
    ):
        assert words.lower() in text.lower(), words
    assert "/home/someone" not in text


def test_a_card_is_replaced_until_a_person_edits_it(run, request_made):
    write_card(run, request_made, {}, {}, {"step": 10})
    write_card(run, request_made, {}, {}, {"step": 20})
    card = run / "README.md"
    assert "| 20 |" in card.read_text("utf-8")
    assert not edited(card)
    card.write_text(card.read_text("utf-8").replace("| 20 |", "| 20, by me |"), "utf-8")
    write_card(run, request_made, {}, {}, {"step": 30})
    assert "20, by me" in card.read_text("utf-8")


def test_no_weights_no_card(tmp_path, request_made):
    write_card(tmp_path, request_made, {}, {}, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "",
        "a: b # c",
        "x\n---\ny",
        "'\"|>",
        "{}",
        "- a",
        "&a *a",
        "\x00\x1b[31m",
        "许可 🙂",
        "\ud800",
        "!!python/x",
    ],
)
def test_odd_licences_break_nothing(run, request_made, licence):
    write_card(run, request_made, {"licence": licence}, {}, {})
    card = read_card(run, "runs/cats")
    assert card.family == "gan"
    assert "\n" not in card.licence
    assert not edited(run / "README.md")


def test_the_command_makes_the_same_request():
    request = TrainRequest(family="vae", data="my data", name="faces", kl_weight=2.5, augment="off", seed=3)
    words = shlex.split(train_command(request))
    assert words[:4] == ["python", "-m", "aigc_demo", "train"]
    flags = dict(zip(words[4::2], words[5::2], strict=True))
    values = {name[2:].replace("-", "_"): value for name, value in flags.items()}
    assert TrainRequest.model_validate_json(request.model_dump_json()) == TrainRequest(
        **{name: TrainRequest.model_fields[name].annotation and value for name, value in values.items()}
    )


def test_a_card_tells_no_energy_where_none_was_measured(run, request_made):
    facts = {"step": 300, "seconds": 360.0, "device": "cpu", "watt_hours": EnergyMeter("cpu").watt_hours(360)}
    write_card(run, request_made, {}, {}, facts)
    assert " Wh |" not in (run / "README.md").read_text("utf-8")
