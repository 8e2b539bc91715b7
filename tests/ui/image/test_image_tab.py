"""The Image tab at the level of its handlers, on tiny random models."""

import json

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions, provenance
from aigc_demo.actions import make_images
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import ImageRequest
from aigc_demo.ui import offered
from aigc_demo.ui.image import judgement
from aigc_demo.ui.image.image_tab import EXAMPLES, ImageTab
from aigc_demo.ui.page.shell import Shell
from tests.conftest import write_card
from tests.ui.handlers import Event, Page, apply, final, values_of

PETS = {"en": ["cat", "dog"], "zh": ["猫", "狗"]}


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return ImageTab(context)


@pytest.fixture
def shell(context):
    """The whole page around the tab."""
    with gr.Blocks() as page:
        shell = Shell(context, offered(""))
        shell.build(page)
    return shell


def drawn(tab, **changes):
    """All that a run shows."""
    return final(tab.run(values_of(tab, **changes), Page()))


def test_pictures_are_made_and_shown(tab):
    shown = drawn(tab, label=["3", "5"], count=6, seed=9)
    result = shown[tab.result]
    assert result.pictures.shape == (6, 28, 28) and result.labels == [3, 5] * 3
    assert shown[tab.sheet].count("data-index") == 6 and shown[tab.picked] == 0
    assert "6 pictures in" in shown[tab.note] and "The discriminator:" in shown[tab.note]
    inside = tab.look(result, 0, Page())
    assert (
        str(result.seeds[0]) in inside and "class 3" in inside and "what the discriminator looks at" in inside
    )
    assert "label='3,5', count=6, seed=9" in shown[tab.code.python]
    assert "--label 3,5" in shown[tab.code.shell] and "recipe=" in shown[tab.code.link]


def test_no_class_chosen_is_all_of_them(tab):
    result = drawn(tab, count=10)[tab.result]
    assert result.request.label == "all" and sorted(set(result.labels)) == list(range(10))


def test_a_picture_is_picked_and_its_own_seed_makes_it_again(tab):
    result = drawn(tab, count=4, seed=1)[tab.result]
    picked = tab.pick_picture(result, Event(index=2))
    assert picked == 2 and str(result.seeds[2]) in tab.look(result, picked, Page())
    point = tab.end_point(result, 2)
    again = drawn(tab, label=[point["label"]], seed=point["seed"], count=1)[tab.result]
    np.testing.assert_array_equal(again.pictures[0], result.pictures[2])
    assert tab.pick_picture(result, Event(index=99)) == 3
    assert tab.pick_picture(None, Event(index=0)) == 0 and tab.look(None, 0, Page()) == gr.skip()


def test_the_same_seed_gives_the_same_and_another_does_not(tab):
    first, same, other = (drawn(tab, count=3, seed=seed)[tab.result].pictures for seed in (4, 4, 5))
    assert (first == same).all() and (first != other).any()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": ["42"]}, "42"),
        ({"count": 65}, "from 1 to 64"),
        ({"seed": None}, "Seed"),
        ({"model": "gan-nowhere"}, "gan-nowhere"),
        ({"model": "gpt-poems"}, "choose one of"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_changes_nothing(tab, toasts, changes, sentence):
    shown = drawn(tab, **changes)
    assert shown == gr.skip() or shown == {tab.note: ""}
    assert sentence in toasts[0] and "Traceback" not in toasts[0]


def test_stop_ends_a_wait_for_the_device_and_says_nothing(tab, context, toasts):
    with context.cache.use(find_card("gan-digits", context.settings)):  # somebody else has it
        running = tab.run(values_of(tab), Page())
        assert 'role="status"' in next(running)[tab.note]
        tab.stop(Page())
        *_, cleared, last = running
    assert cleared == {tab.note: ""} and last == gr.skip() and not toasts
    assert tab.result in drawn(tab, count=1)  # and the next one is made


def test_another_model_shows_its_classes_and_what_it_can(tab, settings):
    folder = settings.runs_dir / "pets"
    write_card(folder, family="gan", tasks=["image"], data="pets")
    (folder / "config.json").write_text(json.dumps({"classes": PETS}))
    (folder / "model.safetensors").touch()
    label, prior, psi = (tab.fields[name] for name in ("label", "prior", "truncation_psi"))
    pets = tab.choose_model("runs/pets", Page())
    assert pets[label]["choices"] == [("cat", "0"), ("dog", "1")] and pets[label]["value"] == []
    assert not pets[prior]["visible"]
    assert "Random pets" in pets[tab.card_lines]["value"]
    vae = tab.choose_model("vae-digits", Page())
    assert ("7", "7") in vae[label]["choices"] and vae[prior]["visible"] and vae[psi]["visible"]
    assert vae[tab.lesson.groups["vae"]]["visible"]
    assert not vae[tab.lesson.groups["gan"]]["visible"]
    assert set(pets) | set(vae) <= set(tab.settable())


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(tab, name):
    updates = tab.example(name)(Page())
    assert set(updates) <= set(tab.settable())
    result = final(tab.run(apply(tab, updates), Page()))[tab.result]
    assert result.request == ImageRequest(**EXAMPLES[name])


def test_settings_come_back_from_a_saved_sheet(shell, tmp_path, toasts):
    tab = shell.by_task["image"]
    asked = ImageRequest(model="gan-digits", label="2,6", count=5, seed=77)
    path = actions.write_sheet(make_images(asked, shell.context.cache), tmp_path)
    assert provenance.read(path).recipe.request["seed"] == 77
    updates = arrived(shell, tab, shell.restore_file(str(path), Page()))
    assert updates[shell.tabs]["selected"] == "image" and path.name in toasts[0]
    assert final(tab.run(apply(tab, updates), Page()))[tab.result].request == asked


def test_a_moved_setting_shows_a_sheet_and_the_resting_hand_its_code(tab):
    moved = tab.answer(values_of(tab, truncation_psi=0.5, count=3), Page())
    result = moved[tab.result]
    assert moved[tab.sheet].count("data-index") == 3 and set(moved) == {tab.result, tab.sheet, tab.note}
    rested = tab.rest(result, 7, Page())  # a picture was chosen when there were more
    assert "truncation_psi=0.5" in rested[tab.code.python] and "Picture 3" in rested[tab.inside]


def test_an_error_while_the_hand_moves_is_said_in_the_note_without_a_toast(tab, toasts):
    shown = tab.answer(values_of(tab, count=65), Page())
    assert set(shown) == {tab.note} and "from 1 to 64" in shown[tab.note] and not toasts


@pytest.mark.parametrize(
    ("share", "said"), [(0.51, "fooled"), (0.5, "unsure"), (0.1, "unsure"), (0.09, "caught")]
)
def test_the_verdict_goes_by_the_share_of_real_pictures(share, said):
    assert judgement.verdict(share) == said


def test_pictures_from_pure_noise_are_not_named_after_a_class(tab):
    result = drawn(tab, model="vae-digits", prior="normal", count=2)[tab.result]
    assert "class 0" not in tab.sheet_html(result, "en") and "Picture 1; without classes" in tab.sheet_html(
        result, "en"
    )
    density = drawn(tab, model="vae-digits", count=2)[tab.result]
    assert "class 0" in tab.sheet_html(density, "en")


def arrived(shell, tab, said):
    """The updates once the browser has given back the recipe that it was told."""
    recipe = json.loads(said[shell.arrivals.said])["recipe"]
    return shell.arrivals.arrive(tab, json.dumps({"id": 1, "recipe": json.dumps(recipe)}), Page())


def test_a_result_is_told_to_the_browser_and_comes_back_from_it(shell):
    tab = shell.by_task["image"]
    assert shell.arrivals.remember(tab)(None, Page()) == gr.skip()
    told = json.loads(shell.arrivals.remember(tab)(drawn(tab, count=2, seed=1)[tab.result], Page()))
    assert told["about"] == "gan-digits · Seed 1" and told["thumbnail"].startswith("data:image/png;base64,")
    assert told["recipe"] == {"task": "image", "model": "gan-digits", "count": 2, "seed": 1}
    updates = arrived(shell, tab, {shell.arrivals.said: json.dumps(told)})
    assert updates[tab.fields["seed"]]["value"] == 1 and updates[shell.arrivals.said] == "1"


def test_what_the_browser_kept_is_checked_value_by_value(shell):
    tab = shell.by_task["image"]
    kept = {"model": "gan-fashion", "label": ["3", "5"], "seed": -7, "count": 12, "prior": ["evil"], "x": 1}
    updates = shell.arrivals.arrive(tab, json.dumps({"id": 4, "values": kept}), Page())
    assert updates[tab.fields["label"]]["value"] == ["3", "5"] and updates[tab.fields["count"]]["value"] == 12
    assert updates[tab.fields["seed"]]["value"] == 42 and shell.tabs not in updates
    gone = shell.arrivals.arrive(tab, json.dumps({"id": 5, "values": {**kept, "model": "runs/gone"}}), Page())
    assert gone[tab.fields["count"]]["value"] == 12 and tab.fields["model"] not in gone
    for broken in ("", "[]", "{", '{"id": 6, "values": 7}', "[" * 100_000):
        shell.arrivals.arrive(tab, broken, Page())
    assert shell.arrivals.arrive(tab, json.dumps({"id": 7, "recipe": "{", "kept": True}), Page()) == gr.skip()


def test_a_picture_is_sent_to_be_enlarged_as_a_labelled_file(shell, toasts):
    tab, upscale = shell.by_task["image"], shell.by_task["upscale"]
    send = shell.enlarge(tab, upscale)
    assert send({tab.result: None, tab.picked: 0}, Page()) == gr.skip() and toasts
    result = drawn(tab, count=3, seed=8)[tab.result]
    updates = send({tab.result: result, tab.picked: 1}, Page())
    path = updates[upscale.picture]
    found = provenance.read(path)
    assert found.label.Label == "1" and found.recipe.request["seed"] == result.seeds[1]
    np.testing.assert_array_equal(np.asarray(Image.open(path).convert("L")), result.pictures[1])
